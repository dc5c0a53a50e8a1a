//! When a screen is busy.

use mesh::Time;
use std::time::Duration;

/// Between the end of a movie and the next one, to clean.
pub const CLEANING: Duration = Duration::from_secs(15 * 60);

/// The time a screening takes of its screen: from its start, up to and without the moment the next may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// When it starts.
    pub starts_at: Time,
    /// When the movie is over.
    pub ends_at: Time,
    /// When the screen is clean again.
    pub free_at: Time,
}

impl Slot {
    /// What a movie of this length takes from `starts_at` on.
    pub fn new(starts_at: Time, running_minutes: i32) -> Self {
        let minutes = u64::try_from(running_minutes).unwrap_or(0);
        let ends_at = starts_at.plus(Duration::from_secs(minutes * 60));
        Self {
            starts_at,
            ends_at,
            free_at: ends_at.plus(CLEANING),
        }
    }

    /// Whether both can't be on one screen.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.starts_at < other.free_at && other.starts_at < self.free_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(n: i64) -> Time {
        Time(n * 60_000_000)
    }

    #[test]
    fn the_next_may_start_when_the_screen_is_clean_and_not_a_minute_earlier() {
        let first = Slot::new(minute(1000), 100);
        assert_eq!(first.ends_at, minute(1100));
        for (start, overlaps) in [
            (1115, false),
            (1114, true),
            (1000, true),
            (1050, true),
            (945, true),
            (936, true),
            (935, false),
        ] {
            let other = Slot::new(minute(start), 50);
            assert_eq!(first.overlaps(&other), overlaps, "{start}");
            assert_eq!(other.overlaps(&first), overlaps, "{start}");
        }
    }
}
