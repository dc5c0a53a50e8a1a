//! Sells IPTV; owns the subscription.
//!
//! It keeps its own copy of the plans, so that subscriptions are taken whatever else is down, at the fee of that moment. Where
//! to install is told to who installs and to nobody else; the rest is the lifecycle every order shares.

mod grpc;
mod premises;
mod selling;
mod words;

pub use words::SYSTEM;

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use mesh::{Context, Db, Refusal};
use ordering::audit::{self, Facts};
use ordering::{Orders, Side, catalogue, order_side};
use proto::iptv::subscription::v1::subscription_service_server::SubscriptionServiceServer;
use proto::iptv::support::v1::Plan;
use selling::Selling;
use std::sync::Arc;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// The context `iptv-subscription`.
pub fn context() -> Context {
    let own = Selling::SYSTEM.context;
    let context = Context::new(own)
        .migrations(MIGRATIONS)
        .follows("plans", words::SUPPORT, catalogue::remember::<Plan>)
        .follows("own orders", own, premises::order_changed)
        .serves(|site| {
            SubscriptionServiceServer::new(grpc::Handlers {
                orders: Orders::new(site, Selling),
            })
        });
    order_side(context, &Arc::new(Selling))
}

/// Subscription's facts for the audit: it wants nothing held.
pub fn facts(db: &mut Db) -> Result<Facts, Refusal> {
    audit::order_side(db, Selling::SYSTEM, |_| Ok(Vec::new()))
}
