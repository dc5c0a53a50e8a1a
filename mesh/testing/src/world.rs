//! A world: contexts side by side in one thread, wired as in production but for the carrier and the network.

mod doors;

pub use doors::Caller;

use crate::stores::{Database, Stores};
use crate::told;
use doors::Doors;
use mesh::client::Client;
use mesh::policy::Delivery;
use mesh::store::{Backend, Setup};
use mesh::{Clock, Context, Contracts, Hand, Peers, Site, Store, Time, inbox, outbox, tasks};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tonic::service::RoutesBuilder;

/// Contexts in one process.
pub struct World {
    contracts: Arc<Contracts>,
    clock: Clock,
    hand: Hand,
    doors: Doors,
    running: Vec<Running>,
    deliveries: usize,
    stores: Stores,
    // After the stores that are on them.
    databases: Vec<Database>,
}

struct Running {
    context: Context,
    site: Site,
}

impl World {
    /// A world at a fixed morning, with nobody in it.
    pub fn new() -> Self {
        let contracts = Contracts::load(proto::DESCRIPTORS).unwrap_or_else(|why| panic!("{why}"));
        let (clock, hand) = Clock::manual(Time(1_750_000_000_000_000));
        Self {
            contracts: Arc::new(contracts),
            clock,
            hand,
            doors: Doors::default(),
            running: Vec::new(),
            deliveries: 1,
            stores: Stores::of_this_run(),
            databases: Vec::new(),
        }
    }

    /// Puts the contexts that are added from now on on these databases, whatever the run's.
    #[must_use]
    pub fn on(mut self, stores: Stores) -> Self {
        self.stores = stores;
        self
    }

    /// Brings every event so many times.
    #[must_use]
    pub fn delivering(mut self, times: usize) -> Self {
        self.deliveries = times;
        self
    }

    /// Adds a context with an empty store.
    #[must_use]
    pub fn with(mut self, mut context: Context) -> Self {
        let name = context.name();
        let database = Database::new(self.stores.backend(self.running.len()));
        let setup = Setup {
            context: name.to_owned(),
            url: database.url(),
            clock: self.clock.clone(),
            contracts: self.contracts.clone(),
        };
        let store = store(setup, &database, &mut context);
        self.databases.push(database);
        let peers = context
            .calls
            .iter()
            .map(|(peer, _)| (*peer, self.client(peer, Caller::service(name))))
            .collect();
        let site = Site {
            context: name,
            store,
            clock: self.clock.clone(),
            peers: Peers::new(peers),
            stop: CancellationToken::new(),
        };
        let mut routes = RoutesBuilder::default();
        context.routes(&site, &mut routes);
        self.doors
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name, routes.routes());
        self.running.push(Running { context, site });
        self
    }

    /// Now, in this world.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        self.hand.advance(by);
    }

    /// A context's site.
    pub fn site(&self, context: &str) -> &Site {
        &self.running(context).site
    }

    fn running(&self, context: &str) -> &Running {
        self.running
            .iter()
            .find(|running| running.context.name() == context)
            .unwrap_or_else(|| panic!("no {context} in this world"))
    }

    /// What a generated client is built on, to call `to` as `caller`.
    pub fn client(&self, to: &'static str, caller: Caller) -> Client {
        doors::client(&self.doors, &self.contracts, to, caller)
    }

    /// Brings every event to whoever follows it, works every due task and runs every job, until nothing moves.
    pub async fn settle(&self) {
        for _ in 0..1000 {
            let mut moved = false;
            for running in &self.running {
                moved |= self.publish(running).await;
                moved |= work(running).await;
            }
            if !moved {
                return self.catch_up().await;
            }
        }
        panic!("this world never comes to rest");
    }

    async fn catch_up(&self) {
        for running in &self.running {
            let caught_up = running.site.store.write((), |tx| {
                let (context, now) = (tx.context().to_owned(), tx.now());
                Ok(inbox::catch_up(tx.db(), &context, now)?)
            });
            caught_up.await.unwrap_or_else(|why| panic!("{why}"));
        }
    }

    /// Runs a context's clock jobs once, then settles.
    pub async fn tick(&self) {
        for running in &self.running {
            for (name, _, job) in &running.context.jobs {
                job(running.site.clone())
                    .await
                    .unwrap_or_else(|why| panic!("job {name}: {why}"));
            }
        }
        self.settle().await;
    }

    async fn publish(&self, from: &Running) -> bool {
        let rows = from
            .site
            .store
            .read(|db| Ok(outbox::unpublished(db, 100)?))
            .await;
        let rows = rows.unwrap_or_else(|why| panic!("{why}"));
        for row in &rows {
            let contracts = from.site.store.contracts();
            let wrong = told::fault(contracts, &row.subject, &row.name, &row.body, row.version);
            assert_eq!(wrong, None, "an event is not as its contract declares it");
            let delivery = Delivery::from(row.clone());
            for _ in 0..self.deliveries {
                for to in &self.running {
                    self.deliver(to, &delivery).await;
                }
            }
        }
        let marks: Vec<_> = rows
            .iter()
            .map(|row| outbox::Published {
                seq: row.seq,
                stream_created: "fake".to_owned(),
                stream_seq: Some(row.seq),
            })
            .collect();
        let moved = !marks.is_empty();
        let marked = from.site.store.write((), move |tx| {
            let now = tx.now();
            Ok(outbox::mark(tx.db(), &marks, now)?)
        });
        marked.await.unwrap_or_else(|why| panic!("{why}"));
        moved
    }

    async fn deliver(&self, to: &Running, delivery: &Delivery) {
        for policy in to
            .context
            .policies
            .iter()
            .filter(|policy| policy.follows(delivery))
        {
            let (policy, delivery) = (policy.clone(), delivery.clone());
            let name = policy.name();
            // The lane that production has for it.
            let id = delivery.subject.splitn(4, '.').nth(3).unwrap_or_default();
            let applied = to
                .site
                .store
                .write(id.to_owned(), move |tx| policy.apply(tx, &delivery))
                .await;
            applied.unwrap_or_else(|why| panic!("policy {name}: {why}"));
        }
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// PostgreSQL has its writer lanes and readers as in production. An in-memory database has but one connection; and while
/// tokio's time is paused it would jump whenever a thread is waited for.
fn store(setup: Setup, database: &Database, context: &mut Context) -> Store {
    let migrations = context.take_migrations();
    if setup.url.backend() == Backend::Postgres && !is_paused() {
        return Store::open(setup, migrations).unwrap_or_else(|why| panic!("{why}"));
    }
    let mut db = database.open();
    db.migrate(migrations).unwrap_or_else(|why| panic!("{why}"));
    Store::inline(setup, Arc::new(Mutex::new(db)), Arc::new(|_| false))
}

/// Whether tokio's time stands still, which it only does where it is paused.
fn is_paused() -> bool {
    let before = tokio::time::Instant::now();
    let real = std::time::Instant::now();
    while real.elapsed() < Duration::from_micros(10) {}
    tokio::time::Instant::now() == before
}

async fn work(running: &Running) -> bool {
    let now = running.site.clock.now();
    let due = running
        .site
        .store
        .read(move |db| Ok(tasks::due(db, now, 100)?))
        .await;
    let due = due.unwrap_or_else(|why| panic!("{why}"));
    let moved = !due.is_empty();
    for task in due {
        tasks::work(&running.site, &running.context.tasks, task).await;
    }
    moved
}

#[cfg(test)]
mod tests;
