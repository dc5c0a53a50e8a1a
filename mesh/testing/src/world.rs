//! A world: contexts side by side in one thread, wired as in production but for the carrier and the network.

use mesh::call::{self, Call, Service, User};
use mesh::client::{Client, Reply, Request};
use mesh::policy::Delivery;
use mesh::store::{Setup, Url};
use mesh::{Clock, Context, Contracts, Db, Hand, Peers, Site, Store, Time, inbox, outbox, tasks};
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tonic::service::{Routes, RoutesBuilder};
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

type Doors = Arc<Mutex<HashMap<&'static str, Routes>>>;

/// Who calls into a world.
#[derive(Clone, Debug)]
pub enum Caller {
    /// A person.
    User(User),
    /// A service with every scope.
    Service(String),
}

impl Caller {
    /// A person with these roles.
    pub fn user(subject: &str, roles: &[&str]) -> Self {
        Self::User(User {
            subject: subject.to_owned(),
            roles: roles.iter().map(|r| (*r).to_owned()).collect(),
        })
    }

    /// A customer.
    pub fn customer(subject: &str) -> Self {
        Self::user(subject, &["customer"])
    }

    /// A service.
    pub fn service(context: &str) -> Self {
        Self::Service(context.to_owned())
    }
}

/// Contexts in one process.
pub struct World {
    contracts: Arc<Contracts>,
    clock: Clock,
    hand: Hand,
    doors: Doors,
    running: Vec<Running>,
    deliveries: usize,
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
        }
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
        let url = Url(":memory:".to_owned());
        let mut db = Db::open(&url).unwrap_or_else(|why| panic!("{why}"));
        db.migrate(context.take_migrations())
            .unwrap_or_else(|why| panic!("{why}"));
        let setup = Setup {
            context: name.to_owned(),
            url,
            clock: self.clock.clone(),
            contracts: self.contracts.clone(),
        };
        let store = Store::inline(setup, Arc::new(Mutex::new(db)), Arc::new(|_| false));
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
            .unwrap_or_else(|p| p.into_inner())
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
        let (doors, contracts) = (self.doors.clone(), self.contracts.clone());
        BoxCloneSyncService::new(tower::service_fn(move |request: Request| {
            let (doors, contracts, caller) = (doors.clone(), contracts.clone(), caller.clone());
            async move { Ok::<_, Infallible>(serve(&doors, &contracts, to, caller, request).await) }
        }))
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
            let delivery = Delivery {
                subject: row.subject.clone(),
                name: row.name.clone(),
                version: row.version,
                at: Time(row.at),
                body: row.body.clone(),
            };
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
            let applied = to
                .site
                .store
                .write(delivery.subject.clone(), move |tx| {
                    policy.apply(tx, &delivery)
                })
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

async fn serve(
    doors: &Doors,
    contracts: &Contracts,
    to: &'static str,
    caller: Caller,
    request: Request,
) -> Reply {
    let routes = doors
        .lock()
        .unwrap_or_else(|p| p.into_inner())
        .get(to)
        .cloned();
    let Some(routes) = routes else {
        return tonic::Status::unavailable(format!("{to} is down")).into_http();
    };
    let path = request.uri().path().to_owned();
    let caller = match caller {
        Caller::User(user) => call::Caller {
            user: Some(user),
            service: None,
        },
        Caller::Service(context) => {
            let scopes = contracts
                .method(&path)
                .map(|method| method.scopes.clone())
                .unwrap_or_default();
            call::Caller {
                user: None,
                service: Some(Service { context, scopes }),
            }
        }
    };
    let call = Call {
        context: to.to_owned(),
        method: path,
        deadline: mesh::deadline::read(request.headers())
            .map(|left| tokio::time::Instant::now() + left),
        locale: "ko".to_owned(),
        caller,
        user_token: None,
        is_retry: false,
    };
    call::scope(Arc::new(call), async move {
        let Ok(reply) = routes.oneshot(request).await;
        reply
    })
    .await
}
