//! Payment as its callers see it, at a provider that does as it is told.
#![expect(
    clippy::unwrap_used,
    reason = "what a test's helper cannot do fails the test"
)]

mod approve;
mod bank;
mod desk;
mod facts;
mod reading;
mod refund;
mod room;
mod simulator;
mod unknown;
mod void;
