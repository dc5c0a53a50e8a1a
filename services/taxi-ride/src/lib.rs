//! Sells rides at their estimate; owns the order.
//!
//! What a ride costs is its own tariff's to say, so that taxis are called whatever else is down; the rest is the lifecycle
//! every order shares.

mod grpc;
mod selling;
mod tariff;
mod words;

pub use words::SYSTEM;

use mesh::{Context, Db, Refusal};
use ordering::audit::{self, Facts};
use ordering::{Orders, Side, order_side};
use proto::taxi::ride::v1::ride_service_server::RideServiceServer;
use selling::Selling;
use std::sync::Arc;

/// The context `taxi-ride`.
pub fn context() -> Context {
    let context = Context::new(Selling::SYSTEM.context).serves(|site| {
        RideServiceServer::new(grpc::Handlers {
            rides: Orders::new(site, Selling),
        })
    });
    order_side(context, &Arc::new(Selling))
}

/// Ride's facts for the audit: a ride wants nothing held.
pub fn facts(db: &mut Db) -> Result<Facts, Refusal> {
    audit::order_side(db, Selling::SYSTEM, |_| Ok(Vec::new()))
}
