//! mesh against the real parts: PostgreSQL, SQLite files.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod postgres;
mod rig;
mod store;
