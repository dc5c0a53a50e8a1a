//! Stores, their menus and their queues; decides a cancellation.
//!
//! Whenever an order is placed it is in its store's queue, whether the store is open or not, and waits there without a
//! clock. Until the courier leaves it may be cancelled, or given back by the store. All of it is decided on the order's
//! one fulfilment here, so every race has one winner.

mod domain;
mod grpc;
mod menus;
mod policies;
mod queue;
mod schema;
mod stores;
mod watch;

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use mesh::{Context, Db, Refusal};
use ordering::audit::{self, Facts};
use proto::food::store::v1::store_service_server::StoreServiceServer;
use std::time::Duration;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// The context `food-store`.
pub fn context() -> Context {
    ordering::fulfilling_side(Context::new("food-store"))
        .migrations(MIGRATIONS)
        .follows("orders", "food-order", policies::order_changed)
        .every(
            "accept what waits for stores that do so by themselves",
            Duration::from_secs(1),
            policies::accept_what_waits,
        )
        .serves(|site| StoreServiceServer::new(grpc::Handlers { site: site.clone() }))
}

/// Store's facts for the audit.
pub fn facts(db: &mut Db) -> Result<Facts, Refusal> {
    audit::fulfilling_side(db, "food-store")
}
