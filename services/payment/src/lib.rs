//! Takes money and gives it back, each once.
//!
//! A charge is written down before the provider is asked for it, so nothing that dies forgets it; what the provider did
//! not say is asked for until it does; what is voided is reversed, what is paid for a cancelled order refunded, until it
//! is done. Whether an order exists is its order side's to know: payment gives nothing back for its silence.

mod charges;
mod domain;
pub mod facts;
mod grpc;
mod policies;
mod provider;
mod request;
mod schema;
mod simulator;
mod store;
mod tasks;
mod wire;

pub use domain::{Amount, Answer, Reversal};
pub use facts::{facts, open_work};
pub use provider::{Charge, Method, Provider, Refund, Silence};
pub use simulator::Simulator;

use charges::Charges;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use mesh::Context;
use proto::payment::v1::payment_service_server::PaymentServiceServer;
use proto::payment::v1::simulator_service_server::SimulatorServiceServer;
use std::sync::Arc;
use std::time::Duration;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// Payment at this provider.
pub fn context(provider: Arc<dyn Provider>) -> Context {
    let charges = Charges::new(provider);
    let (serving, enquiring, reversing) = (charges.clone(), charges.clone(), charges.clone());
    let refunding = charges.clone();
    Context::new("payment")
        .migrations(MIGRATIONS)
        .serves(move |site| PaymentServiceServer::new(grpc::Service::new(site, serving)))
        .follows_when("orders", "*", policies::may_owe, policies::refund_cancelled)
        .works(store::ENQUIRY, move |site, task| {
            tasks::enquire(enquiring.clone(), site, task)
        })
        .works(store::REVERSAL, move |site, task| {
            tasks::reverse(reversing.clone(), site, task)
        })
        .works(store::REFUND, move |site, task| {
            tasks::refund(refunding.clone(), site, task)
        })
        .every("lost-charges", Duration::from_secs(2), move |site| {
            let charges = charges.clone();
            async move { charges.find_lost(&site).await }
        })
}

/// Payment at the simulated provider, which it lets an admin tell how to misbehave.
pub fn simulated(simulator: Simulator) -> Context {
    context(Arc::new(simulator.clone())).serves(move |_| SimulatorServiceServer::new(simulator))
}
