//! Whenever an order is placed, it is in its store's queue; whenever a cancellation is asked for, it is answered; whenever
//! a store that accepts by itself is open, nothing waits for its owner.

use crate::domain;
use crate::queue::{self, Row};
use crate::stores;
use futures::future::join_all;
use mesh::{Change, Refusal, Site, Time, Tx};
use ordering::is_own_word;
use ordering::wire::{self, Wish};
use proto::food::order::v1::Meal;
use proto::ordering::v1::Order;

/// How many orders one round of the clock's job accepts; the next round is a second later.
const ROUND: i64 = 256;

/// An order was placed, is to be cancelled or was.
pub fn order_changed(tx: &mut Tx<'_>, news: &Change<Order>) -> Result<(), Refusal> {
    let order = &news.entity;
    is_own_word(&order.context, &news.context)?;
    let row = match queue::find(tx.db(), &order.order_id)? {
        Some(row) => row,
        None => new(order)?,
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

fn new(order: &Order) -> Result<Row, Refusal> {
    let meal = wire::detail::<Meal>(order)?;
    let placed_at = Time::from(order.placed_at.unwrap_or_default());
    Ok(Row::new(&order.order_id, &meal, placed_at))
}

/// Accepts what came while a store was closed that is open again and accepts by itself. Each is decided anew in its own
/// transaction: whatever was faster has won.
pub async fn accept_what_waits(site: Site) -> Result<(), Refusal> {
    let waiting = site.store.read(|db| queue::waiting(db, ROUND)).await?;
    let accepted = waiting.into_iter().map(|order_id| {
        site.store
            .write(order_id.clone(), move |tx| accept(tx, &order_id))
    });
    join_all(accepted).await.into_iter().collect()
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
