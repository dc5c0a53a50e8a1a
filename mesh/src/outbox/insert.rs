//! Writing rows, all of a transaction at once.

use super::Row;
use crate::schema::outbox;
use crate::store::{Column, Db, Many};
use diesel::prelude::*;
use diesel::sql_types::BigInt;

/// Writes rows in their order, and gives each its number.
pub(crate) fn insert(db: &mut Db, rows: &mut [Row]) -> QueryResult<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let seqs: Vec<i64> = match db {
        Db::Postgres(db) => all(rows).load(db)?,
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

/// It numbers and answers them in their order.
fn all(rows: &[Row]) -> Many<'_, BigInt> {
    let rows = || rows.iter();
    Many::new(
        "INSERT INTO outbox (subject, version, name, body, at, expires_at, trace, correlation, causation) SELECT * FROM",
        vec![
            Column::Text(rows().map(|row| &*row.subject).collect()),
            Column::Number(rows().map(|row| row.version).collect()),
            Column::Text(rows().map(|row| &*row.name).collect()),
            Column::Bytes(rows().map(|row| &*row.body).collect()),
            Column::Number(rows().map(|row| row.at).collect()),
            Column::NumberOrNull(rows().map(|row| row.expires_at).collect()),
            Column::TextOrNull(rows().map(|row| row.trace.as_deref()).collect()),
            Column::TextOrNull(rows().map(|row| row.correlation.as_deref()).collect()),
            Column::TextOrNull(rows().map(|row| row.causation.as_deref()).collect()),
        ],
        "RETURNING seq",
    )
}
