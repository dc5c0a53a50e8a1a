//! How long the relay waits when it cannot publish, and what it says of it.

use rand::Rng;
use std::time::Duration;
use tokio::time::Instant;

pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What keeps all rows from being published. Said once when it begins and once when it is over.
#[derive(Default)]
pub(super) struct Troubles {
    tries: u32,
    until: Option<Instant>,
}

impl Troubles {
    pub(super) fn with_stream(&mut self, why: &str) -> Duration {
        self.begins(why, "events cannot be published; they wait")
    }

    pub(super) fn full(&mut self, why: &str) {
        self.begins(why, "the stream is full; events wait until there is room");
    }

    /// Many rows fail at once: what counts as one try is one pause.
    fn begins(&mut self, why: &str, message: &str) -> Duration {
        if self.tries == 0 {
            tracing::warn!(why, "{message}");
        }
        if self.left().is_zero() {
            self.tries += 1;
            self.until = Some(Instant::now() + pause(self.tries));
        }
        self.left()
    }

    pub(super) fn over(&mut self) {
        if self.tries > 0 {
            tracing::info!("events are published again");
        }
        *self = Self::default();
    }

    pub(super) fn left(&self) -> Duration {
        self.until.map_or(Duration::ZERO, |until| {
            until.saturating_duration_since(Instant::now())
        })
    }
}

/// How long to wait after so many tries.
pub(super) fn pause(tries: u32) -> Duration {
    let longest = FIRST_PAUSE.saturating_mul(2u32.saturating_pow(tries.saturating_sub(1)));
    longest
        .min(LONGEST_PAUSE)
        .mul_f64(rand::rng().random_range(0.5..=1.0))
}
