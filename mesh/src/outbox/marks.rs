//! Marking what was published.

use super::Published;
use crate::clock::Time;
use crate::schema::outbox;
use crate::store::{Column, Db, Many, write_all};
use diesel::prelude::*;

/// Marks rows published at `now`.
pub fn mark(db: &mut Db, rows: &[Published], now: Time) -> QueryResult<()> {
    write_all(db, rows, |rows| all(rows, now), |db, row| one(db, row, now)).map(drop)
}

fn one(db: &mut Db, row: &Published, now: Time) -> QueryResult<usize> {
    crate::store::update(outbox::table.find(row.seq))
        .set((
            outbox::stream_created.eq(&row.stream_created),
            outbox::stream_seq.eq(row.stream_seq),
            outbox::published_at.eq(now.0),
        ))
        .execute(db)
}

fn all(rows: &[Published], now: Time) -> Many<'_> {
    let rows = || rows.iter();
    Many::new(
        "UPDATE outbox SET published_at = new.at, stream_created = new.stream, stream_seq = new.number FROM",
        vec![
            Column::Number(rows().map(|row| row.seq).collect()),
            Column::Text(rows().map(|row| &*row.stream_created).collect()),
            Column::NumberOrNull(rows().map(|row| row.stream_seq).collect()),
            Column::Number(rows().map(|_| now.0).collect()),
        ],
        "AS new (seq, stream, number, at) WHERE outbox.seq = new.seq",
    )
}
