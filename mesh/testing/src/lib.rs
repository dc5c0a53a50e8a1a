//! Worlds in one process, for tests: real contexts over real SQL, a bus that is a list, a clock that is moved by hand;
//! and worlds of chaos, where every fault is a seed's. Their stores are on SQLite, PostgreSQL or a mix, as [`Stores`]
//! says; [`postgres`] has servers for whoever starts real processes.

pub mod chaos;
pub mod postgres;
mod stores;
mod world;

pub use stores::Stores;
pub use world::{Caller, World};
