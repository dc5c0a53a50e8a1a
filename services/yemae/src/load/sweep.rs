//! The curve of overload: what comes of half to five times as many bookings as payment is good for.

use super::payment::Payment;
use super::scene::Scene;
use super::tally::Summary;
use super::{CINEMA, Histories, SECONDS, chart, open, show};
use crate::cli;
use crate::fault::Fault;
use crate::rpc::Mesh;
use mesh::Contracts;
use serde::Serialize;
use std::fmt::{self, Display};
use std::time::Duration;

/// How much is offered, as a share of what payment is good for.
const STEPS: [f64; 8] = [0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0];

/// What passes (reliability.md, F11): so much of the best step is left at the last one.
const LEFT_PERCENT: f64 = 90.0;
/// The call that customers wait for.
const CREATE: &str = "/yemae.cinema.booking.v1.BookingService/CreateBooking";

/// The whole curve, and whether it passes.
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
    /// What a booking may take, and the most that the slowest hundredth of any step's took.
    pub(super) deadline_ms: f64,
    slowest_ms: f64,
    /// Cancellations taken, and those that were not.
    cancelled: u64,
    not_cancelled: u64,
    pub(super) passed: bool,
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
    let capacity = f64::from(command.capacity);
    let scene = Scene::set(mesh, &[CINEMA], 2.0 * capacity).await?;
    let before = load_average();
    let mut steps = Vec::new();
    let mut trouble = Ok(());
    for share in STEPS {
        let offered = share * capacity;
        // Each step finds nobody in line.
        trouble = payment.is_good_for(command.capacity).await;
        if trouble.is_err() {
            break;
        }
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
    let curve = Curve::new(
        capacity,
        seconds,
        [before, load_average()],
        deadline_ms()?,
        steps,
    );
    if let Some(path) = &command.svg {
        std::fs::write(path, chart::draw(&curve))
            .map_err(|why| Fault::usage(format!("cannot write --svg {}: {why}", path.display())))?;
    }
    show(command, &curve)?;
    match curve.passed {
        true => Ok(()),
        false => Err(Fault::no("the overload was not withstood")),
    }
}

/// What the contract gives a booking.
fn deadline_ms() -> Result<f64, Fault> {
    let contracts = Contracts::load(proto::DESCRIPTORS).map_err(Fault::bug)?;
    let method = contracts.method(CREATE);
    let method = method.ok_or_else(|| Fault::bug(format!("no contract has {CREATE}")))?;
    Ok(method.deadline.as_secs_f64() * 1000.0)
}

impl Curve {
    fn new(
        capacity: f64,
        seconds: u64,
        load_average: [f64; 2],
        deadline_ms: f64,
        steps: Vec<Step>,
    ) -> Self {
        let goodput = |step: &Step| step.seen.all.booked_per_second;
        let peak = steps.iter().map(goodput).fold(0.0, f64::max);
        let last = steps.last().map_or(0.0, goodput);
        let last_percent_of_peak = 100.0 * last / peak.max(f64::EPSILON);
        let slowest_ms = steps
            .iter()
            .map(|step| step.seen.all.p99_ms)
            .fold(0.0, f64::max);
        let cancelled = steps
            .iter()
            .map(|step| step.seen.all.cancelled as u64)
            .sum();
        let not_cancelled = steps.iter().map(Step::not_cancelled).sum();
        Self {
            capacity,
            seconds,
            load_average,
            peak,
            last_percent_of_peak,
            deadline_ms,
            slowest_ms,
            cancelled,
            not_cancelled,
            passed: last_percent_of_peak >= LEFT_PERCENT
                && slowest_ms <= deadline_ms
                && cancelled > 0
                && not_cancelled == 0,
            steps,
        }
    }
}

impl Step {
    /// Cancellations of what had just been booked that were not taken.
    fn not_cancelled(&self) -> u64 {
        let other = self.seen.all.other.iter();
        let cancels = other.filter(|(what, _)| what.starts_with("cancel "));
        cancels.map(|(_, times)| times).sum()
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
                seen.all.booked_per_second,
                seen.all.p50_ms,
                seen.all.p99_ms,
                seen.all.shed.values().sum::<u64>(),
                seen.all.shed_p99_ms,
                seen.all.cancelled,
                seen.all.cancel_p99_ms,
                seen.held_back
            )?;
            for (what, times) in seen.all.shed.iter().chain(&seen.all.other) {
                writeln!(f, "{:>20} {what}", times)?;
            }
        }
        let verdict = if self.passed { "withstood" } else { "FAILED" };
        write!(
            f,
            "overload {verdict}: peak {:.0}/s, the last step booked {:.0} % of it ({LEFT_PERCENT}), slowest p99 {:.0} ms \
             ({:.0}), {} cancelled, {} not (0). Load average {:.1} to {:.1}",
            self.peak,
            self.last_percent_of_peak,
            self.slowest_ms,
            self.deadline_ms,
            self.cancelled,
            self.not_cancelled,
            self.load_average[0],
            self.load_average[1]
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::tally::{
        Tally,
        tests::{booked, cancelled},
    };
    use super::*;
    use ordering::audit::Outcome;

    /// A step that offered and booked so many a second, each after so long, and cancelled one.
    fn step(offered: f64, bookings: usize, took_ms: i64, cancels: Outcome) -> Step {
        let mut tally = Tally::default();
        for _ in 0..bookings {
            tally.add(&booked(took_ms * 1000));
        }
        tally.add(&cancelled(cancels));
        tally.took = Duration::from_secs(1);
        Step {
            offered,
            seen: tally.summary(),
        }
    }

    fn curve(last: usize, took_ms: i64, cancels: Outcome) -> Curve {
        let steps = vec![
            step(50.0, 50, 100, Outcome::Ok),
            step(100.0, 100, 130, Outcome::Ok),
            step(500.0, last, took_ms, cancels),
        ];
        Curve::new(100.0, 1, [0.5, 1.5], 5000.0, steps)
    }

    #[test]
    fn each_failing_figure_fails_the_curve() {
        assert!(curve(90, 4000, Outcome::Ok).passed);
        assert!(!curve(89, 4000, Outcome::Ok).passed, "too few");
        assert!(!curve(90, 5001, Outcome::Ok).passed, "too slow");
        for not_taken in [Outcome::Refused, Outcome::Unknown] {
            let curve = curve(90, 4000, not_taken);
            assert!(!curve.passed && curve.not_cancelled == 1, "{curve:?}");
        }
        let text = curve(80, 4000, Outcome::Ok).to_string();
        assert!(
            text.contains("overload FAILED: peak 100/s, the last step booked 80 %"),
            "{text}"
        );
        assert!(deadline_ms().unwrap() > 0.0);
    }

    #[test]
    fn the_curve_says_what_is_left_of_its_peak() {
        let curve = curve(80, 4000, Outcome::Ok);
        assert_eq!((curve.peak, curve.last_percent_of_peak), (100.0, 80.0));
        let json: serde_json::Value = serde_json::to_value(&curve).unwrap();
        assert_eq!(json["steps"][2]["offered"], 500.0);
        assert_eq!(json["steps"][2]["booked_per_second"], 80.0);
        let svg = chart::draw(&curve);
        // A point for each step on each line, and every panel and line named.
        assert_eq!(svg.matches("<circle").count(), 9, "{svg}");
        assert!(
            svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"),
            "{svg}"
        );
        for says in [
            "bookings a second",
            "booked",
            "offered",
            "what payment is good for",
            "p99",
            "5x",
        ] {
            assert!(svg.contains(says), "{says}: {svg}");
        }
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
