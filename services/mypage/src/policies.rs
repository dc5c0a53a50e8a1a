//! What follows from what other contexts state. The policy only writes the page's tables: it is a view, which a rebuild
//! builds anew.

use crate::store::{self, Before, Row};
use mesh::{Change, Refusal, Time, Tx, watch};
use prost::Message;
use proto::ordering::v1::Order;

/// Whenever an order has changed, its customer's page shows it, and so will the page that is being built.
pub fn order_changed(tx: &mut Tx<'_>, change: &Change<Order>) -> Result<(), Refusal> {
    let (before, row) = read(tx, change)?;
    for generation in before.generations.all() {
        before.put(tx.db(), generation, &row)?;
    }
    Ok(())
}

/// Puts an order that was read from the stream into the page that is being built. False: it is not any more.
pub fn rebuilt(tx: &mut Tx<'_>, generation: i64, change: &Change<Order>) -> Result<bool, Refusal> {
    let (before, row) = read(tx, change)?;
    let is_built = before.generations.built == Some(generation);
    if is_built {
        before.put(tx.db(), generation, &row)?;
    }
    Ok(is_built)
}

fn read(tx: &mut Tx<'_>, change: &Change<Order>) -> Result<(Before, Row), Refusal> {
    let order = &change.entity;
    let of_its_subject = order.context == change.context
        && order.order_id == change.id
        && order.version == change.version;
    let placed_at = order.placed_at.filter(|_| of_its_subject);
    let Some(placed_at) = placed_at else {
        let (context, id) = (&change.context, &change.id);
        let why = format!("{context} states as {id} what is not that order of its own, placed");
        return Err(Refusal::internal(why));
    };
    let before = store::before(tx.db(), &order.order_id, &order.customer_id)?;
    let row = Row {
        order_id: order.order_id.clone(),
        context: order.context.clone(),
        system: order.system.clone(),
        customer_id: order.customer_id.clone(),
        phase: order.phase,
        placed_at: Time::from(placed_at).0,
        version: order.version,
        body: order.encode_to_vec(),
        written_at: watch::written_at(tx.now(), before.last_written),
    };
    Ok((before, row))
}
