//! The writers: they take all waiting commands into one transaction, and answer after the one fsync.

use super::command::{Command, Job};
use super::group::{self, Habit};
use super::trouble::store_unavailable;
use super::tx::{Scope, Tx};
use super::{Backend, Db, Signals, Url, thread};
use crate::refusal::Refusal;
use crate::telemetry::catalog::STORE_QUEUE;
use crate::telemetry::{Reading, glance};
use std::sync::{Arc, Mutex, mpsc};
use tokio::time::Instant;

/// The most commands one transaction takes.
const GROUP: usize = 256;
/// PostgreSQL: 1 lane did 2.1 k commands/s, 2 did 7.6 k, 4 did 7.4 k, 8 did 6.2 k on two cores.
const POSTGRES_LANES: usize = 2;

type Crash = Arc<dyn Fn(&str) -> bool + Send + Sync>;

pub(super) enum Writers {
    Threads {
        lanes: Vec<mpsc::Sender<Box<dyn Job>>>,
        queue: Arc<()>,
    },
    Inline {
        db: Arc<Mutex<Db>>,
        scope: Scope,
        signals: Arc<Signals>,
        crash: Crash,
    },
}

impl Writers {
    pub(super) fn threads(url: &Url, scope: &Scope, signals: &Arc<Signals>) -> Self {
        let lanes = match url.backend() {
            Backend::Sqlite => 1,
            Backend::Postgres => POSTGRES_LANES,
        };
        let lane = |_| {
            let (queue, jobs) = mpsc::channel();
            let lane = Lane {
                url: url.clone(),
                scope: scope.clone(),
                signals: signals.clone(),
                jobs,
            };
            thread("yemae-writer".to_owned(), move || lane.work());
            queue
        };
        let queue = Arc::new(());
        let (seen, label) = (Arc::downgrade(&queue), scope.label());
        glance(move || {
            // All but the one that the writers themselves hold, and this one.
            let waiting = seen
                .upgrade()
                .map(|queue| Arc::strong_count(&queue).saturating_sub(2))?;
            Some(vec![Reading {
                metric: &STORE_QUEUE,
                value: waiting as f64,
                attributes: vec![label.clone()],
            }])
        });
        Self::Threads {
            lanes: (0..lanes).map(lane).collect(),
            queue,
        }
    }

    pub(super) fn inline(
        db: Arc<Mutex<Db>>,
        scope: Scope,
        signals: Arc<Signals>,
        crash: Crash,
    ) -> Self {
        Self::Inline {
            db,
            scope,
            signals,
            crash,
        }
    }

    /// A place in the queue, held while a command waits.
    fn queue(&self) -> Option<Arc<()>> {
        match self {
            Self::Threads { queue, .. } => Some(queue.clone()),
            Self::Inline { .. } => None,
        }
    }

    pub(super) async fn run<T, F>(
        &self,
        lane: u64,
        deadline: Option<Instant>,
        command: Arc<F>,
    ) -> Result<T, Refusal>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, Refusal> + Send + Sync + 'static,
    {
        let (command, told) = Command::new(command, deadline, self.queue());
        let job: Box<dyn Job> = Box::new(command);
        match self {
            Self::Threads { lanes, .. } => {
                let lane = &lanes[lane as usize % lanes.len()];
                lane.send(job)
                    .map_err(|_| store_unavailable("the writer has stopped"))?;
            }
            Self::Inline {
                db,
                scope,
                signals,
                crash,
            } => {
                // The guard must not live across the await below.
                let crashed = {
                    let mut db = db
                        .lock()
                        .map_err(|_| store_unavailable("a command panicked"))?;
                    db.begin().map_err(store_unavailable)?;
                    let one = std::iter::once(job);
                    group::run(&mut db, scope, signals, &mut Habit::default(), one);
                    crash(scope.context())
                };
                if crashed {
                    std::future::pending::<()>().await;
                }
            }
        }
        told.await
            .map_err(|_| store_unavailable("dropped before it ran"))?
    }
}

/// One writer thread and its connection.
struct Lane {
    url: Url,
    scope: Scope,
    signals: Arc<Signals>,
    jobs: mpsc::Receiver<Box<dyn Job>>,
}

impl Lane {
    fn work(self) {
        let (mut connection, mut habit) = (None, Habit::default());
        while let Ok(first) = self.jobs.recv() {
            let Some(mut db) = self.begin(connection.take()) else {
                // Who waits behind would fare no better. Dropped unrun, each caller hears UNAVAILABLE.
                drop((first, self.jobs.try_iter().collect::<Vec<_>>()));
                continue;
            };
            let jobs = std::iter::once(first)
                .chain(self.jobs.try_iter())
                .take(GROUP);
            if group::run(&mut db, &self.scope, &self.signals, &mut habit, jobs) {
                connection = Some(db);
            }
        }
    }

    /// A connection at the start of a transaction: the one held or, when that died while nobody used it, another.
    fn begin(&self, held: Option<Db>) -> Option<Db> {
        if let Some(mut db) = held {
            match db.begin() {
                Ok(()) => return Some(db),
                // Locked: another connection would only wait as long again.
                Err(why) if db.backend() == Backend::Sqlite => {
                    tracing::warn!(%why, "writer cannot begin");
                    return None;
                }
                Err(why) => tracing::debug!(%why, "writer connects again"),
            }
        }
        let opened =
            Db::open(&self.url).map_err(|why| tracing::warn!(%why, "writer has no connection"));
        let mut db = opened.ok()?;
        let begun = db.begin();
        begun
            .map_err(|why| tracing::warn!(%why, "writer cannot begin"))
            .ok()?;
        Some(db)
    }
}
