//! Many rows in one statement, for PostgreSQL, where each statement is a question to the server. The text, and so what is
//! kept prepared, is the same however many rows there are: their columns go as arrays.

use super::Db;
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Binary, Integer, Nullable, Text};
use std::marker::PhantomData;

/// One column of all rows.
#[derive(Debug)]
pub enum Column<'a> {
    /// TEXT.
    Text(Vec<&'a str>),
    /// TEXT, or NULL.
    TextOrNull(Vec<Option<&'a str>>),
    /// BYTEA.
    Bytes(Vec<&'a [u8]>),
    /// INTEGER.
    Integer(Vec<i32>),
    /// BIGINT.
    Number(Vec<i64>),
    /// BIGINT, or NULL.
    NumberOrNull(Vec<Option<i64>>),
}

impl QueryFragment<Pg> for Column<'_> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match self {
            Self::Text(all) => pass.push_bind_param::<Array<Text>, _>(all),
            Self::TextOrNull(all) => pass.push_bind_param::<Array<Nullable<Text>>, _>(all),
            Self::Bytes(all) => pass.push_bind_param::<Array<Binary>, _>(all),
            Self::Integer(all) => pass.push_bind_param::<Array<Integer>, _>(all),
            Self::Number(all) => pass.push_bind_param::<Array<BigInt>, _>(all),
            Self::NumberOrNull(all) => pass.push_bind_param::<Array<Nullable<BigInt>>, _>(all),
        }
    }
}

/// A statement about many rows: what is said before `unnest(…)` of their columns, and what behind it. It returns `R`.
#[derive(Debug)]
pub struct Many<'a, R = ()> {
    before: &'static str,
    columns: Vec<Column<'a>>,
    behind: &'static str,
    returned: PhantomData<fn() -> R>,
}

impl<'a, R> Many<'a, R> {
    /// `columns` are as long as each other.
    pub fn new(before: &'static str, columns: Vec<Column<'a>>, behind: &'static str) -> Self {
        Self {
            before,
            columns,
            behind,
            returned: PhantomData,
        }
    }
}

impl<R> QueryFragment<Pg> for Many<'_, R> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        pass.push_sql(self.before);
        pass.push_sql(" unnest(");
        for (place, column) in self.columns.iter().enumerate() {
            if place > 0 {
                pass.push_sql(", ");
            }
            column.walk_ast(pass.reborrow())?;
        }
        pass.push_sql(") ");
        pass.push_sql(self.behind);
        Ok(())
    }
}

impl<R> Query for Many<'_, R> {
    type SqlType = R;
}

impl<R> QueryId for Many<'_, R> {
    type QueryId = ();
    // Found by its text, not by its type.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<R> RunQueryDsl<PgConnection> for Many<'_, R> {}

/// Writes rows: on PostgreSQL with the statement `all`; on SQLite, where a statement costs little and one of many rows would
/// be prepared anew for each number of them, with `one` after the other.
pub fn write_all<'a, R>(
    db: &mut Db,
    rows: &'a [R],
    all: impl FnOnce(&'a [R]) -> Many<'a>,
    one: impl FnMut(&mut Db, &'a R) -> QueryResult<usize>,
) -> QueryResult<usize> {
    match db {
        _ if rows.is_empty() => Ok(0),
        Db::Postgres(db) => all(rows).execute(db),
        db @ Db::Sqlite(_) => each(db, rows, one),
    }
}

fn each<'a, R>(
    db: &mut Db,
    rows: &'a [R],
    mut one: impl FnMut(&mut Db, &'a R) -> QueryResult<usize>,
) -> QueryResult<usize> {
    let mut written = 0;
    for row in rows {
        written += one(db, row)?;
    }
    Ok(written)
}
