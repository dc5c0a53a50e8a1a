//! What follows from what other contexts state. The policy only writes the page's tables: it is a view, which a rebuild
//! builds anew.

use crate::store::{self, Row};
use mesh::{AtEnd, Change, Db, Left, Refusal, Time, Tx};
use prost::Message;
use proto::ordering::v1::Order;

/// Whenever an order has changed, its customer's page shows it, and so will the page that is being built.
pub fn order_changed(tx: &mut Tx<'_>, change: &Change<Order>) -> Result<(), Refusal> {
    let row = read(tx.now(), change)?;
    tx.at_end(row);
    Ok(())
}

impl AtEnd for Row {
    fn write(tx: &mut Tx<'_>, mut left: Vec<Left<Self>>) -> Result<(), Refusal> {
        match (tx.db(), &mut left[..]) {
            (Db::Postgres(db), many @ [_, _, ..]) => store::put_all(db, many),
            (db, few) => few.iter_mut().try_for_each(|left| show(db, &mut left.row)),
        }
    }
}

fn show(db: &mut Db, row: &mut Row) -> Result<(), Refusal> {
    let before = store::before(db, row)?;
    let mut generations = before.generations.all();
    generations.try_for_each(|generation| before.put(db, generation, row))
}

/// Puts an order that was read from the stream into the page that is being built. False: it is not any more.
pub fn rebuilt(tx: &mut Tx<'_>, generation: i64, change: &Change<Order>) -> Result<bool, Refusal> {
    let mut row = read(tx.now(), change)?;
    let before = store::before(tx.db(), &mut row)?;
    let is_built = before.generations.built == Some(generation);
    if is_built {
        before.put(tx.db(), generation, &row)?;
    }
    Ok(is_built)
}

fn read(now: Time, change: &Change<Order>) -> Result<Row, Refusal> {
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
    Ok(Row {
        order_id: order.order_id.clone(),
        context: order.context.clone(),
        system: order.system.clone(),
        customer_id: order.customer_id.clone(),
        phase: order.phase,
        placed_at: Time::from(placed_at).0,
        version: order.version,
        body: order.encode_to_vec(),
        written_at: now.0,
    })
}
