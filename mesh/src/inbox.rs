//! The inbox: the newest version of each foreign entity that a policy has acted on, kept in the transaction of the act.

use crate::clock::Time;
use crate::schema::{caught_up, inbox};
use crate::store::{Db, Prepared};
use diesel::prelude::*;
use diesel::query_dsl::methods::FilterDsl;
use diesel::upsert::excluded;

/// Whether `version` of `subject` is news to `policy`; if so it is remembered. Level-triggered: higher wins, equal or
/// lower is dropped, gaps are normal.
pub fn is_news(db: &mut Db, policy: &str, subject: &str, version: i64) -> QueryResult<bool> {
    let row = (
        inbox::policy.eq(policy),
        inbox::subject.eq(subject),
        inbox::version.eq(version),
    );
    // MultiConnection cannot say ON CONFLICT: the dialects are told apart here. One statement, because there is one of
    // these for each policy and event.
    let newer = inbox::version.lt(excluded(inbox::version));
    let written = match db {
        Db::Sqlite(db) => Prepared(
            diesel::insert_into(inbox::table)
                .values(row)
                .on_conflict((inbox::policy, inbox::subject))
                .do_update()
                .set(inbox::version.eq(excluded(inbox::version)))
                .filter(newer),
        )
        .execute(db)?,
        Db::Postgres(db) => Prepared(
            diesel::insert_into(inbox::table)
                .values(row)
                .on_conflict((inbox::policy, inbox::subject))
                .do_update()
                .set(inbox::version.eq(excluded(inbox::version)))
                .filter(newer),
        )
        .execute(db)?,
    };
    Ok(written > 0)
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
