//! The curve of overload: what comes of half to five times as many bookings as payment is good for.

use super::payment::Payment;
use super::scene::Scene;
use super::tally::Summary;
use super::{Histories, SECONDS, chart, open, show};
use crate::cli;
use crate::fault::Fault;
use crate::rpc::Mesh;
use serde::Serialize;
use std::fmt::{self, Display};
use std::time::Duration;

/// How much is offered, as a share of what payment is good for.
const STEPS: [f64; 8] = [0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0];

/// The whole curve.
#[derive(Debug, Serialize)]
pub(super) struct Curve {
    /// What payment is good for, a second.
    pub(super) capacity: f64,
    /// How long each step lasted.
    seconds: u64,
    /// How many processes wanted the machine at the start and at the end, as Linux tells it.
    load_average: [f64; 2],
    /// The most bookings a second of any step.
    peak: f64,
    /// Of that, what was left at the last step.
    last_percent_of_peak: f64,
    pub(super) steps: Vec<Step>,
}

/// One point of the curve.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    /// Bookings offered a second.
    pub(super) offered: f64,
    #[serde(flatten)]
    pub(super) seen: Summary,
}

/// Runs it.
pub(super) async fn run(
    mesh: &Mesh,
    command: &cli::Load,
    history: &mut Histories,
) -> Result<(), Fault> {
    let seconds = command.seconds.unwrap_or(SECONDS);
    let payment = Payment::of(mesh).await?;
    let lasting = Duration::from_secs(seconds);
    let scene = Scene::set(mesh, 2.0 * command.capacity).await?;
    let before = load_average();
    payment.is_good_for(command.capacity).await?;
    let mut steps = Vec::new();
    let mut trouble = Ok(());
    for share in STEPS {
        let offered = share * command.capacity;
        let tally = open::offer(mesh, &scene, offered, lasting, command.in_flight, history).await;
        match tally {
            Ok(tally) => steps.push(Step {
                offered,
                seen: tally.summary(),
            }),
            Err(why) => trouble = Err(why),
        }
        if trouble.is_err() {
            break;
        }
    }
    payment.is_as_before().await?;
    trouble?;
    let curve = Curve::new(command.capacity, seconds, [before, load_average()], steps);
    if let Some(path) = &command.svg {
        std::fs::write(path, chart::draw(&curve))
            .map_err(|why| Fault::usage(format!("cannot write --svg {}: {why}", path.display())))?;
    }
    show(command, &curve)
}

impl Curve {
    fn new(capacity: f64, seconds: u64, load_average: [f64; 2], steps: Vec<Step>) -> Self {
        let goodput = |step: &Step| step.seen.booked_per_second;
        let peak = steps.iter().map(goodput).fold(0.0, f64::max);
        let last = steps.last().map_or(0.0, goodput);
        Self {
            capacity,
            seconds,
            load_average,
            peak,
            last_percent_of_peak: 100.0 * last / peak.max(f64::EPSILON),
            steps,
        }
    }
}

/// Of the last minute; 0 where the system does not tell.
fn load_average() -> f64 {
    let told = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let first = told.split_whitespace().next();
    first.and_then(|text| text.parse().ok()).unwrap_or_default()
}

impl Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:>10} {:>8} {:>9} {:>9} {:>9} {:>10} {:>9} {:>10} {:>9}",
            "offered/s",
            "booked/s",
            "p50 ms",
            "p99 ms",
            "shed",
            "shed p99",
            "cancelled",
            "cancel p99",
            "held back"
        )?;
        for step in &self.steps {
            let seen = &step.seen;
            writeln!(
                f,
                "{:>10.0} {:>8.0} {:>9.1} {:>9.1} {:>9} {:>10.1} {:>9} {:>10.1} {:>9}",
                step.offered,
                seen.booked_per_second,
                seen.p50_ms,
                seen.p99_ms,
                seen.shed.values().sum::<u64>(),
                seen.shed_p99_ms,
                seen.cancelled,
                seen.cancel_p99_ms,
                seen.held_back
            )?;
            for (what, times) in seen.shed.iter().chain(&seen.other) {
                writeln!(f, "{:>20} {what}", times)?;
            }
        }
        write!(
            f,
            "peak {:.0}/s; the last step booked {:.0} % of it. Load average {:.1} to {:.1}",
            self.peak, self.last_percent_of_peak, self.load_average[0], self.load_average[1]
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::tally::{Tally, tests::booked};
    use super::*;

    /// A step that offered and booked so many a second, each after 130 ms.
    fn step(offered: f64, bookings: usize) -> Step {
        let mut tally = Tally::default();
        for _ in 0..bookings {
            tally.add(&booked(130_000));
        }
        tally.took = Duration::from_secs(1);
        Step {
            offered,
            seen: tally.summary(),
        }
    }

    #[test]
    fn the_curve_says_what_is_left_of_its_peak() {
        let steps = vec![step(50.0, 50), step(100.0, 100), step(500.0, 80)];
        let curve = Curve::new(100.0, 1, [0.5, 1.5], steps);
        assert_eq!((curve.peak, curve.last_percent_of_peak), (100.0, 80.0));
        let json: serde_json::Value = serde_json::to_value(&curve).unwrap();
        assert_eq!(json["steps"][2]["offered"], 500.0);
        assert_eq!(json["steps"][2]["booked_per_second"], 80.0);
        let svg = chart::draw(&curve);
        // A point for each step on each of the two lines, and both panels named.
        assert_eq!(svg.matches("<circle").count(), 6, "{svg}");
        assert!(
            svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"),
            "{svg}"
        );
        assert!(svg.contains("booked/s") && svg.contains("p99 ms"), "{svg}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
