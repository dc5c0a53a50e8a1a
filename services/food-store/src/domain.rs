//! An order's life in its store, decided on its fulfilment. Nothing is kept beside it that could disagree with it.

pub mod event;
pub mod no;

use mesh::{Refusal, Text, Time, text};
use ordering::domain::fulfilment::{Decided, Fulfilment};

/// Step: in the queue.
pub const RECEIVED: i32 = 1;
/// Step: being cooked.
pub const COOKING: i32 = 2;
/// Step: the courier has left; the order can't be cancelled any more.
pub const DELIVERING: i32 = 3;
/// Step: delivered.
pub const DELIVERED: i32 = 4;
/// No step, only shown: the store gave it back.
pub const REJECTED: i32 = 8;
/// No step, only shown: it was cancelled.
pub const CANCELLED: i32 = 9;

/// What is still to be done.
pub const TO_DO: [i32; 3] = [RECEIVED, COOKING, DELIVERING];

/// Where an order stands; 0 while nothing is known of it.
pub fn status(food: &Fulfilment) -> i32 {
    if food.failed.is_some() {
        REJECTED
    } else if food.voided {
        CANCELLED
    } else {
        food.furthest()
    }
}

/// Whether the store's setting has accepted it: its owner would have been named.
pub fn is_accepted_by_itself(food: &Fulfilment) -> bool {
    food.has_reached(COOKING) && food.reason(COOKING).is_none()
}

/// Takes an order that stands into the queue; a store that accepts by itself begins to cook it.
pub fn receive(food: &mut Fulfilment, by_itself: bool, now: Time) -> Option<&'static str> {
    let received = food.reach(RECEIVED, now).then_some(event::RECEIVED);
    let accepted = by_itself.then(|| accept_by_itself(food, now)).flatten();
    accepted.or(received)
}

/// What waits for the owner is accepted without one.
pub fn accept_by_itself(food: &mut Fulfilment, now: Time) -> Option<&'static str> {
    (status(food) == RECEIVED && food.reach(COOKING, now)).then_some(event::ACCEPTED)
}

/// The owner begins to cook it.
pub fn accept(food: &mut Fulfilment, now: Time) -> Decided {
    match in_hand(food)? {
        RECEIVED => {
            let who = text(
                "the store's owner has accepted it",
                "상점주인이 주문을 접수했습니다.",
            );
            let accepted = food.tell(COOKING, who, Vec::new(), now);
            Ok(accepted.then_some(event::ACCEPTED))
        }
        _ if is_accepted_by_itself(food) => Err(no::ACCEPTED_BY_ITSELF),
        _ => Ok(None),
    }
}

/// The courier leaves with it.
pub fn start_delivery(food: &mut Fulfilment, now: Time) -> Decided {
    match in_hand(food)? {
        RECEIVED => Err(no::NOT_READY),
        COOKING => {
            // It is over only when it has arrived.
            food.irrevocable = food.reach(DELIVERING, now);
            Ok(Some(event::STARTED))
        }
        _ => Ok(None),
    }
}

/// It has arrived.
pub fn complete_delivery(food: &mut Fulfilment, now: Time) -> Decided {
    match in_hand(food)? {
        DELIVERING => {
            let completed = food.reach_for_good(DELIVERED, now);
            Ok(completed.then_some(event::COMPLETED))
        }
        DELIVERED => Ok(None),
        _ => Err(no::NOT_READY),
    }
}

/// The store gives it back. The same reason again changes nothing.
pub fn reject(food: &mut Fulfilment, reason: Text, now: Time) -> Decided {
    match (status(food), &food.failed) {
        (DELIVERING | DELIVERED, _) => Err(no::DELIVERING),
        (CANCELLED, _) => Err(no::CANCELLED),
        (_, Some((_, given))) if *given == reason => Ok(None),
        (_, Some(_)) => Err(no::REJECTED),
        (_, None) => {
            let failed = food.fail("STORE_REJECTED", reason, now);
            Ok(failed.then_some(event::REJECTED))
        }
    }
}

/// Answers request `number` to cancel: yes until the courier leaves.
pub fn answer(food: &mut Fulfilment, number: i32, now: Time) -> Option<&'static str> {
    let why = text("the courier has left with it", "이미 배달이 출발했습니다.");
    food.answer(number, why, now).then_some(event::ANSWERED)
}

/// It was cancelled without the store being asked.
pub fn void(food: &mut Fulfilment, now: Time) -> Option<&'static str> {
    food.void(now).then_some(event::VOIDED)
}

/// Where it stands, unless it was given back or cancelled.
fn in_hand(food: &Fulfilment) -> Result<i32, Refusal> {
    match status(food) {
        REJECTED => Err(no::REJECTED),
        CANCELLED => Err(no::CANCELLED),
        step => Ok(step),
    }
}

#[cfg(test)]
mod tests;
