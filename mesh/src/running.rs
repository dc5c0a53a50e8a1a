//! A running context: everything it does besides serving.

use crate::bus::Bus;
use crate::context::{Context, Job, Site};
use crate::leader::Candidacy;
use crate::tasks::{self, Handler};
use crate::telemetry::look_at;
use futures::FutureExt;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Publishes what the context states, follows what it follows, works its tasks and does its jobs, until the site
/// stops. Of several replicas all follow, and one does the rest.
pub async fn run(context: Context, site: Site, bus: Bus) {
    let _looked_at = look_at(&site, &bus, !context.policies.is_empty());
    let mut parts = JoinSet::new();
    if !context.policies.is_empty() {
        let (own, bus, policies) = (site.clone(), bus.clone(), context.policies);
        parts.spawn(keep(
            site.context,
            "policies",
            site.stop.clone(),
            move || {
                let (own, bus, policies) = (own.clone(), bus.clone(), policies.clone());
                async move {
                    bus.follow(own.context, policies, own.store, own.stop).await;
                }
            },
        ));
    }
    let (own, signals) = (site.clone(), bus.clone());
    parts.spawn(keep(
        site.context,
        "signals",
        site.stop.clone(),
        move || {
            let (own, bus) = (own.clone(), signals.clone());
            async move { bus.signal(own.store, own.stop).await }
        },
    ));
    let duties = Duties {
        tasks: context.tasks,
        jobs: context.jobs,
    };
    parts.spawn(lead(duties, site, bus));
    while parts.join_next().await.is_some() {}
}

/// What one replica does for all, besides publishing.
struct Duties {
    tasks: HashMap<&'static str, Handler>,
    jobs: Vec<(&'static str, Duration, Job)>,
}

/// Does its duties whenever and as long as this replica is the elected one.
async fn lead(duties: Duties, site: Site, bus: Bus) {
    let mut candidacy = Candidacy::stand(site.store.url(), site.context);
    loop {
        tokio::select! {
            () = site.stop.cancelled() => return,
            () = candidacy.won() => {}
        }
        let term = Site {
            stop: site.stop.child_token(),
            ..site.clone()
        };
        let mut parts = duties.begin(&term, &bus);
        tokio::select! {
            () = site.stop.cancelled() => {}
            () = candidacy.lost() => term.stop.cancel(),
        }
        while parts.join_next().await.is_some() {}
    }
}

impl Duties {
    fn begin(&self, term: &Site, bus: &Bus) -> JoinSet<()> {
        let mut parts = JoinSet::new();
        let (bus, site) = (bus.clone(), term.clone());
        parts.spawn(keep(term.context, "relay", term.stop.clone(), move || {
            let (bus, site) = (bus.clone(), site.clone());
            async move { bus.relay(site.store, site.stop).await }
        }));
        if !self.tasks.is_empty() {
            let (site, tasks) = (term.clone(), self.tasks.clone());
            let work = move || tasks::run(site.clone(), tasks.clone());
            parts.spawn(keep(term.context, "tasks", term.stop.clone(), work));
        }
        for (name, period, job) in &self.jobs {
            let (name, site, period, job) = (*name, term.clone(), *period, job.clone());
            let work = move || repeat(site.clone(), name, period, job.clone());
            parts.spawn(keep(term.context, name, term.stop.clone(), work));
        }
        parts
    }
}

/// Before a part that ended by itself begins again.
const AGAIN: Duration = Duration::from_secs(1);

/// Does a part of the work until the site stops. One that panics begins again: nobody else would do it, as long as this
/// replica is the elected one.
async fn keep<W>(
    context: &'static str,
    part: &'static str,
    stop: CancellationToken,
    work: impl Fn() -> W,
) where
    W: Future<Output = ()>,
{
    loop {
        let ended = AssertUnwindSafe(work()).catch_unwind().await;
        if ended.is_ok() || stop.is_cancelled() {
            return;
        }
        tracing::error!(
            context,
            part,
            "a bug of ours: it broke off, and begins again"
        );
        sleep(AGAIN).await;
    }
}

async fn repeat(site: Site, name: &'static str, period: Duration, job: Job) {
    let mut clock = tokio::time::interval(period);
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = site.stop.cancelled() => return,
            _ = clock.tick() => {}
        }
        if let Err(refusal) = job(site.clone()).await {
            tracing::warn!(context = site.context, job = name, %refusal, "a job failed; it runs again at its next time");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio_util::sync::CancellationToken;

    #[tokio::test(start_paused = true)]
    async fn what_breaks_off_begins_again_until_the_stop() {
        let begun = Arc::new(AtomicUsize::new(0));
        let stop = CancellationToken::new();
        let (count, over) = (begun.clone(), stop.clone());
        let work = move || {
            let nth = count.fetch_add(1, Ordering::SeqCst);
            let over = over.clone();
            async move {
                assert!(nth >= 2, "a bug");
                over.cancelled().await;
            }
        };
        let kept = crate::task::detach(keep("payment", "jobs", stop.clone(), work));
        sleep(3 * AGAIN).await;
        assert_eq!(begun.load(Ordering::SeqCst), 3);
        stop.cancel();
        kept.await.unwrap();
        assert_eq!(begun.load(Ordering::SeqCst), 3);
    }
}
