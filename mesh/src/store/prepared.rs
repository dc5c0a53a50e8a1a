//! UPDATE, kept prepared. diesel prepares each one anew, because a set clause may leave columns out and so many shapes of
//! one statement might fill its cache. Ours have few shapes, and a third of a booking's statements are updates.

use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{
    AsQuery, AstPass, IntoUpdateTarget, Query, QueryFragment, QueryId, UpdateStatement,
};

/// A statement that stays prepared on its connection. Its text is the key it is found by, so it must not hold what
/// changes from call to call: `IN` lists, or a set clause of options.
#[derive(Clone, Copy, Debug)]
pub struct Prepared<Q>(pub(crate) Q);

/// An update whose columns are still to be set.
pub struct Update<T: QuerySource, U>(UpdateStatement<T, U>);

/// `diesel::update`, kept prepared: for `target`, a table or some of its rows.
pub fn update<T: IntoUpdateTarget>(target: T) -> Update<T::Table, T::WhereClause> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one room where updates are made"
    )]
    Update(diesel::update(target))
}

impl<T: QuerySource, U> Update<T, U> {
    /// What is set: an assignment, a tuple of them, or a row.
    pub fn set<V>(self, values: V) -> Prepared<UpdateStatement<T, U, V::Changeset>>
    where
        T: Table,
        V: AsChangeset<Target = T>,
        UpdateStatement<T, U, V::Changeset>: AsQuery,
    {
        Prepared(self.0.set(values))
    }
}

impl<Q> Prepared<Q> {
    /// The statement with something added: `.with(|update| update.returning(table::column))`.
    pub fn with<R>(self, add: impl FnOnce(Q) -> R) -> Prepared<R> {
        Prepared(add(self.0))
    }
}

impl<Q, DB> QueryFragment<DB> for Prepared<Q>
where
    DB: Backend,
    Q: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, pass: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(pass)
    }

    fn is_safe_to_cache_prepared(&self, _: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q> QueryId for Prepared<Q> {
    type QueryId = ();
    // Found by its text, not by its type: the text is what differs when a column is left out.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Prepared<Q> {
    type SqlType = Q::SqlType;
}

impl<Q, Conn> RunQueryDsl<Conn> for Prepared<Q> {}
