//! The one door from outside. What it knows of a method it reads from the descriptors, so that adding a context needs no
//! line here.
//!
//! One address speaks gRPC, gRPC-Web and JSON (by `google.api.http`), over HTTP/1.1 and HTTP/2. Each request becomes a
//! gRPC call, goes through one stack ([`mesh::server::front`]: tokens, limits) and on to its context with the caller's own
//! token; the answer is told in the form it was asked in.

pub mod asyncapi;
mod door;
mod frames;
mod grpc_web;
mod headers;
mod help;
mod json;
mod limits;
pub mod openapi;
mod origins;
mod pages;
mod peers;
mod problem;
mod query;
mod refusals;
mod routes;
mod sse;
mod template;
mod ticket;
mod transcode;

pub use door::{Fault, Gateway, serve};
pub use limits::{Rate, Rates};
pub use origins::{NoOrigin, Origins};
pub use peers::{Peers, services};
pub use routes::RouteFault;

use std::path::PathBuf;

/// How the door is kept.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Whose pages may call.
    pub origins: Origins,
    /// How often one may call.
    pub rates: Rates,
    /// So many proxies of ours stand in front: the address that `x-forwarded-for` names that far from its end is the
    /// caller's. None: whoever connects is the caller, and the header nobody's word.
    pub proxies: usize,
    /// The public keys of people's tokens, served at `/.well-known/jwks.json`.
    pub jwks: Option<PathBuf>,
}
