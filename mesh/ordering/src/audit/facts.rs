//! What contexts say of themselves.

use crate::domain::order::{Order, Phase, State};
use crate::domain::{Money, System};
use crate::{fulfilments, intents, orders, wire};
use mesh::{Db, Refusal, Time};
use prost::Message;
use sha2::{Digest, Sha256};

/// What contexts say of themselves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Orders, by their order sides.
    pub orders: Vec<OrderFact>,
    /// Charges, by payment.
    pub charges: Vec<Charge>,
    /// Fulfilments, by the fulfilling sides.
    pub fulfilments: Vec<FulfilmentFact>,
    /// What is held for orders.
    pub held: Vec<Held>,
    /// Orders as the customer's page shows them.
    pub seen: Vec<Seen>,
    /// What customers were told.
    pub told: Vec<Told>,
    /// How much is under way: unsettled intents and charges, open tasks, unpublished events.
    pub open: i64,
    /// The contexts that were asked.
    pub contexts: Vec<String>,
}

/// An order, by its order side.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderFact {
    /// The order.
    pub id: String,
    /// Its order side.
    pub context: String,
    /// Its version.
    pub version: i64,
    /// It is cancelled for good.
    pub cancelled: bool,
    /// Somebody asked to cancel it, at least once.
    pub cancel_asked: bool,
    /// What it cost.
    pub amount: Money,
    /// What paid it.
    pub payment_id: Option<String>,
    /// The hash of what is published of it.
    pub hash: String,
    /// How many timeline entries it has.
    pub entries: i32,
    /// What it wants held: "screening/1A".
    pub wants: Vec<String>,
    /// Who fulfils it.
    pub fulfilled_by: Vec<String>,
    /// When it last changed.
    pub changed_at: Time,
}

/// A charge, by payment.
#[derive(Clone, Debug, PartialEq)]
pub struct Charge {
    /// The payment.
    pub payment_id: String,
    /// The order it pays.
    pub order_id: String,
    /// The order side that asked for it.
    pub context: String,
    /// The money was taken and was not given back.
    pub approved: bool,
    /// All of it was given back because the order was cancelled.
    pub refunded: bool,
    /// What was charged.
    pub amount: Money,
    /// When it was asked for.
    pub asked_at: Time,
    /// How many refunds the provider made.
    pub refunds: i64,
}

/// A fulfilment, by its context.
#[derive(Clone, Debug, PartialEq)]
pub struct FulfilmentFact {
    /// The order.
    pub order_id: String,
    /// Who fulfils.
    pub context: String,
    /// The newest version of the order that led to anything there; from 1, once it was heard of.
    pub seen_version: i64,
    /// It went so far that the order cannot be cancelled.
    pub irrevocable: bool,
}

/// Something held for an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// What: "screening/1A".
    pub resource: String,
    /// For which order.
    pub order_id: String,
    /// It is held now.
    pub live: bool,
}

/// An order as the customer's page shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The order.
    pub order_id: String,
    /// Its version there.
    pub version: i64,
    /// The hash of what is shown.
    pub hash: String,
}

/// A timeline entry that its customer was told of.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The order.
    pub order_id: String,
    /// The entry.
    pub seq: i32,
}

impl Facts {
    /// Adds another context's facts.
    pub fn add(&mut self, other: Self) {
        self.orders.extend(other.orders);
        self.charges.extend(other.charges);
        self.fulfilments.extend(other.fulfilments);
        self.held.extend(other.held);
        self.seen.extend(other.seen);
        self.told.extend(other.told);
        self.open += other.open;
        self.contexts.extend(other.contexts);
    }
}

/// An order side's facts. `wants` reads what an order wants held from its detail.
pub fn order_side(
    db: &mut Db,
    system: &System,
    wants: impl Fn(&Order) -> Result<Vec<String>, Refusal>,
) -> Result<Facts, Refusal> {
    let mut facts = Facts::default();
    loop {
        let last = facts
            .orders
            .last()
            .map_or("", |order: &OrderFact| &order.id);
        let page = orders::behind(db, last, PAGE)?;
        for order in &page {
            facts.orders.push(order_fact(order, system, &wants)?);
        }
        if (page.len() as i64) < PAGE {
            break;
        }
    }
    facts.open = intents::unsettled(db)?;
    Ok(facts)
}

/// So many orders are read at once: whole they are some ten times their facts, and there are all there ever were.
const PAGE: i64 = 100;

fn order_fact(
    order: &Order,
    system: &System,
    wants: &impl Fn(&Order) -> Result<Vec<String>, Refusal>,
) -> Result<OrderFact, Refusal> {
    Ok(OrderFact {
        id: order.id.clone(),
        context: system.context.to_owned(),
        version: order.version,
        cancelled: order.phase(system) == Phase::Cancelled,
        cancel_asked: order.cancellation.number > 0 || order.cancellation.state == State::Done,
        amount: order.amount.clone(),
        payment_id: order.payment_id.clone(),
        hash: hash(&wire::order(order, system)),
        entries: i32::try_from(order.timeline.len()).unwrap_or(i32::MAX),
        wants: wants(order)?,
        fulfilled_by: system
            .fulfilled_by
            .iter()
            .map(|context| (*context).to_owned())
            .collect(),
        changed_at: order.changed_at,
    })
}

/// A fulfilling side's facts.
pub fn fulfilling_side(db: &mut Db, context: &str) -> Result<Facts, Refusal> {
    let facts = fulfilments::all(db)?
        .into_iter()
        .map(|(fulfilment, seen_version)| FulfilmentFact {
            order_id: fulfilment.order_id,
            context: context.to_owned(),
            seen_version,
            irrevocable: fulfilment.irrevocable,
        });
    Ok(Facts {
        fulfilments: facts.collect(),
        ..Facts::default()
    })
}

/// The hash of an order as it is published: SHA-256 of its encoding, in hex.
pub fn hash(order: &proto::ordering::v1::Order) -> String {
    Sha256::digest(order.encode_to_vec())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
