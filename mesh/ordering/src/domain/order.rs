//! An order: paid, then placed; it moves on as its fulfilling side says, and until that side says no it can be
//! cancelled.

mod cancellation;
mod hearing;

pub use cancellation::{Cancellation, Cause, MOST_CANCEL_REQUESTS, No, State};
pub use hearing::{Answer, Heard, MOST_TELLINGS};

use super::{Money, Status, System};
use mesh::{Text, Time};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long an order that is over stays in the stream.
pub const KEPT_AFTER_END: Duration = Duration::from_secs(90 * 24 * 3600);

/// An order.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Order {
    /// UUIDv7.
    pub id: String,
    /// The subject of the customer's token.
    pub customer_id: String,
    /// "ko" or "en".
    pub locale: String,
    /// 1 when placed, one more with each change.
    pub version: i64,
    /// What was ordered.
    pub title: Text,
    /// What was paid.
    pub amount: Money,
    /// What paid it; none: it was free.
    pub payment_id: Option<String>,
    /// When it was placed.
    pub placed_at: Time,
    /// When this version came about.
    pub changed_at: Time,
    /// When nothing more could come.
    pub finished_at: Option<Time>,
    /// How far it is: a place in [`System::progress`].
    pub progress: usize,
    /// It cannot be cancelled any more.
    pub irrevocable: bool,
    /// The request to cancel it.
    pub cancellation: Cancellation,
    /// The money went back.
    pub refunded: bool,
    /// What else a person wants to see: label and value.
    pub refs: Vec<(Text, String)>,
    /// The same by whoever fulfils it: contexts, and what each says now.
    #[serde(default)]
    pub fulfilling_refs: BTreeMap<String, Vec<(Text, String)>>,
    /// How often those who fulfil it have said something, as far as it was heard: by context.
    #[serde(default)]
    pub heard: BTreeMap<String, i64>,
    /// What happened.
    pub timeline: Vec<Entry>,
    /// The context's own message about it, encoded.
    #[serde(skip)]
    pub detail: Vec<u8>,
}

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Actor {
    /// The customer.
    Customer,
    /// The fulfilling side.
    Fulfilment,
    /// An administrator.
    Admin,
    /// The mesh.
    System,
}

/// What a timeline entry says happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Happened {
    /// It moved on to this place in [`System::progress`].
    Progress(usize),
    /// Somebody asked to cancel it.
    CancelAsked,
    /// The decider refused; it stands where it stood.
    CancelRefused(usize),
    /// It was cancelled.
    Cancelled,
    /// The money went back.
    Refunded,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Entry {
    /// When.
    pub at: Time,
    /// What.
    pub happened: Happened,
    /// Why.
    pub reason: Option<Text>,
    /// Who did it.
    pub actor: Actor,
}

/// Where an order stands, in words every system shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Placed.
    Placed,
    /// Being fulfilled.
    InProgress,
    /// A cancellation is asked for.
    Cancelling,
    /// Cancelled.
    Cancelled,
    /// Fulfilled.
    Fulfilled,
}

/// What came about: one event, named by the weightiest of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was placed.
    Placed,
    /// It moved on.
    Progressed,
    /// Somebody asked to cancel.
    CancelAsked,
    /// The decider refused.
    CancelRefused,
    /// It was cancelled.
    Cancelled,
    /// The money went back.
    Refunded,
}

impl Order {
    /// What people see it as.
    pub fn status(&self, system: &System) -> Status {
        match self.cancellation.state {
            State::Done => system.cancelled,
            State::Asked => system.cancelling,
            State::None | State::Refused => system.progress[self.progress].status,
        }
    }

    /// Where it stands.
    pub fn phase(&self, system: &System) -> Phase {
        match self.cancellation.state {
            State::Done => Phase::Cancelled,
            State::Asked => Phase::Cancelling,
            State::None | State::Refused if self.progress == 0 => Phase::Placed,
            State::None | State::Refused if system.progress[self.progress].last => Phase::Fulfilled,
            State::None | State::Refused => Phase::InProgress,
        }
    }

    /// When the stream may forget it.
    pub fn expires_at(&self) -> Option<Time> {
        self.finished_at.map(|at| at.plus(KEPT_AFTER_END))
    }

    /// Payment says that this payment went back. None: no news, or not this order's.
    pub fn refunded(&mut self, system: &System, payment_id: &str, now: Time) -> Option<Change> {
        if self.refunded || self.payment_id.as_deref() != Some(payment_id) {
            return None;
        }
        self.refunded = true;
        self.enter(now, Happened::Refunded, None, Actor::System);
        self.changed(system, now);
        Some(Change::Refunded)
    }

    fn enter(&mut self, at: Time, happened: Happened, reason: Option<Text>, actor: Actor) {
        self.timeline.push(Entry {
            at,
            happened,
            reason,
            actor,
        });
    }

    fn changed(&mut self, system: &System, now: Time) {
        self.version += 1;
        self.changed_at = now;
        let over = match self.phase(system) {
            Phase::Fulfilled => true,
            Phase::Cancelled => self.refunded || self.payment_id.is_none(),
            Phase::Placed | Phase::InProgress | Phase::Cancelling => false,
        };
        self.finished_at = if over {
            self.finished_at.or(Some(now))
        } else {
            None
        };
    }
}

#[cfg(test)]
mod tests;
