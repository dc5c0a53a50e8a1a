//! The simulated studio's own book: what it sold, refused and took back, by key. It knows nothing of the library's rows.

use crate::domain::Answer;
use crate::schema::simulator_book;
use diesel::prelude::*;
use mesh::{Db, Refusal, Site, Tx};
use ordering::rows;

const SOLD: &str = "SOLD";
const REFUSED: &str = "REFUSED";
const CLOSED: &str = "CLOSED";

/// What the book says of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book {
    /// A licence is out under it.
    pub is_sold: bool,
    /// Nothing is sold under it any more.
    pub is_closed: bool,
    /// How many purchases have arrived.
    pub purchases: i32,
}

/// What is written under a key.
#[derive(Default, HasQuery, Insertable, AsChangeset)]
#[diesel(table_name = simulator_book, treat_none_as_default_value = false)]
struct Row {
    state: String,
    purchases: i32,
    /// The newest try that was refused; 0 when none was.
    refused_attempt: i32,
}

/// What the book says of a key, if it has heard of it.
pub fn find(db: &mut Db, key: &str) -> Result<Option<Book>, Refusal> {
    Ok(read(db, key)?.map(|row| Book {
        is_sold: row.state == SOLD,
        is_closed: row.state == CLOSED,
        purchases: row.purchases,
    }))
}

fn read(db: &mut Db, key: &str) -> Result<Option<Row>, Refusal> {
    Ok(Row::query().find(key).first(db).optional()?)
}

/// A purchase arrives and is granted, unless the key is closed.
pub(super) async fn sell(site: &Site, key: String) -> Result<Answer, Refusal> {
    arrive(site, key, None).await
}

/// This try arrives and is refused, unless it was sold before.
pub(super) async fn refuse(site: &Site, key: String, attempt: i32) -> Result<Answer, Refusal> {
    arrive(site, key, Some(attempt)).await
}

async fn arrive(site: &Site, key: String, refused: Option<i32>) -> Result<Answer, Refusal> {
    let arrived = site.store.write_regardless(key.clone(), move |tx| {
        let mut row = read(tx.db(), &key)?.unwrap_or_default();
        row.purchases += 1;
        if row.state != CLOSED && row.state != SOLD {
            row.state = if refused.is_some() { REFUSED } else { SOLD }.to_owned();
            row.refused_attempt = row.refused_attempt.max(refused.unwrap_or_default());
        }
        write(tx, &key, &row)?;
        Ok(if row.state == SOLD {
            Answer::Sold
        } else {
            Answer::Refused
        })
    });
    arrived.await
}

/// What became of this try under a key.
pub(super) async fn ask(site: &Site, key: &str, attempt: i32) -> Result<Answer, Refusal> {
    let key = key.to_owned();
    let found = site.store.read(move |db| read(db, &key)).await?;
    Ok(match found {
        None => Answer::Nothing,
        Some(row) if row.state == SOLD => Answer::Sold,
        Some(row) if row.state == REFUSED && row.refused_attempt < attempt => Answer::Nothing,
        Some(_) => Answer::Refused,
    })
}

/// Takes back what was sold under a key, and closes it.
pub(super) async fn close(site: &Site, key: &str) -> Result<(), Refusal> {
    let key = key.to_owned();
    let closed = site.store.write_regardless(key.clone(), move |tx| {
        let mut row = read(tx.db(), &key)?.unwrap_or_default();
        row.state = CLOSED.to_owned();
        write(tx, &key, &row)
    });
    closed.await
}

fn write(tx: &mut Tx<'_>, key: &str, row: &Row) -> Result<(), Refusal> {
    let update = mesh::update(simulator_book::table.find(key)).set(row);
    let new = (simulator_book::licence_key.eq(key), row);
    let insert = diesel::insert_into(simulator_book::table).values(new);
    rows::put(tx, update, insert)
}
