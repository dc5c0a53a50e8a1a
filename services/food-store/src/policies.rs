//! Whenever an order is placed, it is in its store's queue; whenever a cancellation is asked for, it is answered; whenever
//! a store that accepts by itself is open, nothing waits for its owner.

use crate::domain;
use crate::queue::{self, Row};
use crate::stores;
use futures::future::join_all;
use mesh::{Change as News, Kind, Refusal, Site, Time, Tx};
use ordering::is_own_word;
use ordering::wire::{self, Wish};
use proto::food::order::v1::Meal;
use proto::ordering::v1::Order;

/// How many orders one round of the clock's job accepts; the next round is a second later.
const ROUND: i64 = 256;

/// An order was placed, is to be cancelled or was.
pub fn order_changed(tx: &mut Tx<'_>, news: &News<Order>) -> Result<(), Refusal> {
    let order = &news.entity;
    is_own_word(&order.context, &news.context)?;
    let row = match queue::find(tx.db(), &order.order_id)? {
        Some(row) => row,
        None => new(order)?,
    };
    let by_itself = accepts_by_itself(tx, &row)?;
    let now = tx.now();
    let decided = queue::decide(tx, &row, Some(order.version), |food| {
        let change = match wire::wish(order) {
            Wish::Fulfil => domain::receive(food, by_itself, now),
            Wish::Answer(number) => domain::answer(food, number, now),
            Wish::Void => domain::void(food, now),
        };
        ((), change)
    });
    decided.map(drop)
}

fn new(order: &Order) -> Result<Row, Refusal> {
    let meal = wire::detail::<Meal>(order)?;
    let placed_at = Time::from(order.placed_at.unwrap_or_default());
    Ok(Row::new(&order.order_id, &meal, placed_at))
}

/// Whether the order's store accepts it by itself. One of a store that is not known here waits.
fn accepts_by_itself(tx: &mut Tx<'_>, row: &Row) -> Result<bool, Refusal> {
    match stores::find(tx.db(), &row.store_id, None) {
        Ok(store) => Ok(store.accepts_by_itself()),
        Err(refusal) if refusal.kind == Kind::NotFound => Ok(false),
        Err(refusal) => Err(refusal),
    }
}

/// Accepts what came while a store was closed that is open again and accepts by itself. Each is decided anew in its own
/// transaction: whatever was faster has won.
pub async fn accept_what_waits(site: Site) -> Result<(), Refusal> {
    let waiting = site.store.read(|db| queue::waiting(db, ROUND)).await?;
    let accepted = waiting.into_iter().map(|order_id| {
        site.store.write(order_id.clone(), move |tx| {
            let Some(row) = queue::find(tx.db(), &order_id)? else {
                return Ok(());
            };
            if accepts_by_itself(tx, &row)? {
                let now = tx.now();
                queue::decide(tx, &row, None, |food| {
                    ((), domain::accept_by_itself(food, now))
                })?;
            }
            Ok(())
        })
    });
    join_all(accepted).await.into_iter().collect()
}
