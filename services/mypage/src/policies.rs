//! What follows from what other contexts state.

use crate::store::{self, Row};
use mesh::{Change, Refusal, Time, Tx};
use prost::Message;
use proto::ordering::v1::Order;

/// Whenever an order has changed, its customer's page shows it.
pub fn order_changed(tx: &mut Tx<'_>, change: &Change<Order>) -> Result<(), Refusal> {
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
    let now = tx.now();
    let row = Row {
        order_id: order.order_id.clone(),
        context: order.context.clone(),
        system: order.system.clone(),
        customer_id: order.customer_id.clone(),
        phase: order.phase,
        placed_at: Time::from(placed_at).0,
        version: order.version,
        body: order.encode_to_vec(),
        written_at: store::last_written(tx.db(), &order.customer_id)?
            .map_or(now.0, |last| last.max(now.0)),
    };
    match store::version(tx.db(), &row.order_id)? {
        None => store::insert(tx.db(), &row)?,
        Some((owner, _)) if owner != row.context => {
            let why = format!("{} states an order of {owner}", row.context);
            return Err(Refusal::internal(why));
        }
        Some((_, version)) if version >= row.version => {}
        Some(_) => store::update(tx.db(), &row)?,
    }
    Ok(())
}
