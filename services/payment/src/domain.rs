//! What becomes of a charge: every decision, and nothing that carries one out.
//!
//! ```text
//! INITIATED   Idle ⇄ Charging          nobody knows of money / a charge is with the provider
//! APPROVED    Approved → Refunding     captured / all of it is owed to the customer of a cancelled order
//! DECLINED    Declined
//! UNKNOWN     Unknown                  the provider did not say, and is being asked
//! VOIDED      Voiding → Reversing → Voided   may have captured / has captured / holds nothing
//! REFUNDED    Refunded
//! ```
//! A charge that surely took nothing goes back to Idle: the same key again is a fresh try, and a void ends it at once.

mod refusals;
mod state;
#[cfg(test)]
mod tests;
mod words;

pub use refusals::unconfirmed;
pub use state::{Shown, State};
pub use words::{Amount, Answer, Ask, Next, Owed, Reversal};

use mesh::{Refusal, Time};
use std::time::Duration;

/// How long the provider is asked about a charge before it is reversed whatever became of it. Also how long after a
/// charge was sent it may still be captured by a provider that says it has never heard of it.
pub const ASKED_FOR: Duration = Duration::from_secs(15 * 60);
/// The longest pause between two questions about one charge.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// One charge and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// UUIDv7.
    pub payment_id: String,
    /// What it was asked as. The amount is zero for a charge that was voided before it was ever asked for.
    pub charge_key: String,
    /// The order it pays.
    pub order_id: String,
    /// The context that asked for it.
    pub context: String,
    /// How much.
    pub amount: Amount,
    /// What is known of it.
    pub state: State,
    /// From 1, one more whenever what the contract shows has changed.
    pub version: i64,
    /// How often it was sent to the provider.
    pub tries: i64,
    /// When it was first asked for.
    pub asked_at: Time,
    /// When this version came about.
    pub changed_at: Time,
    /// When it was last sent to the provider, if it was.
    pub sent_at: Option<Time>,
}

impl Payment {
    /// A charge that is about to be sent for the first time.
    pub fn charge(payment_id: String, ask: Ask, now: Time) -> Self {
        Self {
            tries: 1,
            sent_at: Some(now),
            ..Self::first(payment_id, ask, State::Charging, now)
        }
    }

    /// What stands in the way of a charge that was voided before it was asked for.
    pub fn tombstone(payment_id: String, ask: Ask, now: Time) -> Self {
        Self::first(payment_id, ask, State::Voided, now)
    }

    fn first(payment_id: String, ask: Ask, state: State, now: Time) -> Self {
        Self {
            payment_id,
            charge_key: ask.charge_key,
            order_id: ask.order_id,
            context: ask.context,
            amount: ask.amount.unwrap_or_default(),
            state,
            version: 1,
            tries: 0,
            asked_at: now,
            changed_at: now,
            sent_at: None,
        }
    }

    /// It is asked for again. Refused when it is another charge, declined, or given back.
    pub fn repeat(&mut self, ask: &Ask, now: Time) -> Result<Next, Refusal> {
        self.same(ask)?;
        match self.state {
            State::Idle => {
                self.tries += 1;
                self.sent_at = Some(now);
                self.enter(State::Charging, now);
                Ok(Next::Charge)
            }
            State::Charging => Ok(Next::Wait),
            State::Unknown => Ok(Next::Enquire),
            _ => self.answer().map(|()| Next::Approved),
        }
    }

    /// What its order side is told, approved or not.
    pub fn answer(&self) -> Result<(), Refusal> {
        match self.state {
            State::Approved | State::Refunding => Ok(()),
            State::Idle => Err(refusals::busy()),
            State::Charging | State::Unknown => Err(unconfirmed()),
            State::Declined => Err(refusals::declined()),
            State::Voiding | State::Reversing | State::Voided => Err(refusals::voided()),
            State::Refunded => Err(refusals::refunded()),
        }
    }

    /// The provider said something of it: the reply to a charge, however late, or to a question.
    pub fn learn(&mut self, answer: Answer, now: Time) {
        use Answer::{Captured, Declined, Nothing, Unsure};
        let next = match (self.state, answer) {
            (State::Idle | State::Charging | State::Unknown, Captured) => State::Approved,
            (State::Charging, Declined) => State::Declined,
            (State::Charging, Nothing) => State::Idle,
            (State::Charging, Unsure) => State::Unknown,
            (State::Unknown | State::Voiding, Declined | Nothing) => State::Voided,
            (State::Voiding | State::Voided, Captured) => State::Reversing,
            (same, _) => same,
        };
        self.enter(next, now);
    }

    /// Nobody in this process has it in hand: if it was sent before `before`, the call that sent it is gone.
    pub fn lost(&mut self, before: Time, now: Time) {
        if self.state == State::Charging && self.sent_at.is_none_or(|it| it <= before) {
            self.enter(State::Unknown, now);
        }
    }

    /// The provider was asked long enough: whatever became of it goes back.
    pub fn give_up(&mut self, now: Time) {
        if self.state == State::Unknown && self.is_old(now) {
            self.enter(State::Voiding, now);
        }
    }

    /// Its order side wants nothing to stay charged. Refused when all of it goes back as a refund anyway.
    pub fn void(&mut self, ask: &Ask, now: Time) -> Result<(), Refusal> {
        self.same(ask)?;
        let next = match self.state {
            State::Idle => State::Voided,
            State::Charging | State::Unknown => State::Voiding,
            State::Approved => State::Reversing,
            State::Refunding | State::Refunded => return Err(refusals::refunded()),
            same @ (State::Declined | State::Voiding | State::Reversing | State::Voided) => same,
        };
        self.enter(next, now);
        Ok(())
    }

    /// The provider answered the reversal. A capture is undone by [`Reversal::Undone`] alone; a charge that may have
    /// captured also by a promise, or by time.
    pub fn reversed(&mut self, reversal: Reversal, now: Time) {
        let is_over = match (self.state, reversal) {
            (State::Voiding | State::Reversing, Reversal::Undone)
            | (State::Voiding, Reversal::Blocked) => true,
            (State::Voiding, Reversal::NotFound) => self.is_old(now),
            _ => false,
        };
        if is_over {
            self.enter(State::Voided, now);
        }
    }

    /// Its order was cancelled: all of it is owed to the customer. Refused when it never paid that order: then its order
    /// side or payment is wrong, and a person must look.
    pub fn cancelled(&mut self, context: &str, order_id: &str, now: Time) -> Result<(), Refusal> {
        if self.context != context || self.order_id != order_id {
            return Err(Refusal::internal(format!(
                "order {order_id} of {context} names payment {}, which is of another order",
                self.payment_id
            )));
        }
        match self.state {
            State::Approved => self.enter(State::Refunding, now),
            State::Refunding | State::Refunded => {}
            other => {
                return Err(Refusal::internal(format!(
                    "order {order_id} of {context} was cancelled, but its payment {} is {other:?}",
                    self.payment_id
                )));
            }
        }
        Ok(())
    }

    /// The provider has refunded it. Whether that is news.
    pub fn refunded(&mut self, now: Time) -> bool {
        let is_news = self.state == State::Refunding;
        if is_news {
            self.enter(State::Refunded, now);
        }
        is_news
    }

    /// What is owed for it now.
    pub fn owes(&self) -> Option<Owed> {
        match self.state {
            State::Unknown => Some(Owed::Enquiry),
            State::Voiding | State::Reversing => Some(Owed::Reversal),
            State::Refunding => Some(Owed::Refund),
            _ => None,
        }
    }

    /// How long to wait before question number `n`, from 1: 1, 2, 4 … 60 s, and never past the moment to give up.
    pub fn pause(&self, n: u32, now: Time) -> Duration {
        let doubled = Duration::from_secs(1 << n.saturating_sub(1).min(6));
        let end = self.sent_at.unwrap_or(now).plus(ASKED_FOR);
        doubled.min(LONGEST_PAUSE).min(end.since(now))
    }

    fn is_old(&self, now: Time) -> bool {
        self.sent_at
            .is_none_or(|sent_at| now >= sent_at.plus(ASKED_FOR))
    }

    fn same(&self, ask: &Ask) -> Result<(), Refusal> {
        if self.context != ask.context {
            return Err(refusals::foreign());
        }
        let is_known = self.amount != Amount::default();
        let differs = ask.amount.as_ref().is_some_and(|it| *it != self.amount);
        refusals::other_charge(self.order_id != ask.order_id, is_known && differs)
    }

    fn enter(&mut self, next: State, now: Time) {
        if self.state.shown() != next.shown() {
            self.version += 1;
            self.changed_at = now;
        }
        self.state = next;
    }
}
