//! The rules of what may never happen, checked on a world at rest: the databases, the provider's books and the bus
//! against each other and against what the customers were told. Each breach starts with its rule.

mod facts;
mod told;

pub use facts::Facts;

use crate::history::Book;
use crate::toys::booking::SYSTEM;
use crate::toys::payment::Charge;
use crate::toys::theater::THEATER;
use crate::toys::ticket::{PRINTED, TICKET};
use ordering::domain::order::{Order, Phase, State};
use proto::payment::v1::PaymentState;
use std::collections::BTreeMap;

/// Every breach of every rule.
pub fn breaches(facts: &Facts, book: &Book) -> Vec<String> {
    let mut found = Vec::new();
    for order in &facts.orders {
        let ours: Vec<_> = facts
            .charges
            .iter()
            .filter(|charge| charge.order_id == order.id)
            .collect();
        paid(order, &ours, &mut found);
        refunded(facts, order, &ours, &mut found);
        fulfilled(facts, order, &mut found);
        shown(facts, order, &mut found);
    }
    money(facts, &mut found);
    seats(facts, &mut found);
    settled(facts, &mut found);
    told::answers(facts, book, &mut found);
    found
}

fn is_cancelled(order: &Order) -> bool {
    order.cancellation.state == State::Done
}

/// 1. An order without exactly one payment of its amount that was approved.
fn paid(order: &Order, charges: &[&Charge], found: &mut Vec<String>) {
    let took =
        |charge: &&&Charge| charge.is(PaymentState::Approved) || charge.is(PaymentState::Refunded);
    let approved: Vec<_> = charges.iter().filter(took).collect();
    let paid = match (&order.payment_id, approved.as_slice()) {
        (None, []) => order.amount.is_free(),
        (Some(id), [one]) => one.payment_id == *id && one.amount == order.amount.minor_units,
        _ => false,
    };
    if !paid {
        found.push(format!("1: order {} is paid by {approved:?}", order.id));
    }
}

/// 3. A cancelled order not refunded, refunded twice, or a refund of an order that stands.
fn refunded(facts: &Facts, order: &Order, charges: &[&Charge], found: &mut Vec<String>) {
    let refunds: usize = charges
        .iter()
        .map(|charge| facts.provider(&charge.charge_key).refunds.len())
        .sum();
    let due = usize::from(is_cancelled(order) && order.payment_id.is_some());
    if refunds != due || order.refunded != (due == 1) {
        let told = order.refunded;
        found.push(format!(
            "3: order {} has {refunds} refunds, due {due}, told {told}",
            order.id
        ));
    }
}

/// 2. Money that is with us for no order, or with us twice, or given away twice; each charge once.
fn money(facts: &Facts, found: &mut Vec<String>) {
    for key in &facts.doubles {
        found.push(format!(
            "2: {key} was asked for while another could be captured"
        ));
    }
    let mut with_us: BTreeMap<&str, i64> = BTreeMap::new();
    for (key, charge) in &facts.provider {
        *with_us.entry(&charge.order_id).or_default() += charge.net();
        if charge.net() < 0 {
            found.push(format!("2: {key} was given back twice: {charge:?}"));
        }
    }
    for (order_id, times) in with_us {
        let order = facts.order(order_id);
        let stands = order.is_some_and(|order| !is_cancelled(order) && order.payment_id.is_some());
        if times != i64::from(stands) {
            found.push(format!(
                "2: {order_id} is charged {times} times, stands: {stands}"
            ));
        }
    }
    for charge in facts
        .charges
        .iter()
        .filter(|charge| charge.is(PaymentState::Approved))
    {
        if facts.order(&charge.order_id).is_none() {
            found.push(format!(
                "2: {} is approved without an order or a void",
                charge.charge_key
            ));
        }
    }
}

/// 4. A seat claimed by two, a standing order without its seats, a seat kept by one that does not stand.
fn seats(facts: &Facts, found: &mut Vec<String>) {
    let mut wanted: BTreeMap<String, &str> = BTreeMap::new();
    for order in facts.orders.iter().filter(|order| !is_cancelled(order)) {
        for seat in facts::seats(order) {
            if let Some(other) = wanted.insert(seat.clone(), &order.id) {
                found.push(format!("4: {seat} is claimed by {other} and {}", order.id));
            }
        }
    }
    let wanted: Vec<_> = wanted
        .iter()
        .map(|(seat, order)| (seat.as_str(), *order))
        .collect();
    let claimed: Vec<_> = facts
        .claims
        .iter()
        .map(|(seat, order)| (seat.as_str(), order.as_str()))
        .collect();
    let held = facts
        .seats
        .iter()
        .filter(|(_, order, _)| order != "somebody");
    let held: Vec<_> = held
        .map(|(seat, order, _)| (seat.as_str(), order.as_str()))
        .collect();
    if claimed != wanted {
        found.push(format!("4: claimed {claimed:?}, wanted {wanted:?}"));
    }
    if held != wanted {
        found.push(format!("4: held {held:?}, wanted {wanted:?}"));
    }
}

/// 5. An order its fulfilling side never heard of, or irrevocable progress of a cancelled one; and progress or an
///    answer that never reached it.
fn fulfilled(facts: &Facts, order: &Order, found: &mut Vec<String>) {
    for context in [THEATER, TICKET] {
        let Some((fulfilment, seen)) = facts.fulfilments.get(&(context, order.id.clone())) else {
            found.push(format!("5: {context} never heard of order {}", order.id));
            continue;
        };
        if *seen != order.version {
            found.push(format!(
                "5: {context} saw version {seen} of order {} at {}",
                order.id, order.version
            ));
        }
        if fulfilment.irrevocable && is_cancelled(order) {
            found.push(format!(
                "5: cancelled order {} is irrevocable at {context}",
                order.id
            ));
        }
        if fulfilment.failed.is_some() && !is_cancelled(order) {
            found.push(format!(
                "5: order {} stands though {context} failed",
                order.id
            ));
        }
        let printed = context == TICKET && fulfilment.has_reached(PRINTED);
        if printed != (order.phase(&SYSTEM) == Phase::Fulfilled) && context == TICKET {
            found.push(format!(
                "5: order {} is {:?}, printed: {printed}",
                order.id,
                order.phase(&SYSTEM)
            ));
        }
        let voided = fulfilment.voided || fulfilment.failed.is_some();
        if voided != is_cancelled(order) {
            found.push(format!(
                "5: order {} is {:?}, voided at {context}: {voided}",
                order.id,
                order.phase(&SYSTEM)
            ));
        }
    }
    let over = order.phase(&SYSTEM) == Phase::Fulfilled || is_cancelled(order);
    if order.cancellation.state == State::Asked
        || over != order.finished_at.is_some()
        || order.timeline.len() >= 64
    {
        found.push(format!("5: order {} at rest: {order:?}", order.id));
    }
}

/// 6. and 7. A copy that differs from the order; an entry that was not told, or told twice.
fn shown(facts: &Facts, order: &Order, found: &mut Vec<String>) {
    let source = ordering::wire::order(order, &SYSTEM);
    match facts.shown.get(&order.id) {
        Some((version, body))
            if *version == order.version && *body == prost::Message::encode_to_vec(&source) => {}
        other => {
            let shown = other.map(|(version, _)| version);
            found.push(format!(
                "6: order {} at {} is shown at {shown:?}",
                order.id, order.version
            ));
        }
    }
    let told: Vec<_> = facts
        .told
        .iter()
        .filter(|(id, _)| *id == order.id)
        .map(|(_, seq)| *seq)
        .collect();
    let entries: Vec<_> = (1..).take(order.timeline.len()).collect();
    if told != entries {
        found.push(format!(
            "7: of order {} were told {told:?}, there are {entries:?}",
            order.id
        ));
    }
}

/// What is shown of orders that there are not; intents that are not settled.
fn settled(facts: &Facts, found: &mut Vec<String>) {
    let strangers = facts
        .shown
        .keys()
        .chain(&facts.published)
        .filter(|id| facts.order(id).is_none());
    found.extend(strangers.map(|id| format!("1: {id} is shown and is no order")));
    for intent in &facts.intents {
        let placed = facts.order(&intent.order_id).is_some();
        let settled = if placed { "PLACED" } else { "REFUSED" };
        if intent.state != settled {
            found.push(format!(
                "2: intent {} rests in {}",
                intent.order_id, intent.state
            ));
        }
    }
}
