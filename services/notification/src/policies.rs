//! What follows from what other contexts state.

use crate::store::{self, Known, Record};
use crate::{send, text};
use mesh::{AtEnd, Change, Left, Refusal, Time, Tx, id};
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
    tx.at_end(News(order.clone()));
    Ok(())
}

/// An order whose customer may not have been told of all of it yet.
struct News(Order);

impl AtEnd for News {
    fn write(tx: &mut Tx<'_>, left: Vec<Left<Self>>) -> Result<(), Refusal> {
        let orders = left.iter().map(|Left { row, .. }| &row.0);
        let asked: Vec<_> = orders
            .map(|order| (&*order.order_id, &*order.customer_id))
            .collect();
        let mut all_known = store::known(tx.db(), &asked)?;
        let mut records = Vec::new();
        for news in &left {
            let id = &news.row.0.order_id;
            let unknown = || Refusal::internal(format!("nothing was read of {id}"));
            let known = all_known.get_mut(id).ok_or_else(unknown)?;
            news.follow(tx, |tx, news| record(tx, &news.0, known, &mut records))?;
        }
        store::insert(tx.db(), &records)
    }
}

fn record(
    tx: &mut Tx<'_>,
    order: &Order,
    known: &mut Known,
    records: &mut Vec<Record>,
) -> Result<(), Refusal> {
    let now = tx.now();
    for entry in &order.timeline {
        if !known.is_news(entry.seq) {
            continue;
        }
        let locale = match known.locale() {
            "" => &order.locale,
            set => set,
        };
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
        if !is_late {
            tx.start_task(send::KIND, &record.notification_id, &())?;
        }
        records.push(record);
    }
    Ok(())
}
