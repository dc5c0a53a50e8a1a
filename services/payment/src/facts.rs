//! What the audit is told: every charge as payment has it, beside what the simulated provider's own book says.

use crate::domain::Amount;
use crate::schema::{simulator_ledger, simulator_refund};
use crate::{store, wire};
use diesel::prelude::*;
use mesh::{Db, Refusal, Time};
use ordering::Money;
use ordering::audit::{self, Facts};
use proto::payment::v1::PaymentState;
use std::collections::HashMap;

/// One charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Payment's id of it; empty when only the provider knows of it.
    pub payment_id: String,
    /// The order it pays; empty when only the provider knows of it.
    pub order_id: String,
    /// The context that asked for it; empty when only the provider knows of it.
    pub context: String,
    /// Its key.
    pub charge_key: String,
    /// What payment says became of it; unspecified when only the provider knows of it.
    pub state: PaymentState,
    /// What was asked for; zero and no currency when it was voided before it was asked for.
    pub amount: Amount,
    /// When it was first asked for; when it was captured, when only the provider knows of it.
    pub asked_at: Time,
    /// The simulated provider's book on it; none when it has never heard of it, or the provider is a real one.
    pub book: Option<Book>,
}

/// What the simulated provider really did under a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    /// What it captured, if it did.
    pub captured: Option<Amount>,
    /// Whether it reversed that, or blocked the key.
    pub reversed: bool,
    /// How many refunds it made, each of its own key.
    pub refunds: i64,
}

/// Payment's facts.
pub fn facts(db: &mut Db) -> Result<Facts, Refusal> {
    let open = i64::from(open_work(db)?);
    let charges = charges(db)?.into_iter().map(Charge::fact).collect();
    Ok(Facts {
        charges,
        open,
        ..Facts::default()
    })
}

impl Charge {
    fn fact(self) -> audit::Charge {
        let book = self.book.unwrap_or_default();
        let held = book.captured.is_some() && !book.reversed && book.refunds == 0;
        let approved = self.state == PaymentState::Approved;
        let refunded = self.state == PaymentState::Refunded;
        // What the provider still has although payment says that it took nothing pays no order.
        let stray = held && !approved && !refunded;
        audit::Charge {
            payment_id: if self.payment_id.is_empty() {
                self.charge_key
            } else {
                self.payment_id
            },
            order_id: if stray { String::new() } else { self.order_id },
            context: self.context,
            approved: approved || stray,
            refunded,
            amount: Money {
                currency: self.amount.currency,
                minor_units: self.amount.minor_units,
            },
            asked_at: self.asked_at,
            refunds: book.refunds,
        }
    }
}

/// Every charge that payment or the simulated provider knows of.
pub fn charges(db: &mut Db) -> Result<Vec<Charge>, Refusal> {
    let mut books = books(db)?;
    let mut charges = Vec::new();
    for payment in store::all(db)? {
        charges.push(Charge {
            book: books.remove(&payment.charge_key).map(|(book, _)| book),
            payment_id: payment.payment_id,
            order_id: payment.order_id,
            context: payment.context,
            charge_key: payment.charge_key,
            state: wire::state(payment.state.shown()),
            amount: payment.amount,
            asked_at: payment.asked_at,
        });
    }
    let strays = books.into_iter().map(|(charge_key, (book, at))| Charge {
        payment_id: String::new(),
        order_id: String::new(),
        context: String::new(),
        charge_key,
        state: PaymentState::Unspecified,
        amount: book.captured.clone().unwrap_or_default(),
        asked_at: at,
        book: Some(book),
    });
    charges.extend(strays);
    Ok(charges)
}

fn books(db: &mut Db) -> Result<HashMap<String, (Book, Time)>, Refusal> {
    let mut books: HashMap<String, (Book, Time)> = HashMap::new();
    let charges: Vec<(String, i64, String, bool, bool, i64)> = simulator_ledger::table
        .select(simulator_ledger::all_columns)
        .load(db)?;
    for (key, minor_units, currency, captured, reversed, at) in charges {
        let amount = Amount {
            minor_units,
            currency,
        };
        let book = Book {
            captured: captured.then_some(amount),
            reversed,
            refunds: 0,
        };
        books.insert(key, (book, Time(at)));
    }
    let refunds: Vec<(String, i64)> = simulator_refund::table
        .select((simulator_refund::charge_key, simulator_refund::at))
        .load(db)?;
    for (key, at) in refunds {
        let (book, _) = books
            .entry(key)
            .or_insert_with(|| (Book::default(), Time(at)));
        book.refunds += 1;
    }
    Ok(books)
}

/// Whether any charge is under way or of unknown outcome: then nothing is quiet. One that surely took nothing and waits
/// to be asked for again is neither.
pub fn open_work(db: &mut Db) -> Result<bool, Refusal> {
    store::any_open(db)
}
