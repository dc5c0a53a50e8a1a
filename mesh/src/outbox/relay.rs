//! The relay: one per context, it publishes what the outbox holds. Woken by the commit, with a slow poll behind it.

mod launch;
mod marking;

use super::heal::{self, Ground, heal};
use super::loss::{self, Finding};
use super::patience::{self, FIRST_PAUSE, Troubles};
use super::publish::{Last, Publisher, Sent, Trouble};
use super::{Published, Row, sweep};
use crate::bus::Bus;
use crate::bus::process::{failed, sent};
use crate::store::Store;
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

/// What another process committed, and what is due again, is seen so late.
const POLL: Duration = Duration::from_secs(1);
const SWEEP: Duration = Duration::from_secs(3600);
/// It is begun on rows so far apart at least: what comes after a rest goes at once, and of a stream many go together, to
/// the broker and from there to those who follow.
const PACE: Duration = Duration::from_millis(10);
/// How long a stopping relay waits for what is in flight.
const FAREWELL: Duration = Duration::from_secs(1);

/// Publishes until `stop`, whatever happens to the server.
pub(crate) async fn run(bus: Bus, store: Store, stop: CancellationToken) {
    let sweeping = async {
        loop {
            tokio::time::sleep(SWEEP).await;
            match sweep(&store).await {
                Ok(rows) => tracing::debug!(rows, "published events swept"),
                Err(why) => tracing::warn!(%why, "the outbox could not be swept"),
            }
        }
    };
    tokio::select! {
        () = publishing(bus, store.clone(), stop.clone()) => {}
        () = sweeping => {}
    }
}

async fn publishing(bus: Bus, store: Store, stop: CancellationToken) {
    let mut trouble = Troubles::default();
    let mut suspected = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = bus.connection().ready() => {}
        }
        // From before the look: what comes after a new connection has to be looked at anew.
        let lost = bus.connection().lost();
        let healed = tokio::select! {
            () = stop.cancelled() => return,
            healed = heal(&bus, &store, suspected) => healed,
        };
        if let Err(why) = &healed {
            failed(store.context(), why.name());
        }
        let pause = match healed {
            Ok(ground) => {
                let mut relay = Relay::new(&bus, &store, ground, &mut trouble);
                tokio::select! {
                    () = relay.work() => {}
                    () = lost => {}
                    () = stop.cancelled() => {
                        let _ = tokio::time::timeout(FAREWELL, relay.part()).await;
                    }
                }
                suspected = relay.suspects;
                FIRST_PAUSE
            }
            Err(Trouble::Stream(why) | Trouble::Full(why) | Trouble::Row(why)) => {
                trouble.with_stream(&why)
            }
            Err(Trouble::Lost(_)) => FIRST_PAUSE,
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// The relay while it is connected to one stream. Nothing is lost when it is dropped: what was in flight is found
/// unpublished again, and the stream says what of it was stored.
struct Relay<'a> {
    store: &'a Store,
    publisher: Publisher,
    in_flight: FuturesUnordered<BoxFuture<'static, Sent>>,
    /// Subjects under way, each with the last of its rows that is.
    busy: HashMap<String, i64>,
    /// What was published and is still to be marked so; the moment when it is.
    unmarked: HashMap<i64, Published>,
    mark_at: Instant,
    /// Rows that wait until their subject is free again, or for room.
    waiting: Vec<Row>,
    /// There may be rows that only the table has.
    behind: bool,
    /// When the table is looked into although nothing asks for it.
    look: Instant,
    known: HashMap<String, Last>,
    put_off: HashMap<String, PutOff>,
    trouble: &'a mut Troubles,
    /// The stream may be another one by now.
    doubtful: bool,
    /// It has shown that it lost something.
    suspects: bool,
    checks: Interval,
}

/// A subject whose next row could not be published.
struct PutOff {
    until: Instant,
    tries: u32,
}

impl<'a> Relay<'a> {
    fn new(bus: &Bus, store: &'a Store, ground: Ground, trouble: &'a mut Troubles) -> Self {
        let period = bus.settings().check;
        let mut checks = tokio::time::interval_at(Instant::now() + period, period);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            store,
            publisher: Publisher {
                bus: bus.clone(),
                clock: store.clock().clone(),
                stream_created: ground.created.into(),
                highest: Arc::new(ground.highest.into()),
            },
            in_flight: FuturesUnordered::new(),
            busy: HashMap::new(),
            unmarked: HashMap::new(),
            mark_at: Instant::now(),
            waiting: Vec::new(),
            behind: true,
            look: Instant::now(),
            known: HashMap::new(),
            put_off: HashMap::new(),
            trouble,
            doubtful: false,
            suspects: false,
            checks,
        }
    }

    /// Ends when the stream has to be looked at again.
    async fn work(&mut self) {
        let (mut due, mut asked) = (Instant::now(), true);
        loop {
            if self.doubtful && self.in_flight.is_empty() {
                return self.mark().await;
            }
            if asked && !self.doubtful && Instant::now() >= due {
                (due, asked) = (Instant::now() + PACE, false);
                self.launch().await;
            }
            let rest = self.rest();
            tokio::select! {
                Some(sent) = self.in_flight.next() => {
                    self.land(sent).await;
                    asked |= self.behind || !self.waiting.is_empty();
                }
                () = self.store.signals().outbox.changed(), if !asked => asked = true,
                () = tokio::time::sleep_until(due), if asked && !self.doubtful => {}
                _ = self.checks.tick() => self.check().await,
                () = tokio::time::sleep_until(self.mark_at), if !self.unmarked.is_empty() => self.mark().await,
                () = tokio::time::sleep(rest) => asked = true,
            }
        }
    }

    /// Looks whether the stream still has what it acknowledged. If not, it is mended before anything else is published.
    async fn check(&mut self) {
        let (bus, created) = (&self.publisher.bus, &*self.publisher.stream_created);
        match loss::look(bus, self.store).await {
            Ok((standing, Finding::Intact)) if standing.created == created => {}
            _ => self.doubtful = true,
        }
    }

    /// Takes in the answers that are still to come.
    async fn part(&mut self) {
        while let Some(sent) = self.in_flight.next().await {
            self.land(sent).await;
        }
        self.mark().await;
    }

    /// How long nothing is due by itself.
    fn rest(&self) -> Duration {
        let left = self.trouble.left();
        if !left.is_zero() {
            return left;
        }
        let due = self.put_off.values().map(|put_off| put_off.until).min();
        due.map_or(POLL, |due| {
            due.saturating_duration_since(Instant::now())
                .clamp(FIRST_PAUSE, POLL)
        })
    }

    /// Takes in what became of one subject, and of all others that are done by now.
    async fn land(&mut self, first: Sent) {
        let mut landed = vec![first];
        while let Some(Some(sent)) = self.in_flight.next().now_or_never() {
            landed.push(sent);
        }
        let published: Vec<Published> = landed
            .iter_mut()
            .flat_map(|sent| std::mem::take(&mut sent.published))
            .collect();
        if !published.is_empty() {
            self.trouble.over();
            sent(self.store.context(), published.len());
            self.remember_published(published);
        }
        // Where something was lost rows are to be published again: not to be marked behind that.
        let trouble = landed.iter().any(|sent| sent.trouble.is_some());
        if trouble || self.unmarked.len() >= marking::MOST {
            self.mark().await;
        }
        for sent in landed {
            self.busy.remove(&sent.subject);
            match (sent.last, &sent.trouble) {
                (Some(last), None) => self.known.insert(sent.subject.clone(), last),
                _ => self.known.remove(&sent.subject),
            };
            if let Some(trouble) = &sent.trouble {
                failed(self.store.context(), trouble.name());
                self.behind = true;
            }
            match sent.trouble {
                None => drop(self.put_off.remove(&sent.subject)),
                Some(Trouble::Stream(why)) => {
                    self.trouble.with_stream(&why);
                    self.doubtful = true;
                }
                Some(Trouble::Full(why)) => self.trouble.full(&why),
                Some(Trouble::Lost(left)) => {
                    (self.doubtful, self.suspects) = (true, true);
                    if let Some(version) = left {
                        self.restate(sent.subject, version).await;
                    }
                }
                Some(Trouble::Row(why)) => self.put_off(sent.subject, &why),
            }
        }
    }

    /// Of one subject, publishes again what is newer than `version`. Without a database the next refusal leads here again.
    async fn restate(&mut self, subject: String, version: i64) {
        let restated = self.store.write_regardless(heal::LANE, move |tx| {
            Ok(heal::newer(tx.db(), &subject, version)?)
        });
        if let Err(why) = restated.await {
            tracing::warn!(%why, "what the stream has lost cannot be published again yet");
        }
    }

    fn put_off(&mut self, subject: String, why: &str) {
        let tries = self
            .put_off
            .get(&subject)
            .map_or(0, |put_off| put_off.tries)
            + 1;
        if tries.is_power_of_two() {
            tracing::warn!(subject, tries, why, "an event cannot be published");
        }
        let until = Instant::now() + patience::pause(tries);
        self.put_off.insert(subject, PutOff { until, tries });
    }
}
