//! The library in a world where the order side and the studio only say what the test wants them to.
#![expect(
    clippy::unwrap_used,
    reason = "a helper of tests fails as its test does"
)]

mod cancelling;
mod purchasing;
mod shuffled;
mod simulator;
mod studio;
mod watching;
mod world;
