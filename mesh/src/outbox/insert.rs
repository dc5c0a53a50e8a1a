//! Writing rows, all of a transaction at once.

use super::Row;
use crate::schema::outbox;
use crate::store::Db;
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Binary, Nullable, Text};

/// Writes rows in their order, and gives each its number.
pub(crate) fn insert(db: &mut Db, rows: &mut [Row]) -> QueryResult<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let seqs: Vec<i64> = match db {
        Db::Postgres(db) => All::new(rows).load(db)?,
        // A statement costs little there, and one of many rows would be prepared anew for each number of them.
        db @ Db::Sqlite(_) => rows
            .iter()
            .map(|row| one(db, row))
            .collect::<QueryResult<_>>()?,
    };
    for (row, seq) in rows.iter_mut().zip(seqs) {
        row.seq = seq;
    }
    Ok(())
}

fn one(db: &mut Db, row: &Row) -> QueryResult<i64> {
    diesel::insert_into(outbox::table)
        .values((
            outbox::subject.eq(&row.subject),
            outbox::version.eq(row.version),
            outbox::name.eq(&row.name),
            outbox::body.eq(&row.body),
            outbox::at.eq(row.at),
            outbox::expires_at.eq(row.expires_at),
            outbox::trace.eq(&row.trace),
            outbox::correlation.eq(&row.correlation),
            outbox::causation.eq(&row.causation),
        ))
        .returning(outbox::seq)
        .get_result(db)
}

/// One statement for all, because each is a question to the server. It numbers and answers them in their order.
#[derive(Default)]
struct All<'a> {
    subjects: Vec<&'a str>,
    versions: Vec<i64>,
    names: Vec<&'a str>,
    bodies: Vec<&'a [u8]>,
    at: Vec<i64>,
    expire_at: Vec<Option<i64>>,
    traces: Vec<Option<&'a str>>,
    correlations: Vec<Option<&'a str>>,
    causations: Vec<Option<&'a str>>,
}

impl<'a> All<'a> {
    fn new(rows: &'a [Row]) -> Self {
        let mut all = Self::default();
        for row in rows {
            all.subjects.push(&row.subject);
            all.versions.push(row.version);
            all.names.push(&row.name);
            all.bodies.push(&row.body);
            all.at.push(row.at);
            all.expire_at.push(row.expires_at);
            all.traces.push(row.trace.as_deref());
            all.correlations.push(row.correlation.as_deref());
            all.causations.push(row.causation.as_deref());
        }
        all
    }
}

impl QueryFragment<Pg> for All<'_> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        pass.push_sql(
            "INSERT INTO outbox (subject, version, name, body, at, expires_at, trace, correlation, causation) \
             SELECT * FROM unnest(",
        );
        pass.push_bind_param::<Array<Text>, _>(&self.subjects)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<BigInt>, _>(&self.versions)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<Text>, _>(&self.names)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<Binary>, _>(&self.bodies)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<BigInt>, _>(&self.at)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.expire_at)?;
        for texts in [&self.traces, &self.correlations, &self.causations] {
            pass.push_sql(", ");
            pass.push_bind_param::<Array<Nullable<Text>>, _>(texts)?;
        }
        pass.push_sql(") RETURNING seq");
        Ok(())
    }
}

impl Query for All<'_> {
    type SqlType = BigInt;
}

impl QueryId for All<'_> {
    type QueryId = All<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<PgConnection> for All<'_> {}
