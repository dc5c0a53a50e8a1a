//! Sells what is on the menus; owns the order.
//!
//! It keeps its own copy of the stores' menus, so that orders are taken whatever else is down, at the prices of that
//! moment; the rest is the lifecycle every order shares.

mod grpc;
mod selling;
mod words;

pub use words::SYSTEM;

use mesh::{Context, Db, Refusal};
use ordering::audit::{self, Facts};
use ordering::{Orders, Side, catalogue, order_side};
use proto::food::order::v1::order_service_server::OrderServiceServer;
use proto::food::store::v1::{Menu, Store};
use selling::Selling;
use std::sync::Arc;

/// The context `food-order`.
pub fn context() -> Context {
    let context = Context::new(Selling::SYSTEM.context)
        .follows("stores", words::STORE, catalogue::remember::<Store>)
        .follows("menus", words::STORE, catalogue::remember::<Menu>)
        .serves(|site| {
            OrderServiceServer::new(grpc::Handlers {
                orders: Orders::new(site, Selling),
            })
        });
    order_side(context, &Arc::new(Selling))
}

/// Order's facts for the audit: a meal wants nothing held.
pub fn facts(db: &mut Db) -> Result<Facts, Refusal> {
    audit::order_side(db, Selling::SYSTEM, |_| Ok(Vec::new()))
}
