//! The customer's view of every order.

mod facts;
mod grpc;
mod policies;
mod rebuild;
mod schema;
mod store;
mod watch;

pub use facts::{content_hash, facts};
pub use rebuild::rebuilds;

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use mesh::Context;
use proto::mypage::v1::my_page_service_server::MyPageServiceServer;
use proto::mypage::v1::rebuild_service_server::RebuildServiceServer;
use proto::ordering::v1::Order;
use std::time::Duration;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// The context `mypage`. Rebuilds that it is asked for are done by [`rebuilds`], beside it.
pub fn context() -> Context {
    Context::new("mypage")
        .migrations(MIGRATIONS)
        .serves(|site| MyPageServiceServer::new(grpc::Handlers { site: site.clone() }))
        .serves(|site| RebuildServiceServer::new(rebuild::Handlers { site: site.clone() }))
        .shows::<Order, _>("orders", "*", policies::order_changed)
        .every(
            "sweep old generations",
            Duration::from_secs(10),
            rebuild::sweep,
        )
}
