//! Rides in a world where dispatch only says what the test wants it to, and whoever is charged pays.
#![expect(
    clippy::unwrap_used,
    reason = "a helper of tests fails as its test does"
)]

mod payments;
mod rides;
mod stand;
mod tariff;
