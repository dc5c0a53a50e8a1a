//! What a load came to.

use ordering::audit::{Outcome, Record};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

/// Everything seen so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) took: Duration,
    booked: Vec<i64>,
    other: BTreeMap<String, u64>,
}

/// In numbers.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    seconds: f64,
    booked: usize,
    booked_per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    other: BTreeMap<String, u64>,
}

impl Tally {
    pub(super) fn add(&mut self, record: &Record) {
        if record.op == "create" && record.outcome == Outcome::Ok {
            self.booked.push(record.took);
        } else {
            let outcome = match record.outcome {
                Outcome::Ok => "ok".to_owned(),
                Outcome::Refused => format!("refused {}", record.reason),
                Outcome::Unknown => format!("unknown {}", record.reason),
            };
            *self
                .other
                .entry(format!("{} {outcome}", record.op))
                .or_default() += 1;
        }
    }

    pub(super) fn summary(&self) -> Summary {
        let mut times = self.booked.clone();
        times.sort_unstable();
        let at = |share: usize| {
            times
                .get((times.len() * share / 100).min(times.len().saturating_sub(1)))
                .copied()
                .unwrap_or(0) as f64
                / 1000.0
        };
        let seconds = self.took.as_secs_f64();
        Summary {
            seconds,
            booked: times.len(),
            booked_per_second: times.len() as f64 / seconds.max(f64::EPSILON),
            p50_ms: at(50),
            p99_ms: at(99),
            other: self.other.clone(),
        }
    }
}

impl Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} booked in {:.1} s: {:.0}/s, p50 {:.1} ms, p99 {:.1} ms",
            self.booked, self.seconds, self.booked_per_second, self.p50_ms, self.p99_ms
        )?;
        for (what, times) in &self.other {
            write!(f, "\n{times:>8} {what}")?;
        }
        Ok(())
    }
}
