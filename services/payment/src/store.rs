//! The rows of payments. Every write compares the row's revision, so of two that decided on the same row one is run
//! again.

#[cfg(test)]
mod tests;

use crate::domain::{Amount, Owed, Payment, State};
use crate::schema::payment;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use mesh::{Db, Page, Refusal, Time, Tx};

/// The kind of task that asks what became of a charge; its key is the charge's.
pub const ENQUIRY: &str = "enquiry";
/// The kind of task that reverses a charge; its key is the charge's.
pub const REVERSAL: &str = "reverse";
/// The kind of task that refunds a payment; its key is the payment's id.
pub const REFUND: &str = "refund";

/// A payment as it was read.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The payment.
    pub payment: Payment,
    state: State,
    revision: i64,
}

impl Stored {
    /// Whether there is anything to write.
    pub fn is_changed(&self) -> bool {
        self.payment.state != self.state
    }

    /// It, as it lies there once [`update`] has written it.
    pub fn written(self) -> Self {
        Self {
            state: self.payment.state,
            revision: self.revision + i64::from(self.is_changed()),
            ..self
        }
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = payment, treat_none_as_default_value = false)]
struct Row {
    payment_id: String,
    charge_key: String,
    order_id: String,
    context: String,
    version: i64,
    revision: i64,
    state: String,
    minor_units: i64,
    currency: String,
    tries: i64,
    asked_at: i64,
    changed_at: i64,
    sent_at: Option<i64>,
}

impl Row {
    fn of(payment: &Payment, revision: i64) -> Self {
        Self {
            payment_id: payment.payment_id.clone(),
            charge_key: payment.charge_key.clone(),
            order_id: payment.order_id.clone(),
            context: payment.context.clone(),
            version: payment.version,
            revision,
            state: payment.state.name().to_owned(),
            minor_units: payment.amount.minor_units,
            currency: payment.amount.currency.clone(),
            tries: payment.tries,
            asked_at: payment.asked_at.0,
            changed_at: payment.changed_at.0,
            sent_at: payment.sent_at.map(|at| at.0),
        }
    }

    fn read(self) -> Result<Stored, Refusal> {
        let state = State::named(&self.state)
            .ok_or_else(|| Refusal::internal(format!("a payment in state {}", self.state)))?;
        let payment = Payment {
            payment_id: self.payment_id,
            charge_key: self.charge_key,
            order_id: self.order_id,
            context: self.context,
            amount: Amount {
                minor_units: self.minor_units,
                currency: self.currency,
            },
            state,
            version: self.version,
            tries: self.tries,
            asked_at: Time(self.asked_at),
            changed_at: Time(self.changed_at),
            sent_at: self.sent_at.map(Time),
        };
        Ok(Stored {
            payment,
            state,
            revision: self.revision,
        })
    }
}

/// The payment of this key.
pub fn by_key(db: &mut Db, charge_key: &str) -> Result<Option<Stored>, Refusal> {
    payment::table
        .filter(payment::charge_key.eq(charge_key))
        .select(Row::as_select())
        .first(db)
        .optional()?
        .map(Row::read)
        .transpose()
}

/// The payment of this id.
pub fn by_id(db: &mut Db, payment_id: &str) -> Result<Option<Stored>, Refusal> {
    payment::table
        .find(payment_id)
        .select(Row::as_select())
        .first(db)
        .optional()?
        .map(Row::read)
        .transpose()
}

/// Payments, newest first: of one order only, if one is named.
pub fn page(
    db: &mut Db,
    order_id: Option<&str>,
    page: &Page<String>,
) -> Result<Vec<Payment>, Refusal> {
    let mut query = payment::table.select(Row::as_select()).into_boxed();
    if let Some(order_id) = order_id {
        query = query.filter(payment::order_id.eq(order_id.to_owned()));
    }
    if let Some(after) = page.after.clone() {
        query = query.filter(payment::payment_id.lt(after));
    }
    let rows = query
        .order(payment::payment_id.desc())
        .limit(page.limit())
        .load(db)?;
    read_all(rows)
}

/// Every payment, oldest first.
pub fn all(db: &mut Db) -> Result<Vec<Payment>, Refusal> {
    read_all(
        payment::table
            .select(Row::as_select())
            .order(payment::payment_id)
            .load(db)?,
    )
}

/// As its index says it, word by word: of a value that is bound SQLite does not know whether that index has it.
const OPEN: &str = "state IN ('CHARGING', 'UNKNOWN')";

/// The keys of charges that were sent before `time` and not heard of since.
pub fn charging_since(db: &mut Db, time: Time, limit: i64) -> Result<Vec<String>, Refusal> {
    Ok(payment::table
        .filter(sql::<Bool>(OPEN))
        .filter(payment::state.eq(State::Charging.name()))
        .filter(payment::sent_at.le(time.0))
        .order(payment::sent_at)
        .select(payment::charge_key)
        .limit(limit)
        .load(db)?)
}

/// Whether any charge is under way or of unknown outcome.
pub fn any_open(db: &mut Db) -> Result<bool, Refusal> {
    let open = payment::table.filter(sql::<Bool>(OPEN));
    Ok(diesel::select(diesel::dsl::exists(open)).get_result(db)?)
}

fn read_all(rows: Vec<Row>) -> Result<Vec<Payment>, Refusal> {
    rows.into_iter()
        .map(|row| Ok(row.read()?.payment))
        .collect()
}

/// Writes a new payment, unless there is one of its key: then none is answered.
pub fn first(tx: &mut Tx<'_>, payment: Payment) -> Result<Option<Stored>, Refusal> {
    let row = Row::of(&payment, 1);
    let written = match tx.db() {
        Db::Sqlite(db) => diesel::insert_into(payment::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(db)?,
        Db::Postgres(db) => diesel::insert_into(payment::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(db)?,
    };
    Ok((written > 0).then_some(Stored {
        state: payment.state,
        revision: 1,
        payment,
    }))
}

/// Writes a new payment. A conflict when its key was taken meanwhile.
pub fn insert(tx: &mut Tx<'_>, payment: &Payment) -> Result<(), Refusal> {
    first(tx, payment.clone())?
        .map(drop)
        .ok_or_else(Refusal::conflict)
}

/// Writes what became of a payment, and puts down what is owed for it. A conflict when it changed meanwhile.
pub fn update(tx: &mut Tx<'_>, stored: &Stored) -> Result<(), Refusal> {
    if update_unchanged(tx, stored)? {
        Ok(())
    } else {
        Err(Refusal::conflict())
    }
}

/// The same. False, and nothing is written, when it changed meanwhile.
pub fn update_unchanged(tx: &mut Tx<'_>, stored: &Stored) -> Result<bool, Refusal> {
    let (payment, revision) = (&stored.payment, stored.revision);
    if !stored.is_changed() {
        return Ok(true);
    }
    let same = payment::table
        .find(&payment.payment_id)
        .filter(payment::revision.eq(revision));
    // Its key, order and amount stay what they were: indexes that are not named here are not written either.
    let written = mesh::update(same)
        .set((
            payment::version.eq(payment.version),
            payment::revision.eq(revision + 1),
            payment::state.eq(payment.state.name()),
            payment::tries.eq(payment.tries),
            payment::changed_at.eq(payment.changed_at.0),
            payment::sent_at.eq(payment.sent_at.map(|at| at.0)),
        ))
        .execute(tx.db())?;
    if written == 0 {
        return Ok(false);
    }
    if stored.state == State::Unknown {
        tx.drop_task(ENQUIRY, &payment.charge_key);
    }
    match payment.owes() {
        None => {}
        Some(Owed::Enquiry) => tx.start_task(ENQUIRY, &payment.charge_key, &())?,
        Some(Owed::Reversal) => tx.start_task(REVERSAL, &payment.charge_key, &())?,
        Some(Owed::Refund) => tx.start_task(REFUND, &payment.payment_id, &())?,
    }
    Ok(true)
}
