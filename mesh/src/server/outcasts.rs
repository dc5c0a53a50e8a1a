//! Who is left out for a while because they flooded again and again.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Whoever flooded so often within [`MEMORY`] is left out for a while.
const STRIKES: usize = 3;
const MEMORY: Duration = Duration::from_secs(60);

/// Who flooded again and again, and is left out for a while: to let somebody in costs as well. Clones count together.
#[derive(Clone, Default)]
pub(super) struct Outcasts(Arc<Mutex<HashMap<IpAddr, Strikes>>>);

/// When theirs were ended, the last few.
type Strikes = VecDeque<Instant>;

impl Outcasts {
    /// One of theirs was ended. Nobody remembers it when nobody is left out.
    pub(super) fn strike(&self, who: IpAddr, pause: Duration) {
        if pause.is_zero() {
            return;
        }
        let now = Instant::now();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, strikes| is_within(strikes.back(), MEMORY.max(pause)));
        let own = all.entry(who).or_default();
        own.retain(|strike| is_within(Some(strike), MEMORY));
        own.push_back(now);
        if own.len() > STRIKES {
            own.pop_front();
        } else if own.len() == STRIKES {
            tracing::warn!(%who, ?pause, "floods, and is left out");
        }
    }

    /// Whether they are left out, if that is for so long.
    pub(super) fn has(&self, who: IpAddr, pause: Duration) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&who)
            .is_some_and(|own| own.len() == STRIKES && is_within(own.back(), pause))
    }
}

fn is_within(strike: Option<&Instant>, time: Duration) -> bool {
    strike.is_some_and(|strike| strike.elapsed() < time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_floods_again_and_again_is_left_out_for_a_while() {
        let (outcasts, pause) = (Outcasts::default(), Duration::from_secs(10));
        let [one, other]: [IpAddr; 2] = [[192, 0, 2, 1].into(), [192, 0, 2, 2].into()];
        for _ in 0..STRIKES {
            assert!(!outcasts.has(one, pause));
            outcasts.strike(one, pause);
        }
        assert!(outcasts.has(one, pause) && !outcasts.has(other, pause));
        assert!(!outcasts.has(one, Duration::ZERO), "as it is told");
        tokio::time::advance(pause).await;
        assert!(!outcasts.has(one, pause));
        // Remembered still: the next one is one too many.
        outcasts.strike(one, pause);
        assert!(outcasts.has(one, pause));
        tokio::time::advance(MEMORY).await;
        outcasts.strike(other, pause);
        assert_eq!(outcasts.0.lock().unwrap().len(), 1, "and then forgotten");
    }

    #[tokio::test(start_paused = true)]
    async fn only_strikes_of_one_minute_count_together() {
        let (outcasts, pause) = (Outcasts::default(), Duration::from_secs(10));
        let one = IpAddr::from([192, 0, 2, 1]);
        for _ in 0..2 * STRIKES {
            outcasts.strike(one, pause);
            assert!(!outcasts.has(one, pause));
            tokio::time::advance(MEMORY / 2).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_remembered_where_nobody_is_left_out() {
        let (outcasts, none) = (Outcasts::default(), Duration::ZERO);
        for _ in 0..STRIKES {
            outcasts.strike(IpAddr::from([192, 0, 2, 1]), none);
        }
        assert!(outcasts.0.lock().unwrap().is_empty());
    }
}
