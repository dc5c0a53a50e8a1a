//! Screens, screenings and their seats: the one place that knows whose a seat is.

pub mod audit;
mod bookings;
mod changes;
mod customers;
mod domain;
mod grpc;
mod holds;
mod homes;
mod movies;
mod policies;
mod schema;
mod screenings;
mod screens;
mod seat_map;
mod sweep;

pub use audit::facts;

use diesel::QueryResult;
use diesel::result::{DatabaseErrorKind, Error};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use mesh::{Context, Refusal};
use proto::cinema::theater::v1::theater_service_server::TheaterServiceServer;
use std::time::Duration;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();
/// The catalogue.
const MOVIE: &str = "cinema-movie";
/// The order side.
const BOOKING: &str = "cinema-booking";

/// The context.
pub fn context() -> Context {
    ordering::fulfilling_side(Context::new("cinema-theater"))
        .migrations(MIGRATIONS)
        .serves(|site| {
            TheaterServiceServer::new(grpc::Handlers {
                store: site.store.clone(),
            })
        })
        .follows("movies", MOVIE, policies::movie)
        .shows("orders", BOOKING, policies::order)
        .follows("claims", BOOKING, policies::claim)
        .every(
            "end holds that ran out",
            Duration::from_secs(1),
            customers::end_expired,
        )
        .every("count changes", Duration::from_secs(1), changes::count)
        .every("sweep", Duration::from_secs(60), sweep::sweep)
}

/// A unique index that refuses means that another lane or replica was faster: the command runs again, and sees it.
fn unless_taken<T>(written: QueryResult<T>) -> Result<T, Refusal> {
    match written {
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
            Err(Refusal::conflict())
        }
        other => Ok(other?),
    }
}
