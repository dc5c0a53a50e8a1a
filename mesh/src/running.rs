//! A running context: everything it does besides serving.

use crate::bus::Bus;
use crate::context::{Context, Job, Site};
use crate::{task, tasks};
use std::time::Duration;
use tokio::task::JoinSet;

/// Publishes what the context states, follows what it follows, works its tasks and does its jobs, until the site
/// stops.
pub async fn run(context: Context, site: Site, bus: Bus) {
    let mut parts = JoinSet::new();
    let relay = task::detach({
        let (bus, site) = (bus.clone(), site.clone());
        async move { bus.relay(site.store.clone(), site.stop.clone()).await }
    });
    parts.spawn(async move { drop(relay.await) });
    if !context.policies.is_empty() {
        let (site, policies) = (site.clone(), context.policies);
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
    if !context.tasks.is_empty() {
        parts.spawn(tasks::run(site.clone(), context.tasks));
    }
    for (name, period, job) in context.jobs {
        parts.spawn(repeat(site.clone(), name, period, job));
    }
    while parts.join_next().await.is_some() {}
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
