//! Sells seats of a screening; owns the booking.
//!
//! It keeps its own copy of what is showing and for how much, so that bookings are taken whatever else is down; asks
//! theater for the seats before it charges; and leaves the rest to the lifecycle every order shares.

mod catalogue;
mod facts;
mod grpc;
mod seats;
mod selling;
mod words;

pub use facts::facts;

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use mesh::{Context, Refusal, Store, client};
use ordering::{Orders, Republished, Side, order_side};
use proto::cinema::booking::v1::booking_service_server::BookingServiceServer;
use selling::Selling;
use std::sync::Arc;
use std::time::Duration;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// The context.
pub fn context() -> Context {
    let side = Arc::new(Selling);
    let context = Context::new(Selling::SYSTEM.context)
        .migrations(MIGRATIONS)
        .calls(selling::THEATER, patience_with_theater())
        .follows("movies", "cinema-movie", catalogue::movie)
        .follows("screenings", selling::THEATER, catalogue::screening)
        .serves(|site| {
            BookingServiceServer::new(grpc::Booking {
                orders: Orders::new(site, Selling),
            })
        });
    order_side(context, &side)
}

/// States bookings that are over and that the stream has forgotten once more, from behind `after` on, one step of them:
/// for a view that starts empty.
pub async fn republish(store: &Store, after: &str) -> Result<Republished, Refusal> {
    ordering::republish(store, Selling::SYSTEM, after).await
}

/// One short attempt: while theater is silent the booking goes on without it.
fn patience_with_theater() -> client::Settings {
    client::Settings {
        total: Duration::from_millis(500),
        attempt: Duration::from_millis(500),
        attempts: 1,
        ..client::Settings::default()
    }
}
