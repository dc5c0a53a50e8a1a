//! Paper tickets at the kiosk; decides a cancellation.
//!
//! Whenever seats are reserved there is one ticket per booking. Until it is printed the booking may be cancelled; at the
//! screening's end what is unprinted is missed. All of it is decided on the booking's one fulfilment here, so every
//! race has one winner.

mod domain;
mod grpc;
mod policies;
mod schema;
mod store;

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use mesh::{Context, Db, Refusal};
use ordering::audit::Facts;
use proto::cinema::ticket::v1::ticket_service_server::TicketServiceServer;
use std::time::Duration;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// The context `cinema-ticket`.
pub fn context() -> Context {
    ordering::fulfilling_side(Context::new("cinema-ticket"))
        .migrations(MIGRATIONS)
        .shows("bookings", "cinema-booking", policies::booking_changed)
        .shows(
            "reservations",
            "cinema-theater",
            policies::reservation_changed,
        )
        .every(
            "miss what is over",
            Duration::from_secs(1),
            policies::miss_what_is_over,
        )
        .serves(|site| TicketServiceServer::new(grpc::Tickets::new(site)))
}

/// Ticket's facts for the audit.
pub fn facts(db: &mut Db) -> Result<Facts, Refusal> {
    Ok(Facts {
        fulfilments: store::facts(db, "cinema-ticket")?,
        ..Facts::default()
    })
}
