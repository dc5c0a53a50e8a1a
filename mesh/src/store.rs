//! The only write path. A command is a closure over one transaction; commands that wait together share one commit.
//!
//! The closure is not async, so no call to anybody else can sit inside a transaction. It may run more than once (it is
//! repeated after a conflict), so it takes what it needs by reference.

mod at_end;
mod command;
mod db;
mod failures;
mod group;
mod late;
mod many;
mod prepared;
mod reader;
mod trouble;
mod tx;
mod writer;

pub use at_end::{AtEnd, Left};
pub use db::{Backend, Db, MigrationFault, Url};
pub use many::{Column, Many, write_all};
pub use prepared::{Update, Updating, update};
pub use trouble::found;
pub use tx::Tx;

use crate::clock::Clock;
use crate::contracts::Contracts;
use crate::outbox::Recent;
use crate::refusal::{Kind, Refusal, text};
use crate::{call, task};
use diesel_migrations::EmbeddedMigrations;
use futures::future::join_all;
use late::Late;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use tokio::sync::{Notify, watch};

/// How often a command that lost a race is run again before the caller hears of it.
const CONFLICT_TRIES: u32 = 5;

/// A context's database. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    context: String,
    url: Url,
    clock: Clock,
    contracts: Arc<Contracts>,
    writers: writer::Writers,
    readers: reader::Readers,
    signals: Arc<Signals>,
}

/// What a commit tells those who wait in this process.
pub(crate) struct Signals {
    pub(crate) changed: watch::Sender<u64>,
    /// Only the commits of this process: for the other replicas, which must not be told of their own.
    pub(crate) own: Notify,
    /// What was enqueued lately: for the relay.
    pub(crate) outbox: Recent,
    pub(crate) tasks: Notify,
}

impl Signals {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            changed: watch::Sender::new(0),
            own: Notify::new(),
            outbox: Recent::default(),
            tasks: Notify::new(),
        })
    }

    fn committed(&self, late: Late) {
        self.changed.send_modify(|commits| *commits += 1);
        self.own.notify_one();
        let (enqueued, wakes_tasks) = late.woken();
        if !enqueued.is_empty() {
            self.outbox.add(enqueued);
        }
        if wakes_tasks {
            self.tasks.notify_one();
        }
    }

    /// Another replica has committed, who knows what.
    pub(crate) fn heard(&self) {
        self.changed.send_modify(|commits| *commits += 1);
        self.outbox.miss();
        self.tasks.notify_one();
    }
}

/// What a store is opened with.
#[derive(Clone)]
pub struct Setup {
    /// The context whose store it is: "cinema-booking".
    pub context: String,
    /// Where it is.
    pub url: Url,
    /// The time its rows tell.
    pub clock: Clock,
    /// What its events say of their entities.
    pub contracts: Arc<Contracts>,
}

impl Store {
    /// Opens the database, brings its tables up to date, starts its writers and readers.
    pub fn open(setup: Setup, migrations: Vec<EmbeddedMigrations>) -> Result<Self, MigrationFault> {
        Db::open(&setup.url)?.migrate(migrations)?;
        let signals = Signals::new();
        let scope = tx::Scope::new(&setup);
        let writers = writer::Writers::threads(&setup.url, &scope, &signals);
        let readers = reader::Readers::threads(&setup.url);
        Ok(Self::assemble(setup, writers, readers, signals))
    }

    /// A store whose commands run on the caller's own thread, one by one, on one connection: for worlds in one process,
    /// where the order of everything is the seed's. `crash` is asked after each commit; when it says yes, neither the
    /// answer nor anything later is ever heard of.
    pub fn inline(
        setup: Setup,
        db: Arc<std::sync::Mutex<Db>>,
        crash: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    ) -> Self {
        let signals = Signals::new();
        let scope = tx::Scope::new(&setup);
        let writers = writer::Writers::inline(db.clone(), scope, signals.clone(), crash);
        Self::assemble(setup, writers, reader::Readers::inline(db), signals)
    }

    fn assemble(
        setup: Setup,
        writers: writer::Writers,
        readers: reader::Readers,
        signals: Arc<Signals>,
    ) -> Self {
        Self(Arc::new(Inner {
            context: setup.context,
            url: setup.url,
            clock: setup.clock,
            contracts: setup.contracts,
            writers,
            readers,
            signals,
        }))
    }

    /// The context whose store this is.
    pub fn context(&self) -> &str {
        &self.0.context
    }

    /// Where its database is.
    pub(crate) fn url(&self) -> &Url {
        &self.0.url
    }

    /// The clock its rows are written by.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The contracts its events are told in.
    pub fn contracts(&self) -> &Arc<Contracts> {
        &self.0.contracts
    }

    /// Runs one command: all of it is durable when this answers, or none of it ever is. Commands about one `key`
    /// (an aggregate's id) run one after another. Errors: the command's own refusal, ABORTED when it kept losing races,
    /// UNAVAILABLE when the database cannot be written, DEADLINE_EXCEEDED when the caller's time was up before it ran.
    pub async fn write<T, F>(&self, key: impl Hash, command: F) -> Result<T, Refusal>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, Refusal> + Send + Sync + 'static,
    {
        let deadline = call::current().and_then(|call| call.deadline);
        self.write_until(deadline, key, command).await
    }

    /// [`Store::write`] whatever the caller's deadline: for what must be written down although nobody waits any more.
    pub async fn write_regardless<T, F>(&self, key: impl Hash, command: F) -> Result<T, Refusal>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, Refusal> + Send + Sync + 'static,
    {
        self.write_until(None, key, command).await
    }

    /// Does `work` about each of these aggregates, each in a command of its own, which may share a commit. One that fails
    /// keeps none of the others from being done.
    pub async fn write_each<F>(&self, ids: Vec<String>, work: F) -> Result<(), Refusal>
    where
        F: Fn(&mut Tx<'_>, &str) -> Result<(), Refusal> + Clone + Send + Sync + 'static,
    {
        let written = ids.into_iter().map(|id| {
            let work = work.clone();
            self.write(id.clone(), move |tx| work(tx, &id))
        });
        join_all(written).await.into_iter().collect()
    }

    async fn write_until<T, F>(
        &self,
        deadline: Option<tokio::time::Instant>,
        key: impl Hash,
        command: F,
    ) -> Result<T, Refusal>
    where
        T: Send + 'static,
        F: Fn(&mut Tx<'_>) -> Result<T, Refusal> + Send + Sync + 'static,
    {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let lane = hasher.finish();
        let command = Arc::new(command);
        let mut tries = 1;
        loop {
            match self.0.writers.run(lane, deadline, command.clone()).await {
                Err(refusal) if refusal.is_conflict() && tries < CONFLICT_TRIES => tries += 1,
                done => return done,
            }
        }
    }

    /// Runs a query on a connection of its own, beside the writers.
    pub async fn read<T, F>(&self, query: F) -> Result<T, Refusal>
    where
        T: Send + 'static,
        F: FnOnce(&mut Db) -> Result<T, Refusal> + Send + 'static,
    {
        self.0.readers.run(query).await
    }

    /// Changes with every commit of this process, and soon after one of another replica; a watch waits on it, with a poll
    /// of its own behind it: word of another replica may get lost.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.signals.changed.subscribe()
    }

    /// Waits until a commit of this process has enqueued an event since this was last asked: for a relay.
    pub async fn enqueued(&self) {
        self.0.signals.outbox.changed().await;
    }

    /// Waits until a commit of this process has started a task since this was last asked: for who works them.
    pub async fn started_task(&self) {
        self.0.signals.tasks.notified().await;
    }

    pub(crate) fn signals(&self) -> &Arc<Signals> {
        &self.0.signals
    }
}

pub(crate) fn out_of_time() -> Refusal {
    Refusal::new(
        Kind::Deadline,
        "DEADLINE_EXCEEDED",
        text(
            "the caller's time was up before it was written; nothing was",
            "처리 시간이 초과되었습니다. 반영되지 않았습니다.",
        ),
    )
}

/// Keeps [`task`] the one room for spawning even for threads: a named thread that ends with its queue.
pub(crate) fn thread(name: String, work: impl FnOnce() + Send + 'static) {
    let _ = task::thread(name, work);
}
