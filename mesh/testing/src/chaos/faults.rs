//! What goes wrong in a world, and how often.

use super::Dice;
use std::time::Duration;

/// How often each fault strikes; the probabilities are per commit, event or call.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Faults {
    /// A process dies right after a commit: neither the answer nor anything later is heard of.
    pub crash: f64,
    /// A process is killed about so often, wherever it is.
    pub kill: Option<Duration>,
    /// An event comes twice or three times.
    pub duplicated: f64,
    /// An event comes after later ones.
    pub late: f64,
    /// An event comes only when it is delivered again, half a minute later.
    pub dropped: f64,
    /// A request never arrives, or only when its caller has given up.
    pub request_lost: f64,
    /// A request is served and its reply is lost.
    pub reply_lost: f64,
    /// A call takes seconds.
    pub slow: f64,
    /// A process stands still while a reply waits for it, and goes on as if no time had passed: the work that waited for
    /// it outlives its lease.
    pub stalled: f64,
    /// A caller leaves in the middle of its call.
    pub caller_leaves: f64,
}

impl Faults {
    /// Some faults, mild or heavy, but at least one.
    pub fn roll(dice: &Dice) -> Self {
        loop {
            let rolled = Self::roll_once(dice);
            if rolled != Self::default() {
                return rolled;
            }
        }
    }

    fn roll_once(dice: &Dice) -> Self {
        let often = |most: &[f64]| {
            if dice.chance(0.5) {
                *dice.pick(most)
            } else {
                0.0
            }
        };
        Self {
            crash: often(&[0.002, 0.01, 0.03]),
            kill: dice.chance(0.4).then(|| dice.millis(500, 10_000)),
            duplicated: often(&[0.05, 0.3, 0.8]),
            late: often(&[0.05, 0.3, 0.8]),
            dropped: often(&[0.01, 0.1]),
            request_lost: often(&[0.02, 0.1, 0.4]),
            reply_lost: often(&[0.02, 0.1, 0.4]),
            slow: often(&[0.02, 0.1, 0.4]),
            stalled: often(&[0.02, 0.1]),
            caller_leaves: often(&[0.05, 0.3]),
        }
    }
}
