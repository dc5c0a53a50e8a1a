//! Statements that stay prepared although diesel would prepare them anew each time: its UPDATE, because a set clause may
//! leave columns out and so many shapes of one statement might fill its cache, its upsert, and its plain SQL. Ours have
//! few shapes, and half of a booking's statements are of these.
//!
//! A wrapper that says "safe to cache" of one of diesel's own does nothing: diesel asks a reference to the statement, which
//! forwards only how it is written, and the statement takes it back while it is written. So these write themselves.

use diesel::associations::HasTable;
use diesel::backend::Backend;
use diesel::expression::Expression;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, IntoUpdateTarget, Query, QueryFragment, QueryId};

/// An update whose columns are still to be set.
pub struct Update<T: QuerySource, U> {
    table: T::FromClause,
    rows: U,
}

/// An update that stays prepared on its connection. Its text is the key it is found by, so it must not hold what changes
/// from call to call: `IN` lists, or a set clause of options.
pub struct Updating<T: QuerySource, U, V, R> {
    table: T::FromClause,
    rows: U,
    values: V,
    returning: R,
}

/// Nothing is returned.
#[derive(Clone, Copy, Debug)]
pub struct Nothing;

/// This is returned of each row.
#[derive(Clone, Copy, Debug)]
pub struct Returning<E>(E);

/// `diesel::update`, kept prepared: for `target`, a table or some of its rows.
pub fn update<T: IntoUpdateTarget>(target: T) -> Update<T::Table, T::WhereClause>
where
    <T as HasTable>::Table: QuerySource,
{
    let target = target.into_update_target();
    Update {
        table: target.table.from_clause(),
        rows: target.where_clause,
    }
}

impl<T: QuerySource, U> Update<T, U> {
    /// What is set: an assignment, a tuple of them, or a row.
    pub fn set<V>(self, values: V) -> Updating<T, U, V::Changeset, Nothing>
    where
        T: Table,
        V: AsChangeset<Target = T>,
    {
        Updating {
            table: self.table,
            rows: self.rows,
            values: values.as_changeset(),
            returning: Nothing,
        }
    }
}

impl<T: QuerySource, U, V> Updating<T, U, V, Nothing> {
    /// What is returned of each row: `.with(|update| update.returning(table::column))`.
    pub fn with<R>(self, add: impl FnOnce(Self) -> R) -> R {
        add(self)
    }

    /// What is returned of each row.
    pub fn returning<E: SelectableExpression<T>>(
        self,
        columns: E,
    ) -> Updating<T, U, V, Returning<E>> {
        Updating {
            table: self.table,
            rows: self.rows,
            values: self.values,
            returning: Returning(columns),
        }
    }
}

impl<T, U, V, R, DB> QueryFragment<DB> for Updating<T, U, V, R>
where
    DB: Backend,
    T: QuerySource,
    T::FromClause: QueryFragment<DB>,
    U: QueryFragment<DB>,
    V: QueryFragment<DB>,
    R: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        pass.push_sql("UPDATE ");
        self.table.walk_ast(pass.reborrow())?;
        pass.push_sql(" SET ");
        self.values.walk_ast(pass.reborrow())?;
        self.rows.walk_ast(pass.reborrow())?;
        self.returning.walk_ast(pass)
    }
}

impl<DB: Backend> QueryFragment<DB> for Nothing {
    fn walk_ast<'b>(&'b self, _: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        Ok(())
    }
}

impl<DB: Backend, E: QueryFragment<DB>> QueryFragment<DB> for Returning<E> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        pass.push_sql(" RETURNING ");
        self.0.walk_ast(pass)
    }
}

impl<T: QuerySource, U, V, R> QueryId for Updating<T, U, V, R> {
    type QueryId = ();
    // Found by its text, not by its type: the text is what differs when a column is left out.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T: QuerySource, U, V, E: Expression> Query for Updating<T, U, V, Returning<E>> {
    type SqlType = E::SqlType;
}

impl<T: QuerySource, U, V, R, Conn> RunQueryDsl<Conn> for Updating<T, U, V, R> {}

/// A statement without values, word for word.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Say(pub(crate) &'static str);

impl<DB: Backend> QueryFragment<DB> for Say {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        pass.push_sql(self.0);
        Ok(())
    }
}

impl QueryId for Say {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Conn> RunQueryDsl<Conn> for Say {}
