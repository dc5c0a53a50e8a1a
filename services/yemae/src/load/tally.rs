//! What a load came to.

use super::page::Visible;
use super::seen::{Seen, UNSURE};
use ordering::audit::Outcome;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::time::Duration;

/// Everything seen so far. Times are in µs.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) took: Duration,
    /// Offered, but never sent: too many were under way.
    pub(super) held_back: u64,
    /// How soon what was booked was on its customer's page.
    pub(super) visible: Visible,
    /// Bookings tried, by the code that each was answered with.
    codes: BTreeMap<String, u64>,
    booked: Vec<i64>,
    cancelled: Vec<i64>,
    shed_after: Vec<i64>,
    shed: BTreeMap<String, u64>,
    other: BTreeMap<String, u64>,
    unknown: u64,
}

/// In numbers. Times are those of one call, as its caller saw it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Summary {
    pub(super) seconds: f64,
    /// Bookings tried, and by code how they were answered.
    pub(super) tries: u64,
    pub(super) codes: BTreeMap<String, u64>,
    /// Tries of which nobody said whether the booking is there, or paid.
    pub(super) unknown: u64,
    pub(super) booked: usize,
    pub(super) booked_per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) visible: Visible,
    /// Bookings refused for now, each by code and reason, and how late the slowest hundredth heard.
    pub(super) shed: BTreeMap<String, u64>,
    pub(super) shed_p99_ms: f64,
    /// Cancellations taken, and how long the slowest hundredth took.
    pub(super) cancelled: usize,
    pub(super) cancel_p99_ms: f64,
    pub(super) held_back: u64,
    pub(super) other: BTreeMap<String, u64>,
}

impl Tally {
    pub(super) fn add(&mut self, seen: &Seen) {
        let record = &seen.record;
        let is_create = record.op == "create";
        if is_create {
            *self.codes.entry(format!("{:?}", seen.code)).or_default() += 1;
            let is_unsure = record.reason == UNSURE || record.outcome == Outcome::Unknown;
            self.unknown += u64::from(is_unsure);
        }
        match (record.op.as_str(), record.outcome) {
            ("create", Outcome::Ok) => return self.booked.push(record.took),
            ("cancel", Outcome::Ok) => return self.cancelled.push(record.took),
            _ => {}
        }
        if is_create && seen.is_shed {
            let what = format!("{:?} {}", seen.code, record.reason);
            *self.shed.entry(what).or_default() += 1;
            return self.shed_after.push(record.took);
        }
        let outcome = match record.outcome {
            Outcome::Ok => "ok".to_owned(),
            Outcome::Refused => format!("refused {}", record.reason),
            Outcome::Unknown => format!("unknown {}", record.reason),
        };
        let what = format!("{} {outcome}", record.op);
        *self.other.entry(what).or_default() += 1;
    }

    /// Bookings tried.
    pub(super) fn tries(&self) -> u64 {
        self.codes.values().sum()
    }

    /// Bookings of which nobody said whether they are there, or paid.
    pub(super) fn unknown(&self) -> u64 {
        self.unknown
    }

    pub(super) fn summary(&self) -> Summary {
        let seconds = self.took.as_secs_f64();
        Summary {
            seconds,
            tries: self.tries(),
            codes: self.codes.clone(),
            unknown: self.unknown,
            booked: self.booked.len(),
            booked_per_second: self.booked.len() as f64 / seconds.max(f64::EPSILON),
            p50_ms: at_percent(&self.booked, 50),
            p99_ms: at_percent(&self.booked, 99),
            visible: self.visible.clone(),
            shed: self.shed.clone(),
            shed_p99_ms: at_percent(&self.shed_after, 99),
            cancelled: self.cancelled.len(),
            cancel_p99_ms: at_percent(&self.cancelled, 99),
            held_back: self.held_back,
            other: self.other.clone(),
        }
    }
}

/// The time in ms below which so many percent of these lie.
pub(super) fn at_percent(times: &[i64], percent: usize) -> f64 {
    let mut times = times.to_vec();
    times.sort_unstable();
    let place = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times.get(place).copied().unwrap_or(0) as f64 / 1000.0
}

impl Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} booked in {:.1} s: {:.0}/s, p50 {:.1} ms, p99 {:.1} ms",
            self.booked, self.seconds, self.booked_per_second, self.p50_ms, self.p99_ms
        )?;
        let visible = &self.visible;
        if visible.watched > 0 {
            write!(
                f,
                "\n         on the customer's page after p50 {:.1} ms, p99 {:.1} ms",
                visible.p50_ms, visible.p99_ms
            )?;
        }
        if visible.missing > 0 {
            let number = visible.missing;
            write!(f, "\n{number:>8} not on the customer's page 10 s after")?;
        }
        if self.cancelled > 0 {
            let (number, p99) = (self.cancelled, self.cancel_p99_ms);
            write!(f, "\n{number:>8} cancelled, p99 {p99:.1} ms")?;
        }
        if self.held_back > 0 {
            let number = self.held_back;
            write!(f, "\n{number:>8} held back: too many were under way")?;
        }
        for (what, times) in &self.shed {
            write!(
                f,
                "\n{times:>8} shed {what}, p99 {:.1} ms",
                self.shed_p99_ms
            )?;
        }
        for (what, times) in &self.other {
            write!(f, "\n{times:>8} {what}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use mesh::Clock;
    use tokio::time::Instant;
    use tonic::Status;

    /// A booking that took so many µs.
    pub(in super::super) fn booked(took: i64) -> Seen {
        let answer = Ok("id".to_owned());
        let mut seen = Seen::new("create", &answer, "", Instant::now(), &Clock::system());
        seen.record.took = took;
        seen
    }

    /// A cancellation that came to this.
    pub(in super::super) fn cancelled(outcome: Outcome) -> Seen {
        let answer = Ok("id".to_owned());
        let mut seen = Seen::new("cancel", &answer, "", Instant::now(), &Clock::system());
        seen.record.outcome = outcome;
        seen
    }

    /// One that was never answered.
    pub(in super::super) fn unknown() -> Seen {
        let answer = Err(Status::deadline_exceeded("late"));
        Seen::new("create", &answer, "", Instant::now(), &Clock::system())
    }

    #[test]
    fn what_is_shed_is_counted_apart_by_code_and_reason() {
        let refused = |kind, reason: &'static str| {
            let why = mesh::Refusal::new(kind, reason, mesh::text("no", "아니요"));
            let answer = Err(Status::from(why));
            Seen::new("create", &answer, "", Instant::now(), &Clock::system())
        };
        let mut tally = Tally::default();
        for seen in [
            refused(mesh::Kind::Exhausted, "OVERLOADED"),
            refused(mesh::Kind::Exhausted, "OVERLOADED"),
            refused(mesh::Kind::Unavailable, "PAYMENT_BUSY"),
            refused(mesh::Kind::Precondition, "SEATS_TAKEN"),
            booked(1000),
            unknown(),
        ] {
            tally.add(&seen);
        }
        let summary = tally.summary();
        let shed: Vec<_> = summary
            .shed
            .iter()
            .map(|(what, n)| (what.as_str(), *n))
            .collect();
        assert_eq!(
            shed,
            [
                ("ResourceExhausted OVERLOADED", 2),
                ("Unavailable PAYMENT_BUSY", 1)
            ]
        );
        let other: Vec<_> = summary.other.keys().map(String::as_str).collect();
        assert_eq!(
            other,
            [
                "create refused SEATS_TAKEN",
                "create unknown DeadlineExceeded"
            ]
        );
        let codes: Vec<_> = summary
            .codes
            .iter()
            .map(|(code, n)| (code.as_str(), *n))
            .collect();
        assert_eq!(
            codes,
            [
                ("DeadlineExceeded", 1),
                ("FailedPrecondition", 1),
                ("Ok", 1),
                ("ResourceExhausted", 2),
                ("Unavailable", 1)
            ]
        );
        assert_eq!((tally.tries(), tally.unknown(), summary.booked), (6, 1, 1));
    }
}
