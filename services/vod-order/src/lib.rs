//! Sells movies to watch at home; owns the order.
//!
//! It keeps its own copy of what is on demand and for how much, so that orders are taken whatever else is down, and
//! leaves the rest to the lifecycle every order shares.

mod catalogue;
mod facts;
mod grpc;
mod selling;
mod words;

pub use facts::facts;

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use mesh::{Context, Refusal, Store};
use ordering::{Orders, Republished, Side, order_side};
use proto::vod::order::v1::order_service_server::OrderServiceServer;
use selling::Selling;
use std::sync::Arc;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// The context `vod-order`.
pub fn context() -> Context {
    let context = Context::new(Selling::SYSTEM.context)
        .migrations(MIGRATIONS)
        .follows("movies", "cinema-movie", catalogue::movie)
        .serves(|site| {
            OrderServiceServer::new(grpc::Service {
                orders: Orders::new(site, Selling),
            })
        });
    order_side(context, &Arc::new(Selling))
}

/// States orders that are over and that the stream has forgotten once more, from behind `after` on, one step of them:
/// for a view that starts empty.
pub async fn republish(store: &Store, after: &str) -> Result<Republished, Refusal> {
    ordering::republish(store, Selling::SYSTEM, after).await
}
