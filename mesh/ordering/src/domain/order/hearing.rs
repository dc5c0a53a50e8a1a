//! What an order hears of those who fulfil it.

use super::{Actor, Cause, Change, Happened, Order, State};
use crate::domain::{Progress, System};
use mesh::{Text, Time, text};

/// How often a customer is told the same progress, if there is something else to say about it each time: so that a
/// timeline stays under 64 entries.
pub const MOST_TELLINGS: usize = 8;

/// What a fulfilling context says of the order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// Who says it.
    pub context: String,
    /// How often it has said something: higher is newer.
    pub version: i64,
    /// The steps it reached.
    pub steps: Vec<i32>,
    /// What else there is to tell the customer about steps.
    pub reasons: Vec<(i32, Text)>,
    /// What else a person wants to see of the order.
    pub refs: Vec<(Text, String)>,
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
        self.irrevocable
            || self.failed.is_some()
            || self.answer.is_some()
            || self.is_progress(system)
    }

    /// Whether any of the steps is a progress of orders.
    fn is_progress(&self, system: &System) -> bool {
        let mut progress = system.progress.iter();
        progress.any(|progress| self.reached(progress).is_some())
    }

    /// The step that brings this progress about, if it was reached.
    fn reached(&self, progress: &Progress) -> Option<i32> {
        let (context, step) = progress.by?;
        (context == self.context && self.steps.contains(&step)).then_some(step)
    }

    fn reason(&self, step: i32) -> Option<&Text> {
        let said = self.reasons.iter().find(|(of, _)| *of == step);
        said.map(|(_, reason)| reason)
    }
}

impl Order {
    /// A fulfilling context says how far it is. None: no news, or older than what it said before. What it said last is kept
    /// in [`Order::heard`] also when it is no news: what comes late behind it must not be.
    pub fn hear(&mut self, system: &System, heard: &Heard, now: Time) -> Option<Change> {
        let listened_to = system.fulfilled_by.contains(&heard.context.as_str());
        let said = self.heard.get(&heard.context).copied().unwrap_or_default();
        if !listened_to || heard.version < said || self.cancellation.state == State::Done {
            return None;
        }
        if heard.version > said {
            self.heard.insert(heard.context.clone(), heard.version);
        }
        let mut change = None;
        if let Some((place, step)) = self.progress_by(system, heard) {
            self.progress = place;
            let always = system.progress[place].reason;
            let reason = heard.reason(step).cloned();
            let reason = reason.or_else(|| always.map(|(en, ko)| text(en, ko)));
            self.enter(now, Happened::Progress(place), reason, Actor::Fulfilment);
            change = Some(Change::Progressed);
        } else if let Some(reason) = self.told_anew(system, heard).cloned() {
            let again = Happened::Progress(self.progress);
            self.enter(now, again, Some(reason), Actor::Fulfilment);
            change = Some(Change::Progressed);
        }
        let shows_more = self.show(system, heard);
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
        if change.is_some() || newly_irrevocable || shows_more {
            self.changed(system, now);
            return Some(change.unwrap_or(Change::Progressed));
        }
        None
    }

    /// The furthest progress that the steps bring about, if it is further than now, and the step that does.
    fn progress_by(&self, system: &System, heard: &Heard) -> Option<(usize, i32)> {
        if system.progress[self.progress].last {
            return None;
        }
        (self.progress + 1..system.progress.len())
            .rev()
            .find_map(|place| Some((place, heard.reached(&system.progress[place])?)))
    }

    /// What there is to tell the customer about where the order stands, if it is something else than was told last.
    fn told_anew<'a>(&self, system: &System, heard: &'a Heard) -> Option<&'a Text> {
        let progress = &system.progress[self.progress];
        let reason = heard.reason(heard.reached(progress)?)?;
        let own = Happened::Progress(self.progress);
        let told = self.timeline.iter().filter(|entry| entry.happened == own);
        let reasons: Vec<_> = told.map(|entry| entry.reason.as_ref()).collect();
        let is_news = reasons.last() != Some(&Some(reason));
        (is_news && reasons.len() < MOST_TELLINGS && !progress.last).then_some(reason)
    }

    /// What else its context wants to be seen. False: no news.
    fn show(&mut self, system: &System, heard: &Heard) -> bool {
        let shown = self.fulfilling_refs.get(&heard.context);
        let is_news = shown.map_or(&[][..], Vec::as_slice) != heard.refs;
        if is_news && heard.is_progress(system) {
            let own = (heard.context.clone(), heard.refs.clone());
            self.fulfilling_refs.extend([own]);
            return true;
        }
        false
    }
}
