//! The simulated studio's own book: what it sold, refused and took back, by key. It knows nothing of the library's rows.

use crate::domain::Answer;
use crate::schema::simulator_book;
use diesel::prelude::*;
use mesh::{Db, Refusal, Site, Tx};

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

/// What the book says of a key, if it has heard of it.
pub fn find(db: &mut Db, key: &str) -> Result<Option<Book>, Refusal> {
    let found: Option<(String, i32)> = simulator_book::table
        .find(key)
        .select((simulator_book::state, simulator_book::purchases))
        .first(db)
        .optional()?;
    Ok(found.map(|(state, purchases)| Book {
        is_sold: state == SOLD,
        is_closed: state == CLOSED,
        purchases,
    }))
}

/// A purchase arrives and is granted, unless the key is closed.
pub(super) async fn sell(site: &Site, key: String) -> Result<Answer, Refusal> {
    arrive(site, key, SOLD).await
}

/// A purchase arrives and is refused, unless it was sold before.
pub(super) async fn refuse(site: &Site, key: String) -> Result<Answer, Refusal> {
    arrive(site, key, REFUSED).await
}

async fn arrive(site: &Site, key: String, verdict: &'static str) -> Result<Answer, Refusal> {
    let arrived = site.store.write_regardless(key.clone(), move |tx| {
        let before = find(tx.db(), &key)?;
        let state = match &before {
            Some(before) if before.is_closed => CLOSED,
            Some(before) if before.is_sold => SOLD,
            _ => verdict,
        };
        let purchases = before.as_ref().map_or(0, |before| before.purchases) + 1;
        write(tx, &key, state, purchases, before.is_none())?;
        Ok(answer(state))
    });
    arrived.await
}

/// What became of the purchases under a key.
pub(super) async fn ask(site: &Site, key: &str) -> Result<Answer, Refusal> {
    let key = key.to_owned();
    let found = site.store.read(move |db| find(db, &key)).await?;
    Ok(match found {
        None => Answer::Nothing,
        Some(book) if book.is_sold => Answer::Sold,
        Some(_) => Answer::Refused,
    })
}

/// Takes back what was sold under a key, and closes it.
pub(super) async fn close(site: &Site, key: &str) -> Result<(), Refusal> {
    let key = key.to_owned();
    let closed = site.store.write_regardless(key.clone(), move |tx| {
        let before = find(tx.db(), &key)?;
        let purchases = before.as_ref().map_or(0, |before| before.purchases);
        write(tx, &key, CLOSED, purchases, before.is_none())
    });
    closed.await
}

fn write(
    tx: &mut Tx<'_>,
    key: &str,
    state: &str,
    purchases: i32,
    is_new: bool,
) -> Result<(), Refusal> {
    let row = (
        simulator_book::state.eq(state),
        simulator_book::purchases.eq(purchases),
    );
    if is_new {
        diesel::insert_into(simulator_book::table)
            .values((simulator_book::licence_key.eq(key), row))
            .execute(tx.db())?;
    } else {
        mesh::update(simulator_book::table.find(key))
            .set(row)
            .execute(tx.db())?;
    }
    Ok(())
}

fn answer(state: &str) -> Answer {
    if state == SOLD {
        Answer::Sold
    } else {
        Answer::Refused
    }
}
