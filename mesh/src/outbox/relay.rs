//! The relay: one per context, it publishes what the outbox holds. Woken by the commit, with a slow poll behind it.

use super::patience::{self, FIRST_PAUSE, Troubles};
use super::publish::{Last, Publisher, Sent, Trouble};
use super::{Published, Row, last_published, mark, sweep, unpublished_after};
use crate::bus::Bus;
use crate::store::Store;
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Subjects that are published to at once; of each, one row at a time.
const IN_FLIGHT: usize = 128;
/// Rows read at once, and how many such pages one look at the outbox reads at most.
const PAGE: i64 = 256;
const PAGES: usize = 16;
/// What another process committed, and what is due again, is seen so late.
const POLL: Duration = Duration::from_secs(1);
const SWEEP: Duration = Duration::from_secs(3600);
/// Subjects whose last message is remembered; of others the outbox itself knows.
const REMEMBERED: usize = 16_384;
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
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = bus.connection().ready() => {}
        }
        let pause = match bus.stream_created().await {
            Ok(created) => {
                let mut relay = Relay::new(&bus, &store, created, &mut trouble);
                tokio::select! {
                    () = relay.work() => {}
                    () = bus.connection().lost() => {}
                    () = stop.cancelled() => {
                        let _ = tokio::time::timeout(FAREWELL, relay.part()).await;
                    }
                }
                FIRST_PAUSE
            }
            Err(why) => trouble.with_stream(&why.to_string()),
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
    busy: HashSet<String>,
    known: HashMap<String, Last>,
    put_off: HashMap<String, PutOff>,
    trouble: &'a mut Troubles,
    /// The stream may be another one by now.
    doubtful: bool,
}

/// A subject whose next row could not be published.
struct PutOff {
    until: Instant,
    tries: u32,
}

impl<'a> Relay<'a> {
    fn new(bus: &Bus, store: &'a Store, created: String, trouble: &'a mut Troubles) -> Self {
        Self {
            store,
            publisher: Publisher {
                bus: bus.clone(),
                clock: store.clock().clone(),
                stream_created: created.into(),
            },
            in_flight: FuturesUnordered::new(),
            busy: HashSet::new(),
            known: HashMap::new(),
            put_off: HashMap::new(),
            trouble,
            doubtful: false,
        }
    }

    /// Ends when the stream has to be looked at again.
    async fn work(&mut self) {
        loop {
            if !self.doubtful {
                self.launch().await;
            } else if self.in_flight.is_empty() {
                return;
            }
            let rest = self.rest();
            tokio::select! {
                Some(sent) = self.in_flight.next() => self.land(sent).await,
                () = self.store.signals().outbox.notified() => {}
                () = tokio::time::sleep(rest) => {}
            }
        }
    }

    /// Takes in the answers that are still to come.
    async fn part(&mut self) {
        while let Some(sent) = self.in_flight.next().await {
            self.land(sent).await;
        }
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

    /// Starts on every subject that has rows, up to the limit.
    async fn launch(&mut self) {
        // One moment for the whole look: a subject put off must not become due between its first row and its second.
        let now = Instant::now();
        if !self.trouble.left().is_zero() {
            return;
        }
        let mut after = 0;
        for _ in 0..PAGES {
            if self.in_flight.len() >= IN_FLIGHT {
                return;
            }
            let page = self
                .store
                .read(move |db| Ok(unpublished_after(db, after, PAGE)?));
            let Ok(page) = page.await else { return };
            let (read, last) = (page.len() as i64, page.last().map_or(0, |row| row.seq));
            self.start(page, now).await;
            if read < PAGE {
                return;
            }
            after = last;
        }
    }

    async fn start(&mut self, page: Vec<Row>, now: Instant) {
        let mut subjects: Vec<(String, Vec<Row>)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for row in page {
            let put_off = self.put_off.get(&row.subject).map(|put_off| put_off.until);
            if self.busy.contains(&row.subject) || put_off.is_some_and(|until| until > now) {
                continue;
            }
            if let Some(place) = places.get(&row.subject) {
                subjects[*place].1.push(row);
            } else if self.in_flight.len() + subjects.len() < IN_FLIGHT {
                places.insert(row.subject.clone(), subjects.len());
                subjects.push((row.subject.clone(), vec![row]));
            }
        }
        self.remember(&subjects).await;
        for (subject, rows) in subjects {
            let last = self.known.get(&subject).copied();
            let publishing = self.publisher.clone().all(subject.clone(), rows, last);
            self.busy.insert(subject);
            self.in_flight.push(publishing.boxed());
        }
    }

    /// Learns from the outbox what it published before to subjects that are not remembered. Of a subject unknown to
    /// it too, the first publish expects no message, and the refusal tells if there is one.
    async fn remember(&mut self, subjects: &[(String, Vec<Row>)]) {
        let unknown: Vec<String> = subjects
            .iter()
            .map(|(subject, _)| subject.clone())
            .filter(|subject| !self.known.contains_key(subject))
            .collect();
        if unknown.is_empty() {
            return;
        }
        if self.known.len() > REMEMBERED {
            self.known.clear();
        }
        let created = self.publisher.stream_created.clone();
        let found = self.store.read(move |db| {
            let mut found = Vec::new();
            for subject in unknown {
                if let Some((sequence, version)) = last_published(db, &subject, &created)? {
                    found.push((subject, sequence, version));
                }
            }
            Ok(found)
        });
        // Without an answer the stream itself is asked, by a publish it refuses.
        for (subject, sequence, version) in found.await.unwrap_or_default() {
            let sequence = sequence.unsigned_abs();
            self.known.insert(subject, Last { sequence, version });
        }
    }

    /// Takes in what became of one subject, and of all others that are done by now, and marks it in one transaction.
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
            self.mark(published).await;
        }
        for sent in landed {
            self.busy.remove(&sent.subject);
            match (sent.last, &sent.trouble) {
                (Some(last), None) => self.known.insert(sent.subject.clone(), last),
                _ => self.known.remove(&sent.subject),
            };
            match sent.trouble {
                None => drop(self.put_off.remove(&sent.subject)),
                Some(Trouble::Stream(why)) => {
                    self.trouble.with_stream(&why);
                    self.doubtful = true;
                }
                Some(Trouble::Full(why)) => self.trouble.full(&why),
                Some(Trouble::Row(why)) => self.put_off(sent.subject, &why),
            }
        }
    }

    /// Marks rows as published. Until it is done their subjects stay busy, or they would be published again.
    async fn mark(&mut self, published: Vec<Published>) {
        let published = Arc::new(published);
        let mut tries = 0;
        loop {
            let published = published.clone();
            let marked = self.store.write_regardless("outbox", move |tx| {
                let now = tx.now();
                Ok(mark(tx.db(), &published, now)?)
            });
            let Err(why) = marked.await else { return };
            if tries == 0 {
                tracing::warn!(%why, "published events cannot be marked so");
            }
            tries += 1;
            tokio::time::sleep(patience::pause(tries)).await;
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
