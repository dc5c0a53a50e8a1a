//! Which rows a look asks for.

use super::{BACK, PAGE};
use crate::clock::Time;
use diesel::dsl::{Gt, GtEq, Or};
use diesel::prelude::*;
use diesel::query_dsl::methods::{FilterDsl, LimitDsl, OrderDsl};
use diesel::sql_types::{BigInt, Text};

/// How far a watch has come.
#[derive(Clone, Debug)]
pub struct Since {
    pub(super) generation: i64,
    /// When the last row was written that is not wanted any more, and its id.
    pub(super) behind: Behind,
    /// When the watch began that the first cursor was from, µs.
    pub(super) began: i64,
}

/// When a row was written, µs, and its id.
pub(super) type Behind = (i64, String);

impl Since {
    /// Which rows of this generation are wanted: those written after this, µs, or at this and with a higher id.
    pub(super) fn of(&self, generation: i64) -> (i64, &str) {
        if generation == self.generation {
            (self.behind.0, &self.behind.1)
        } else {
            (i64::MIN, "")
        }
    }

    /// The first [`PAGE`] of `rows` that are wanted of this generation. The rows are boxed and not ordered yet; `at` is when
    /// each was written, µs.
    pub fn page<Q, A, I>(&self, generation: i64, rows: Q, at: A, id: I) -> Q
    where
        A: Expression<SqlType = BigInt> + ExpressionMethods + Copy,
        I: Expression<SqlType = Text> + ExpressionMethods + Copy,
        Q: OrderDsl<(A, I), Output = Q> + LimitDsl<Output = Q>,
        Q: FilterDsl<GtEq<A, i64>, Output = Q>,
        Q: FilterDsl<Or<Gt<A, i64>, Gt<I, String>>, Output = Q>,
    {
        let (last, last_id) = self.of(generation);
        let behind = at.gt(last).or(id.gt(last_id.to_owned()));
        let since = FilterDsl::filter(rows, at.ge(last));
        let ordered = OrderDsl::order(FilterDsl::filter(since, behind), (at, id));
        LimitDsl::limit(ordered, PAGE)
    }

    /// What was written before this, µs, everybody could see before the watch began: also the watch that a cursor
    /// continues.
    pub fn began(&self) -> i64 {
        Time(self.began).minus(BACK).0
    }
}
