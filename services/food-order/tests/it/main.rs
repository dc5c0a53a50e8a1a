//! Orders in a world where stores only say what the test wants them to, and nobody is paid: what is given away free is
//! ordered without.
#![expect(
    clippy::unwrap_used,
    reason = "a helper of tests fails as its test does"
)]

mod counter;
mod fields;
mod menus;
mod orders;
