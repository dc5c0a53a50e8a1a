//! VOD's order side in a world where the catalogue, payment and the library only say what the test wants them to.
#![expect(
    clippy::unwrap_used,
    reason = "a helper of tests fails as its test does"
)]

mod customers;
mod ordering;
mod world;
