//! A process: a context with its relay, its tasks, its jobs and its calls under way, all of which die with it. Its
//! database survives.

use super::databases::Opened;
use super::{Chaos, Make, lock, loops};
use crate::Caller;
use mesh::policy::Policy;
use mesh::store::{Setup, Url};
use mesh::{Db, Job, Peers, Site, Store, tasks};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinHandle};
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
    pub(super) worked: Notify,
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
    pub(super) tasks: HashMap<&'static str, tasks::Handler>,
    pub(super) jobs: Vec<(&'static str, Duration, Job)>,
    pub(super) site: Site,
    routes: Routes,
    pub(super) fate: Arc<Fate>,
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
    database: Opened,
    life: Mutex<Option<Arc<Life>>>,
}

impl Process {
    pub(super) fn new(make: Make, database: Opened) -> Arc<Self> {
        let context = make();
        Arc::new(Self {
            name: context.name(),
            make,
            policies: context.policies,
            database,
            life: Mutex::default(),
        })
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn db(&self) -> &Mutex<Db> {
        &self.database.db
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
        let store = Store::inline(setup, self.database.db.clone(), Arc::new(crash));
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
        loops::start(&life, world);
        *lock(&self.life) = Some(life);
    }
}
