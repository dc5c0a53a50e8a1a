//! mesh against the real parts: nats-server, PostgreSQL, SQLite files.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod bus;
mod nats;
mod postgres;
mod rig;
mod store;
