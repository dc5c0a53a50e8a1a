//! Worlds in one process, for tests: real contexts over real SQL, a bus that is a list, a clock that is moved by hand;
//! and worlds of chaos, where every fault is a seed's.

pub mod chaos;
mod world;

pub use world::{Caller, World};
