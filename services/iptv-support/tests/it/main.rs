//! Cases in a world where subscription and installation only say what the test wants them to.
#![expect(
    clippy::unwrap_used,
    reason = "a helper of tests fails as its test does"
)]

mod cases;
mod desk;
mod fields;
