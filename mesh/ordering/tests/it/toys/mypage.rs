//! Whoever shows orders and tells of them: a copy of each, and a record per entry of its timeline.

use super::{Bug, Toys};
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use mesh::{Change, Context, Db, Refusal, Tx, id};
use prost::Message;
use proto::ordering::v1::Order;

const TABLES: EmbeddedMigrations = embed_migrations!("tests/it/toys/mypage-tables");

diesel::table! {
    seen (order_id) {
        order_id -> Text,
        version -> BigInt,
        body -> Binary,
    }
}

diesel::table! {
    told (key) {
        key -> Text,
        order_id -> Text,
        seq -> Integer,
    }
}

pub fn context(toys: &Toys) -> Context {
    let keyless = toys.has(Bug::TellsTwice);
    Context::new("mypage").migrations(TABLES).follows(
        "orders",
        "*",
        move |tx, order: &Change<Order>| {
            show(tx, &order.entity)?;
            tell(tx, &order.entity, keyless)
        },
    )
}

fn show(tx: &mut Tx<'_>, order: &Order) -> Result<(), Refusal> {
    diesel::delete(seen::table.find(&order.order_id)).execute(tx.db())?;
    let row = (
        seen::order_id.eq(&order.order_id),
        seen::version.eq(order.version),
        seen::body.eq(order.encode_to_vec()),
    );
    diesel::insert_into(seen::table)
        .values(row)
        .execute(tx.db())?;
    Ok(())
}

fn tell(tx: &mut Tx<'_>, order: &Order, keyless: bool) -> Result<(), Refusal> {
    let newest: i32 = told::table
        .filter(told::order_id.eq(&order.order_id))
        .select(diesel::dsl::max(told::seq))
        .get_result::<Option<i32>>(tx.db())?
        .unwrap_or(0);
    for entry in order
        .timeline
        .iter()
        .filter(|entry| keyless || entry.seq > newest)
    {
        let key = if keyless {
            id::new()
        } else {
            format!("{}/{}", order.order_id, entry.seq)
        };
        let row = (
            told::key.eq(key),
            told::order_id.eq(&order.order_id),
            told::seq.eq(entry.seq),
        );
        diesel::insert_into(told::table)
            .values(row)
            .execute(tx.db())?;
    }
    Ok(())
}

/// What is shown: order, version, the message.
pub fn shown(db: &mut Db) -> QueryResult<Vec<(String, i64, Vec<u8>)>> {
    seen::table.order(seen::order_id).load(db)
}

/// What was told: order and entry.
pub fn all_told(db: &mut Db) -> QueryResult<Vec<(String, i32)>> {
    told::table
        .order((told::order_id, told::seq))
        .select((told::order_id, told::seq))
        .load(db)
}
