//! The context's queries.

use crate::schema::my_order;
use diesel::prelude::*;
use mesh::{Db, Page, Refusal};
use prost::Message;
use proto::ordering::v1::Order;

/// What orders are listed by: when they were placed, then their id.
pub type Key = (i64, String);

/// An order as it is stored.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = my_order)]
pub struct Row {
    pub order_id: String,
    pub context: String,
    pub system: String,
    pub customer_id: String,
    pub phase: i32,
    pub placed_at: i64,
    pub version: i64,
    pub body: Vec<u8>,
    pub written_at: i64,
}

/// Where a change of an order lies.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = my_order)]
pub struct Written {
    pub order_id: String,
    pub version: i64,
    pub written_at: i64,
}

/// Whose an order is and at which version it is here.
pub fn version(db: &mut Db, order_id: &str) -> QueryResult<Option<(String, i64)>> {
    my_order::table
        .find(order_id)
        .select((my_order::context, my_order::version))
        .first(db)
        .optional()
}

/// Adds an order that was not here.
pub fn insert(db: &mut Db, row: &Row) -> QueryResult<()> {
    diesel::insert_into(my_order::table)
        .values(row)
        .execute(db)
        .map(drop)
}

/// Writes a newer version of an order.
pub fn update(db: &mut Db, row: &Row) -> QueryResult<()> {
    diesel::update(my_order::table.find(&row.order_id))
        .set(row)
        .execute(db)
        .map(drop)
}

/// When anything of this customer was written last.
pub fn last_written(db: &mut Db, customer_id: &str) -> QueryResult<Option<i64>> {
    my_order::table
        .filter(my_order::customer_id.eq(customer_id))
        .select(diesel::dsl::max(my_order::written_at))
        .first(db)
}

/// What this customer had written at `at` or later, in that order.
pub fn written_since(db: &mut Db, customer_id: &str, at: i64) -> Result<Vec<Written>, Refusal> {
    let rows = my_order::table
        .filter(my_order::customer_id.eq(customer_id))
        .filter(my_order::written_at.ge(at))
        .order((my_order::written_at, my_order::order_id))
        .select(Written::as_select())
        .load(db)?;
    Ok(rows)
}

/// An order and when it was written; with `customer_id` only when it is theirs.
pub fn find(
    db: &mut Db,
    order_id: &str,
    customer_id: Option<&str>,
) -> Result<Option<(Order, i64)>, Refusal> {
    let mut query = my_order::table
        .filter(my_order::order_id.eq(order_id))
        .select((my_order::body, my_order::written_at))
        .into_boxed();
    if let Some(customer_id) = customer_id {
        query = query.filter(my_order::customer_id.eq(customer_id));
    }
    let row: Option<(Vec<u8>, i64)> = query.first(db).optional()?;
    row.map(|(body, written_at)| Ok((decode(&body)?, written_at)))
        .transpose()
}

/// A customer's orders of these systems and phases (none: all), newest first, each with what it is listed by.
pub fn list(
    db: &mut Db,
    customer_id: &str,
    page: &Page<Key>,
    systems: Vec<String>,
    phases: Vec<i32>,
) -> Result<Vec<(Key, Order)>, Refusal> {
    let mut query = my_order::table
        .filter(my_order::customer_id.eq(customer_id))
        .order((my_order::placed_at.desc(), my_order::order_id.desc()))
        .limit(page.limit())
        .select((my_order::placed_at, my_order::order_id, my_order::body))
        .into_boxed();
    if let Some((at, id)) = page.after.clone() {
        let same_time = my_order::placed_at.eq(at).and(my_order::order_id.lt(id));
        query = query.filter(my_order::placed_at.lt(at).or(same_time));
    }
    if !systems.is_empty() {
        query = query.filter(my_order::system.eq_any(systems));
    }
    if !phases.is_empty() {
        query = query.filter(my_order::phase.eq_any(phases));
    }
    let rows: Vec<(i64, String, Vec<u8>)> = query.load(db)?;
    rows.into_iter()
        .map(|(at, id, body)| Ok(((at, id), decode(&body)?)))
        .collect()
}

fn decode(body: &[u8]) -> Result<Order, Refusal> {
    Order::decode(body).map_err(Refusal::internal)
}
