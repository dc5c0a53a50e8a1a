//! Asking to cancel an order, and how that ends.

use super::{Actor, Answer, Change, Happened, Order};
use crate::domain::System;
use mesh::{Text, Time};

/// From the 9th request on it is refused, so that a timeline stays under 64 entries.
pub const MOST_CANCEL_REQUESTS: i32 = 8;

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

/// Why a request to cancel is refused at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum No {
    /// It is too late.
    NotCancellable,
    /// It was asked for too often.
    CancelLimit,
}

impl Order {
    /// Whether asking to cancel makes sense.
    pub fn is_cancellable(&self, system: &System) -> bool {
        matches!(self.cancellation.state, State::None | State::Refused)
            && self.may_be_asked(system).is_ok()
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

    pub(super) fn is_awaited(&self, answer: &Answer) -> bool {
        self.cancellation.state == State::Asked && self.cancellation.number == answer.number
    }

    pub(super) fn answered(&mut self, answer: &Answer, now: Time) -> Change {
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

    pub(super) fn cancel(&mut self, cause: Cause, reason: Option<Text>, actor: Actor, now: Time) {
        self.cancellation.state = State::Done;
        self.cancellation.cause = cause;
        self.cancellation.reason = reason.clone();
        self.enter(now, Happened::Cancelled, reason, actor);
    }
}
