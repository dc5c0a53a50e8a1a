//! Orders in their table: the row is the source, the published Order is made from it.

use crate::domain::System;
use crate::domain::order::{Change, Order};
use crate::schema::placed_order;
use crate::{rows, wire};
use diesel::prelude::*;
use mesh::{Db, Event, Refusal, Tx};
use proto::ordering::v1 as language;

#[derive(Queryable, Selectable)]
#[diesel(table_name = placed_order)]
struct Row {
    state: String,
    detail: Vec<u8>,
}

impl Row {
    fn read(self) -> Result<Order, Refusal> {
        let mut order: Order = serde_json::from_str(&self.state).map_err(Refusal::internal)?;
        order.detail = self.detail;
        Ok(order)
    }
}

/// Reads an order.
pub fn find(db: &mut Db, order_id: &str) -> Result<Option<Order>, Refusal> {
    let row = placed_order::table
        .find(order_id)
        .select(Row::as_select())
        .first(db)
        .optional()?;
    row.map(Row::read).transpose()
}

/// A customer's orders, newest first, older than the order `before`.
pub fn of_customer(
    db: &mut Db,
    customer_id: &str,
    before: Option<&str>,
    limit: i64,
) -> Result<Vec<Order>, Refusal> {
    let mut query = placed_order::table
        .filter(placed_order::customer_id.eq(customer_id))
        .order(placed_order::order_id.desc())
        .limit(limit)
        .select(Row::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(placed_order::order_id.lt(before));
    }
    query.load(db)?.into_iter().map(Row::read).collect()
}

/// The next orders behind `after`, by their id.
pub fn behind(db: &mut Db, after: &str, limit: i64) -> Result<Vec<Order>, Refusal> {
    placed_order::table
        .filter(placed_order::order_id.gt(after))
        .order(placed_order::order_id)
        .limit(limit)
        .select(Row::as_select())
        .load(db)?
        .into_iter()
        .map(Row::read)
        .collect()
}

/// Every order, at once: for tests. Whoever reads what others have written reads in steps, with [`behind`].
pub fn all(db: &mut Db) -> Result<Vec<Order>, Refusal> {
    placed_order::table
        .select(Row::as_select())
        .load(db)?
        .into_iter()
        .map(Row::read)
        .collect()
}

/// Places an order: writes it and states it.
pub fn place(tx: &mut Tx<'_>, system: &System, order: &Order) -> Result<(), Refusal> {
    diesel::insert_into(placed_order::table)
        .values((
            placed_order::order_id.eq(&order.id),
            placed_order::customer_id.eq(&order.customer_id),
            placed_order::version.eq(order.version),
            placed_order::phase.eq(i32::from(wire::phase(order.phase(system)))),
            placed_order::payment_id.eq(&order.payment_id),
            placed_order::placed_at.eq(order.placed_at.0),
            placed_order::state.eq(encode(order)?),
            placed_order::detail.eq(&order.detail),
        ))
        .execute(tx.db())?;
    state(tx, system, order, Change::Placed)
}

/// Saves a changed order and states it. ABORTED when somebody else changed it first.
pub fn save(
    tx: &mut Tx<'_>,
    system: &System,
    order: &Order,
    change: Change,
) -> Result<(), Refusal> {
    let row = placed_order::table
        .find(&order.id)
        .filter(placed_order::version.eq(order.version - 1));
    let saved = mesh::update(row)
        .set((
            placed_order::version.eq(order.version),
            placed_order::phase.eq(i32::from(wire::phase(order.phase(system)))),
            placed_order::state.eq(encode(order)?),
        ))
        .execute(tx.db());
    rows::written(saved)?;
    state(tx, system, order, change)
}

/// Saves what an order has heard, which is no news to anybody. ABORTED when somebody changed it meanwhile. Where two replicas
/// do so at the same moment, only one of the two words is kept.
pub(crate) fn remember(tx: &mut Tx<'_>, order: &Order) -> Result<(), Refusal> {
    let row = placed_order::table
        .find(&order.id)
        .filter(placed_order::version.eq(order.version));
    let saved = mesh::update(row).set(placed_order::state.eq(encode(order)?));
    rows::written(saved.execute(tx.db()))
}

fn encode(order: &Order) -> Result<String, Refusal> {
    serde_json::to_string(order).map_err(Refusal::internal)
}

fn state(tx: &mut Tx<'_>, system: &System, order: &Order, change: Change) -> Result<(), Refusal> {
    let event = language::OrderEvent {
        order: Some(wire::order(order, system)),
    };
    let name = format!("{}{}", system.events, change.name());
    tx.enqueue(Event::named(name, &order.id, order.version, &event).expires(order.expires_at()))
}

impl Change {
    /// How the context's event for it ends: "Placed".
    pub fn name(self) -> &'static str {
        match self {
            Self::Placed => "Placed",
            Self::Progressed => "Progressed",
            Self::CancelAsked => "CancelAsked",
            Self::CancelRefused => "CancelRefused",
            Self::Cancelled => "Cancelled",
            Self::Refunded => "Refunded",
        }
    }
}
