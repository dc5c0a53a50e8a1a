//! Finds each ride a driver; decides a cancellation.
//!
//! Whenever a taxi is called, the nearest free driver gets the ride, and the next nearest if that one declines. Without a
//! driver within ten minutes it fails. Until the customer is picked up it may be cancelled. All of it is decided on the
//! ride's one fulfilment here, so every race has one winner; that nobody drives two at once is an index of the table.

mod domain;
mod drivers;
mod drives;
mod grpc;
mod policies;
mod schema;
mod watch;

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use mesh::{Context, Db, Refusal};
use ordering::audit::{self, Facts};
use proto::taxi::dispatch::v1::dispatch_service_server::DispatchServiceServer;
use std::time::Duration;

const NAME: &str = "taxi-dispatch";
const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// The context `taxi-dispatch`.
pub fn context() -> Context {
    ordering::fulfilling_side(Context::new(NAME))
        .migrations(MIGRATIONS)
        .follows("rides", "taxi-ride", policies::ride_changed)
        .every(
            "find drivers for who waits",
            Duration::from_secs(1),
            policies::find_drivers,
        )
        .serves(|site| DispatchServiceServer::new(grpc::Handlers { site: site.clone() }))
}

/// Dispatch's facts for the audit.
pub fn facts(db: &mut Db) -> Result<Facts, Refusal> {
    audit::fulfilling_side(db, NAME)
}
