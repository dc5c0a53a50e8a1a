//! How often one may call: by who calls, for what changes something and for what only reads, and by address.

use crate::refusals::{rate_limited, too_many};
use http::{HeaderMap, HeaderValue};
use mesh::Refusal;
use mesh::server::{Place, Places, neighbours};
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The most callers, and the most addresses, that are remembered at once: some MiB.
const MOST: usize = 100_000;

/// The traces that are recorded because an address says that its own are: a page or a service that records one call in a
/// hundred says so ten times at a thousand calls a second. Beyond that, whether a trace is recorded is for the door to say.
const RECORDED: Rate = Rate {
    per_second: 10,
    burst: 50,
};

/// The watches that one person may have open, and the requests by JSON that one may be sending: each holds a place, or its
/// bytes, for as long as its caller likes.
const AT_ONCE: usize = 16;

/// So many calls in a second, and so many at once after a silence. None in a second: as many as one likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// In the long run.
    pub per_second: u32,
    /// At once.
    pub burst: u32,
}

/// The rates; the defaults are reliability.md's (Identity). An admin's calls are not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Of one caller, for calls that change something.
    pub writes: Rate,
    /// Of one caller, for calls that only read.
    pub reads: Rate,
    /// Of one address, for requests of any kind, also those without a token.
    pub address: Rate,
}

impl Default for Rates {
    fn default() -> Self {
        let rate = |per_second, burst| Rate { per_second, burst };
        Self {
            writes: rate(20, 40),
            reads: rate(100, 200),
            address: rate(500, 1000),
        }
    }
}

/// What is left to a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quota {
    limit: &'static str,
    rate: Rate,
    left: u32,
    /// Until there is more.
    more: Duration,
}

impl Quota {
    /// As the headers of draft-ietf-httpapi-ratelimit-headers tell it.
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        let Self {
            limit,
            rate,
            left,
            more,
        } = self;
        let window = rate.burst.div_ceil(rate.per_second.max(1));
        let more = more.as_secs_f64().ceil();
        let told = [
            (
                "ratelimit-policy",
                format!("\"{limit}\";q={};w={window}", rate.burst),
            ),
            ("ratelimit", format!("\"{limit}\";r={left};t={more}")),
        ];
        for (name, value) in told {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
    }
}

/// All limits of this process.
pub(crate) struct Limits {
    writes: Limit<String>,
    reads: Limit<String>,
    address: Limit<IpAddr>,
    traces: Limit<IpAddr>,
    watches: Places<String>,
    bodies: Places<String>,
}

impl Limits {
    pub(crate) fn new(rates: &Rates) -> Self {
        Self {
            writes: Limit::new("writes", rates.writes),
            reads: Limit::new("reads", rates.reads),
            address: Limit::new("address", rates.address),
            traces: Limit::new("traces", RECORDED),
            watches: Places::default(),
            bodies: Places::default(),
        }
    }

    /// A stream of replies that this person opens, for as long as the answer is kept.
    pub(crate) fn watch(&self, subject: &str) -> Result<Place<String>, Refusal> {
        let place = self.watches.enter(subject.to_owned(), AT_ONCE);
        place.ok_or_else(|| too_many("watches", AT_ONCE))
    }

    /// A body that this person sends, likewise.
    pub(crate) fn body(&self, subject: &str) -> Result<Place<String>, Refusal> {
        let place = self.bodies.enter(subject.to_owned(), AT_ONCE);
        place.ok_or_else(|| too_many("bodies", AT_ONCE))
    }

    /// A call of this person.
    pub(crate) fn person(&self, subject: &str, read_only: bool) -> Result<Option<Quota>, Limited> {
        let limit = if read_only { &self.reads } else { &self.writes };
        limit.take(subject.to_owned(), Instant::now())
    }

    /// A request from this address.
    pub(crate) fn address(&self, from: IpAddr) -> Result<Option<Quota>, Limited> {
        self.address.take(neighbours(from), Instant::now())
    }

    /// A trace that this address records, and that is to be recorded here, too.
    pub(crate) fn trace(&self, from: IpAddr) -> Result<Option<Quota>, Limited> {
        self.traces.take(neighbours(from), Instant::now())
    }
}

/// Refused, with what is told beside that.
#[derive(Debug)]
pub(crate) struct Limited {
    pub(crate) quota: Quota,
    pub(crate) refusal: Refusal,
}

/// One limit, by the generic cell rate algorithm: of each caller one moment is kept, at which its bucket is full again.
struct Limit<K> {
    name: &'static str,
    rate: Rate,
    full_at: Mutex<HashMap<K, Instant>>,
}

impl<K: Hash + Eq> Limit<K> {
    fn new(name: &'static str, rate: Rate) -> Self {
        Self {
            name,
            rate,
            full_at: Mutex::default(),
        }
    }

    fn take(&self, who: K, now: Instant) -> Result<Option<Quota>, Limited> {
        let Rate { per_second, burst } = self.rate;
        if per_second == 0 {
            return Ok(None);
        }
        let each = Duration::from_secs(1) / per_second;
        let all = each * burst.max(1);
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() >= MOST && !full_at.contains_key(&who) {
            full_at.retain(|_, full| *full > now);
            if full_at.len() >= MOST {
                // So many at once are no callers but an attack; forgetting lets everybody begin anew.
                full_at.clear();
            }
        }
        let full = full_at.get(&who).copied().unwrap_or(now).max(now);
        let after = full + each;
        let quota = |missing: Duration| Quota {
            limit: self.name,
            rate: self.rate,
            left: u32::try_from(all.saturating_sub(missing).as_nanos() / each.as_nanos())
                .unwrap_or(u32::MAX),
            more: each.min(missing),
        };
        let missing = after - now;
        if missing > all {
            let quota = quota(full - now);
            let refusal = rate_limited(self.name, missing - all);
            return Err(Limited { quota, refusal });
        }
        full_at.insert(who, after);
        Ok(Some(quota(missing)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(per_second: u32, burst: u32) -> Limit<u32> {
        Limit::new("reads", Rate { per_second, burst })
    }

    #[test]
    fn a_burst_then_the_rate() {
        let (limit, start) = (limit(20, 40), Instant::now());
        for left in (0..40).rev() {
            let quota = limit.take(1, start).unwrap().unwrap();
            assert_eq!(quota.left, left);
        }
        let refused = limit.take(1, start).unwrap_err();
        assert_eq!(refused.refusal.retry_after, Some(Duration::from_millis(50)));
        assert_eq!(refused.quota.left, 0);
        assert!(limit.take(2, start).is_ok(), "another caller");
        for n in 1..100 {
            let now = start + Duration::from_millis(50) * n;
            assert!(limit.take(1, now).is_ok(), "{n}");
            assert!(limit.take(1, now).is_err(), "{n}");
        }
        let rested = start + Duration::from_secs(60);
        assert_eq!(limit.take(1, rested).unwrap().unwrap().left, 39);
    }

    #[test]
    fn what_is_refused_is_not_counted() {
        let (limit, start) = (limit(10, 1), Instant::now());
        assert!(limit.take(1, start).is_ok());
        for _ in 0..100 {
            assert!(limit.take(1, start).is_err());
        }
        assert!(limit.take(1, start + Duration::from_millis(100)).is_ok());
    }

    #[test]
    fn none_in_a_second_is_no_limit() {
        let limit = limit(0, 0);
        assert!((0..1000).all(|_| limit.take(1, Instant::now()).unwrap().is_none()));
    }

    #[test]
    fn so_many_callers_are_remembered_and_no_more() {
        let (limit, start) = (limit(10, 10), Instant::now());
        for caller in 0..250_000 {
            assert!(limit.take(caller, start).is_ok());
            assert!(limit.full_at.lock().unwrap().len() <= MOST);
        }
    }

    #[test]
    fn headers_tell_what_is_left() {
        let mut headers = HeaderMap::new();
        limit(20, 40)
            .take(1, Instant::now())
            .unwrap()
            .unwrap()
            .tell(&mut headers);
        assert_eq!(headers["ratelimit-policy"], "\"reads\";q=40;w=2");
        assert_eq!(headers["ratelimit"], "\"reads\";r=39;t=1");
    }
}
