//! What a load came to.

use super::count::{Count, Figures};
use super::page::Visible;
use super::seen::Seen;
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
    /// How soon what was ordered was on its customer's page.
    pub(super) visible: Visible,
    all: Count,
    /// The same by system.
    of: BTreeMap<&'static str, Count>,
}

/// In numbers. Times are those of one call, as its caller saw it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Summary {
    pub(super) seconds: f64,
    #[serde(flatten)]
    pub(super) all: Figures,
    pub(super) visible: Visible,
    pub(super) held_back: u64,
    /// The figures of each system.
    systems: BTreeMap<&'static str, Figures>,
}

impl Tally {
    pub(super) fn add(&mut self, seen: &Seen) {
        self.all.add(seen);
        self.of.entry(seen.system).or_default().add(seen);
    }

    /// Orders tried.
    pub(super) fn tries(&self) -> u64 {
        self.all.tries()
    }

    /// Orders of which nobody said whether they are there, or paid.
    pub(super) fn unknown(&self) -> u64 {
        self.all.unknown()
    }

    pub(super) fn summary(&self) -> Summary {
        let seconds = self.took.as_secs_f64();
        let of = self.of.iter();
        Summary {
            seconds,
            all: self.all.figures(seconds),
            visible: self.visible.clone(),
            held_back: self.held_back,
            systems: of
                .map(|(system, own)| (*system, own.figures(seconds)))
                .collect(),
        }
    }
}

impl Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = &self.all;
        write!(
            f,
            "{} booked in {:.1} s: {:.0}/s, p50 {:.1} ms, p99 {:.1} ms",
            all.booked, self.seconds, all.booked_per_second, all.p50_ms, all.p99_ms
        )?;
        for (system, own) in self.systems.iter().filter(|_| self.systems.len() > 1) {
            write!(
                f,
                "\n{:>8} {system}: {:.0}/s, p50 {:.1} ms, p99 {:.1} ms",
                own.booked, own.booked_per_second, own.p50_ms, own.p99_ms
            )?;
        }
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
        if all.cancelled > 0 {
            let (number, p99) = (all.cancelled, all.cancel_p99_ms);
            write!(f, "\n{number:>8} cancelled, p99 {p99:.1} ms")?;
        }
        if self.held_back > 0 {
            let number = self.held_back;
            write!(f, "\n{number:>8} held back: too many were under way")?;
        }
        for (what, times) in &all.shed {
            let p99 = all.shed_p99_ms;
            write!(f, "\n{times:>8} shed {what}, p99 {p99:.1} ms")?;
        }
        for (what, times) in &all.other {
            write!(f, "\n{times:>8} {what}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use mesh::Clock;
    use ordering::audit::Outcome;
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
            .all
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
        let other: Vec<_> = summary.all.other.keys().map(String::as_str).collect();
        assert_eq!(
            other,
            [
                "create refused SEATS_TAKEN",
                "create unknown DeadlineExceeded"
            ]
        );
        let codes: Vec<_> = summary
            .all
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
        assert_eq!(
            (tally.tries(), tally.unknown(), summary.all.booked),
            (6, 1, 1)
        );
    }
    #[test]
    fn what_is_seen_is_counted_for_its_system_too() {
        let mut tally = Tally::default();
        for (system, seen) in [
            ("cinema", booked(1000)),
            ("food", booked(3000)),
            ("food", cancelled(Outcome::Ok)),
            ("food", unknown()),
        ] {
            tally.add(&seen.of(system));
        }
        tally.took = Duration::from_secs(1);
        let summary = tally.summary();
        let told: serde_json::Value = serde_json::to_value(&summary).unwrap();
        assert_eq!((&told["booked"], &told["tries"]), (&2.into(), &3.into()));
        let food = &told["systems"]["food"];
        assert_eq!((&food["booked"], &food["unknown"]), (&1.into(), &1.into()));
        assert_eq!(
            (&food["p50_ms"], &food["cancelled"]),
            (&3.0.into(), &1.into())
        );
        assert_eq!(told["systems"]["cinema"]["tries"], 1, "{told}");
        let said = summary.to_string();
        assert!(said.starts_with("2 booked in 1.0 s: 2/s"), "{said}");
        assert!(said.contains("\n       1 food: 1/s, p50 3.0 ms"), "{said}");
    }
}
