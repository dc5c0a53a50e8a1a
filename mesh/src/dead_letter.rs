//! Dead letters: messages that no policy could take, put aside with the reason so that what comes behind them is
//! heard. And the count of tries that leads there.

use crate::clock::Time;
use crate::schema::{dead_letter, delivery};
use crate::store::Db;
use diesel::prelude::*;

/// A message put aside.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = dead_letter)]
pub struct DeadLetter {
    /// Which message it was: its sequence in the stream and when it was stored.
    pub id: String,
    /// `yemae.<context>.<Entity>.<id>`.
    pub subject: String,
    /// The entity's version; 0 when the message did not tell.
    pub version: i64,
    /// The event's full name; empty when the message did not tell.
    pub name: String,
    /// When it was stated, µs; 0 when the message did not tell.
    pub stated_at: i64,
    /// The event, or what came in its place.
    pub body: Vec<u8>,
    /// What the policy said the last time.
    pub reason: String,
    /// When it was put aside, µs.
    pub at: i64,
}

/// Puts a message aside. The same one again changes nothing.
pub fn insert(db: &mut Db, letter: &DeadLetter) -> QueryResult<()> {
    // PostgreSQL's TEXT cannot hold a NUL, and what a foreign message says may have one.
    let clean = |text: &str| text.replace('\0', "\u{fffd}");
    let letter = DeadLetter {
        subject: clean(&letter.subject),
        name: clean(&letter.name),
        reason: clean(&letter.reason),
        ..letter.clone()
    };
    match db {
        Db::Sqlite(db) => diesel::insert_into(dead_letter::table)
            .values(letter)
            .on_conflict_do_nothing()
            .execute(db),
        Db::Postgres(db) => diesel::insert_into(dead_letter::table)
            .values(letter)
            .on_conflict_do_nothing()
            .execute(db),
    }
    .map(drop)
}

/// How many there are.
pub fn count(db: &mut Db) -> QueryResult<i64> {
    dead_letter::table.count().get_result(db)
}

/// Those put aside, oldest first.
pub fn list(db: &mut Db, limit: i64) -> QueryResult<Vec<DeadLetter>> {
    dead_letter::table
        .order((dead_letter::at, dead_letter::id))
        .limit(limit)
        .select(DeadLetter::as_select())
        .load(db)
}

pub(crate) fn exists(db: &mut Db, id: &str) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(dead_letter::table.find(id))).get_result(db)
}

/// Counts one more try of a message; answers the count.
pub(crate) fn count_try(db: &mut Db, message: &str, now: Time) -> QueryResult<i32> {
    let counted = diesel::update(delivery::table.find(message))
        .set(delivery::tries.eq(delivery::tries + 1))
        .execute(db)?;
    if counted == 0 {
        diesel::insert_into(delivery::table)
            .values((
                delivery::message.eq(message),
                delivery::tries.eq(1),
                delivery::at.eq(now.0),
            ))
            .execute(db)?;
    }
    delivery::table
        .find(message)
        .select(delivery::tries)
        .first(db)
}

/// The message is done with, one way or the other.
pub(crate) fn forget(db: &mut Db, message: &str) -> QueryResult<()> {
    diesel::delete(delivery::table.find(message))
        .execute(db)
        .map(drop)
}

/// Forgets counts begun before `before`: their messages were overtaken, or expired, and never came again.
pub(crate) fn forget_tries(db: &mut Db, before: Time) -> QueryResult<()> {
    diesel::delete(delivery::table.filter(delivery::at.lt(before.0)))
        .execute(db)
        .map(drop)
}
