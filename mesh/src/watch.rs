//! A watch: entries of a context's own store, each as it stands, then each change.
//!
//! Nothing is queued for a watcher. What has changed is listed by id, and an entry is read at the moment it is sent, so a
//! slow watcher gets the latest of each, behind what its connection has buffered. A row may become visible a little after
//! rows that were written later (PostgreSQL), so every look reaches back behind the position and drops, by version,
//! what was sent already. A cursor holds all that a watch knows, so any replica can resume it. When the rows were built
//! anew (another generation), a position in the old ones says nothing any more: the watch begins again with the present.

mod since;

pub use since::Since;

use crate::clock::Time;
use crate::context::Site;
use crate::refusal::{Refusal, Violation};
use crate::store::Db;
use crate::{call, page};
use futures::stream;
use serde::{Deserialize, Serialize};
use since::Behind;
use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tokio::sync::watch;
use tonic::codegen::BoxStream;

/// How far a look reaches back: longer than a transaction stays open.
const BACK: Duration = Duration::from_secs(5);
/// How often it looks when nothing was written in this process: for what other replicas write.
const POLL: Duration = Duration::from_secs(1);
/// How long it rests after a look: a busy store makes it look 20 times a second, not with every commit.
const REST: Duration = Duration::from_millis(50);
/// How many rows one look lists at most; when there are more, the next look goes on behind them at once.
pub const PAGE: i64 = 128;
/// How many sent versions a cursor holds at most, which makes it some 4 KiB long: the contracts let it be 8. What is beyond
/// may be sent once more after a resumption.
const IN_CURSOR: usize = 32;

/// Whose entries are watched. Asked on a reader's connection, each time anew.
pub trait Watched: Clone + Send + Sync + 'static {
    /// What is sent.
    type Entry: Send + 'static;

    /// The first [`PAGE`] rows behind `since`, by when they were written, then by id.
    fn changed(&self, db: &mut Db, since: &Since) -> Result<Changed, Refusal>;

    /// An entry as it is now, and where that lies; none if there is no such entry any more.
    fn read(&self, db: &mut Db, id: &str) -> Result<Option<(Self::Entry, Written)>, Refusal>;
}

/// Where a change of an entry lies: read from a row of these three columns.
#[derive(Clone, Debug, diesel::Queryable)]
pub struct Written {
    /// The entry.
    pub id: String,
    /// Which change: higher is newer.
    pub version: i64,
    /// When it was written, µs; never less than what was written before it.
    pub written_at: i64,
}

/// What a look lists.
#[derive(Debug)]
pub struct Changed {
    /// Which generation of rows it is.
    pub generation: i64,
    /// The rows. Fewer than [`PAGE`]: there are no more.
    pub rows: Vec<Written>,
    /// When the newest row of all was written, µs, also of those that are not listed; read before the rows.
    pub newest: Option<i64>,
}

/// What a row that is written now says of when that was, µs: never before the newest of those that are watched with it, or
/// who has seen that one would not look for this one.
pub fn written_at(now: Time, newest: Option<i64>) -> i64 {
    newest.map_or(now.0, |newest| newest.max(now.0))
}

/// Watches behind `cursor`, or from the present entries on when it is empty: each entry with the cursor to resume behind
/// it. Ends when the site stops. INVALID_ARGUMENT when `cursor` is none.
pub fn stream<W: Watched>(
    site: &Site,
    cursor: &str,
    watched: W,
) -> Result<BoxStream<(W::Entry, String)>, Refusal> {
    // The stream is read when the handler is long gone; its refusals still belong to this call.
    let call = call::current().ok_or_else(|| Refusal::internal("a watch outside a call"))?;
    let watch = Watch {
        commits: site.store.changes(),
        position: Position::resume(cursor, site.clock.now())
            .map_err(|wrong| Refusal::invalid(vec![wrong]))?,
        listed: VecDeque::new(),
        newest: 0,
        then: Then::Look(None),
        site: site.clone(),
        watched,
    };
    let entries = stream::try_unfold(watch, move |mut watch| {
        call::scope(call.clone(), async move {
            let entry = watch.next().await?;
            Ok(entry.map(|entry| (entry, watch)))
        })
    });
    Ok(Box::pin(entries))
}

/// A version of an entry that was sent.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Sent {
    version: i64,
    written_at: i64,
}

/// What a cursor holds: [`Position::generation`], [`Position::began`], [`Position::at`] and the newest of
/// [`Position::sent`].
type Cursor = (i64, i64, i64, Vec<(String, Sent)>);

#[derive(Debug, Default)]
struct Position {
    /// Which generation of rows it is a position in.
    generation: i64,
    /// When the watch began that the first cursor was from, µs.
    began: i64,
    /// When the newest row was written of those that were sent, or looked at and not wanted, µs.
    at: i64,
    /// What was sent of the time that the next look reaches back to, by entry.
    sent: HashMap<String, Sent>,
}

impl Position {
    fn reach(&self) -> i64 {
        Time(self.at).minus(BACK).0
    }

    fn is_news(&self, row: &Written) -> bool {
        let sent = self.sent.get(&row.id);
        sent.is_none_or(|sent| sent.version < row.version)
    }

    /// `sent` went out in the place of `listed`: the entry may have changed since, but other rows lie between the two. The
    /// newest row was written at `newest` when the first of them were listed: what a later look lists may be newer than
    /// a row that became visible behind it meanwhile.
    fn advance(&mut self, listed: Written, sent: Sent, newest: i64) {
        self.sent.insert(listed.id, sent);
        self.pass(listed.written_at.min(newest));
    }

    /// What was written up to `at` is sent, or not wanted.
    fn pass(&mut self, at: i64) {
        self.at = self.at.max(at);
        let reach = self.reach();
        self.sent.retain(|_, sent| sent.written_at >= reach);
    }

    fn cursor(&self) -> String {
        let mut sent: Vec<_> = self.sent.clone().into_iter().collect();
        sent.sort_unstable_by_key(|(_, sent)| Reverse(sent.written_at));
        sent.truncate(IN_CURSOR);
        let cursor: Cursor = (self.generation, self.began, self.at, sent);
        page::token(&cursor)
    }

    fn resume(cursor: &str, now: Time) -> Result<Self, Violation> {
        let begins = (0, now.0, 0, Vec::new());
        let (generation, began, at, sent) =
            page::parse::<Cursor>("cursor", cursor)?.unwrap_or(begins);
        Ok(Self {
            generation,
            began,
            at,
            sent: sent.into_iter().collect(),
        })
    }
}

struct Watch<W> {
    site: Site,
    watched: W,
    commits: watch::Receiver<u64>,
    position: Position,
    /// What is to be sent.
    listed: VecDeque<Written>,
    /// When the newest row was written, µs, as of the first look since it last rested.
    newest: i64,
    then: Then,
}

/// What comes when all that was listed is sent.
enum Then {
    /// A look: behind this row, or behind what was sent before.
    Look(Option<Behind>),
    /// Nothing until something is written: all rows were listed.
    Rest,
}

impl<W: Watched> Watch<W> {
    /// The next entry that the watcher does not have, as soon as there is one; none when the site stops.
    async fn next(&mut self) -> Result<Option<(W::Entry, String)>, Refusal> {
        loop {
            if let Some(written) = self.listed.pop_front() {
                if let Some(entry) = self.read(written).await? {
                    return Ok(Some(entry));
                }
                continue;
            }
            match std::mem::replace(&mut self.then, Then::Look(None)) {
                Then::Look(behind) => self.look(behind).await?,
                Then::Rest => {
                    // Else every look would read again all that is not wanted.
                    self.position.pass(self.newest);
                    if !self.changed().await {
                        return Ok(None);
                    }
                }
            }
        }
    }

    async fn look(&mut self, behind: Option<Behind>) -> Result<(), Refusal> {
        self.commits.borrow_and_update();
        let (watched, known) = (self.watched.clone(), self.position.generation);
        let is_first = behind.is_none();
        let since = Since {
            generation: known,
            behind: behind.unwrap_or_else(|| (self.position.reach(), String::new())),
            began: self.position.began,
        };
        let looked = self.site.store.read(move |db| watched.changed(db, &since));
        let Changed {
            generation,
            rows,
            newest,
        } = looked.await?;
        if generation != known {
            self.position = Position {
                generation,
                began: self.position.began,
                ..Position::default()
            };
        }
        if is_first || generation != known {
            self.newest = newest.unwrap_or_default();
        }
        self.then = match rows.last() {
            Some(last) if rows.len() as i64 >= PAGE => {
                Then::Look(Some((last.written_at, last.id.clone())))
            }
            _ => Then::Rest,
        };
        self.listed = rows.into();
        self.listed.retain(|row| self.position.is_news(row));
        Ok(())
    }

    async fn read(&mut self, listed: Written) -> Result<Option<(W::Entry, String)>, Refusal> {
        let (watched, id) = (self.watched.clone(), listed.id.clone());
        let found = self.site.store.read(move |db| watched.read(db, &id));
        let Some((entry, now)) = found.await? else {
            return Ok(None);
        };
        let sent = Sent {
            version: now.version,
            written_at: now.written_at,
        };
        self.position.advance(listed, sent, self.newest);
        Ok(Some((entry, self.position.cursor())))
    }

    async fn changed(&mut self) -> bool {
        let wait = async {
            tokio::time::sleep(REST).await;
            let _ = tokio::time::timeout(POLL, self.commits.changed()).await;
        };
        self.site.stop.run_until_cancelled(wait).await.is_some()
    }
}

#[cfg(test)]
mod tests;
