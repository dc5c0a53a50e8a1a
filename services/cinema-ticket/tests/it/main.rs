//! Tickets in a world where booking and theater only say what the test wants them to.
#![expect(
    clippy::unwrap_used,
    reason = "a helper of tests fails as its test does"
)]

mod counter;
mod lists;
mod world;
