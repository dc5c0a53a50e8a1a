//! Orders that are over are stated once more, for a view that starts empty: the stream has forgotten them.

use crate::domain::System;
use crate::{orders, wire};
use mesh::{Event, Refusal, Store};
use std::time::Duration;

/// How long the stream keeps an order that was stated once more.
pub const KEPT: Duration = Duration::from_secs(24 * 3600);
/// So many orders are looked at in one transaction, so that no command waits long behind it.
const AT_ONCE: i64 = 256;

/// How far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Republished {
    /// How many orders were stated by this step.
    pub stated: i64,
    /// The order to go on behind. None: that was all.
    pub next: Option<String>,
}

/// One step: of the next orders behind `after` (empty: the first ones) those that the stream has forgotten are stated for
/// a day. Any step may be done again, and a broken-off round be gone on with: who has seen an order drops it.
pub async fn republish(
    store: &Store,
    system: &'static System,
    after: &str,
) -> Result<Republished, Refusal> {
    let after = after.to_owned();
    let stated = store.write_regardless("republish", move |tx| {
        let (orders, now) = (orders::behind(tx.db(), &after, AT_ONCE)?, tx.now());
        let is_full = orders.len() as i64 == AT_ONCE;
        let next = orders.last().filter(|_| is_full);
        let next = next.map(|order| order.id.clone());
        let mut stated = 0;
        for order in orders {
            if order.expires_at().is_some_and(|at| at <= now) {
                let again = Event::stated(&order.id, order.version, &wire::order(&order, system));
                tx.enqueue(again.expires(Some(now.plus(KEPT))))?;
                stated += 1;
            }
        }
        Ok(Republished { stated, next })
    });
    stated.await
}
