//! The inbox: the newest version of each foreign entity that a policy has acted on, kept in the transaction of the act.

use crate::schema::inbox;
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
    let newer = diesel::update(
        inbox::table
            .find((policy, subject))
            .filter(inbox::version.lt(version)),
    )
    .set(inbox::version.eq(version))
    .execute(db)?;
    if newer > 0 {
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
    Ok(first > 0)
}
