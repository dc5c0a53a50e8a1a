//! How a running context stands: what waits in its store, and how far it is behind the stream.

use super::CONTEXT;
use super::catalog::{
    CONSUMER_PENDING, CONSUMER_UNACKNOWLEDGED, DEAD_LETTERS, OUTBOX_OLDEST, OUTBOX_UNPUBLISHED,
    TASK_DUE, TASK_OLDEST,
};
use super::gauges::{Reading, watch};
use super::metric::Metric;
use crate::bus::Bus;
use crate::clock::Time;
use crate::context::Site;
use crate::{dead_letter, outbox, tasks};
use futures::FutureExt;
use opentelemetry::KeyValue;
use std::sync::Arc;

/// A context that runs; it is looked at while this is held.
pub(crate) struct Running {
    site: Site,
    bus: Bus,
}

/// Has it looked at. `follows`: there is a consumer to ask for.
pub(crate) fn look_at(site: &Site, bus: &Bus, follows: bool) -> Arc<Running> {
    let running = Arc::new(Running {
        site: site.clone(),
        bus: bus.clone(),
    });
    // Two places: a stream that does not answer must not make the store's numbers late.
    let weak = Arc::downgrade(&running);
    watch(move || {
        let running = weak.upgrade()?;
        Some(async move { running.store().await }.boxed())
    });
    let weak = Arc::downgrade(&running);
    if follows {
        watch(move || {
            let running = weak.upgrade()?;
            Some(async move { running.consumer().await }.boxed())
        });
    }
    running
}

impl Running {
    async fn store(&self) -> Vec<Reading> {
        let now = self.site.clock.now();
        let read = self.site.store.read(move |db| {
            let (letters, due) = (dead_letter::count(db)?, tasks::waiting(db, now)?);
            Ok((outbox::waiting(db)?, letters, due))
        });
        let age = |since: Option<i64>| since.map_or(0.0, |at| now.since(Time(at)).as_secs_f64());
        let Ok(((rows, oldest), letters, (due, longest))) = read.await else {
            return Vec::new();
        };
        self.told([
            (&OUTBOX_UNPUBLISHED, rows as f64),
            (&OUTBOX_OLDEST, age(oldest)),
            (&DEAD_LETTERS, letters as f64),
            (&TASK_DUE, due as f64),
            (&TASK_OLDEST, age(longest)),
        ])
    }

    async fn consumer(&self) -> Vec<Reading> {
        let Ok(lag) = self.bus.lag(self.site.context).await else {
            return Vec::new();
        };
        self.told([
            (&CONSUMER_PENDING, lag.pending as f64),
            (&CONSUMER_UNACKNOWLEDGED, lag.unacknowledged as f64),
        ])
    }

    fn told<const N: usize>(&self, seen: [(&'static Metric, f64); N]) -> Vec<Reading> {
        let reading = |(metric, value)| Reading {
            metric,
            value,
            attributes: vec![KeyValue::new(CONTEXT, self.site.context)],
        };
        seen.map(reading).into()
    }
}
