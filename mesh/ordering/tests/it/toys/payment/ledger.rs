//! What payment has written down: a row per charge key.

use diesel::prelude::*;
use mesh::{Db, Refusal, Tx};
use proto::payment::v1::{Payment, PaymentState};
use proto::shared::v1::Money;

diesel::table! {
    charge (charge_key) {
        charge_key -> Text,
        payment_id -> Text,
        order_id -> Text,
        context -> Text,
        amount -> BigInt,
        state -> Integer,
        version -> BigInt,
    }
}

#[derive(Clone, Debug, Queryable, Insertable, AsChangeset)]
#[diesel(table_name = charge, treat_none_as_default_value = false)]
pub struct Charge {
    pub charge_key: String,
    pub payment_id: String,
    pub order_id: String,
    pub context: String,
    pub amount: i64,
    pub state: i32,
    pub version: i64,
}

impl Charge {
    pub fn is(&self, state: PaymentState) -> bool {
        self.state == i32::from(state)
    }

    pub fn show(&self) -> Payment {
        Payment {
            payment_id: self.payment_id.clone(),
            order_id: self.order_id.clone(),
            context: self.context.clone(),
            version: self.version,
            state: self.state,
            amount: Some(Money {
                currency: "KRW".to_owned(),
                minor_units: self.amount,
            }),
            charge_key: self.charge_key.clone(),
            ..Payment::default()
        }
    }
}

pub fn all(db: &mut Db) -> QueryResult<Vec<Charge>> {
    charge::table.order(charge::charge_key).load(db)
}

/// Whether anything is approved.
pub fn any_approved(db: &mut Db) -> bool {
    all(db)
        .unwrap()
        .iter()
        .any(|charge| charge.is(PaymentState::Approved))
}

pub fn find(db: &mut Db, key: &str) -> QueryResult<Option<Charge>> {
    charge::table.find(key).first(db).optional()
}

pub fn by_id(db: &mut Db, payment_id: &str) -> QueryResult<Option<Charge>> {
    charge::table
        .filter(charge::payment_id.eq(payment_id))
        .first(db)
        .optional()
}

pub fn save(tx: &mut Tx<'_>, charge: &mut Charge, state: PaymentState) -> Result<(), Refusal> {
    charge.state = state.into();
    charge.version += 1;
    mesh::update(charge::table.find(&charge.charge_key))
        .set(&*charge)
        .execute(tx.db())?;
    Ok(())
}

pub fn insert(tx: &mut Tx<'_>, charge: &Charge) -> QueryResult<usize> {
    diesel::insert_into(charge::table)
        .values(charge)
        .execute(tx.db())
}

/// Whether another charge of the same order is approved or may yet be.
pub fn others_may_capture(tx: &mut Tx<'_>, charge: &Charge) -> QueryResult<bool> {
    let states = [PaymentState::Initiated, PaymentState::Approved].map(i32::from);
    let others = charge::table
        .filter(charge::order_id.eq(&charge.order_id))
        .filter(charge::state.eq_any(states));
    Ok(others.count().get_result::<i64>(tx.db())? > 0)
}
