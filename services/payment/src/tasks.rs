//! What is owed for a charge until it is done: asking about it, reversing it, refunding it.

use crate::charges::{Charges, known, learn};
use crate::domain::{Answer, Owed};
use crate::provider::{Refund, Silence};
use crate::store;
use crate::wire;
use mesh::{Done, Event, Refusal, Site, Task, Tx, text};
use proto::payment::v1::PaymentRefunded;
use std::time::Duration;
use tokio::time::timeout;

/// How long the provider may take to answer where nobody waits for it.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a refunded payment is kept by the carrier.
const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Asks what became of a charge, at growing pauses, until the provider says; in the end reverses it.
pub async fn enquire(charges: Charges, site: Site, task: Task) -> Result<Done, Refusal> {
    let key = task.key.clone();
    let read = move |db: &mut mesh::Db| known(store::by_key(db, &key)?);
    let payment = site.store.read(read).await?.payment;
    if payment.owes() != Some(Owed::Enquiry) {
        return Ok(Done::nothing());
    }
    let tries = u32::try_from(task.tries).unwrap_or(0);
    let again = |now| Done::again(payment.pause(tries + 1, now));
    if tries == 0 {
        return Ok(again(site.clock.now()));
    }
    let asked = timeout(PATIENCE, charges.provider().enquire(&site, &task.key)).await;
    let answer = asked.unwrap_or(Answer::Unsure);
    if answer != Answer::Unsure {
        learn(&site, &task.key, answer).await?;
        return Ok(Done::nothing());
    }
    let now = site.clock.now();
    if !payment.pause(tries + 1, now).is_zero() {
        return Ok(again(now));
    }
    Ok(Done::with(move |tx| {
        let mut stored = known(store::by_key(tx.db(), &task.key)?)?;
        stored.payment.give_up(tx.now());
        store::update(tx, &stored)?;
        ended(stored.payment.owes(), Owed::Enquiry)
    }))
}

/// Reverses a voided charge, until nothing of it is captured or can be.
pub async fn reverse(charges: Charges, site: Site, task: Task) -> Result<Done, Refusal> {
    let key = task.key.clone();
    let read = move |db: &mut mesh::Db| known(store::by_key(db, &key)?);
    if site.store.read(read).await?.payment.owes() != Some(Owed::Reversal) {
        return Ok(Done::nothing());
    }
    let reversal = timeout(PATIENCE, charges.provider().reverse(&site, &task.key));
    let reversal = reversal.await.map_err(|_| slow())??;
    Ok(Done::with(move |tx| {
        let mut stored = known(store::by_key(tx.db(), &task.key)?)?;
        stored.payment.reversed(reversal, tx.now());
        store::update(tx, &stored)?;
        // Also when a charge turned out to have captured while this was asked.
        ended(stored.payment.owes(), Owed::Reversal)
    }))
}

/// Refunds the payment of a cancelled order, and says so.
pub async fn refund(charges: Charges, site: Site, task: Task) -> Result<Done, Refusal> {
    let id = task.key.clone();
    let read = move |db: &mut mesh::Db| known(store::by_id(db, &id)?);
    let payment = site.store.read(read).await?.payment;
    if payment.owes() != Some(Owed::Refund) {
        return Ok(Done::nothing());
    }
    let refund = Refund {
        key: format!("refund:{}", payment.payment_id),
        charge_key: payment.charge_key,
        amount: payment.amount,
    };
    let refunded = timeout(PATIENCE, charges.provider().refund(&site, &refund));
    refunded.await.map_err(|_| slow())??;
    Ok(Done::with(move |tx| state_refunded(tx, &task.key)))
}

fn state_refunded(tx: &mut Tx<'_>, payment_id: &str) -> Result<(), Refusal> {
    let mut stored = known(store::by_id(tx.db(), payment_id)?)?;
    if !stored.payment.refunded(tx.now()) {
        return Ok(());
    }
    store::update(tx, &stored)?;
    let refunded = PaymentRefunded {
        payment: Some(wire::payment(&stored.payment)),
    };
    let expires = tx.now().plus(KEPT);
    tx.enqueue(Event::new(payment_id, stored.payment.version, &refunded).expires(Some(expires)))
}

/// A task that still owes what it is for does not end.
fn ended(owes: Option<Owed>, task: Owed) -> Result<(), Refusal> {
    if owes != Some(task) {
        return Ok(());
    }
    Err(Refusal::unavailable(
        "STILL_OWED",
        text("the provider has not settled it yet", "처리 중입니다."),
    ))
}

fn slow() -> Silence {
    Silence(format!("no answer within {PATIENCE:?}"))
}
