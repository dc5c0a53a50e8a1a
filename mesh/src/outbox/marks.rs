//! Marking what was published.

use super::Published;
use crate::clock::Time;
use crate::schema::outbox;
use crate::store::Db;
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Nullable, Text};

/// Marks rows published at `now`.
pub fn mark(db: &mut Db, rows: &[Published], now: Time) -> QueryResult<()> {
    match db {
        Db::Postgres(db) => All::new(rows, now).execute(db).map(drop),
        // A statement costs little there, and what it is told of many rows has to be taken apart again.
        db @ Db::Sqlite(_) => rows.iter().try_for_each(|row| one(db, row, now)),
    }
}

fn one(db: &mut Db, row: &Published, now: Time) -> QueryResult<()> {
    crate::store::update(outbox::table.find(row.seq))
        .set((
            outbox::stream_created.eq(&row.stream_created),
            outbox::stream_seq.eq(row.stream_seq),
            outbox::published_at.eq(now.0),
        ))
        .execute(db)
        .map(drop)
}

/// One statement for all, because each is a question to the server.
struct All<'a> {
    seqs: Vec<i64>,
    streams: Vec<&'a str>,
    stream_seqs: Vec<Option<i64>>,
    now: i64,
}

impl<'a> All<'a> {
    fn new(rows: &'a [Published], now: Time) -> Self {
        Self {
            seqs: rows.iter().map(|row| row.seq).collect(),
            streams: rows.iter().map(|row| &*row.stream_created).collect(),
            stream_seqs: rows.iter().map(|row| row.stream_seq).collect(),
            now: now.0,
        }
    }
}

impl QueryFragment<Pg> for All<'_> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        pass.push_sql("UPDATE outbox SET published_at = ");
        pass.push_bind_param::<BigInt, _>(&self.now)?;
        pass.push_sql(", stream_created = new.stream, stream_seq = new.number FROM unnest(");
        pass.push_bind_param::<Array<BigInt>, _>(&self.seqs)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<Text>, _>(&self.streams)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.stream_seqs)?;
        pass.push_sql(") AS new (seq, stream, number) WHERE outbox.seq = new.seq");
        Ok(())
    }
}

impl QueryId for All<'_> {
    type QueryId = All<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<PgConnection> for All<'_> {}
