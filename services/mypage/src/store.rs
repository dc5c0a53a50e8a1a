//! The context's queries.

use crate::schema::{generation, my_order};
use diesel::prelude::*;
use mesh::watch::{self, Since, Written};
use mesh::{Column, Db, Left, Many, Page, Refusal, Time, page};
use ordering::rows;
use prost::Message;
use proto::ordering::v1::Order;
use std::collections::BTreeMap;

/// An order as it is stored, in whichever generation.
#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = my_order, treat_none_as_default_value = false)]
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

/// Which generations of the table there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable)]
pub struct Generations {
    /// What everybody reads.
    pub shown: i64,
    /// What a rebuild builds.
    pub built: Option<i64>,
}

impl Generations {
    /// Those that changes go to.
    pub fn all(self) -> impl Iterator<Item = i64> {
        std::iter::once(self.shown).chain(self.built)
    }
}

/// Which generations there are.
pub fn generations(db: &mut Db) -> QueryResult<Generations> {
    generation::table
        .find(1)
        .select((generation::shown, generation::built))
        .first(db)
}

/// What a change of an order starts from.
pub struct Before {
    /// Which generations there are.
    pub generations: Generations,
    there: Vec<There>,
}

/// An order as it is in a generation: the generation, who stated it, its version.
type There = (i64, String, i64);

impl Before {
    /// Writes the order into a generation unless it is there in this version or a newer one.
    pub fn put(&self, db: &mut Db, generation: i64, row: &Row) -> Result<(), Refusal> {
        let there = self.there.iter().find(|there| there.0 == generation);
        let there = there.map(|(_, context, version)| (context.as_str(), *version));
        write(db, generation, row, there)
    }
}

/// Reads it all at once. The row is written behind all that is shown of its customer.
pub fn before(db: &mut Db, row: &mut Row) -> Result<Before, Refusal> {
    let order = diesel::alias!(my_order as order);
    let last = my_order::table
        .filter(my_order::generation.eq(generation::shown))
        .filter(my_order::customer_id.eq(&row.customer_id))
        .select(diesel::dsl::max(my_order::written_at))
        .single_value();
    let is_it = order.field(my_order::order_id).eq(&row.order_id);
    let there = (
        order.field(my_order::generation),
        order.field(my_order::context),
        order.field(my_order::version),
    );
    let rows: Vec<(Generations, Option<i64>, Option<There>)> = generation::table
        .find(1)
        .left_join(order.on(is_it))
        .select((
            (generation::shown, generation::built),
            last,
            there.nullable(),
        ))
        .load(db)?;
    let one = rows
        .first()
        .ok_or_else(|| Refusal::internal("the page has no generation"))?;
    row.written_at = watch::written_at(Time(row.written_at), one.1);
    Ok(Before {
        generations: one.0,
        there: rows.into_iter().filter_map(|(.., there)| there).collect(),
    })
}

/// Only what everybody reads: part of the query that reads it, so that none sees half of one generation and half of
/// another.
#[diesel::dsl::auto_type]
pub fn is_shown() -> _ {
    let shown = generation::table.find(1_i32).select(generation::shown);
    my_order::generation.nullable().eq(shown.single_value())
}

/// Writes an order into a generation unless it is there in this version or a newer one.
pub fn put(db: &mut Db, generation: i64, row: &Row) -> Result<(), Refusal> {
    let there: Option<(String, i64)> = my_order::table
        .find((&row.order_id, generation))
        .select((my_order::context, my_order::version))
        .first(db)
        .optional()?;
    let there = there.as_ref();
    write(
        db,
        generation,
        row,
        there.map(|(context, version)| (context.as_str(), *version)),
    )
}

fn write(
    db: &mut Db,
    generation: i64,
    row: &Row,
    there: Option<(&str, i64)>,
) -> Result<(), Refusal> {
    let written = match there {
        None => diesel::insert_into(my_order::table)
            .values((my_order::generation.eq(generation), row))
            .execute(db),
        Some((owner, _)) if owner != row.context => {
            let why = format!("{} states an order of {owner}", row.context);
            return Err(Refusal::internal(why));
        }
        Some((_, version)) if version >= row.version => return Ok(()),
        // Another replica may have written a newer one since.
        Some((_, version)) => mesh::update(
            my_order::table
                .find((&row.order_id, generation))
                .filter(my_order::version.eq(version)),
        )
        // Whose it is and when it was placed never changes: indexes that are not named here are not written either.
        .set((
            my_order::phase.eq(row.phase),
            my_order::version.eq(row.version),
            my_order::body.eq(&row.body),
            my_order::written_at.eq(row.written_at),
        ))
        .execute(db),
    };
    rows::written(written)
}

/// Writes the newest of many orders into every generation, each unless it is there in this version or a newer one. One that
/// somebody else has stated fails all of them.
pub fn put_all(db: &mut PgConnection, left: &[Left<Row>]) -> Result<(), Refusal> {
    let mut newest = BTreeMap::new();
    for Left { row, .. } in left {
        let kept = newest.entry((&*row.order_id, &*row.context)).or_insert(row);
        if kept.version < row.version {
            *kept = row;
        }
    }
    // In their order: so two replicas that write the same ones do not wait for each other in a ring.
    let rows = || newest.values();
    let all: Many<'_> = Many::new(
        "INSERT INTO my_order \
         (generation, order_id, context, system, customer_id, phase, placed_at, version, body, written_at) \
         SELECT page.generation, new.order_id, new.context, new.system, new.customer_id, new.phase, new.placed_at, \
         new.version, new.body, greatest(new.written_at, (SELECT max(own.written_at) FROM my_order AS own \
         WHERE own.generation = page.shown AND own.customer_id = new.customer_id)) FROM",
        vec![
            Column::Text(rows().map(|row| &*row.order_id).collect()),
            Column::Text(rows().map(|row| &*row.context).collect()),
            Column::Text(rows().map(|row| &*row.system).collect()),
            Column::Text(rows().map(|row| &*row.customer_id).collect()),
            Column::Integer(rows().map(|row| row.phase).collect()),
            Column::Number(rows().map(|row| row.placed_at).collect()),
            Column::Number(rows().map(|row| row.version).collect()),
            Column::Bytes(rows().map(|row| &*row.body).collect()),
            Column::Number(rows().map(|row| row.written_at).collect()),
        ],
        // No context at all is refused.
        "AS new (order_id, context, system, customer_id, phase, placed_at, version, body, written_at) \
         CROSS JOIN (SELECT shown, shown AS generation FROM generation WHERE id = 1 \
         UNION ALL SELECT shown, built FROM generation WHERE id = 1 AND built IS NOT NULL) AS page \
         ON CONFLICT (order_id, generation) DO UPDATE SET \
         context = CASE WHEN my_order.context = excluded.context THEN excluded.context END, \
         phase = excluded.phase, version = excluded.version, body = excluded.body, written_at = excluded.written_at \
         WHERE my_order.version < excluded.version OR my_order.context <> excluded.context",
    );
    Ok(all.execute(db).map(drop)?)
}

/// An order in a generation.
pub fn row(db: &mut Db, order_id: &str, generation: i64) -> QueryResult<Row> {
    my_order::table
        .find((order_id, generation))
        .select(Row::as_select())
        .first(db)
}

/// When the newest change of this customer's orders in a generation was written.
pub fn newest(db: &mut Db, generation: i64, customer_id: &str) -> Result<Option<i64>, Refusal> {
    Ok(my_order::table
        .filter(my_order::generation.eq(generation))
        .filter(my_order::customer_id.eq(customer_id))
        .select(diesel::dsl::max(my_order::written_at))
        .first(db)?)
}

/// What this customer had written in a generation behind `since`: the first of it, in that order.
pub fn written_since(
    db: &mut Db,
    generation: i64,
    customer_id: &str,
    since: &Since,
) -> Result<Vec<Written>, Refusal> {
    let own = my_order::table
        .filter(my_order::generation.eq(generation))
        .filter(my_order::customer_id.eq(customer_id))
        .select((my_order::order_id, my_order::version, my_order::written_at))
        .into_boxed();
    let wanted = since.page(generation, own, my_order::written_at, my_order::order_id);
    Ok(wanted.load(db)?)
}

/// An order and when it was written; with `customer_id` only when it is theirs.
pub fn find(
    db: &mut Db,
    order_id: &str,
    customer_id: Option<&str>,
) -> Result<Option<(Order, i64)>, Refusal> {
    let mut query = my_order::table
        .filter(my_order::order_id.eq(order_id))
        .filter(is_shown())
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
    page: &Page,
    systems: Vec<String>,
    phases: Vec<i32>,
) -> Result<Vec<(page::Key, Order)>, Refusal> {
    let mut query = my_order::table
        .filter(is_shown())
        .filter(my_order::customer_id.eq(customer_id))
        .select((my_order::placed_at, my_order::order_id, my_order::body))
        .into_boxed();
    if !systems.is_empty() {
        query = query.filter(my_order::system.eq_any(systems));
    }
    if !phases.is_empty() {
        query = query.filter(my_order::phase.eq_any(phases));
    }
    let listed = page.newest_first(query, my_order::placed_at, my_order::order_id);
    let rows: Vec<(i64, String, Vec<u8>)> = listed.load(db)?;
    rows.into_iter()
        .map(|(at, id, body)| Ok(((at, id), decode(&body)?)))
        .collect()
}

fn decode(body: &[u8]) -> Result<Order, Refusal> {
    Order::decode(body).map_err(Refusal::internal)
}
