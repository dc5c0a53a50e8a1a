//! The writers: they take all waiting commands into one transaction, a savepoint each, and answer after the one fsync.

use super::trouble::store_unavailable;
use super::tx::{Scope, Tx, Woken};
use super::{Backend, Db, Signals, Url, out_of_time, thread};
use crate::refusal::Refusal;
use crate::telemetry::catalog::{STORE_COMMIT, STORE_GROUP, STORE_QUEUE};
use crate::telemetry::{Reading, glance, trace};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, mpsc};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// The most commands one transaction takes.
const GROUP: usize = 256;
/// PostgreSQL: 1 lane did 2.1 k commands/s, 2 did 7.6 k, 4 did 7.4 k, 8 did 6.2 k on two cores.
const POSTGRES_LANES: usize = 2;

type Answer = Box<dyn FnOnce(Result<(), Refusal>) + Send>;
type Job = Box<dyn FnOnce(&mut Db, &Scope) -> Done + Send>;
type Crash = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// What a job leaves: how its caller is answered once the fate of the group is known.
pub(super) struct Done {
    answer: Answer,
    woken: Woken,
    failed: bool,
}

pub(super) enum Writers {
    Threads {
        lanes: Vec<mpsc::Sender<Job>>,
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
        let (tell, told) = oneshot::channel();
        // What the command enqueues is part of the trace of who waits for it, on whatever thread it runs.
        let context = trace::current();
        let place = self.queue();
        let job: Job = Box::new(move |db, scope| {
            drop(place);
            let _within = trace::enter(&context);
            let expired = deadline.is_some_and(|deadline| Instant::now() >= deadline);
            let (result, woken) = if expired {
                (Err(out_of_time()), Woken::default())
            } else {
                guarded(db, scope, &*command)
            };
            Done {
                failed: result.is_err(),
                woken,
                answer: Box::new(move |committed| {
                    let _ = tell.send(committed.and(result));
                }),
            }
        });
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
                    group(&mut db, scope, signals, std::iter::once(job));
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
    jobs: mpsc::Receiver<Job>,
}

impl Lane {
    fn work(self) {
        let mut connection = None;
        while let Ok(first) = self.jobs.recv() {
            let Some(mut db) = self.begin(connection.take()) else {
                // Who waits behind would fare no better. Dropped unrun, each caller hears UNAVAILABLE.
                drop((first, self.jobs.try_iter().collect::<Vec<_>>()));
                continue;
            };
            let jobs = std::iter::once(first)
                .chain(self.jobs.try_iter())
                .take(GROUP);
            if group(&mut db, &self.scope, &self.signals, jobs) {
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

/// Runs commands in the transaction that was begun. False: the connection is not to be used again.
fn group(db: &mut Db, scope: &Scope, signals: &Signals, jobs: impl Iterator<Item = Job>) -> bool {
    let mut answers = Vec::new();
    let mut woken = Woken::default();
    let mut lost = false;
    for job in jobs {
        if lost {
            // Dropped unrun: its caller hears UNAVAILABLE.
            continue;
        }
        let done = job(db, scope);
        lost = done.failed && db.lost_transaction();
        woken.and(done.woken);
        answers.push(done.answer);
    }
    // With a savepoint still open the commit would release that, and nothing more.
    let committed = if lost || db.depth() != 1 {
        let _ = db.rollback();
        Err(store_unavailable(
            "the database rolled the whole group back",
        ))
    } else {
        let begun = Instant::now();
        let committed = db.commit().map_err(store_unavailable);
        let label = [scope.label()];
        STORE_COMMIT.record(begun.elapsed().as_secs_f64(), &label);
        STORE_GROUP.record(answers.len() as f64, &label);
        committed
    };
    let fine = committed.is_ok();
    if fine {
        signals.committed(woken);
    }
    for answer in answers {
        answer(committed.clone());
    }
    fine
}

/// Runs one command in its savepoint. A panic inside it is that command's failure, nobody else's.
fn guarded<T>(
    db: &mut Db,
    scope: &Scope,
    command: &impl Fn(&mut Tx<'_>) -> Result<T, Refusal>,
) -> (Result<T, Refusal>, Woken) {
    let outside = db.depth();
    if let Err(why) = db.mark() {
        return (Err(why.into()), Woken::default());
    }
    let mut tx = Tx::new(db, scope);
    let result = catch_unwind(AssertUnwindSafe(|| command(&mut tx)))
        .unwrap_or_else(|panic| Err(panicked(&*panic)));
    let woken = tx.woken;
    // A panic leaves the savepoints open that the command itself had made, and an open one would swallow the commit
    // of everybody else.
    db.unwind_to(outside);
    let result = result.and_then(|answer| Ok(db.keep().map(|()| answer)?));
    if result.is_ok() {
        return (result, woken);
    }
    // Where that fails the group is lost, which is looked at after every command that failed.
    let _ = db.undo();
    (result, Woken::default())
}

fn panicked(panic: &(dyn Any + Send)) -> Refusal {
    let said = panic.downcast_ref::<&str>().copied();
    let said = said.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Refusal::internal(format!(
        "a command panicked: {}",
        said.unwrap_or("it did not say why")
    ))
}
