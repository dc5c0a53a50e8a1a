//! Worlds in one process, for tests: real contexts over real SQL, a bus that is a list, a clock that is moved by hand;
//! and worlds of chaos, where every fault is a seed's. Their stores are on SQLite, PostgreSQL or a mix, as [`Stores`]
//! says; [`postgres`] has servers for whoever starts real processes.

pub mod chaos;
mod playing;
pub mod postgres;
mod stores;
mod till;
pub mod told;
mod world;

pub use playing::order;
pub use stores::Stores;
pub use till::{Mood, Till};
pub use world::{Caller, World};
