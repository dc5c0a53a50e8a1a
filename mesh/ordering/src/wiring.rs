//! What a context gets for being an order side or a fulfilling side.

use crate::settle::VOID;
use crate::side::{self, Orders, PAYMENT, Side};
use crate::{intents, orders, wire};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use mesh::{Change, Context, Refusal, Site, Tx, client};
use proto::ordering::v1::Fulfilment;
use proto::payment::v1::{Payment, PaymentState};
use std::sync::Arc;
use std::time::Duration;

const ORDER_SIDE: EmbeddedMigrations = embed_migrations!("migrations/order_side");
const FULFILLING_SIDE: EmbeddedMigrations = embed_migrations!("migrations/fulfilling_side");

/// How patient an order side is with payment: the old systems' 610 ms against a payment of 400–620 ms failed 4.5 % of
/// good payments, each an ambiguous charge.
fn patience_with_payment() -> client::Settings {
    client::Settings {
        total: Duration::from_secs(3),
        attempt: Duration::from_millis(1200),
        attempts: 2,
        in_flight: 128,
        breaker_longest: Duration::from_secs(2),
    }
}

/// Makes `context` an order side: intents, orders, recovery, voids, and following those who fulfil and pay.
pub fn order_side<S: Side>(context: Context, side: &Arc<S>) -> Context {
    let orders = move |side: &Arc<S>, site: Site| Orders {
        site,
        side: side.clone(),
    };
    let (voiding, recovering) = (side.clone(), side.clone());
    let mut context = context
        .migrations(ORDER_SIDE)
        .calls(PAYMENT, patience_with_payment())
        .works(VOID, move |site, task| {
            let orders = orders(&voiding, site);
            async move { orders.void_charge(task).await }
        })
        .every("recover", Duration::from_secs(1), move |site| {
            let orders = orders(&recovering, site);
            async move { orders.recover().await }
        })
        .every(
            "forget refused requests",
            Duration::from_secs(3600),
            |site| async move { intents::sweep(&site.store).await.map(drop) },
        )
        .follows_when("refunds", PAYMENT, is_own_refund::<S>, refunded::<S>);
    for fulfilling in S::SYSTEM.fulfilled_by {
        context = context.shows_when("fulfilments", fulfilling, may_matter::<S>, heard::<S>);
    }
    context
}

/// Makes `context` a fulfilling side: it keeps fulfilments.
pub fn fulfilling_side(context: Context) -> Context {
    context.migrations(FULFILLING_SIDE)
}

/// An entity that names another context than the subject it came by is nobody's word.
pub fn is_own_word(context: &str, stated_by: &str) -> Result<(), Refusal> {
    if context == stated_by {
        return Ok(());
    }
    Err(Refusal::internal(format!(
        "{stated_by} stated an entity of {context}"
    )))
}

/// Steps that move no order are most of what is said; what is nobody's word must be heard to be refused.
fn may_matter<S: Side>(change: &Change<Fulfilment>) -> bool {
    is_own_word(&change.entity.context, &change.context).is_err()
        || wire::heard(change.entity.clone()).may_matter(S::SYSTEM)
}

fn heard<S: Side>(tx: &mut Tx<'_>, change: &Change<Fulfilment>) -> Result<(), Refusal> {
    is_own_word(&change.entity.context, &change.context)?;
    let heard = wire::heard(change.entity.clone());
    let Some(mut order) = orders::find(tx.db(), &change.entity.order_id)? else {
        return Ok(());
    };
    let (now, before) = (tx.now(), order.heard.clone());
    match order.hear(S::SYSTEM, &heard, now) {
        Some(news) => side::save(tx, S::SYSTEM, &order, news),
        None if order.heard != before => orders::remember(tx, &order),
        None => Ok(()),
    }
}

fn is_own_refund<S: Side>(change: &Change<Payment>) -> bool {
    let payment = &change.entity;
    payment.context == S::SYSTEM.context && payment.state() == PaymentState::Refunded
}

fn refunded<S: Side>(tx: &mut Tx<'_>, change: &Change<Payment>) -> Result<(), Refusal> {
    let payment = &change.entity;
    let Some(mut order) = orders::find(tx.db(), &payment.order_id)? else {
        return Ok(());
    };
    let now = tx.now();
    match order.refunded(S::SYSTEM, &payment.payment_id, now) {
        Some(news) => orders::save(tx, S::SYSTEM, &order, news),
        None => Ok(()),
    }
}
