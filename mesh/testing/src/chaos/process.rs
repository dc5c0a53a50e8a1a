//! A process: a context with its relay, its tasks, its jobs and its calls under way, all of which die with it. Its
//! database survives.

use super::{Chaos, Make, lock};
use crate::Caller;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use mesh::policy::{Delivery, Policy};
use mesh::schema::task;
use mesh::store::{Setup, Url};
use mesh::{Db, Job, Peers, Site, Store, Task, Time, outbox, tasks};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tonic::service::{Routes, RoutesBuilder};

/// Starts work that no call is waiting for.
#[expect(
    clippy::disallowed_methods,
    reason = "a process of a world is no part of the call that happens to start it"
)]
pub(super) fn spawn<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    tokio::spawn(work)
}

/// What dies together.
#[derive(Default)]
pub(super) struct Fate {
    ended: AtomicBool,
    running: Mutex<Vec<AbortHandle>>,
    worked: Notify,
}

impl Fate {
    pub(super) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        let handle = spawn(work);
        if self.has_ended() {
            handle.abort();
        }
        let mut running = lock(&self.running);
        if running.len() >= 64 {
            running.retain(|handle| !handle.is_finished());
        }
        running.push(handle.abort_handle());
        handle
    }

    /// Nothing of it takes another step.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        for handle in lock(&self.running).drain(..) {
            handle.abort();
        }
    }

    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }
}

/// A context from its start to its crash.
pub(super) struct Life {
    tasks: HashMap<&'static str, tasks::Handler>,
    jobs: Vec<(&'static str, Duration, Job)>,
    site: Site,
    routes: Routes,
    fate: Arc<Fate>,
}

impl Life {
    pub(super) fn fate(&self) -> &Fate {
        &self.fate
    }

    pub(super) fn site(&self) -> &Site {
        &self.site
    }

    pub(super) fn routes(&self) -> Routes {
        self.routes.clone()
    }
}

pub(super) struct Process {
    name: &'static str,
    make: Make,
    policies: Vec<Policy>,
    db: Arc<Mutex<Db>>,
    life: Mutex<Option<Arc<Life>>>,
}

impl Process {
    pub(super) fn new(make: Make, db: Arc<Mutex<Db>>) -> Arc<Self> {
        let context = make();
        Arc::new(Self {
            name: context.name(),
            make,
            policies: context.policies,
            db,
            life: Mutex::default(),
        })
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn db(&self) -> &Mutex<Db> {
        &self.db
    }

    pub(super) fn policies(&self) -> &[Policy] {
        &self.policies
    }

    pub(super) fn life(&self) -> Option<Arc<Life>> {
        let life = lock(&self.life).clone();
        life.filter(|life| !life.fate.has_ended())
    }

    pub(super) fn start(&self, world: &Chaos) {
        let mut context = (self.make)();
        let fate = Arc::new(Fate::default());
        let name = self.name;
        let setup = Setup {
            context: name.to_owned(),
            url: Url(":memory:".to_owned()),
            clock: world.0.clock.clone(),
            contracts: world.0.contracts.clone(),
        };
        let (dying, whose) = (fate.clone(), world.clone());
        let crash = move |_: &str| {
            if dying.has_ended() {
                return true;
            }
            if whose.spins() {
                whose.is_wrong(format!(
                    "{name} spins: it commits without end in one moment"
                ));
                dying.end();
                whose.crashed(name, whose.outage());
                return true;
            }
            let crashes = whose.strikes(|faults| faults.crash);
            if crashes {
                dying.end();
                whose.crashed(name, whose.outage());
            }
            crashes
        };
        let store = Store::inline(setup, self.db.clone(), Arc::new(crash));
        let caller = Caller::service(name);
        let peers = context
            .calls
            .iter()
            .map(|(peer, settings)| (*peer, world.calling(peer, caller.clone(), settings.clone())));
        let site = Site {
            context: name,
            store,
            clock: world.0.clock.clone(),
            peers: Peers::new(peers.collect()),
            stop: CancellationToken::new(),
        };
        let mut routes = RoutesBuilder::default();
        context.routes(&site, &mut routes);
        let routes = routes.routes();
        let life = Arc::new(Life {
            tasks: context.tasks,
            jobs: context.jobs,
            site,
            routes,
            fate,
        });
        live(&life, world);
        *lock(&self.life) = Some(life);
    }
}

fn live(life: &Arc<Life>, world: &Chaos) {
    life.fate.spawn(relay(life.clone(), world.clone()));
    life.fate.spawn(work(life.clone(), world.clone()));
    for (name, period, job) in life.jobs.clone() {
        let (site, world) = (life.site.clone(), world.clone());
        life.fate.spawn(async move {
            sleep(world.dice().millis(1, period.as_millis() as u64)).await;
            loop {
                if let Err(refusal) = job(site.clone()).await.map_err(|no| no.to_string()) {
                    world.say(|| format!("job {name}: {refusal}"));
                }
                sleep(period).await;
            }
        });
    }
}

async fn relay(life: Arc<Life>, world: Chaos) {
    loop {
        let rows = life
            .site
            .store
            .read(|db| Ok(outbox::unpublished(db, 100)?))
            .await;
        let rows = rows.unwrap_or_default();
        if rows.is_empty() {
            life.site.store.enqueued().await;
            continue;
        }
        let mut marks = Vec::new();
        for row in rows {
            marks.push(outbox::Published {
                seq: row.seq,
                stream_created: "chaos".to_owned(),
                stream_seq: Some(row.seq),
            });
            world.publish(Delivery {
                subject: row.subject,
                name: row.name,
                version: row.version,
                at: Time(row.at),
                body: row.body,
            });
        }
        // Whoever dies here publishes again.
        sleep(world.dice().millis(1, 20)).await;
        let marked = life.site.store.write((), move |tx| {
            let now = tx.now();
            Ok(outbox::mark(tx.db(), &marks, now)?)
        });
        if let Err(refusal) = marked.await {
            world.is_wrong(format!("{} can't mark: {refusal}", life.site.context));
            return;
        }
    }
}

async fn work(life: Arc<Life>, world: Chaos) {
    let busy: Arc<Mutex<HashSet<(String, String)>>> = Arc::default();
    loop {
        let all = life.site.store.read(|db| {
            let rows = task::table
                .order((task::due_at, task::kind))
                .select((Task::as_select(), task::due_at));
            Ok(rows.load::<(Task, i64)>(db)?)
        });
        let now = world.now().0;
        let mut next = Duration::from_secs(3600);
        for (task, due_at) in all.await.unwrap_or_default() {
            let id = (task.kind.clone(), task.key.clone());
            if lock(&busy).contains(&id) {
                continue;
            }
            if due_at > now {
                next = next.min(Duration::from_micros((due_at - now) as u64));
                continue;
            }
            lock(&busy).insert(id.clone());
            let (of, world, busy) = (life.clone(), world.clone(), busy.clone());
            life.fate.spawn(async move {
                world.say(|| format!("{} works {} {}", of.site.context, task.kind, task.key));
                tasks::work(&of.site, &of.tasks, task).await;
                of.site
                    .store
                    .read(move |db| Ok(jitter(db, &world, &id, &busy)?))
                    .await
                    .ok();
                of.fate.worked.notify_one();
            });
        }
        tokio::select! {
            biased;
            () = life.site.store.started_task() => {}
            () = life.fate.worked.notified() => {}
            () = sleep(next) => {}
        }
    }
}

/// A task that was put off was given its jitter by the machine's chance: the seed gives another.
fn jitter(
    db: &mut Db,
    world: &Chaos,
    id: &(String, String),
    busy: &Mutex<HashSet<(String, String)>>,
) -> QueryResult<()> {
    lock(busy).remove(id);
    let row = task::table
        .find((&id.0, &id.1))
        .filter(task::last_error.ne(""));
    let tries: Option<i32> = row.select(task::tries).first(db).optional()?;
    if let Some(tries) = tries {
        let backoff = (100 << tries.clamp(0, 8)).min(30_000);
        let due_at = world.now().plus(world.dice().millis(backoff / 2, backoff));
        diesel::update(row)
            .set(task::due_at.eq(due_at.0))
            .execute(db)?;
    }
    Ok(())
}

/// Empties every table.
pub(super) fn empty(db: &mut Db) {
    let tables: Vec<String> = diesel::sql_query(
        "SELECT name AS kind FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_\\_%' ESCAPE '\\'",
    )
    .load::<Named>(db)
    .unwrap_or_else(|why| panic!("{why}"))
    .into_iter()
    .map(|named| named.kind)
    .collect();
    for table in tables {
        db.batch_execute(&format!("DELETE FROM {table}"))
            .unwrap_or_else(|why| panic!("{why}"));
    }
}

#[derive(QueryableByName)]
#[diesel(table_name = task)]
struct Named {
    kind: String,
}
