//! The lifecycle among toy contexts, in worlds of chaos.
#![expect(
    clippy::unwrap_used,
    reason = "a helper of tests fails as its test does"
)]

mod audit;
mod chaos;
mod customers;
mod fulfilments;
mod history;
mod republish;
mod toys;
