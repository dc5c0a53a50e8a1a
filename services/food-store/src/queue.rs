//! The queue: what each order is, and where it stands for whoever works through it.

use crate::domain;
use crate::schema::{queued_order, store};
use diesel::prelude::*;
use mesh::watch::{self, Written};
use mesh::{Db, Page, Refusal, Time, Tx, page};
use ordering::domain::fulfilment::{Decided, Fulfilment};
use ordering::{fulfilments, rows, wire};
use prost::Message;
use proto::food::order::v1::Meal;
use proto::food::store::v1::QueuedOrder;
use proto::ordering::v1::Order;
use proto::shared::v1::Text;

/// An order in its store's queue. The first message about it makes its row.
#[derive(Clone, Debug, Default, PartialEq, Eq, HasQuery, Insertable, AsChangeset)]
#[diesel(table_name = queued_order, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct Row {
    order_id: String,
    /// One more with each change; 0 when it has not been written yet.
    version: i64,
    pub store_id: String,
    status: i32,
    /// The store's setting accepted it, not its owner.
    by_itself: bool,
    meal: Vec<u8>,
    rejection: Option<Vec<u8>>,
    placed_at: i64,
    written_at: i64,
}

impl Row {
    /// An order that was not heard of before.
    pub fn new(order: &Order) -> Result<Self, Refusal> {
        let meal = wire::detail::<Meal>(order)?;
        Ok(Self {
            order_id: order.order_id.clone(),
            meal: meal.encode_to_vec(),
            store_id: meal.store_id,
            placed_at: wire::placed_at(order).0,
            ..Self::default()
        })
    }

    /// What it is listed by.
    pub fn key(&self) -> page::Key {
        (self.placed_at, self.order_id.clone())
    }

    /// Where its newest change lies.
    pub fn written(&self) -> Written {
        Written {
            id: self.order_id.clone(),
            version: self.version,
            written_at: self.written_at,
        }
    }

    /// The order as the store sees it now.
    pub fn show(self, now: Time) -> Result<QueuedOrder, Refusal> {
        let rejection = self.rejection.map(|text| Text::decode(&*text)).transpose();
        let placed_at = Time(self.placed_at);
        Ok(QueuedOrder {
            order_id: self.order_id,
            version: self.version,
            status: self.status,
            meal: Some(Meal::decode(&*self.meal).map_err(Refusal::internal)?),
            placed_at: Some(placed_at.into()),
            age: Some(placed_at.age(now)),
            rejection: rejection.map_err(Refusal::internal)?,
        })
    }

    fn follow(&mut self, food: &Fulfilment) {
        self.status = domain::status(food);
        self.by_itself = domain::is_accepted_by_itself(food);
        let reason = food.failed.as_ref().map(|(_, reason)| wire::text(reason));
        self.rejection = reason.map(|reason| reason.encode_to_vec());
    }
}

/// Takes a decision on an order, which is stated. `seen` is the order's version that led to it, if an order did. Answers
/// the order's row as it is then. ABORTED when it is another by now.
pub fn decide(
    tx: &mut Tx<'_>,
    before: Row,
    seen: Option<i64>,
    decision: impl FnOnce(&mut Fulfilment, Time) -> Decided,
) -> Result<Row, Refusal> {
    let food = fulfilments::decide(tx, &before.order_id, seen, decision)?;
    let mut row = before.clone();
    row.follow(&food);
    if row == before && before.version > 0 {
        return Ok(row);
    }
    row.version += 1;
    row.written_at = watch::written_at(tx.now(), newest(tx.db(), &row.store_id)?);
    let insert = diesel::insert_into(queued_order::table).values(&row);
    let unchanged = queued_order::table
        .find(&row.order_id)
        .filter(queued_order::version.eq(before.version));
    let update = mesh::update(unchanged).set(&row);
    rows::save(tx, before.version == 0, insert, update)?;
    Ok(row)
}

/// An order that was heard of.
pub fn find(db: &mut Db, order_id: &str) -> Result<Option<Row>, Refusal> {
    Ok(Row::query().find(order_id).first(db).optional()?)
}

/// An order of a store of `owner`'s.
pub fn own(db: &mut Db, order_id: &str, owner: &str) -> Result<Row, Refusal> {
    let own = queued_order::table
        .inner_join(store::table.on(store::store_id.eq(queued_order::store_id)))
        .filter(queued_order::order_id.eq(order_id))
        .filter(store::owner_id.eq(owner))
        .select(Row::as_select());
    mesh::found(own.first(db), "order")
}

/// A store's orders of these statuses, who has waited longest first.
pub fn list(
    db: &mut Db,
    store_id: &str,
    page: &Page,
    statuses: &[i32],
) -> Result<Vec<Row>, Refusal> {
    let orders = Row::query()
        .filter(queued_order::store_id.eq(store_id))
        .filter(queued_order::status.eq_any(statuses.to_vec()))
        .into_boxed();
    let listed = page.oldest_first(orders, queued_order::placed_at, queued_order::order_id);
    Ok(listed.load(db)?)
}

/// When a store's newest change was written.
pub fn newest(db: &mut Db, store_id: &str) -> Result<Option<i64>, Refusal> {
    Ok(queued_order::table
        .filter(queued_order::store_id.eq(store_id))
        .select(diesel::dsl::max(queued_order::written_at))
        .first(db)?)
}

/// Orders that wait although their store accepts by itself.
pub fn waiting(db: &mut Db, limit: i64) -> Result<Vec<String>, Refusal> {
    Ok(queued_order::table
        .inner_join(store::table.on(store::store_id.eq(queued_order::store_id)))
        .filter(queued_order::status.eq(domain::RECEIVED))
        .filter(store::is_auto.eq(true))
        .filter(store::is_open.eq(true))
        .limit(limit)
        .select(queued_order::order_id)
        .load(db)?)
}
