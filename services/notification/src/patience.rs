//! How patient the channels that call out are with each address, so that one that is dead slows nobody else.
//!
//! All tasks of a context share 64 places, and a try of a dead address takes one for seconds. So an address that failed
//! the last time rests, longer each time, and is then tried once at a time; and those that failed, like those that
//! nobody has tried yet, have a part of the places at most. What is turned away gives its place back at once. It is
//! this process's own memory: another replica learns for itself.

use mesh::{Clock, Time};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many notifications go to one address at once, as long as it takes them.
const AT_ONCE: usize = 4;
/// How many are tried at once of addresses that failed the last time.
const FAILING_AT_ONCE: usize = 8;
/// The same of addresses that were not tried before: after a start, all.
const UNKNOWN_AT_ONCE: usize = 32;
/// How long a notification waits for others that go to its address.
const BEHIND_OTHERS: Duration = Duration::from_millis(500);
/// How long it waits for one of those places: as long as a try takes.
const BEHIND_A_TRY: Duration = Duration::from_secs(5);
const FIRST_REST: Duration = Duration::from_secs(1);
/// So long a customer whose address came back waits at most.
const LONGEST_REST: Duration = Duration::from_secs(60);
/// What has not been tried for so long is unknown again.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// Whom it is about: a customer and an address. Not the address alone: by naming somebody else's, one customer could
/// make it rest.
pub type Key = (String, String);

/// What is known of the addresses. Cheap to clone.
#[derive(Clone, Default)]
pub struct Patience(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    addresses: HashMap<Key, Address>,
    failing: usize,
    unknown: usize,
    forgotten_at: Time,
}

/// How the last try of an address went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Standing {
    #[default]
    Unknown,
    Works,
    /// So often in a row; tries that were under way together count once.
    Fails(u32),
}

#[derive(Clone, Copy, Default)]
struct Address {
    standing: Standing,
    under_way: usize,
    tried_at: Time,
    rests_until: Time,
}

/// The right to try an address. It has failed when this is dropped, unless it was said to have worked.
pub struct Try {
    patience: Patience,
    clock: Clock,
    key: Key,
    standing: Standing,
    worked: bool,
}

impl Known {
    /// How many places a standing has taken, and how many it has.
    fn places(&mut self, standing: Standing) -> Option<(&mut usize, usize)> {
        match standing {
            Standing::Works => None,
            Standing::Unknown => Some((&mut self.unknown, UNKNOWN_AT_ONCE)),
            Standing::Fails(_) => Some((&mut self.failing, FAILING_AT_ONCE)),
        }
    }

    fn forget(&mut self, now: Time) {
        if now.since(self.forgotten_at) < REMEMBERED {
            return;
        }
        self.forgotten_at = now;
        let old = now.minus(REMEMBERED);
        self.addresses
            .retain(|_, address| address.under_way > 0 || address.tried_at > old);
    }
}

impl Patience {
    /// The right to try this address now; or how long to wait before asking again.
    pub fn enter(&self, key: Key, clock: &Clock) -> Result<Try, Duration> {
        let now = clock.now();
        let mut known = self.known();
        known.forget(now);
        let address = known.addresses.get(&key).copied().unwrap_or_default();
        let standing = address.standing;
        let rest = address.rests_until.since(now);
        if !rest.is_zero() {
            return Err(rest);
        }
        if matches!(standing, Standing::Fails(_)) && address.under_way > 0 {
            return Err(BEHIND_A_TRY);
        }
        if address.under_way == AT_ONCE {
            return Err(BEHIND_OTHERS);
        }
        if let Some((taken, all)) = known.places(standing) {
            if *taken == all {
                return Err(BEHIND_A_TRY);
            }
            *taken += 1;
        }
        let address = known.addresses.entry(key.clone()).or_default();
        address.under_way += 1;
        address.tried_at = now;
        Ok(Try {
            patience: self.clone(),
            clock: clock.clone(),
            key,
            standing,
            worked: false,
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Try {
    /// It worked: the next one need not wait.
    pub fn worked(mut self) {
        self.worked = true;
    }
}

impl Drop for Try {
    fn drop(&mut self) {
        let now = self.clock.now();
        let mut known = self.patience.known();
        if let Some((taken, _)) = known.places(self.standing) {
            *taken -= 1;
        }
        let Some(address) = known.addresses.get_mut(&self.key) else {
            return;
        };
        address.under_way -= 1;
        if self.worked {
            address.standing = Standing::Works;
            address.rests_until = Time::default();
        } else if address.standing == self.standing {
            let before = match self.standing {
                Standing::Fails(times) => times,
                Standing::Unknown | Standing::Works => 0,
            };
            let doubled = FIRST_REST.saturating_mul(2u32.saturating_pow(before));
            address.standing = Standing::Fails(before + 1);
            address.rests_until = now.plus(doubled.min(LONGEST_REST));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(customer: usize) -> Key {
        (customer.to_string(), "http://example.com/".to_owned())
    }

    fn setting() -> (Patience, Clock, mesh::Hand) {
        let (clock, hand) = Clock::manual(Time(1_750_000_000_000_000));
        (Patience::default(), clock, hand)
    }

    fn wait(entered: Result<Try, Duration>) -> Duration {
        entered.err().unwrap_or_default()
    }

    #[test]
    fn an_address_that_works_is_never_waited_for() {
        let (patience, clock, _) = setting();
        for _ in 0..100 {
            patience.enter(key(1), &clock).ok().unwrap().worked();
        }
        let under_way: Vec<_> = (0..AT_ONCE)
            .map(|_| patience.enter(key(1), &clock).ok().unwrap())
            .collect();
        assert_eq!(wait(patience.enter(key(1), &clock)), BEHIND_OTHERS);
        assert!(patience.enter(key(2), &clock).is_ok());
        under_way.into_iter().for_each(Try::worked);
        assert!(patience.enter(key(1), &clock).is_ok());
    }

    #[test]
    fn what_fails_rests_longer_each_time_and_what_works_is_forgiven() {
        let (patience, clock, hand) = setting();
        // Those that were under way together are one failure.
        let burst = [(); 3].map(|()| patience.enter(key(1), &clock).ok().unwrap());
        drop(burst);
        for rest in [1, 2, 4, 8, 16, 32, 60, 60] {
            let rest = Duration::from_secs(rest);
            assert_eq!(wait(patience.enter(key(1), &clock)), rest);
            hand.advance(rest);
            let again = patience.enter(key(1), &clock).ok().unwrap();
            assert_eq!(wait(patience.enter(key(1), &clock)), BEHIND_A_TRY);
            drop(again);
        }
        hand.advance(LONGEST_REST);
        patience.enter(key(1), &clock).ok().unwrap().worked();
        drop(patience.enter(key(1), &clock).ok().unwrap());
        assert_eq!(wait(patience.enter(key(1), &clock)), FIRST_REST);
    }

    fn at_once(patience: &Patience, clock: &Clock, customers: std::ops::Range<usize>) -> Vec<Try> {
        customers
            .filter_map(|customer| patience.enter(key(customer), clock).ok())
            .collect()
    }

    #[test]
    fn what_fails_and_what_is_unknown_has_a_part_of_the_places() {
        let (patience, clock, hand) = setting();
        for customer in 0..100 {
            drop(patience.enter(key(customer), &clock));
        }
        for customer in 200..300 {
            patience.enter(key(customer), &clock).ok().unwrap().worked();
        }
        hand.advance(FIRST_REST);
        let failing = at_once(&patience, &clock, 0..100);
        assert_eq!(failing.len(), FAILING_AT_ONCE);
        assert_eq!(wait(patience.enter(key(99), &clock)), BEHIND_A_TRY);
        let unknown = at_once(&patience, &clock, 100..200);
        assert_eq!(unknown.len(), UNKNOWN_AT_ONCE);
        assert_eq!(wait(patience.enter(key(199), &clock)), BEHIND_A_TRY);
        assert_eq!(at_once(&patience, &clock, 200..300).len(), 100);
        drop((failing, unknown));
        assert!(patience.enter(key(99), &clock).is_ok());
        assert!(patience.enter(key(199), &clock).is_ok());
    }

    #[test]
    fn what_was_not_tried_for_an_hour_is_forgotten() {
        let (patience, clock, hand) = setting();
        drop(patience.enter(key(1), &clock));
        hand.advance(REMEMBERED);
        let under_way = patience.enter(key(2), &clock);
        assert_eq!(patience.known().addresses.len(), 1);
        hand.advance(REMEMBERED);
        drop(patience.enter(key(3), &clock));
        assert_eq!(patience.known().addresses.len(), 2);
        drop(under_way);
    }
}
