//! What follows from what other contexts state.

use crate::store::{self, Record};
use crate::{send, text};
use mesh::{Change, Refusal, Time, Tx, id};
use proto::notification::v1::NotificationStatus::{Pending, SkippedLate};
use proto::ordering::v1::Order;
use std::time::Duration;

/// Older news is recorded, but nobody is bothered with it, be it late at first sight or by its channel's fault.
pub const LATE: Duration = Duration::from_hours(24);

/// Whenever an order has changed, its customer is told of every entry of its timeline that they were not told of yet.
pub fn order_changed(tx: &mut Tx<'_>, change: &Change<Order>) -> Result<(), Refusal> {
    let order = &change.entity;
    if order.context != change.context || order.order_id != change.id {
        let (context, id) = (&change.context, &change.id);
        let why = format!("{context} states as {id} what is not that order of its own");
        return Err(Refusal::internal(why));
    }
    let known = store::known(tx.db(), &order.order_id, &order.customer_id)?;
    let locale = match known.locale() {
        "" => &order.locale,
        set => set,
    };
    let now = tx.now();
    for entry in &order.timeline {
        if known.is_recorded(entry.seq) {
            continue;
        }
        let at = entry.at.map_or(now, Time::from);
        let is_late = now.since(at) > LATE;
        let record = Record {
            notification_id: id::new(),
            order_id: order.order_id.clone(),
            seq: entry.seq,
            customer_id: order.customer_id.clone(),
            status: if is_late { SkippedLate } else { Pending }.into(),
            text: text::compose(order, entry, locale),
            channel: known.channel(),
            created_at: now.0,
            sent_at: None,
        };
        store::insert(tx.db(), &record)?;
        if !is_late {
            tx.start_task(send::KIND, &record.notification_id, &())?;
        }
    }
    Ok(())
}
