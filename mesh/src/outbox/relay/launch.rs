//! What is published next: of every subject that has rows, the oldest.

use super::{POLL, PutOff, Relay};
use crate::outbox::publish::Last;
use crate::outbox::{Row, last_published, unpublished_after};
use futures::FutureExt;
use std::collections::HashMap;
use tokio::time::Instant;

/// Subjects that are published to at once; of each, one row at a time.
const IN_FLIGHT: usize = 128;
/// Rows read at once, and how many such pages one look at the outbox reads at most.
const PAGE: i64 = 256;
const PAGES: usize = 16;
/// Rows that are kept for later, at most; beyond that the table keeps them.
const WAITING: usize = 4096;
/// Subjects whose last message is remembered; of others the outbox itself knows.
const REMEMBERED: usize = 16_384;

impl Relay<'_> {
    /// Starts on every subject that has rows, up to the limit. What was enqueued here comes from memory; the table is
    /// looked into for what others have enqueued, and whenever something is not sure.
    pub(super) async fn launch(&mut self) {
        // One moment for the whole look: a subject put off must not become due between its first row and its second.
        let now = Instant::now();
        if !self.trouble.left().is_zero() {
            return;
        }
        // Before the table is read: what comes later is not in it.
        match self.store.signals().outbox.take() {
            Some(fresh) => self.waiting.extend(fresh),
            None => self.behind = true,
        }
        self.behind |= now >= self.look || self.waiting.len() > WAITING || self.is_due(now);
        if self.behind {
            self.waiting.clear();
            self.look = now + POLL;
            self.read(now).await;
        } else if !self.waiting.is_empty() {
            let rows = std::mem::take(&mut self.waiting);
            self.start(rows, now).await;
        }
    }

    /// Starts on what the table has.
    async fn read(&mut self, now: Instant) {
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
                self.behind = false;
                return;
            }
            after = last;
        }
    }

    /// Whether a subject that was put off may be tried again.
    fn is_due(&self, now: Instant) -> bool {
        let due = |(subject, put_off): (&String, &PutOff)| {
            put_off.until <= now && !self.busy.contains_key(subject)
        };
        self.put_off.iter().any(due)
    }

    /// Starts on the subjects of these rows. What has to wait for another row or for room is kept; what was put off is
    /// read again when it is due.
    async fn start(&mut self, rows: Vec<Row>, now: Instant) {
        let mut subjects: Vec<(String, Vec<Row>)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for row in rows {
            let put_off = self.put_off.get(&row.subject).map(|put_off| put_off.until);
            if put_off.is_some_and(|until| until > now) || self.unmarked.contains_key(&row.seq) {
                continue;
            }
            match self.busy.get(&row.subject) {
                // It is under way itself.
                Some(last) if row.seq <= *last => continue,
                Some(_) => {
                    self.waiting.push(row);
                    continue;
                }
                None => {}
            }
            if let Some(place) = places.get(&row.subject) {
                subjects[*place].1.push(row);
            } else if self.in_flight.len() + subjects.len() < IN_FLIGHT {
                places.insert(row.subject.clone(), subjects.len());
                subjects.push((row.subject.clone(), vec![row]));
            } else {
                self.waiting.push(row);
            }
        }
        self.remember(&subjects).await;
        for (subject, rows) in subjects {
            let last = self.known.get(&subject).copied();
            let newest = rows.iter().map(|row| row.seq).max().unwrap_or_default();
            let publishing = self.publisher.clone().all(subject.clone(), rows, last);
            self.busy.insert(subject, newest);
            self.in_flight.push(publishing.boxed());
        }
    }

    /// Learns from the outbox what it published before to subjects that are not remembered. Of a subject unknown to
    /// it too, the first publish expects no message, and the refusal tells if there is one.
    async fn remember(&mut self, subjects: &[(String, Vec<Row>)]) {
        let unknown: Vec<String> = subjects
            .iter()
            // Before an entity's first version there was nothing.
            .filter(|(_, rows)| rows.first().is_some_and(|row| row.version > 1))
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
                if let Some(last) = last_published(db, &subject, &created)? {
                    found.push((subject, last));
                }
            }
            Ok(found)
        });
        // Without an answer the stream itself is asked, by a publish it refuses.
        for (subject, (sequence, version, expires_at)) in found.await.unwrap_or_default() {
            let last = Last {
                sequence: sequence.unsigned_abs(),
                version,
                expires: expires_at.is_some(),
            };
            self.known.insert(subject, last);
        }
    }
}
