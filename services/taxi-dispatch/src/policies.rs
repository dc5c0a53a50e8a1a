//! Whenever a taxi is called, the nearest free driver gets the ride; whenever a cancellation is asked for, it is answered;
//! whenever a driver becomes free, who has waited longest gets him; whoever waits too long is given up.

use crate::drives::{self, Row};
use mesh::{Change, Refusal, Site, Tx};
use ordering::wire::{self, Wish};
use proto::ordering::v1::Order;

/// How many rides one round of the clock's job looks at; the next round is a second later.
const ROUND: i64 = 256;

/// A ride was called, moved on, is to be cancelled or was.
pub fn ride_changed(tx: &mut Tx<'_>, news: &Change<Order>) -> Result<(), Refusal> {
    let order = wire::own_order(news)?;
    let row = match drives::find(tx.db(), &order.order_id)? {
        Some(row) => row,
        None => Row::new(order, tx.now())?,
    };
    let wish = wire::wish(order);
    let nearest = match wish {
        Wish::Fulfil if row.driver_id.is_none() => row.nearest(tx.db())?,
        Wish::Fulfil | Wish::Answer(_) | Wish::Void => None,
    };
    let decided = drives::decide(tx, row, Some(order.version), |drive, now| {
        Ok(match wish {
            Wish::Fulfil => drive.receive(nearest, now),
            Wish::Answer(number) => drive.answer(number, now),
            Wish::Void => drive.void(now),
        })
    });
    decided.map(drop)
}

/// Gives who waits a driver, longest first, or gives them up. Each is decided anew in its own transaction: whatever was
/// faster has won. One that fails does not keep the others waiting.
pub async fn find_drivers(site: Site) -> Result<(), Refusal> {
    let now = site.clock.now();
    let waiting = site
        .store
        .read(move |db| drives::waiting(db, now, ROUND))
        .await?;
    let mut found = Ok(());
    for ride_id in waiting {
        let one = site
            .store
            .write(ride_id.clone(), move |tx| find_driver(tx, &ride_id));
        found = found.and(one.await);
    }
    found
}

fn find_driver(tx: &mut Tx<'_>, ride_id: &str) -> Result<(), Refusal> {
    let Some(row) = drives::find(tx.db(), ride_id)? else {
        return Ok(());
    };
    let (heard_at, nearest) = (row.heard_at(), row.nearest(tx.db())?);
    let decided = drives::decide(tx, row, None, |drive, now| {
        let given_up = drive.give_up(heard_at, now);
        Ok(given_up.or_else(|| drive.assign(nearest, now)))
    });
    decided.map(drop)
}
