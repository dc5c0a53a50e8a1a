//! The door over real connections, with contexts behind it whose handlers are mocks and whose server stack is real.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod abuse;
mod events;
mod floods;
mod frames;
mod fuzz;
mod json;
mod limits;
mod malformed;
mod pages;
mod pass;
mod rig;
mod tls;
mod tokens;
mod traces;
mod web;
mod wire;
