//! What was seen of some calls, counted.

use super::seen::{Seen, UNSURE};
use ordering::audit::Outcome;
use serde::Serialize;
use std::collections::BTreeMap;

/// Times are in µs.
#[derive(Debug, Default)]
pub(super) struct Count {
    /// Orders tried, by the code that each was answered with.
    codes: BTreeMap<String, u64>,
    booked: Vec<i64>,
    cancelled: Vec<i64>,
    shed_after: Vec<i64>,
    shed: BTreeMap<String, u64>,
    other: BTreeMap<String, u64>,
    unknown: u64,
}

/// What it came to.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figures {
    /// Orders tried, and by code how they were answered.
    pub(super) tries: u64,
    pub(super) codes: BTreeMap<String, u64>,
    /// Tries of which nobody said whether the order is there, or paid.
    pub(super) unknown: u64,
    /// Orders placed.
    pub(super) booked: usize,
    pub(super) booked_per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// Orders refused for now, each by code and reason, and how late the slowest hundredth heard.
    pub(super) shed: BTreeMap<String, u64>,
    pub(super) shed_p99_ms: f64,
    /// Cancellations taken, and how long the slowest hundredth took.
    pub(super) cancelled: usize,
    pub(super) cancel_p99_ms: f64,
    pub(super) other: BTreeMap<String, u64>,
}

impl Count {
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

    pub(super) fn tries(&self) -> u64 {
        self.codes.values().sum()
    }

    pub(super) fn unknown(&self) -> u64 {
        self.unknown
    }

    /// Over so many seconds.
    pub(super) fn figures(&self, seconds: f64) -> Figures {
        Figures {
            tries: self.tries(),
            codes: self.codes.clone(),
            unknown: self.unknown,
            booked: self.booked.len(),
            booked_per_second: self.booked.len() as f64 / seconds.max(f64::EPSILON),
            p50_ms: at_percent(&self.booked, 50),
            p99_ms: at_percent(&self.booked, 99),
            shed: self.shed.clone(),
            shed_p99_ms: at_percent(&self.shed_after, 99),
            cancelled: self.cancelled.len(),
            cancel_p99_ms: at_percent(&self.cancelled, 99),
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
