//! 8. What was answered and is not so.
//!
//! Yes: the order exists, as it was placed, in equal bytes for ever. No, also PAYMENT_BUSY and PAYMENT_UNCONFIRMED: what
//! this call asked for does not come about afterwards. So an order needs a call, made before it was placed, that was
//! told yes at or after that moment or was told nothing; and no call that was made after it was placed is told no.

use super::Facts;
use crate::history::{Book, Called, Create, Deed, Told};
use crate::toys::ticket::{PRINTED, TICKET};
use mesh::Time;
use ordering::domain::order::{Happened, Order, State};

pub fn answers(facts: &Facts, book: &Book, found: &mut Vec<String>) {
    for (request_id, create) in &book.creates {
        let intent = facts
            .intents
            .iter()
            .find(|intent| intent.request_id == *request_id);
        let order = intent.and_then(|intent| facts.order(&intent.order_id));
        created(request_id, create, order, found);
    }
    let prints: Vec<_> = book
        .deeds
        .iter()
        .filter(|(deed, ..)| *deed == Deed::Print)
        .collect();
    for (deed, id, called) in &book.deeds {
        let Some(order) = facts.order(id) else {
            found.push(format!("8: {deed:?} of {id}, which is gone"));
            continue;
        };
        match deed {
            Deed::Print => printed(facts, id, called, found),
            Deed::Cancel | Deed::SystemCancel => cancelled(order, called, found),
        }
    }
    for (_, id, called) in &prints {
        let others = prints.iter().filter(|(_, other, _)| other == id);
        for (_, _, other) in others {
            if let (Told::Yes(one), Told::Yes(two)) = (&called.told, &other.told)
                && one != two
            {
                found.push(format!(
                    "8: {id} was first printed at {one:?} and at {two:?}"
                ));
            }
        }
    }
    for told in &book.misused {
        if matches!(told, Told::Yes(())) {
            found.push("8: a request id made another request's order".to_owned());
        }
    }
}

fn created(request_id: &str, create: &Create, order: Option<&Order>, found: &mut Vec<String>) {
    let yes: Vec<_> = create
        .calls
        .iter()
        .filter(|call| matches!(call.told, Told::Yes(_)))
        .collect();
    if yes.iter().any(|call| call.told != yes[0].told) {
        found.push(format!("8: {request_id} was answered in different bytes"));
    }
    let Some(order) = order else {
        if !yes.is_empty() {
            found.push(format!("8: {request_id} was placed and is gone"));
        }
        return;
    };
    if let Some(booking) = create.placed() {
        let same = booking.booking_id == order.id
            && booking.customer_id == order.customer_id
            && booking.customer_id == create.customer
            && booking.version == 1
            && booking.seating.unwrap().seats == create.request.seats;
        if !same {
            found.push(format!(
                "8: {request_id} was answered another booking than {}",
                order.id
            ));
        }
    }
    let placed = order.placed_at;
    let stands_for = |call: &Called<Vec<u8>>| {
        call.at <= placed
            && match call.told {
                Told::Yes(_) => call.until >= placed,
                Told::Unknown(_) => true,
                Told::No(_) => false,
            }
    };
    if !create.calls.iter().any(stands_for) {
        let calls = &create.calls;
        found.push(format!(
            "8: {request_id} was placed at {placed} against every answer: {calls:?}"
        ));
    }
    let denied = |call: &&Called<Vec<u8>>| call.at > placed && matches!(call.told, Told::No(_));
    if let Some(call) = create.calls.iter().find(denied) {
        found.push(format!(
            "8: {request_id} was placed at {placed} and denied later: {call:?}"
        ));
    }
}

fn cancelled(order: &Order, called: &Called<Option<Time>>, found: &mut Vec<String>) {
    let asked = |at: Time| {
        order.timeline.iter().any(|entry| {
            entry.at <= at && matches!(entry.happened, Happened::CancelAsked | Happened::Cancelled)
        })
    };
    let so = match &called.told {
        Told::Yes(_) => asked(called.until),
        Told::No(why) if why == "NOT_CANCELLABLE" => {
            order.irrevocable && order.cancellation.state != State::Done
        }
        Told::No(why) => why == "CANCEL_LIMIT",
        Told::Unknown(_) => true,
    };
    if !so {
        found.push(format!(
            "8: a cancellation of {} was told {:?}",
            order.id, called.told
        ));
    }
}

fn printed(facts: &Facts, id: &str, called: &Called<Option<Time>>, found: &mut Vec<String>) {
    let ticket = facts
        .fulfilments
        .get(&(TICKET, id.to_owned()))
        .map(|(ticket, _)| ticket);
    let so = match &called.told {
        Told::Yes(at) => ticket.is_some_and(|ticket| ticket.reached_at(PRINTED) == *at),
        Told::No(why) if why == "TICKET_VOIDED" => ticket.is_some_and(|ticket| ticket.voided),
        Told::No(why) => why == "NOT_FOUND",
        Told::Unknown(_) => true,
    };
    if !so {
        found.push(format!(
            "8: a print of {id} was told {:?}: {ticket:?}",
            called.told
        ));
    }
}
