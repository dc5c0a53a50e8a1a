//! A bounded context: the builder of what it serves, follows and does on a clock, and what it is given to do it with.

use crate::clock::Clock;
use crate::event::Change;
use crate::policy::{Policy, Seen};
use crate::refusal::Refusal;
use crate::store::{Store, Tx};
use crate::tasks::{Done, Handler, Task};
use crate::{client, server};
use diesel_migrations::EmbeddedMigrations;
use futures::future::BoxFuture;
use prost::{Message, Name};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tonic::service::RoutesBuilder;

/// What a running context stands on. Cheap to clone.
#[derive(Clone)]
pub struct Site {
    /// Its name: "cinema-booking".
    pub context: &'static str,
    /// Its own database.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// The other contexts.
    pub peers: Peers,
    /// Cancelled when it is to stop.
    pub stop: CancellationToken,
}

/// The client stacks to the contexts that this one declared to call: one stack, so one breaker, per peer.
#[derive(Clone, Default)]
pub struct Peers(Arc<HashMap<&'static str, client::Client>>);

impl Peers {
    /// These peers.
    pub fn new(clients: HashMap<&'static str, client::Client>) -> Self {
        Self(Arc::new(clients))
    }

    /// What a generated client of `context` is built on. A context that was not declared with [`Context::calls`] is a
    /// bug, answered as one by every call.
    pub fn to(&self, context: &str) -> client::Client {
        self.0
            .get(context)
            .cloned()
            .unwrap_or_else(|| client::undeclared(context))
    }
}

/// Work on a clock. An error is logged; it runs again at its next time.
pub type Job = Arc<dyn Fn(Site) -> BoxFuture<'static, Result<(), Refusal>> + Send + Sync>;

type Serve = Box<dyn FnOnce(&Site, &mut RoutesBuilder) + Send>;

/// A bounded context.
pub struct Context {
    pub(crate) name: &'static str,
    pub(crate) migrations: Vec<EmbeddedMigrations>,
    /// Whom it calls, and how patiently.
    pub calls: Vec<(&'static str, client::Settings)>,
    pub(crate) serves: Vec<(&'static str, Serve)>,
    /// What it follows.
    pub policies: Vec<Policy>,
    /// Its tasks, by kind.
    pub tasks: HashMap<&'static str, Handler>,
    /// What it does on a clock.
    pub jobs: Vec<(&'static str, Duration, Job)>,
}

impl Context {
    /// A context that does nothing yet. `name` is its folder, its database and its prefix in subjects.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            migrations: Vec::new(),
            calls: Vec::new(),
            serves: Vec::new(),
            policies: Vec::new(),
            tasks: HashMap::new(),
            jobs: Vec::new(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Adds tables. A migration's folder name starts with what owns it: `booking-0001_seats`.
    #[must_use]
    pub fn migrations(mut self, migrations: EmbeddedMigrations) -> Self {
        self.migrations.push(migrations);
        self
    }

    /// Calls another context, with this patience; [`Peers::to`] then gives its client.
    #[must_use]
    pub fn calls(mut self, context: &'static str, settings: client::Settings) -> Self {
        self.calls.push((context, settings));
        self
    }

    /// Serves a generated gRPC service.
    #[must_use]
    pub fn serves<S: server::Served>(
        mut self,
        make: impl FnOnce(&Site) -> S + Send + 'static,
    ) -> Self {
        let serve: Serve = Box::new(move |site, routes| {
            routes.add_service(make(site));
        });
        self.serves.push((S::NAME, serve));
        self
    }

    /// Whenever an entity has changed, then that. `from` is the context that states it, or "*" for any. `name` tells
    /// this policy from the context's others for ever: it is written beside what the policy has seen.
    #[must_use]
    pub fn follows<E, F>(self, name: &'static str, from: &'static str, then: F) -> Self
    where
        E: Message + Name + Default + 'static,
        F: Fn(&mut Tx<'_>, &Change<E>) -> Result<(), Refusal> + Send + Sync + 'static,
    {
        self.follows_when(name, from, |_: &Change<E>| true, then)
    }

    /// [`Context::follows`], where the change itself tells whether it can lead to anything: what does not matter costs
    /// no transaction and leaves no trace. What has once mattered must matter in every later version, or lead to nothing in
    /// the earlier ones: with no trace of the later one, an earlier one that comes late is news.
    #[must_use]
    pub fn follows_when<E, W, F>(
        mut self,
        name: &'static str,
        from: &'static str,
        matters: W,
        then: F,
    ) -> Self
    where
        E: Message + Name + Default + 'static,
        W: Fn(&Change<E>) -> bool + Send + Sync + 'static,
        F: Fn(&mut Tx<'_>, &Change<E>) -> Result<(), Refusal> + Send + Sync + 'static,
    {
        let policy = Policy::new(name, from, Seen::Inbox, matters, then);
        self.policies.push(policy);
        self
    }

    /// [`Context::follows`], where the rows that `then` writes tell by themselves what was seen: it is also called for a
    /// version that it has seen and for an older one, and changes nothing then. It may run twice at once, on two replicas.
    #[must_use]
    pub fn shows<E, F>(self, name: &'static str, from: &'static str, then: F) -> Self
    where
        E: Message + Name + Default + 'static,
        F: Fn(&mut Tx<'_>, &Change<E>) -> Result<(), Refusal> + Send + Sync + 'static,
    {
        self.shows_when(name, from, |_: &Change<E>| true, then)
    }

    /// [`Context::shows`], where the change itself tells whether it can lead to anything.
    #[must_use]
    pub fn shows_when<E, W, F>(
        mut self,
        name: &'static str,
        from: &'static str,
        matters: W,
        then: F,
    ) -> Self
    where
        E: Message + Name + Default + 'static,
        W: Fn(&Change<E>) -> bool + Send + Sync + 'static,
        F: Fn(&mut Tx<'_>, &Change<E>) -> Result<(), Refusal> + Send + Sync + 'static,
    {
        let policy = Policy::new(name, from, Seen::OwnRow, matters, then);
        self.policies.push(policy);
        self
    }

    /// Works the tasks of one kind; of several replicas the elected one does.
    #[must_use]
    pub fn works<F, R>(mut self, kind: &'static str, handler: F) -> Self
    where
        F: Fn(Site, Task) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Done, Refusal>> + Send + 'static,
    {
        self.tasks.insert(
            kind,
            Arc::new(move |site, task| Box::pin(handler(site, task))),
        );
        self
    }

    /// Does this every `period`. Of several replicas the elected one does it; for a moment two may think they are, so what
    /// it writes depends on what it finds in the same transaction.
    #[must_use]
    pub fn every<F, R>(mut self, name: &'static str, period: Duration, job: F) -> Self
    where
        F: Fn(Site) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), Refusal>> + Send + 'static,
    {
        self.jobs
            .push((name, period, Arc::new(move |site| Box::pin(job(site)))));
        self
    }

    /// Its tables, taken out to open the store with.
    pub fn take_migrations(&mut self) -> Vec<EmbeddedMigrations> {
        std::mem::take(&mut self.migrations)
    }

    /// Builds its services on `site`; answers their names.
    pub fn routes(&mut self, site: &Site, routes: &mut RoutesBuilder) -> Vec<&'static str> {
        let serves = std::mem::take(&mut self.serves);
        serves
            .into_iter()
            .map(|(name, serve)| {
                serve(site, routes);
                name
            })
            .collect()
    }
}
