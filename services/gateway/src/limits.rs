//! How often one may call: by who calls, for what changes something and for what only reads, and by address.

use crate::refusals::rate_limited;
use http::{HeaderMap, HeaderValue};
use mesh::Refusal;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
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
}

impl Limits {
    pub(crate) fn new(rates: &Rates) -> Self {
        Self {
            writes: Limit::new("writes", rates.writes),
            reads: Limit::new("reads", rates.reads),
            address: Limit::new("address", rates.address),
            traces: Limit::new("traces", RECORDED),
        }
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

/// Who has an IPv6 address has a whole network of them.
fn neighbours(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 => v4,
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
    fn an_ipv6_network_is_one_address() {
        let same =
            |a: &str, b: &str| neighbours(a.parse().unwrap()) == neighbours(b.parse().unwrap());
        assert!(same("2001:db8:1:2::1", "2001:db8:1:2:3:4:5:6"));
        assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(same("192.0.2.1", "::ffff:192.0.2.1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
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
