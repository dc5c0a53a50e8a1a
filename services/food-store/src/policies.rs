//! Whenever an order is placed, it is in its store's queue; whenever a cancellation is asked for, it is answered; whenever
//! a store that accepts by itself is open, nothing waits for its owner.

use crate::domain;
use crate::queue::{self, Row};
use crate::stores;
use mesh::{Change, Refusal, Site, Tx};
use ordering::wire::{self, Wish};
use proto::ordering::v1::Order;

/// How many orders one round of the clock's job accepts; the next round is a second later.
const ROUND: i64 = 256;

/// An order was placed, is to be cancelled or was.
pub fn order_changed(tx: &mut Tx<'_>, news: &Change<Order>) -> Result<(), Refusal> {
    let order = wire::own_order(news)?;
    let row = match queue::find(tx.db(), &order.order_id)? {
        Some(row) => row,
        None => Row::new(order)?,
    };
    let by_itself = stores::accepts_by_itself(tx.db(), &row.store_id)?;
    let decided = queue::decide(tx, row, Some(order.version), |food, now| {
        Ok(match wire::wish(order) {
            Wish::Fulfil => domain::receive(food, by_itself, now),
            Wish::Answer(number) => domain::answer(food, number, now),
            Wish::Void => domain::void(food, now),
        })
    });
    decided.map(drop)
}

/// Accepts what came while a store was closed that is open again and accepts by itself. Each is decided anew in its own
/// transaction: whatever was faster has won.
pub async fn accept_what_waits(site: Site) -> Result<(), Refusal> {
    let waiting = site.store.read(|db| queue::waiting(db, ROUND)).await?;
    site.store.write_each(waiting, accept).await
}

fn accept(tx: &mut Tx<'_>, order_id: &str) -> Result<(), Refusal> {
    let found = queue::find(tx.db(), order_id)?;
    if let Some(row) = found
        && stores::accepts_by_itself(tx.db(), &row.store_id)?
    {
        queue::decide(tx, row, None, |food, now| {
            Ok(domain::accept_by_itself(food, now))
        })?;
    }
    Ok(())
}
