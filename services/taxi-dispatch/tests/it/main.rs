//! Drivers in a world where the order side only says what the test wants it to.
#![expect(
    clippy::unwrap_used,
    reason = "a helper of tests fails as its test does"
)]

mod cancelling;
mod drivers;
mod nearest;
mod rank;
mod rides;
mod waiting;
mod watches;
