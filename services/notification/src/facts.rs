//! What an audit compares with the timelines of the orders.

use crate::schema::notification;
use diesel::prelude::*;
use mesh::{Db, Refusal};
use ordering::audit::{self, Facts};

/// An entry of an order's timeline that has records here.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Told {
    /// The order.
    pub order_id: String,
    /// The entry.
    pub seq: i32,
    /// How many records there are: one, unless something is wrong.
    pub count: i64,
}

/// Every entry that has a record, sent or not, by order and entry.
pub fn told(db: &mut Db) -> Result<Vec<Told>, Refusal> {
    let entry = (notification::order_id, notification::seq);
    let rows = notification::table
        .group_by(entry)
        .select((
            notification::order_id,
            notification::seq,
            diesel::dsl::count_star(),
        ))
        .order(entry)
        .load(db)?;
    Ok(rows)
}

/// What customers were told, for the audit: an entry that was told twice is told twice.
pub fn facts(db: &mut Db) -> Result<Facts, Refusal> {
    let repeated = |told: Told| {
        let one = audit::Told {
            order_id: told.order_id,
            seq: told.seq,
        };
        std::iter::repeat_n(one, usize::try_from(told.count).unwrap_or(0))
    };
    Ok(Facts {
        told: told(db)?.into_iter().flat_map(repeated).collect(),
        ..Facts::default()
    })
}
