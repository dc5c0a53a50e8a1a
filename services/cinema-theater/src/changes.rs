//! How often a screening's seats have changed: the seat map's version.
//!
//! Each change is a row of its own, and rows are counted into the screening later. One counter that every change raises
//! would make writers that commit in groups wait for each other in a ring: on PostgreSQL two lanes with 20 screenings
//! deadlocked 456 times over 1,800 bookings, a second each, and did not end in 5 minutes.

use crate::schema::{screening, seat_change};
use diesel::prelude::*;
use mesh::{AtEnd, Column, Db, Left, Many, Refusal, Site, Tx, id, write_all};

/// How many changes one round counts.
const ROUND: i64 = 2000;

/// Some of a screening's seats have changed hands.
pub fn note(tx: &mut Tx<'_>, screening_id: &str) {
    tx.at_end(SeatChange {
        change_id: id::new(),
        screening_id: screening_id.to_owned(),
    });
}

#[derive(Insertable)]
#[diesel(table_name = seat_change, treat_none_as_default_value = false)]
struct SeatChange {
    change_id: String,
    screening_id: String,
}

impl AtEnd for SeatChange {
    fn write(tx: &mut Tx<'_>, left: Vec<Left<Self>>) -> Result<(), Refusal> {
        write_all(tx.db(), &left, all, |db, left| {
            let new = diesel::insert_into(seat_change::table).values(&left.row);
            new.execute(db)
        })?;
        Ok(())
    }
}

fn all(left: &[Left<SeatChange>]) -> Many<'_> {
    Many::new(
        "INSERT INTO seat_change (change_id, screening_id) SELECT * FROM",
        vec![
            Column::Text(left.iter().map(|left| &*left.row.change_id).collect()),
            Column::Text(left.iter().map(|left| &*left.row.screening_id).collect()),
        ],
        "",
    )
}

/// The seat map's version: from 1, one more with each change.
pub fn version(db: &mut Db, screening_id: &str) -> Result<Option<i64>, Refusal> {
    let uncounted = seat_change::table
        .filter(seat_change::screening_id.eq(screening_id))
        .count()
        .single_value();
    // One statement: between two, changes could be counted twice or not at all.
    let version: Option<(i64, Option<i64>)> = screening::table
        .find(screening_id)
        .select((screening::seat_version, uncounted))
        .first(db)
        .optional()?;
    Ok(version.map(|(counted, uncounted)| counted + uncounted.unwrap_or(0)))
}

/// Counts changes into their screenings.
pub async fn count(site: Site) -> Result<(), Refusal> {
    let uncounted = site.store.read(|db| {
        Ok(seat_change::table
            .order((seat_change::screening_id, seat_change::change_id))
            .limit(ROUND)
            .select((seat_change::screening_id, seat_change::change_id))
            .load::<(String, String)>(db)?)
    });
    let uncounted = uncounted.await?;
    for changes in uncounted.chunk_by(|one, next| one.0 == next.0) {
        let screening_id = changes[0].0.clone();
        let last = changes[changes.len() - 1].1.clone();
        let counted = site.store.write(screening_id.clone(), move |tx| {
            let rows = seat_change::table
                .filter(seat_change::screening_id.eq(&screening_id))
                .filter(seat_change::change_id.le(&last));
            // Another replica may have counted some of them meanwhile, and some may have come between them.
            let counted = diesel::delete(rows).execute(tx.db())?;
            let counted = i64::try_from(counted).unwrap_or_default();
            mesh::update(screening::table.find(&screening_id))
                .set(screening::seat_version.eq(screening::seat_version + counted))
                .execute(tx.db())?;
            Ok(())
        });
        counted.await?;
    }
    Ok(())
}
