//! The inbox: the newest version of each foreign entity that a policy has acted on, kept in the transaction of the act.

use crate::clock::Time;
use crate::schema::caught_up;
use crate::store::Db;
use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType, Text};

/// Whether `version` of `subject` is news to `policy`; if so it is remembered. Level-triggered: higher wins, equal or
/// lower is dropped, gaps are normal.
pub fn is_news(db: &mut Db, policy: &str, subject: &str, version: i64) -> QueryResult<bool> {
    let news = News {
        policy,
        subject,
        version,
    };
    Ok(news.execute(db)? > 0)
}

/// One statement, because there is one of these for each policy and event; written by itself, because diesel prepares an
/// upsert anew each time. It is the same on both databases.
struct News<'a> {
    policy: &'a str,
    subject: &'a str,
    version: i64,
}

impl<DB: Backend> QueryFragment<DB> for News<'_>
where
    str: ToSql<Text, DB>,
    i64: ToSql<BigInt, DB>,
    DB: HasSqlType<Text> + HasSqlType<BigInt>,
{
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        pass.push_sql("INSERT INTO inbox (policy, subject, version) VALUES (");
        pass.push_bind_param::<Text, _>(self.policy)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Text, _>(self.subject)?;
        pass.push_sql(", ");
        pass.push_bind_param::<BigInt, _>(&self.version)?;
        pass.push_sql(
            ") ON CONFLICT (policy, subject) DO UPDATE SET version = excluded.version \
             WHERE inbox.version < excluded.version",
        );
        Ok(())
    }
}

impl QueryId for News<'_> {
    type QueryId = News<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<Conn> RunQueryDsl<Conn> for News<'_> {}

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
