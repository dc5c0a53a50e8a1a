//! When to leave a peer alone: a state machine without a clock of its own. `circuit.rs` asks it.

use super::State;
use std::time::Duration;
use tokio::time::Instant;

/// So many failures in a row open it, however few calls there are (reliability.md, Calls; linkerd's default).
const CONSECUTIVE: u32 = 7;
/// So does every second call failing, when there were enough calls to tell.
const ENOUGH_CALLS: u32 = 20;
const WINDOW_SECONDS: u64 = 10;
/// How long it is open the first time; doubled with each failed probe.
const FIRST: Duration = Duration::from_secs(1);
/// By so much of itself a time may be longer, so that many clients do not come back at once.
const JITTER: f64 = 0.5;

/// What a call said about its peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It lives, even if it refused.
    Success,
    /// It does not, or not well.
    Failure,
    /// Nothing: the call was not made.
    Nothing,
}

/// The generation that a call belongs to. What is answered in a later one came too late to be about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Generation(u64);

#[derive(Clone, Copy, Debug)]
enum Phase {
    Closed,
    Open {
        until: Instant,
    },
    /// One call is out to look; when nothing is heard of it until then, another may.
    Probing {
        until: Instant,
    },
}

/// Opens on failures, lets one probe through after a while, and closes when that one succeeds.
#[derive(Debug)]
pub(super) struct Breaker {
    longest: Duration,
    phase: Phase,
    generation: u64,
    /// Failures since the last success.
    consecutive: u32,
    window: Window,
    /// How often it opened since it was last closed.
    opened: u32,
    /// How long it is open this time.
    length: Duration,
}

impl Breaker {
    /// A closed one, that once open never waits longer than `longest` for a probe.
    pub(super) fn new(longest: Duration, now: Instant) -> Self {
        Self {
            longest,
            phase: Phase::Closed,
            generation: 0,
            consecutive: 0,
            window: Window::new(now),
            opened: 0,
            length: Duration::ZERO,
        }
    }

    pub(super) fn state(&self) -> State {
        match self.phase {
            Phase::Closed => State::Closed,
            Phase::Open { .. } => State::Open,
            Phase::Probing { .. } => State::Probing,
        }
    }

    pub(super) fn consecutive_failures(&self) -> u32 {
        self.consecutive
    }

    /// Whether it would let a call through.
    pub(super) fn admits(&self, now: Instant) -> bool {
        match self.phase {
            Phase::Closed => true,
            Phase::Open { until } | Phase::Probing { until } => until <= now,
        }
    }

    /// Lets a call through, or says how long none will be.
    pub(super) fn admit(&mut self, now: Instant) -> Result<Generation, Duration> {
        match self.phase {
            Phase::Closed => {}
            Phase::Open { until } | Phase::Probing { until } if now < until => {
                return Err(until - now);
            }
            Phase::Open { .. } | Phase::Probing { .. } => {
                self.enter(Phase::Probing {
                    until: now + self.length,
                });
            }
        }
        Ok(Generation(self.generation))
    }

    /// Hears what became of a call. `luck`, from 0 to 1, is by how much of the jitter it will be open longer.
    pub(super) fn judge(&mut self, call: Generation, outcome: Outcome, now: Instant, luck: f64) {
        if call.0 != self.generation {
            return;
        }
        match (self.phase, outcome) {
            (Phase::Probing { .. }, Outcome::Success) => self.close(now),
            (Phase::Probing { .. }, Outcome::Failure) => {
                self.consecutive = self.consecutive.saturating_add(1);
                self.open(now, luck);
            }
            // The probe was not made: the next call is it.
            (Phase::Probing { .. }, Outcome::Nothing) => self.enter(Phase::Open { until: now }),
            (_, Outcome::Nothing) => {}
            (_, Outcome::Success) => {
                self.consecutive = 0;
                self.window.count(now, false);
            }
            (_, Outcome::Failure) => {
                self.consecutive = self.consecutive.saturating_add(1);
                self.window.count(now, true);
                if self.consecutive >= CONSECUTIVE || self.window.every_second_fails(now) {
                    self.open(now, luck);
                }
            }
        }
    }

    fn open(&mut self, now: Instant, luck: f64) {
        let doubled = FIRST.saturating_mul(2u32.saturating_pow(self.opened));
        // Room for the jitter below the longest, or all who reached it would come back together.
        let steady = doubled.min(self.longest.div_f64(1.0 + JITTER));
        self.length = steady.mul_f64(1.0 + JITTER * luck);
        self.opened = self.opened.saturating_add(1);
        self.enter(Phase::Open {
            until: now + self.length,
        });
    }

    fn close(&mut self, now: Instant) {
        self.consecutive = 0;
        self.opened = 0;
        self.window = Window::new(now);
        self.enter(Phase::Closed);
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.generation += 1;
    }
}

/// The calls of the last seconds.
#[derive(Debug)]
struct Window {
    begun: Instant,
    seconds: [Second; WINDOW_SECONDS as usize],
}

#[derive(Clone, Copy, Debug, Default)]
struct Second {
    number: u64,
    calls: u32,
    failures: u32,
}

impl Window {
    fn new(begun: Instant) -> Self {
        Self {
            begun,
            seconds: Default::default(),
        }
    }

    fn number(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.begun).as_secs()
    }

    fn count(&mut self, now: Instant, failure: bool) {
        let number = self.number(now);
        let second = &mut self.seconds[(number % WINDOW_SECONDS) as usize];
        if second.number != number {
            *second = Second {
                number,
                ..Second::default()
            };
        }
        second.calls += 1;
        second.failures += u32::from(failure);
    }

    fn every_second_fails(&self, now: Instant) -> bool {
        let number = self.number(now);
        let recent = self
            .seconds
            .iter()
            .filter(|second| second.number + WINDOW_SECONDS > number);
        let (calls, failures) = recent.fold((0, 0), |(calls, failures), second| {
            (calls + second.calls, failures + second.failures)
        });
        calls >= ENOUGH_CALLS && failures * 2 >= calls
    }
}

#[cfg(test)]
mod tests;
