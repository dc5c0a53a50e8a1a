//! The old systems' trial: a payment of 400 to 620 ms and a hundred customers who do nothing but book. Theirs gave up
//! after 610 ms, and so lost one payment in twenty.

use super::payment::Payment;
use super::scene::{LOOK, Scene};
use super::shop::Shop;
use super::tally::Tally;
use super::{CINEMA, Histories, collect, show};
use crate::cli;
use crate::fault::Fault;
use crate::rpc::Mesh;
use futures::future::join_all;
use mesh::refusal;
use serde::Serialize;
use std::fmt::{self, Display};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

const LEAST: Duration = Duration::from_millis(400);
const MOST: Duration = Duration::from_millis(620);
/// The mean of the two, in seconds: so long a customer waits at least for each booking.
const MEAN: f64 = 0.51;
const SECONDS: u64 = 60;
const CLIENTS: usize = 100;
/// What passes (reliability.md, F7).
const BOOKED_PERCENT: f64 = 95.0;
const SLOWEST_MS: f64 = 700.0;

/// What it came to.
#[derive(Debug, Serialize)]
struct Verdict {
    /// Of all tries, those that were booked.
    answered_percent: f64,
    /// Bookings a second, and what a payment so slow allows.
    booked_per_second: f64,
    ceiling: f64,
    booked_percent: f64,
    p99_ms: f64,
    /// Tries that nobody knows the end of.
    unknown: u64,
    passed: bool,
    seen: super::tally::Summary,
}

/// Runs it.
pub(super) async fn run(
    mesh: &Mesh,
    command: &cli::Load,
    history: &mut Histories,
) -> Result<(), Fault> {
    let lasting = Duration::from_secs(command.seconds.unwrap_or(SECONDS));
    let clients = command.clients.unwrap_or(CLIENTS);
    let ceiling = clients as f64 / MEAN;
    let payment = Payment::of(mesh).await?;
    let scene = Scene::set(mesh, &[CINEMA], ceiling).await?;
    payment.takes(LEAST, MOST).await?;
    let tally = besiege(mesh, &scene, clients, lasting, history).await;
    payment.is_as_before().await?;
    let verdict = judge(&tally?, ceiling);
    show(command, &verdict)?;
    if verdict.passed {
        Ok(())
    } else {
        Err(Fault::no("the siege was not withstood"))
    }
}

async fn besiege(
    mesh: &Mesh,
    scene: &Scene,
    clients: usize,
    lasting: Duration,
    history: &mut Histories,
) -> Result<Tally, Fault> {
    let (tell, told) = mpsc::unbounded_channel();
    let shop = Shop::open(mesh, scene, "siege", &tell)?;
    drop(tell);
    let end = Instant::now() + lasting;
    let next = AtomicUsize::new(0);
    let all = async {
        let customers = join_all((0..clients).map(|_| async {
            while Instant::now() < end {
                let number = next.fetch_add(1, Ordering::Relaxed);
                match shop.want(number) {
                    Some(seat) => {
                        // Who is told when to come back does not come sooner: a hundred who do keep a full house from
                        // ever getting empty. The no counts all the same.
                        let refused = shop.order(number, seat).await.err();
                        let later = refused.and_then(|status| refusal::comes_back(&status));
                        tokio::time::sleep(later.unwrap_or_default()).await;
                    }
                    None => tokio::time::sleep(LOOK).await,
                }
            }
        }));
        scene.stocked(customers).await;
        shop.close().await
    };
    let (visible, tally) = tokio::join!(all, collect(told, history));
    let mut tally = tally?;
    tally.visible = visible;
    Ok(tally)
}

fn judge(tally: &Tally, ceiling: f64) -> Verdict {
    let seen = tally.summary();
    let answered_percent = 100.0 * seen.all.booked as f64 / tally.tries().max(1) as f64;
    let booked_percent = 100.0 * seen.all.booked_per_second / ceiling;
    let unknown = tally.unknown();
    Verdict {
        answered_percent,
        booked_per_second: seen.all.booked_per_second,
        ceiling,
        booked_percent,
        p99_ms: seen.all.p99_ms,
        unknown,
        passed: unknown == 0
            && seen.all.booked as u64 == tally.tries()
            && booked_percent >= BOOKED_PERCENT
            && seen.all.p99_ms < SLOWEST_MS,
        seen,
    }
}

impl Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.passed { "withstood" } else { "FAILED" };
        write!(
            f,
            "siege {verdict}: {:.2} % answered (100), {:.1} % of {:.0}/s booked ({BOOKED_PERCENT}), p99 {:.0} ms \
             (below {SLOWEST_MS}), {} unknown (0)\n{}",
            self.answered_percent,
            self.booked_percent,
            self.ceiling,
            self.p99_ms,
            self.unknown,
            self.seen
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::tally::tests::{booked, unknown};
    use super::*;

    fn tally(bookings: usize, took_ms: i64) -> Tally {
        let mut tally = Tally::default();
        for _ in 0..bookings {
            tally.add(&booked(took_ms * 1000));
        }
        tally.took = Duration::from_secs(1);
        tally
    }

    #[test]
    fn each_failing_figure_fails_the_siege() {
        assert!(judge(&tally(190, 510), 196.0).passed);
        assert!(!judge(&tally(180, 510), 196.0).passed, "too few");
        assert!(!judge(&tally(190, 710), 196.0).passed, "too slow");
        let mut one_lost = tally(190, 510);
        one_lost.add(&unknown());
        let verdict = judge(&one_lost, 196.0);
        assert!(!verdict.passed && verdict.unknown == 1, "{verdict:?}");
    }
}
