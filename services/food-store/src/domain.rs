//! An order's life in its store, decided on its fulfilment. Nothing is kept beside it that could disagree with it.

use mesh::{Text, Time, text};
use ordering::domain::fulfilment::Fulfilment;

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

/// What came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is in the queue.
    Received,
    /// The owner accepted it.
    Accepted,
    /// The store's setting did.
    AcceptedByItself,
    /// The store gave it back.
    Rejected,
    /// The courier has left.
    Started,
    /// It was delivered.
    Completed,
    /// A request to cancel was answered.
    Answered,
    /// It was cancelled unasked.
    Voided,
}

/// Why the owner can't do that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum No {
    /// What comes before it has not been done.
    NotReady,
    /// The store's setting was faster.
    AcceptedByItself,
    /// The courier has left.
    Delivering,
    /// The store gave it back.
    Rejected,
    /// It was cancelled.
    Cancelled,
}

/// Where an order stands; 0 while nothing is known of it.
pub fn status(food: &Fulfilment) -> i32 {
    if food.failed.is_some() {
        REJECTED
    } else if food.voided {
        CANCELLED
    } else {
        food.steps.iter().map(|(step, _)| *step).max().unwrap_or(0)
    }
}

/// Takes an order that stands into the queue; a store that accepts by itself begins to cook it.
pub fn receive(food: &mut Fulfilment, by_itself: bool, now: Time) -> Option<Change> {
    let received = food.reach(RECEIVED, now).then_some(Change::Received);
    let accepted = by_itself.then(|| accept_by_itself(food, now)).flatten();
    accepted.or(received)
}

/// What waits for the owner is accepted without one.
pub fn accept_by_itself(food: &mut Fulfilment, now: Time) -> Option<Change> {
    (status(food) == RECEIVED && food.reach(COOKING, now)).then_some(Change::AcceptedByItself)
}

/// The owner begins to cook it. `by_itself`: the store's setting has done so.
pub fn accept(food: &mut Fulfilment, by_itself: bool, now: Time) -> Result<Option<Change>, No> {
    match in_hand(food)? {
        RECEIVED => {
            let who = text(
                "the store's owner has accepted it",
                "상점주인이 주문을 접수했습니다.",
            );
            let accepted = food.tell(COOKING, who, Vec::new(), now);
            Ok(accepted.then_some(Change::Accepted))
        }
        _ if by_itself => Err(No::AcceptedByItself),
        _ => Ok(None),
    }
}

/// The courier leaves with it.
pub fn start_delivery(food: &mut Fulfilment, now: Time) -> Result<Option<Change>, No> {
    match in_hand(food)? {
        RECEIVED => Err(No::NotReady),
        COOKING => {
            // It is over only when it has arrived.
            food.irrevocable = food.reach(DELIVERING, now);
            Ok(Some(Change::Started))
        }
        _ => Ok(None),
    }
}

/// It has arrived.
pub fn complete_delivery(food: &mut Fulfilment, now: Time) -> Result<Option<Change>, No> {
    match in_hand(food)? {
        DELIVERING => {
            let completed = food.reach_for_good(DELIVERED, now);
            Ok(completed.then_some(Change::Completed))
        }
        DELIVERED => Ok(None),
        _ => Err(No::NotReady),
    }
}

/// The store gives it back. The same reason again changes nothing.
pub fn reject(food: &mut Fulfilment, reason: Text, now: Time) -> Result<Option<Change>, No> {
    match (status(food), &food.failed) {
        (DELIVERING | DELIVERED, _) => Err(No::Delivering),
        (CANCELLED, _) => Err(No::Cancelled),
        (_, Some((_, given))) if *given == reason => Ok(None),
        (_, Some(_)) => Err(No::Rejected),
        (_, None) => {
            let failed = food.fail("STORE_REJECTED", reason, now);
            Ok(failed.then_some(Change::Rejected))
        }
    }
}

/// Answers request `number` to cancel: yes until the courier leaves.
pub fn answer(food: &mut Fulfilment, number: i32, now: Time) -> Option<Change> {
    let why = text("the courier has left with it", "이미 배달이 출발했습니다.");
    food.answer(number, why, now).then_some(Change::Answered)
}

/// It was cancelled without the store being asked.
pub fn void(food: &mut Fulfilment, now: Time) -> Option<Change> {
    food.void(now).then_some(Change::Voided)
}

/// Where it stands, unless it was given back or cancelled.
fn in_hand(food: &Fulfilment) -> Result<i32, No> {
    match status(food) {
        REJECTED => Err(No::Rejected),
        CANCELLED => Err(No::Cancelled),
        step => Ok(step),
    }
}

#[cfg(test)]
mod tests;
