//! What a fulfilling context has done about one order: one row per order id, made by whichever message comes first.

use mesh::{Refusal, Text, Time};
use std::time::Duration;

/// How long a fulfilment that is over stays in the stream.
pub const KEPT_AFTER_END: Duration = Duration::from_secs(90 * 24 * 3600);

/// What deciding about a fulfilment comes to: what came about, by its event's full name, or nothing; or why it can't be.
pub type Decided = Result<Option<&'static str>, Refusal>;

/// A fulfilment.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Fulfilment {
    /// The order.
    pub order_id: String,
    /// From 1; 0 when it has not been stated yet.
    pub version: i64,
    /// The steps reached, by the number in the context's own enum.
    pub steps: Vec<(i32, Time)>,
    /// What else there is to tell the customer about steps.
    #[serde(default)]
    pub reasons: Vec<(i32, Text)>,
    /// What else a person wants to see of the order: label and value.
    #[serde(default)]
    pub refs: Vec<(Text, String)>,
    /// It refuses to be cancelled from now on.
    pub irrevocable: bool,
    /// It failed for good: an UPPER_SNAKE code and a text.
    pub failed: Option<(String, Text)>,
    /// The answer to the newest request to cancel.
    pub answer: Option<Answer>,
    /// It agreed to a cancellation, or heard of one: whatever arrives later makes nothing.
    pub voided: bool,
    /// From when on it counts as over; the stream keeps it 90 days longer.
    pub over_at: Option<Time>,
}

/// An answer to a request to cancel.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Answer {
    /// To which request.
    pub number: i32,
    /// Yes or no; a yes is for good.
    pub agreed: bool,
    /// Why.
    pub reason: Option<Text>,
}

impl Fulfilment {
    /// One that nothing was done about yet.
    pub fn new(order_id: impl Into<String>) -> Self {
        Self {
            order_id: order_id.into(),
            ..Self::default()
        }
    }

    /// The last of the steps that were reached, by their numbers; 0 for none.
    pub fn furthest(&self) -> i32 {
        let steps = self.steps.iter().map(|(step, _)| *step);
        steps.max().unwrap_or(0)
    }

    /// Whether a step was reached.
    pub fn has_reached(&self, step: i32) -> bool {
        self.steps.iter().any(|(reached, _)| *reached == step)
    }

    /// What else there is to tell the customer about a step.
    pub fn reason(&self, step: i32) -> Option<&Text> {
        let said = self.reasons.iter().find(|(of, _)| *of == step);
        said.map(|(_, reason)| reason)
    }

    /// When a step was reached.
    pub fn reached_at(&self, step: i32) -> Option<Time> {
        self.steps
            .iter()
            .find(|(reached, _)| *reached == step)
            .map(|(_, at)| *at)
    }

    /// Whether it may still make progress.
    pub fn is_open(&self) -> bool {
        !self.voided && self.failed.is_none()
    }

    /// Reaches a step. False: it had, or can't any more.
    pub fn reach(&mut self, step: i32, now: Time) -> bool {
        if !self.is_open() || self.has_reached(step) {
            return false;
        }
        self.steps.push((step, now));
        self.version += 1;
        true
    }

    /// Reaches a step, if it has not, and says what else there is to tell the customer about it, and to see of the order
    /// from now on. False: that is no news, or it is too late.
    pub fn tell(&mut self, step: i32, reason: Text, refs: Vec<(Text, String)>, now: Time) -> bool {
        let is_told = self.reason(step) == Some(&reason) && self.refs == refs;
        if !self.is_open() || is_told && self.has_reached(step) {
            return false;
        }
        if !self.has_reached(step) {
            self.steps.push((step, now));
        }
        self.reasons.retain(|(of, _)| *of != step);
        self.reasons.push((step, reason));
        self.refs = refs;
        self.version += 1;
        true
    }

    /// Reaches a step after which it can't be cancelled.
    pub fn reach_for_good(&mut self, step: i32, now: Time) -> bool {
        let reached = self.reach(step, now);
        if reached {
            self.irrevocable = true;
            self.over_at = Some(now);
        }
        reached
    }

    /// Fails for good. False: it can't any more.
    pub fn fail(&mut self, code: &str, reason: Text, now: Time) -> bool {
        if !self.is_open() || self.irrevocable {
            return false;
        }
        self.failed = Some((code.to_owned(), reason));
        self.over_at = Some(now);
        self.version += 1;
        true
    }

    /// Answers request `number`: yes unless it is irrevocable. A yes voids it for good. False: it was answered before.
    pub fn answer(&mut self, number: i32, refusal: Text, now: Time) -> bool {
        if self
            .answer
            .as_ref()
            .is_some_and(|answer| answer.number >= number)
        {
            return false;
        }
        let agreed = !self.irrevocable;
        self.answer = Some(Answer {
            number,
            agreed,
            reason: (!agreed).then_some(refusal),
        });
        if agreed {
            self.voided = true;
            self.over_at = Some(now);
        }
        self.version += 1;
        true
    }

    /// Its order was cancelled without being asked for: whatever arrives later makes nothing. False: no news. It is
    /// stated again only so that the stream may forget it: not if it never was stated, or is over already.
    pub fn void(&mut self, now: Time) -> bool {
        if self.voided || self.irrevocable {
            return false;
        }
        self.voided = true;
        if self.version > 0 && self.over_at.is_none() {
            self.version += 1;
        }
        self.over_at = self.over_at.or(Some(now));
        true
    }

    /// When the stream may forget it.
    pub fn expires_at(&self) -> Option<Time> {
        self.over_at.map(|at| at.plus(KEPT_AFTER_END))
    }
}

#[cfg(test)]
mod tests;
