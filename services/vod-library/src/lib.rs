//! Buys licences and lets customers watch; decides a cancellation.
//!
//! Whenever an order stands, its licence is bought from the studio, once, however often the studio stays silent. Until
//! the movie is watched the order may be cancelled, and the licence goes back. All of it is decided on the order's one
//! fulfilment here, so every race has one winner.

mod domain;
mod facts;
mod grpc;
mod licences;
mod playback;
mod policies;
mod schema;
mod simulator;
mod studio;
mod tasks;

pub use domain::Answer;
pub use facts::facts;
pub use simulator::{Book, Simulator, book};
pub use studio::{Licence, Silence, Studio};

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use mesh::Context;
use mesh::identity::Key;
use proto::vod::library::v1::library_service_server::LibraryServiceServer;
use proto::vod::library::v1::studio_simulator_service_server::StudioSimulatorServiceServer;
use std::sync::Arc;

const NAME: &str = "vod-library";
const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// The context `vod-library`, which buys at this studio and signs playback links with this key.
pub fn context(studio: Arc<dyn Studio>, key: Key) -> Context {
    let (buying, returning) = (studio.clone(), studio);
    ordering::fulfilling_side(Context::new(NAME))
        .migrations(MIGRATIONS)
        .follows("orders", "vod-order", policies::order_changed)
        .works(tasks::PURCHASE, move |site, task| {
            tasks::purchase(buying.clone(), site, task)
        })
        .works(tasks::RETURN, move |site, task| {
            tasks::give_back(returning.clone(), site, task)
        })
        .serves(|site| LibraryServiceServer::new(grpc::Library::new(site, key)))
}

/// The library at the simulated studio, which it lets an admin tell how to misbehave.
pub fn simulated(simulator: Simulator, key: Key) -> Context {
    context(Arc::new(simulator.clone()), key)
        .serves(move |_| StudioSimulatorServiceServer::new(simulator))
}
