//! What an order hears of those who fulfil it.

use super::{Actor, Cause, Change, Happened, Order, State};
use crate::domain::{Progress, System};
use mesh::{Text, Time, text};

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

impl Heard {
    /// Whether it could change an order at all, however far that is: most of what is said of others' steps can't.
    pub fn may_matter(&self, system: &System) -> bool {
        let moves = |progress: &Progress| {
            progress.by.is_some_and(|(context, step)| {
                context == self.context && self.steps.contains(&step)
            })
        };
        self.irrevocable
            || self.failed.is_some()
            || self.answer.is_some()
            || system.progress.iter().any(moves)
    }
}

impl Order {
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
}
