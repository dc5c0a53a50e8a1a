//! Sells seats of a screening; owns the booking.
//!
//! It keeps its own copy of what is showing and for how much, so that bookings are taken whatever else is down; asks
//! theater for the seats before it charges; and leaves the rest to the lifecycle every order shares.

mod facts;
mod grpc;
mod seats;
mod selling;
mod words;

pub use facts::facts;
pub use words::SYSTEM;

use mesh::{Context, client};
use ordering::{Orders, Side, catalogue, order_side};
use proto::cinema::booking::v1::booking_service_server::BookingServiceServer;
use proto::cinema::movie::v1::Movie;
use proto::cinema::theater::v1::Screening;
use selling::Selling;
use std::sync::Arc;
use std::time::Duration;

/// The context.
pub fn context() -> Context {
    let side = Arc::new(Selling);
    let context = Context::new(Selling::SYSTEM.context)
        .calls(selling::THEATER, patience_with_theater())
        .follows("movies", "cinema-movie", catalogue::remember::<Movie>)
        .follows(
            "screenings",
            selling::THEATER,
            catalogue::remember::<Screening>,
        )
        .serves(|site| {
            BookingServiceServer::new(grpc::Booking {
                orders: Orders::new(site, Selling),
            })
        });
    order_side(context, &side)
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
