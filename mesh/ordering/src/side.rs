//! An order side: what one context adds to the lifecycle, and what it gets for it.

use crate::domain::System;
use crate::domain::order::{Change, Order};
use crate::intents::{Draft, Intent};
use crate::{claims, orders};
use futures::future::BoxFuture;
use mesh::{Fields, Refusal, Site, Tx};
use proto::payment::v1::payment_service_client::PaymentServiceClient;
use proto::shared::v1 as shared;
use std::sync::Arc;

/// The context that charges.
pub const PAYMENT: &str = "payment";

/// What a context says of its own orders. One implementation per system.
pub trait Side: Send + Sync + 'static {
    /// The creating command's request.
    type Request: prost::Message + Default + Clone + 'static;
    /// Its response.
    type Response: prost::Message + Default + 'static;

    /// Its words and wiring.
    const SYSTEM: &'static System;
    /// The creating command's name: "CreateBooking".
    const CREATE: &'static str;

    /// The request's id, chosen by the client.
    fn request_id(request: &Self::Request) -> &str;

    /// The payment provider's token for what pays.
    fn payment_method(request: &Self::Request) -> &str;

    /// What the customer was shown that it costs.
    fn expected_total(request: &Self::Request) -> Option<&shared::Money>;

    /// Reads what the contract's rules of single fields cannot say, so that all that is wrong, whatever the state, is told
    /// at once.
    fn check(_fields: &mut Fields, _request: &Self::Request) {}

    /// Decides, in the intent's transaction, what is ordered and what it costs, and claims what it needs of its own
    /// ([`claims::take`]). Runs again for each attempt. What it costs is compared with what was expected afterwards.
    fn admit(
        &self,
        tx: &mut Tx<'_>,
        order_id: &str,
        request: &Self::Request,
    ) -> Result<Draft, Refusal>;

    /// The response that tells an order.
    fn response(&self, order: &Order) -> Result<Self::Response, Refusal>;

    /// A step before the charge, asked of another context. A refusal ends the attempt before any payment and leaves
    /// nothing to undo; anything the step cannot know, it passes over.
    fn before_charge<'a>(
        &'a self,
        _site: &'a Site,
        _intent: &'a Intent,
        _request: &'a Self::Request,
    ) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(async { Ok(()) })
    }

    /// Undoes that step, in the transaction in which the attempt comes to nothing.
    fn undo(&self, _tx: &mut Tx<'_>, _order_id: &str, _attempt: i32) -> Result<(), Refusal> {
        Ok(())
    }
}

/// The orders of one side.
pub struct Orders<S> {
    pub(crate) site: Site,
    pub(crate) side: Arc<S>,
}

impl<S> Clone for Orders<S> {
    fn clone(&self) -> Self {
        Self {
            site: self.site.clone(),
            side: self.side.clone(),
        }
    }
}

impl<S: Side> Orders<S> {
    /// The orders of `side` on its site.
    pub fn new(site: &Site, side: S) -> Self {
        Self {
            site: site.clone(),
            side: Arc::new(side),
        }
    }

    pub(crate) fn payment(&self) -> PaymentServiceClient<mesh::client::Client> {
        PaymentServiceClient::new(self.site.peers.to(PAYMENT))
    }
}

/// Saves a changed order; a cancelled one gives back what it claimed.
pub(crate) fn save(
    tx: &mut Tx<'_>,
    system: &System,
    order: &Order,
    change: Change,
) -> Result<(), Refusal> {
    if change == Change::Cancelled {
        claims::release(tx, &order.id)?;
    }
    orders::save(tx, system, order, change)
}
