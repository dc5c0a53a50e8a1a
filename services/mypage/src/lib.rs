//! The customer's view of every order.

mod facts;
mod grpc;
mod policies;
mod schema;
mod store;
mod watch;

pub use facts::{content_hash, facts};

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use mesh::Context;
use proto::mypage::v1::my_page_service_server::MyPageServiceServer;
use proto::ordering::v1::Order;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// The context `mypage`.
pub fn context() -> Context {
    Context::new("mypage")
        .migrations(MIGRATIONS)
        .serves(|site| MyPageServiceServer::new(grpc::Handlers { site: site.clone() }))
        .follows::<Order, _>("orders", "*", policies::order_changed)
}
