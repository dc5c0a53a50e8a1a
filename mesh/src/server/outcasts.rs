//! Who is left out for a while because they flooded again and again.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Whoever flooded so often within [`MEMORY`] is left out for a while.
const STRIKES: u32 = 3;
const MEMORY: Duration = Duration::from_secs(60);

/// Who flooded again and again, and is left out for a while: to let somebody in costs as well. Clones count together.
#[derive(Clone, Default)]
pub(super) struct Outcasts(Arc<Mutex<HashMap<IpAddr, Strikes>>>);

#[derive(Clone, Copy)]
struct Strikes {
    count: u32,
    last: Instant,
}

impl Outcasts {
    /// One of theirs was ended.
    pub(super) fn strike(&self, who: IpAddr, pause: Duration) {
        let now = Instant::now();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, strikes| now - strikes.last < MEMORY.max(pause));
        let own = all.entry(who).or_insert(Strikes {
            count: 0,
            last: now,
        });
        own.count += 1;
        own.last = now;
        if own.count == STRIKES && !pause.is_zero() {
            tracing::warn!(%who, ?pause, "floods, and is left out");
        }
    }

    /// Whether they are left out, if that is for so long.
    pub(super) fn has(&self, who: IpAddr, pause: Duration) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&who)
            .is_some_and(|own| own.count >= STRIKES && own.last.elapsed() < pause)
    }
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
}
