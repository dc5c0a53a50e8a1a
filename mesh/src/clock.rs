//! Time, injected: nobody below the binary reads the wall clock by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment: microseconds since the Unix epoch, UTC.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(transparent)]
pub struct Time(pub i64);

impl Time {
    /// This moment and `by` more.
    pub fn plus(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    /// This moment less `by`.
    pub fn minus(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    /// How long ago `earlier` was; zero when it is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// How old by `now` is what there has been since this moment, as contracts tell it.
    pub fn age(self, now: Self) -> prost_types::Duration {
        // Microseconds that fit into 64 bits are seconds that do.
        now.since(self).try_into().unwrap_or_default()
    }
}

impl From<Time> for prost_types::Timestamp {
    fn from(time: Time) -> Self {
        Self {
            seconds: time.0.div_euclid(1_000_000),
            nanos: (time.0.rem_euclid(1_000_000) * 1000) as i32,
        }
    }
}

impl From<prost_types::Timestamp> for Time {
    fn from(timestamp: prost_types::Timestamp) -> Self {
        Self(
            timestamp
                .seconds
                .saturating_mul(1_000_000)
                .saturating_add(i64::from(timestamp.nanos) / 1000),
        )
    }
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        prost_types::Timestamp::from(*self).fmt(f)
    }
}

/// Tells the time. Cheap to clone; every clone tells the same.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Time + Send + Sync>);

impl Clock {
    /// The machine's clock.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one room where the wall clock is read"
    )]
    pub fn system() -> Self {
        Self(Arc::new(|| {
            let since = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
        }))
    }

    /// A clock that stands still until its [`Hand`] is moved.
    pub fn manual(start: Time) -> (Self, Hand) {
        let hand = Hand(Arc::new(AtomicI64::new(start.0)));
        let read = hand.clone();
        (
            Self(Arc::new(move || Time(read.0.load(Ordering::SeqCst)))),
            hand,
        )
    }

    /// A clock that tells whatever `read` does: a world's, which follows the paused time of its runtime.
    pub fn reading(read: impl Fn() -> Time + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// Now.
    pub fn now(&self) -> Time {
        (self.0)()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

/// Moves a manual [`Clock`].
#[derive(Clone, Debug)]
pub struct Hand(Arc<AtomicI64>);

impl Hand {
    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(
            i64::try_from(by.as_micros()).unwrap_or(i64::MAX),
            Ordering::SeqCst,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_the_epoch_survive_the_wire() {
        for micros in [-1, 0, 1, -1_500_000, 1_700_000_000_123_456] {
            assert_eq!(
                Time::from(prost_types::Timestamp::from(Time(micros))),
                Time(micros)
            );
        }
    }
}
