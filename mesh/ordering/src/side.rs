//! An order side: what one context adds to the lifecycle, and what it gets for it.

use crate::domain::System;
use crate::domain::order::{Cause, Change, No, Order};
use crate::intents::{Draft, Intent};
use crate::{claims, orders};
use futures::future::BoxFuture;
use mesh::{Fields, Refusal, Site, Text, Tx, text};
use proto::payment::v1::payment_service_client::PaymentServiceClient;
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

    /// Reads every field but the request id, so that all that is wrong with them, whatever the state, is told at once.
    fn check(fields: &mut Fields, request: &Self::Request);

    /// Decides, in the intent's transaction, what is ordered and what it costs, and claims what it needs of its own
    /// ([`claims::take`]). Runs again for each attempt.
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

    /// Reads an order; a customer's only if it is `of`.
    pub async fn get(&self, order_id: &str, of: Option<&str>) -> Result<Order, Refusal> {
        let order_id = order_id.to_owned();
        let order = self
            .site
            .store
            .read(move |db| orders::find(db, &order_id))
            .await?;
        visible::<S>(order, of)
    }

    /// A customer's orders, newest first.
    pub async fn list(
        &self,
        of: &str,
        before: Option<String>,
        limit: i64,
    ) -> Result<Vec<Order>, Refusal> {
        let of = of.to_owned();
        self.site
            .store
            .read(move |db| orders::of_customer(db, &of, before.as_deref(), limit))
            .await
    }

    /// Asks to cancel an order: a customer's own, or anybody's as an administrator with a reason.
    pub async fn cancel(
        &self,
        order_id: &str,
        of: Option<&str>,
        reason: Option<Text>,
    ) -> Result<Order, Refusal> {
        let (id, of) = (order_id.to_owned(), of.map(str::to_owned));
        let cause = if of.is_some() {
            Cause::Customer
        } else {
            Cause::Admin
        };
        self.site
            .store
            .write(order_id.to_owned(), move |tx| {
                let mut order = visible::<S>(orders::find(tx.db(), &id)?, of.as_deref())?;
                let now = tx.now();
                match order.ask_to_cancel(S::SYSTEM, cause, reason.clone(), now) {
                    Ok(Some(change)) => orders::save(tx, S::SYSTEM, &order, change)?,
                    Ok(None) => {}
                    Err(no) => return Err(refused(no)),
                }
                Ok(order)
            })
            .await
    }
}

fn visible<S: Side>(order: Option<Order>, of: Option<&str>) -> Result<Order, Refusal> {
    order
        .filter(|order| of.is_none_or(|customer| order.customer_id == customer))
        .ok_or_else(|| Refusal::not_found(S::SYSTEM.noun))
}

fn refused(no: No) -> Refusal {
    match no {
        No::NotCancellable => Refusal::precondition(
            "NOT_CANCELLABLE",
            text(
                "it can't be cancelled any more",
                "취소불가: 더 이상 취소할 수 없습니다.",
            ),
        ),
        No::CancelLimit => Refusal::precondition(
            "CANCEL_LIMIT",
            text(
                "cancelling was asked for and refused too often",
                "취소 요청 횟수를 초과했습니다.",
            ),
        ),
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
