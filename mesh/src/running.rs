//! A running context: everything it does besides serving.

use crate::bus::Bus;
use crate::context::{Context, Job, Site};
use crate::leader::Candidacy;
use crate::tasks::{self, Handler};
use crate::telemetry::look_at;
use std::collections::HashMap;
use std::time::Duration;
use tokio::task::JoinSet;

/// Publishes what the context states, follows what it follows, works its tasks and does its jobs, until the site
/// stops. Of several replicas all follow, and one does the rest.
pub async fn run(context: Context, site: Site, bus: Bus) {
    let _looked_at = look_at(&site, &bus, !context.policies.is_empty());
    let mut parts = JoinSet::new();
    if !context.policies.is_empty() {
        let (site, bus, policies) = (site.clone(), bus.clone(), context.policies);
        parts.spawn(async move {
            bus.follow(
                site.context,
                policies,
                site.store.clone(),
                site.stop.clone(),
            )
            .await
        });
    }
    parts.spawn({
        let (site, bus) = (site.clone(), bus.clone());
        async move { bus.signal(site.store.clone(), site.stop.clone()).await }
    });
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
        parts.spawn(async move { bus.relay(site.store.clone(), site.stop.clone()).await });
        if !self.tasks.is_empty() {
            parts.spawn(tasks::run(term.clone(), self.tasks.clone()));
        }
        for (name, period, job) in &self.jobs {
            parts.spawn(repeat(term.clone(), name, *period, job.clone()));
        }
        parts
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
