//! Theater among contexts that play its neighbours.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bookings;
mod crowd;
mod fixture;
mod holds;
mod homes;
mod orders;
mod screenings;
mod seat_map;
mod shuffled;
mod stated;
mod sweep;
