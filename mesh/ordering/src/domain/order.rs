//! An order: paid, then placed; it moves on as its fulfilling side says, and until that side says no it can be
//! cancelled.

use super::{Money, Status, System};
use mesh::{Text, Time, text};
use std::time::Duration;

/// From the 9th request on it is refused, so that a timeline stays under 64 entries.
pub const MOST_CANCEL_REQUESTS: i32 = 8;
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
    /// What happened.
    pub timeline: Vec<Entry>,
    /// The context's own message about it, encoded.
    #[serde(skip)]
    pub detail: Vec<u8>,
}

/// The request to cancel an order.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Cancellation {
    /// How far it came.
    pub state: State,
    /// Its number; an answer to another one is stale.
    pub number: i32,
    /// Who wanted it.
    pub cause: Cause,
    /// Why.
    pub reason: Option<Text>,
}

/// How far a request to cancel came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum State {
    /// Nobody asked.
    #[default]
    None,
    /// Asked and not answered.
    Asked,
    /// Refused.
    Refused,
    /// Cancelled for good.
    Done,
}

/// Who wanted a cancellation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Cause {
    /// Nobody.
    #[default]
    Nobody,
    /// The customer.
    Customer,
    /// An administrator.
    Admin,
    /// The fulfilling side failed.
    System,
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

/// Why a request to cancel is refused at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum No {
    /// It is too late.
    NotCancellable,
    /// It was asked for too often.
    CancelLimit,
}

/// What a fulfilling context says of the order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// Who says it.
    pub context: String,
    /// The steps it reached.
    pub steps: Vec<i32>,
    /// It can't be cancelled any more.
    pub irrevocable: bool,
    /// It can't be fulfilled and never will be.
    pub failed: Option<Text>,
    /// The answer to a request to cancel.
    pub answer: Option<Answer>,
}

/// The decider's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// To which request.
    pub number: i32,
    /// Yes or no.
    pub agreed: bool,
    /// Why.
    pub reason: Option<Text>,
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

    /// Whether asking to cancel makes sense.
    pub fn is_cancellable(&self, system: &System) -> bool {
        matches!(self.cancellation.state, State::None | State::Refused)
            && self.may_be_asked(system).is_ok()
    }

    /// When the stream may forget it.
    pub fn expires_at(&self) -> Option<Time> {
        self.finished_at.map(|at| at.plus(KEPT_AFTER_END))
    }

    fn may_be_asked(&self, system: &System) -> Result<(), No> {
        if self.irrevocable || system.progress[self.progress].last {
            return Err(No::NotCancellable);
        }
        if self.cancellation.number >= MOST_CANCEL_REQUESTS {
            return Err(No::CancelLimit);
        }
        Ok(())
    }

    /// Somebody asks to cancel. None: it was asked for or cancelled before, and nothing changes.
    pub fn ask_to_cancel(
        &mut self,
        system: &System,
        cause: Cause,
        reason: Option<Text>,
        now: Time,
    ) -> Result<Option<Change>, No> {
        if matches!(self.cancellation.state, State::Asked | State::Done) {
            return Ok(None);
        }
        self.may_be_asked(system)?;
        self.cancellation = Cancellation {
            state: State::Asked,
            number: self.cancellation.number + 1,
            cause,
            reason: reason.clone(),
        };
        let actor = if cause == Cause::Admin {
            Actor::Admin
        } else {
            Actor::Customer
        };
        self.enter(now, Happened::CancelAsked, reason, actor);
        self.changed(system, now);
        Ok(Some(Change::CancelAsked))
    }

    /// A fulfilling context says how far it is. None: no news.
    pub fn hear(&mut self, system: &System, heard: &Heard, now: Time) -> Option<Change> {
        let listened_to = system.fulfilled_by.contains(&heard.context.as_str());
        if !listened_to || self.cancellation.state == State::Done {
            return None;
        }
        let mut change = None;
        if let Some(progress) = self.progress_by(system, heard) {
            self.progress = progress;
            let reason = system.progress[progress]
                .reason
                .map(|(en, ko)| text(en, ko));
            self.enter(now, Happened::Progress(progress), reason, Actor::Fulfilment);
            change = Some(Change::Progressed);
        }
        let newly_irrevocable = heard.irrevocable && !self.irrevocable;
        self.irrevocable |= heard.irrevocable;
        let answer = heard
            .answer
            .as_ref()
            .filter(|_| heard.context == system.decider);
        // What is irrevocable has come about: it can't fail any more.
        let failed = heard.failed.as_ref().filter(|_| !self.irrevocable);
        if let Some(reason) = failed {
            self.cancel(Cause::System, Some(reason.clone()), Actor::System, now);
            change = Some(Change::Cancelled);
        } else if let Some(answer) = answer.filter(|answer| self.is_awaited(answer)) {
            change = Some(self.answered(answer, now));
        }
        if change.is_some() || newly_irrevocable {
            self.changed(system, now);
            return Some(change.unwrap_or(Change::Progressed));
        }
        None
    }

    /// The furthest progress that the steps bring about, if it is further than now.
    fn progress_by(&self, system: &System, heard: &Heard) -> Option<usize> {
        if system.progress[self.progress].last {
            return None;
        }
        let reached = |by: Option<(&str, i32)>| {
            by.is_some_and(|(context, step)| {
                context == heard.context && heard.steps.contains(&step)
            })
        };
        (self.progress + 1..system.progress.len())
            .rev()
            .find(|place| reached(system.progress[*place].by))
    }

    fn is_awaited(&self, answer: &Answer) -> bool {
        self.cancellation.state == State::Asked && self.cancellation.number == answer.number
    }

    fn answered(&mut self, answer: &Answer, now: Time) -> Change {
        if answer.agreed {
            let reason = answer.reason.clone().or(self.cancellation.reason.clone());
            self.cancel(self.cancellation.cause, reason, Actor::Fulfilment, now);
            return Change::Cancelled;
        }
        self.cancellation.state = State::Refused;
        self.cancellation.reason = answer.reason.clone();
        self.enter(
            now,
            Happened::CancelRefused(self.progress),
            answer.reason.clone(),
            Actor::Fulfilment,
        );
        Change::CancelRefused
    }

    fn cancel(&mut self, cause: Cause, reason: Option<Text>, actor: Actor, now: Time) {
        self.cancellation.state = State::Done;
        self.cancellation.cause = cause;
        self.cancellation.reason = reason.clone();
        self.enter(now, Happened::Cancelled, reason, actor);
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
