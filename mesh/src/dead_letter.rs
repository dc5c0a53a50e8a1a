//! Dead letters: messages that no policy could take, put aside with the reason so that what comes behind them is
//! heard. Somebody looks at them, mends what kept the policy from taking them, and has them handled again; or discards
//! them.

mod redrive;
mod tries;

pub use redrive::redrive;
pub(crate) use tries::{count_try, forget, forget_tries};

use crate::page::Page;
use crate::refusal::Refusal;
use crate::schema::dead_letter;
use crate::store::{Db, Store};
use diesel::prelude::*;

/// A message put aside, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = dead_letter, treat_none_as_default_value = false)]
pub struct DeadLetter {
    /// Which message it was: its sequence in the stream and when it was stored.
    pub id: String,
    /// `yemae.<context>.<Entity>.<id>`.
    pub subject: String,
    /// The entity's version; 0 when the message did not tell.
    pub version: i64,
    /// The event's full name; empty when the message did not tell.
    pub name: String,
    /// What the policy said the last time.
    pub reason: String,
    /// How often it was tried.
    pub tries: i32,
    /// When it was put aside, µs.
    pub at: i64,
}

/// What was in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// Its headers, by name.
    pub headers: Vec<(String, String)>,
    /// The event, or what came in its place.
    pub body: Vec<u8>,
}

/// Puts a message aside. The same one again changes nothing.
pub fn insert(db: &mut Db, letter: &DeadLetter, content: &Content) -> Result<(), Refusal> {
    // PostgreSQL's TEXT cannot hold a NUL, and what a foreign message says may have one.
    let clean = |text: &str| text.replace('\0', "\u{fffd}");
    let letter = DeadLetter {
        subject: clean(&letter.subject),
        name: clean(&letter.name),
        reason: clean(&letter.reason),
        ..letter.clone()
    };
    let headers = serde_json::to_string(&content.headers).map_err(Refusal::internal)?;
    let row = (
        letter,
        dead_letter::headers.eq(headers),
        dead_letter::body.eq(&content.body),
    );
    match db {
        Db::Sqlite(db) => diesel::insert_into(dead_letter::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(db)?,
        Db::Postgres(db) => diesel::insert_into(dead_letter::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(db)?,
    };
    Ok(())
}

/// How many there are.
pub fn count(db: &mut Db) -> QueryResult<i64> {
    dead_letter::table.count().get_result(db)
}

/// A page of them, newest first, and the token of the next one: empty on the last.
pub fn list(db: &mut Db, page: &Page) -> QueryResult<(Vec<DeadLetter>, String)> {
    let letters = dead_letter::table
        .select(DeadLetter::as_select())
        .into_boxed();
    let listed = page.newest_first(letters, dead_letter::at, dead_letter::id);
    let mut letters = listed.load(db)?;
    let next = page.cut(&mut letters, |letter| (letter.at, letter.id.clone()));
    Ok((letters, next))
}

/// One of them, and what was in it; NOT_FOUND.
pub fn find(db: &mut Db, id: &str) -> Result<(DeadLetter, Content), Refusal> {
    let row = dead_letter::table.find(id);
    let columns = (
        DeadLetter::as_select(),
        dead_letter::headers,
        dead_letter::body,
    );
    let found: Option<(DeadLetter, String, Vec<u8>)> = row.select(columns).first(db).optional()?;
    let (letter, headers, body) = found.ok_or_else(unknown)?;
    let headers = serde_json::from_str(&headers).map_err(Refusal::internal)?;
    Ok((letter, Content { headers, body }))
}

/// Deletes one, unhandled; NOT_FOUND. As long as the stream keeps the message, a consumer that is made again from the
/// start finds it once more.
pub async fn discard(store: &Store, id: &str) -> Result<(), Refusal> {
    let id = id.to_owned();
    let discarded = store.write(id.clone(), move |tx| match delete(tx.db(), &id)? {
        true => Ok(()),
        false => Err(unknown()),
    });
    discarded.await
}

pub(crate) fn exists(db: &mut Db, id: &str) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(dead_letter::table.find(id))).get_result(db)
}

/// Whether there was one.
fn delete(db: &mut Db, id: &str) -> QueryResult<bool> {
    let deleted = diesel::delete(dead_letter::table.find(id)).execute(db)?;
    Ok(deleted > 0)
}

fn unknown() -> Refusal {
    Refusal::not_found("dead letter")
}
