//! Sells movies to watch at home; owns the order.
//!
//! It keeps its own copy of what is on demand and for how much, so that orders are taken whatever else is down, and
//! leaves the rest to the lifecycle every order shares.

mod facts;
mod grpc;
mod selling;
mod words;

pub use facts::facts;
pub use words::SYSTEM;

use mesh::Context;
use ordering::{Orders, Side, catalogue, order_side};
use proto::cinema::movie::v1::Movie;
use proto::vod::order::v1::order_service_server::OrderServiceServer;
use selling::Selling;
use std::sync::Arc;

/// The context `vod-order`.
pub fn context() -> Context {
    let context = Context::new(Selling::SYSTEM.context)
        .follows("movies", "cinema-movie", catalogue::remember::<Movie>)
        .serves(|site| {
            OrderServiceServer::new(grpc::Service {
                orders: Orders::new(site, Selling),
            })
        });
    order_side(context, &Arc::new(Selling))
}
