//! The catalogue of movies: what is registered, what is showing, what is closed.

mod grpc;
mod movie;
mod policies;
mod schema;
mod store;

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use mesh::Context;
use proto::cinema::movie::v1::movie_service_server::MovieServiceServer;
use proto::cinema::theater::v1::Screen;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// The context `cinema-movie`.
pub fn context() -> Context {
    Context::new("cinema-movie")
        .migrations(MIGRATIONS)
        .serves(|site| {
            MovieServiceServer::new(grpc::Handlers {
                store: site.store.clone(),
            })
        })
        .follows::<Screen, _>("screens", "cinema-theater", policies::screen_changed)
}
