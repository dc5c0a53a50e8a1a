//! Tells the customer, once for every change of an order.

mod channel;
mod contact;
mod facts;
mod grpc;
mod patience;
mod policies;
mod schema;
mod send;
mod store;
mod text;

pub use channel::{Console, Reach};
pub use facts::{Told, facts, told};

use channel::Channels;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use mesh::Context;
use patience::Patience;
use proto::notification::v1::notification_service_server::NotificationServiceServer;
use proto::ordering::v1::Order;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// What a deployment decides.
#[derive(Clone)]
pub struct Settings {
    /// Where the console channel prints.
    pub console: Console,
    /// Which hosts a customer's webhook may be on.
    pub webhooks: Reach,
}

/// The context `notification`.
pub fn context(settings: Settings) -> Context {
    let reach = settings.webhooks;
    let channels = Channels::new(settings.console, reach);
    let patience = Patience::default();
    Context::new("notification")
        .migrations(MIGRATIONS)
        .serves(move |site| {
            NotificationServiceServer::new(grpc::Handlers {
                store: site.store.clone(),
                reach,
            })
        })
        .shows::<Order, _>("orders", "*", policies::order_changed)
        .works(send::KIND, move |site, task| {
            send::send(site, task, channels.clone(), patience.clone())
        })
}
