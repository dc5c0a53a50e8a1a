//! A licence's life, decided on its order's fulfilment.

pub mod event;
pub mod no;

use mesh::{Time, text};
use ordering::domain::fulfilment::{Decided, Fulfilment};
use std::time::Duration;

/// Step: the licence is being bought.
pub const PURCHASING: i32 = 1;
/// Step: the movie can be watched.
pub const PURCHASED: i32 = 2;
/// Step: it was watched; the order can't be cancelled any more.
pub const WATCHED: i32 = 3;

/// How long to wait after each refusal; the next one after them is the last. Ten minutes from the first to the fifth.
const PAUSES: [Duration; 4] = [
    Duration::from_secs(30),
    Duration::from_secs(90),
    Duration::from_secs(180),
    Duration::from_secs(300),
];
/// The longest that the studio is left alone when it did not say something; also for a studio that can't be reached.
const AGAIN: Duration = Duration::from_secs(10);
/// How soon it is asked first what it did not say, from then on each time twice as late.
const SOON: Duration = Duration::from_secs(1);
/// How long a purchase that the studio knows nothing of may still be under way: six times as long as a call of it may take.
/// Whatever arrives even later goes back with the cancelled order, whose key is closed.
const UNDER_WAY: Duration = Duration::from_secs(30);

/// What the studio says of a purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It sold the licence.
    Sold,
    /// It does not sell it now.
    Refused,
    /// Nothing was bought.
    Nothing,
    /// Nobody knows.
    Unsure,
}

/// How far buying a licence is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purchase {
    /// How often the studio has refused.
    pub refusals: i32,
    /// When the purchase was sent whose outcome is not known.
    pub sent_at: Option<Time>,
    /// When the next one may be sent.
    pub not_before: Option<Time>,
}

/// What there is to do about a purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send it. That it is sent is written down already.
    Buy,
    /// Ask what became of the one that was sent: it is never sent a second time while that is not known.
    Ask,
    /// Nothing before [`Purchase::pause`] is over, if there is one.
    Nothing,
}

impl Purchase {
    /// What is to be done now.
    pub fn next(&mut self, order: &mut Fulfilment, now: Time) -> Next {
        if is_over(order) || self.is_early(now) {
            return Next::Nothing;
        }
        if self.sent_at.is_some() {
            return Next::Ask;
        }
        order.reach(PURCHASING, now);
        self.sent_at = Some(now);
        Next::Buy
    }

    /// Which try the one is that was sent, or is next: from 1, one more after each refusal.
    pub fn attempt(&self) -> i32 {
        self.refusals + 1
    }

    /// The studio answers the purchase.
    pub fn answered(&mut self, order: &mut Fulfilment, answer: Answer, now: Time) {
        match answer {
            Answer::Sold => {
                order.reach(PURCHASED, now);
            }
            Answer::Refused => self.refused(order, now),
            Answer::Nothing => self.sent_at = None,
            Answer::Unsure => {}
        }
    }

    /// The studio says what became of the purchase.
    pub fn learned(&mut self, order: &mut Fulfilment, answer: Answer, now: Time) {
        let overdue = self
            .sent_at
            .is_some_and(|sent| now.since(sent) >= UNDER_WAY);
        match answer {
            // It is not bought again: only the studio could say that the one that was sent never comes.
            Answer::Nothing if overdue => fail(order, "STUDIO_SILENT", now),
            Answer::Nothing => {}
            known => self.answered(order, known, now),
        }
    }

    /// When to look at it again. None: never.
    pub fn pause(&self, order: &Fulfilment, now: Time) -> Option<Duration> {
        match self.not_before {
            _ if is_over(order) => None,
            Some(later) if self.is_early(now) => Some(later.since(now)),
            // Asked after 1, 2, 4, 8 s, then each 10: a process that died in the call learns soon what came of it.
            _ => Some(
                self.sent_at
                    .map_or(AGAIN, |sent| now.since(sent).clamp(SOON, AGAIN)),
            ),
        }
    }

    /// The studio has refused, and is left alone for a while.
    fn is_early(&self, now: Time) -> bool {
        self.sent_at.is_none() && self.not_before.is_some_and(|later| now < later)
    }

    fn refused(&mut self, order: &mut Fulfilment, now: Time) {
        self.sent_at = None;
        let pause = usize::try_from(self.refusals)
            .ok()
            .and_then(|n| PAUSES.get(n));
        self.refusals += 1;
        match pause {
            Some(pause) => self.not_before = Some(now.plus(*pause)),
            None => fail(order, "LICENCE_REFUSED", now),
        }
    }
}

/// Whether there is nothing to buy any more.
fn is_over(order: &Fulfilment) -> bool {
    !order.is_open() || order.has_reached(PURCHASED)
}

fn fail(order: &mut Fulfilment, code: &str, now: Time) {
    let reason = text(
        "the studio does not sell the movie now",
        "영화를 구매할 수 없습니다. 결제 금액은 환불됩니다.",
    );
    order.fail(code, reason, now);
}

/// What has come about when buying went on.
pub fn bought(order: &Fulfilment) -> &'static str {
    if order.failed.is_some() {
        event::FAILED
    } else if order.has_reached(PURCHASED) {
        event::PURCHASED
    } else {
        event::BEGUN
    }
}

/// The customer watches it; again: as at first.
pub fn watch(order: &mut Fulfilment, now: Time) -> Decided {
    if order.has_reached(WATCHED) {
        return Ok(None);
    }
    if !order.is_open() {
        return Err(no::CANCELLED);
    }
    if !order.has_reached(PURCHASED) {
        return Err(no::NOT_PURCHASED);
    }
    let watched = order.reach_for_good(WATCHED, now);
    Ok(watched.then_some(event::WATCHED))
}

/// Answers request `number` to cancel it: yes until it is watched.
pub fn answer(order: &mut Fulfilment, number: i32, now: Time) -> Option<&'static str> {
    let why = text("the movie was watched", "이미 시청하셨습니다.");
    order.answer(number, why, now).then_some(event::ANSWERED)
}

/// It was cancelled without the library being asked.
pub fn void(order: &mut Fulfilment, now: Time) -> Option<&'static str> {
    order.void(now).then_some(event::VOIDED)
}

#[cfg(test)]
mod tests;
