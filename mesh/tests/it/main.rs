//! mesh against the real parts: nats-server, PostgreSQL, SQLite files, servers and clients on loopback.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod authority;
mod bus;
mod client;
mod cluster;
mod gate;
mod nats;
mod postgres;
mod rig;
mod server;
mod store;
mod telemetry;
