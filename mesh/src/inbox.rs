//! The inbox: the newest version of each foreign entity that a policy has acted on, kept in the transaction of the act.

use crate::clock::Time;
use crate::schema::{caught_up, inbox};
use crate::store::Db;
use diesel::prelude::*;

/// Whether `version` of `subject` is news to `policy`; if so it is remembered. Level-triggered: higher wins, equal or
/// lower is dropped, gaps are normal.
pub fn is_news(db: &mut Db, policy: &str, subject: &str, version: i64) -> QueryResult<bool> {
    let row = (
        inbox::policy.eq(policy),
        inbox::subject.eq(subject),
        inbox::version.eq(version),
    );
    if raise(db, policy, subject, version)? {
        return Ok(true);
    }
    // MultiConnection cannot say ON CONFLICT: the dialects are told apart here.
    let first = match db {
        Db::Sqlite(db) => diesel::insert_into(inbox::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(db)?,
        Db::Postgres(db) => diesel::insert_into(inbox::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(db)?,
    };
    // Of two replicas that bring the first versions of an entity at once, one has waited here for the other's row.
    Ok(first > 0 || raise(db, policy, subject, version)?)
}

fn raise(db: &mut Db, policy: &str, subject: &str, version: i64) -> QueryResult<bool> {
    let older = inbox::table
        .find((policy, subject))
        .filter(inbox::version.lt(version));
    let raised = diesel::update(older)
        .set(inbox::version.eq(version))
        .execute(db)?;
    Ok(raised > 0)
}

/// Remembers that the context has once acted on everything there was: from then on what it does not know does not exist.
pub fn catch_up(db: &mut Db, context: &str, now: Time) -> QueryResult<()> {
    let row = (caught_up::context.eq(context), caught_up::at.eq(now.0));
    match db {
        Db::Sqlite(db) => diesel::insert_into(caught_up::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(db),
        Db::Postgres(db) => diesel::insert_into(caught_up::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(db),
    }
    .map(drop)
}

/// Whether it has.
pub fn has_caught_up(db: &mut Db, context: &str) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(caught_up::table.find(context))).get_result(db)
}
