//! The client stack, layer by layer and as a whole, against a peer that answers by a script; and against real servers.

mod attempt;
mod balance;
mod breaker;
mod credentials;
mod deadline;
mod limit;
mod lost;
mod never_sent;
pub mod peer;
mod retry;
mod streams;
mod tls;
mod wire;
