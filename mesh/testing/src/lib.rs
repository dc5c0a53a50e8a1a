//! Worlds in one process, for tests: real contexts over real SQL, a bus that is a list, a clock that is moved by hand.

mod world;

pub use world::{Caller, World};
