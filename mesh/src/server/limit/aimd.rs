//! How many calls are good to let in: felt out, because nobody knows it beforehand. A state machine without a clock of
//! its own; `limit.rs` tells it what became of each call.

use std::time::Duration;
use tokio::time::Instant;

/// A call is late when it takes more than this share of its method's deadline. A caller gives one attempt 30 to 40 % of
/// it (reads 300 ms of 1 s, a charge 1.2 s of 3 s), so that a queue in front of what is slow is stopped while all in it
/// still come in time: 750 ms for a charge, that is given up after 1 s and takes 620 ms on a bad day without any queue.
/// Not of the deadline that a caller names: whoever wants to could make everybody late.
const TARGET: u32 = 4;
/// So much more after a round trip that was in time: a sixteenth, and no less than 5 calls. By 5 alone a payment that
/// takes 0.5 s found room for 1,000/s only after 40 s; by 10 alone one good for 60/s let charges time out.
const STEPS: usize = 16;
const STEP: usize = 5;
/// So much is left after one that was not, percent. At the target the queue is longer than what goes, so that whatever
/// is slow stays busy.
const LEFT: usize = 75;
/// The most calls that may be bad in a round trip that was in time, and the fewest in one that was not, percent. A
/// provider that stalls on every fifth charge is no better off with fewer of them.
const FEW: usize = 5;
const MANY: usize = 25;
/// The fewest calls that are judged by.
const ENOUGH: usize = 20;

/// From when on a call with this deadline is late.
pub(super) fn target(deadline: Duration) -> Duration {
    deadline / TARGET
}

/// Additive increase, multiplicative decrease.
#[derive(Debug)]
pub(super) struct Aimd {
    least: usize,
    most: usize,
    limit: usize,
    /// Calls that began before the last decrease say nothing about what it did.
    decreased: Option<Instant>,
    /// So many calls are one round trip: those that were in when it began.
    trip: usize,
    calls: usize,
    bad: usize,
    /// Somebody was turned away since it began.
    full: bool,
}

impl Aimd {
    pub(super) fn new(limit: usize, least: usize, most: usize) -> Self {
        Self {
            least,
            most,
            limit,
            decreased: None,
            trip: ENOUGH,
            calls: 0,
            bad: 0,
            full: false,
        }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// A call was turned away.
    pub(super) fn shed(&mut self) {
        self.full = true;
    }

    /// A call that `began` then has ended, well or not; so many are still in.
    pub(super) fn ended(&mut self, began: Instant, is_bad: bool, inside: usize, now: Instant) {
        if self.decreased.is_some_and(|decreased| began < decreased) {
            return;
        }
        self.calls += 1;
        self.bad += usize::from(is_bad);
        if self.bad * 100 > self.trip * MANY {
            self.limit = (self.limit * LEFT / 100).max(self.least);
            self.decreased = Some(now);
        } else if self.calls < self.trip {
            return;
        } else if self.full && self.bad * 100 <= self.calls * FEW {
            self.limit = (self.limit + STEP.max(self.limit / STEPS)).min(self.most);
        }
        self.trip = inside.max(ENOUGH);
        (self.calls, self.bad, self.full) = (0, 0, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Rig {
        aimd: Aimd,
        now: Instant,
    }

    impl Rig {
        fn new() -> Self {
            let now = Instant::now();
            let mut aimd = Aimd::new(200, 32, 1000);
            (0..ENOUGH).for_each(|_| aimd.ended(now, false, 100, now));
            Self { aimd, now }
        }

        /// A round trip of 100 calls of 10 ms, of which so many are bad.
        fn trip(&mut self, bad: usize, full: bool) -> usize {
            let began = self.now;
            self.now += Duration::from_millis(10);
            if full {
                self.aimd.shed();
            }
            for n in 0..100 {
                self.aimd.ended(began, n < bad, 100, self.now);
            }
            self.aimd.limit()
        }
    }

    #[test]
    fn it_grows_while_it_is_full_and_answers_come_in_time() {
        let mut rig = Rig::new();
        assert_eq!(rig.trip(0, false), 200, "nobody wants more");
        assert_eq!(rig.trip(5, true), 212);
        assert_eq!(rig.trip(6, true), 212, "some are late");
        for _ in 0..30 {
            rig.trip(0, true);
        }
        assert_eq!(rig.aimd.limit(), 1000);
    }

    #[test]
    fn it_shrinks_once_a_round_trip_when_many_are_late() {
        let mut rig = Rig::new();
        assert_eq!(rig.trip(25, true), 200, "a provider that stalls");
        assert_eq!(rig.trip(100, true), 150, "once");
        assert_eq!(rig.trip(26, true), 112);
        for _ in 0..20 {
            rig.trip(100, false);
        }
        assert_eq!(rig.aimd.limit(), 32);
    }

    #[test]
    fn what_began_before_it_shrank_is_not_held_against_it() {
        let mut rig = Rig::new();
        let long_ago = rig.now;
        assert_eq!(rig.trip(100, false), 150);
        for _ in 0..1000 {
            rig.aimd.ended(long_ago, true, 100, rig.now);
        }
        assert_eq!(rig.aimd.limit(), 150);
    }
}
