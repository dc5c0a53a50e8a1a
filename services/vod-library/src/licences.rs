//! Licences in their table: whose movie it is and how far buying it is. What came of it is the fulfilment's to say.

use crate::domain::Purchase;
use crate::schema::licence;
use diesel::prelude::*;
use mesh::{Db, Refusal, Time, Tx};
use ordering::rows;

/// A licence's row, made by whichever message about its order comes first.
#[derive(Clone, Debug, Default, PartialEq, Eq, HasQuery, Insertable)]
#[diesel(table_name = licence, treat_none_as_default_value = false)]
pub struct Row {
    pub order_id: String,
    revision: i64,
    pub customer_id: String,
    pub movie_id: String,
    refusals: i32,
    sent_at: Option<i64>,
    not_before: Option<i64>,
    pub returned: bool,
}

impl Row {
    /// How far buying it is.
    pub fn purchase(&self) -> Purchase {
        Purchase {
            refusals: self.refusals,
            sent_at: self.sent_at.map(Time),
            not_before: self.not_before.map(Time),
        }
    }
}

/// What the studio calls the licence of an order.
pub fn key(order_id: &str) -> String {
    format!("licence:{order_id}")
}

/// Remembers whose order it is and of which movie, if that is news. Answers whether its licence was given back.
pub fn know(
    tx: &mut Tx<'_>,
    order_id: &str,
    customer_id: &str,
    movie_id: &str,
) -> Result<bool, Refusal> {
    if let Some(row) = find(tx.db(), order_id)? {
        return Ok(row.returned);
    }
    let row = Row {
        order_id: order_id.to_owned(),
        customer_id: customer_id.to_owned(),
        movie_id: movie_id.to_owned(),
        ..Row::default()
    };
    let new = diesel::insert_into(licence::table)
        .values(&row)
        .execute(tx.db());
    rows::written(new).map(|()| false)
}

/// The licence of an order.
pub fn find(db: &mut Db, order_id: &str) -> Result<Option<Row>, Refusal> {
    Ok(Row::query().find(order_id).first(db).optional()?)
}

/// The licence of an order that has one, to whoever works for it.
pub fn known(db: &mut Db, order_id: &str) -> Result<Row, Refusal> {
    find(db, order_id)?.ok_or_else(|| Refusal::internal(format!("no licence of {order_id}")))
}

/// The licence of a customer's own order. Another's is NOT_FOUND.
pub fn own(db: &mut Db, order_id: &str, customer_id: &str) -> Result<Row, Refusal> {
    let own = Row::query()
        .find(order_id)
        .filter(licence::customer_id.eq(customer_id));
    mesh::found(own.first(db), "order")
}

/// Writes down how far buying it is. ABORTED when somebody else did meanwhile.
pub fn save(tx: &mut Tx<'_>, before: &Row, purchase: &Purchase) -> Result<(), Refusal> {
    if before.purchase() == *purchase {
        return Ok(());
    }
    let unchanged = licence::table
        .find(&before.order_id)
        .filter(licence::revision.eq(before.revision));
    let saved = mesh::update(unchanged)
        .set((
            licence::revision.eq(before.revision + 1),
            licence::refusals.eq(purchase.refusals),
            licence::sent_at.eq(purchase.sent_at.map(|at| at.0)),
            licence::not_before.eq(purchase.not_before.map(|at| at.0)),
        ))
        .execute(tx.db());
    rows::written(saved)
}

/// The studio has it back, and sells none under its key any more.
pub fn returned(tx: &mut Tx<'_>, order_id: &str) -> Result<(), Refusal> {
    mesh::update(licence::table.find(order_id))
        .set(licence::returned.eq(true))
        .execute(tx.db())?;
    Ok(())
}

/// Every licence, for the audit.
pub fn all(db: &mut Db) -> Result<Vec<Row>, Refusal> {
    Ok(Row::query().load(db)?)
}
