//! A watch of one customer's orders: each as it stands, then each change, read from the page's own rows.
//!
//! Nothing is queued for a watcher. What has changed is listed by id, and an order is read at the moment it is sent, so
//! a slow watcher gets the latest of each, behind what its connection has buffered. A row may become visible a little
//! after rows that were written later (PostgreSQL), so every look reaches [`BACK`] behind the position and drops, by
//! version, what was sent already. A cursor holds all that a watch knows, so any replica can resume it. When the page
//! was rebuilt, a position in the old one says nothing any more: the watch begins again with the present orders.

use crate::store::{self, Written};
use mesh::{Refusal, Site, Time, Violation, page};
use proto::mypage::v1::WatchMyOrdersResponse;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tokio::sync::watch;

/// How far a look reaches back: longer than a transaction stays open.
const BACK: Duration = Duration::from_secs(5);
/// How often it looks when nothing was written in this process: for what other replicas write.
const POLL: Duration = Duration::from_secs(1);
/// How long it rests after a look: a busy store makes it look 20 times a second, not with every commit.
const REST: Duration = Duration::from_millis(50);
/// How many sent versions a cursor holds at most. What is beyond may be sent once more after a resumption.
const IN_CURSOR: usize = 32;

/// A version of an order that was sent.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Sent {
    version: i64,
    written_at: i64,
}

/// What a cursor holds: [`Position::generation`], [`Position::at`] and the newest of [`Position::sent`].
type Cursor = (i64, i64, Vec<(String, Sent)>);

/// How far a watch has come.
#[derive(Debug, Default)]
struct Position {
    /// Which generation of the page it is a position in.
    generation: i64,
    /// When the newest row that was sent had been written, µs.
    at: i64,
    /// What was sent of the time that the next look reaches back to, by order.
    sent: HashMap<String, Sent>,
}

impl Position {
    fn reach(&self) -> i64 {
        Time(self.at).minus(BACK).0
    }

    fn is_news(&self, row: &Written) -> bool {
        let sent = self.sent.get(&row.order_id);
        sent.is_none_or(|sent| sent.version < row.version)
    }

    /// `sent` went out in the place of `listed`: the order may have changed since, but other rows lie between the two.
    fn advance(&mut self, listed: Written, sent: Sent) {
        self.at = self.at.max(listed.written_at);
        self.sent.insert(listed.order_id, sent);
        let reach = self.reach();
        self.sent.retain(|_, sent| sent.written_at >= reach);
    }

    fn cursor(&self) -> String {
        let mut sent: Vec<_> = self.sent.clone().into_iter().collect();
        sent.sort_unstable_by_key(|(_, sent)| Reverse(sent.written_at));
        sent.truncate(IN_CURSOR);
        let cursor: Cursor = (self.generation, self.at, sent);
        page::token(&cursor)
    }

    fn resume(cursor: &str) -> Result<Self, Violation> {
        let (generation, at, sent) = page::parse::<Cursor>("cursor", cursor)?.unwrap_or_default();
        Ok(Self {
            generation,
            at,
            sent: sent.into_iter().collect(),
        })
    }
}

/// A watch of one customer's orders.
pub struct Watch {
    site: Site,
    customer_id: String,
    commits: watch::Receiver<u64>,
    position: Position,
    listed: Option<VecDeque<Written>>,
}

impl Watch {
    /// Starts behind `cursor`, or with the present orders when it is empty.
    pub fn start(site: Site, customer_id: String, cursor: &str) -> Result<Self, Violation> {
        Ok(Self {
            commits: site.store.changes(),
            position: Position::resume(cursor)?,
            listed: None,
            site,
            customer_id,
        })
    }

    /// The next order that the watcher does not have, as soon as there is one; none when the site stops.
    pub async fn next(&mut self) -> Result<Option<WatchMyOrdersResponse>, Refusal> {
        loop {
            match &mut self.listed {
                None => self.look().await?,
                Some(listed) => match listed.pop_front() {
                    Some(written) => {
                        if let Some(message) = self.read(written).await? {
                            return Ok(Some(message));
                        }
                    }
                    None if self.changed().await => self.listed = None,
                    None => return Ok(None),
                },
            }
        }
    }

    async fn look(&mut self) -> Result<(), Refusal> {
        self.commits.borrow_and_update();
        let (customer_id, reach) = (self.customer_id.clone(), self.position.reach());
        let known = self.position.generation;
        let looked = self.site.store.read(move |db| {
            let shown = store::generations(db)?.shown;
            let reach = if shown == known { reach } else { i64::MIN };
            Ok((shown, store::written_since(db, shown, &customer_id, reach)?))
        });
        let (shown, listed) = looked.await?;
        if shown != known {
            self.position = Position {
                generation: shown,
                ..Position::default()
            };
        }
        let mut listed = VecDeque::from(listed);
        listed.retain(|row| self.position.is_news(row));
        self.listed = Some(listed);
        Ok(())
    }

    async fn read(&mut self, listed: Written) -> Result<Option<WatchMyOrdersResponse>, Refusal> {
        let (order_id, customer_id) = (listed.order_id.clone(), self.customer_id.clone());
        let found = self
            .site
            .store
            .read(move |db| store::find(db, &order_id, Some(&customer_id)));
        let Some((order, written_at)) = found.await? else {
            return Ok(None);
        };
        let version = order.version;
        let sent = Sent {
            version,
            written_at,
        };
        self.position.advance(listed, sent);
        Ok(Some(WatchMyOrdersResponse {
            order: Some(order),
            cursor: self.position.cursor(),
        }))
    }

    async fn changed(&mut self) -> bool {
        let wait = async {
            tokio::time::sleep(REST).await;
            let _ = tokio::time::timeout(POLL, self.commits.changed()).await;
        };
        self.site.stop.run_until_cancelled(wait).await.is_some()
    }
}
