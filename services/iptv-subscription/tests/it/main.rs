//! Subscriptions in a world where support only says what the test wants it to, and nobody is paid: a plan without a fee is
//! subscribed to without.
#![expect(
    clippy::unwrap_used,
    reason = "a helper of tests fails as its test does"
)]

mod counter;
mod premises;
mod subscriptions;
