//! Real PostgreSQL servers for tests. They need no root, listen on loopback alone, and trust whoever asks; nothing they
//! keep outlives them.

mod cluster;
mod shared;

pub use shared::Schema;

use cluster::Cluster;
use mesh::store::Url;
use nix::sys::signal::Signal;
use std::process::Child;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A server.
pub struct Server(Kind);

enum Kind {
    /// Of one test, which may do with it what it wants.
    Own {
        running: Mutex<Option<Child>>,
        cluster: Cluster,
    },
    /// Of every test process that wants it, as long as one does.
    Shared { port: u16 },
}

impl Server {
    /// The one that all test processes of this build share: it costs its first user half a second, and the others a few
    /// milliseconds. It ends some seconds after its last user. None: there are no `initdb` and `postgres` among the project's tools or
    /// in PATH.
    pub fn shared() -> Option<Arc<Self>> {
        shared::join()
    }

    /// A new one that nobody else has, to be stopped, killed and started again. None: as [`Server::shared`].
    pub fn own() -> Option<Self> {
        Self::of(Cluster::new()?)
    }

    /// The same with the settings that a server comes with, which syncs what it commits: to be measured.
    pub fn durable() -> Option<Self> {
        Self::of(Cluster::durable()?)
    }

    fn of(cluster: Cluster) -> Option<Self> {
        let child = cluster.start();
        let running = Mutex::new(Some(child));
        Some(Self(Kind::Own { running, cluster }))
    }

    /// The URL of a new, empty database.
    pub fn database(&self) -> Url {
        let name = format!("test_{}", mesh::id::new().replace('-', ""));
        self.create(&name);
        self.url(&name)
    }

    /// The URL of the database of this name: a context's, say. It is made when it is first asked for.
    pub fn database_of(&self, name: &str) -> Url {
        let name = name.replace('-', "_");
        if !cluster::answers(self.port(), &name) {
            self.create(&name);
        }
        self.url(&name)
    }

    fn create(&self, name: &str) {
        self.execute(&format!("CREATE DATABASE {name}"));
    }

    /// Runs SQL as the server's owner, in no context's database.
    pub fn execute(&self, sql: &str) {
        cluster::execute(self.port(), "postgres", sql);
    }

    fn url(&self, database: &str) -> Url {
        cluster::url(self.port(), database)
    }

    fn port(&self) -> u16 {
        match &self.0 {
            Kind::Own { cluster, .. } => cluster.port(),
            Kind::Shared { port } => *port,
        }
    }

    /// Ends it as its operator would: whoever is connected is cut off, and what was committed is kept.
    pub fn stop(&self) {
        self.end(Signal::SIGINT);
    }

    /// Ends it as a power cut would.
    pub fn kill(&self) {
        self.end(Signal::SIGKILL);
    }

    fn end(&self, how: Signal) {
        let (mut running, _) = self.own_parts();
        if let Some(mut child) = running.take() {
            cluster::signal(child.id(), how);
            let _ = child.wait();
        }
    }

    /// Starts it again, at the same port, after [`Server::stop`] or [`Server::kill`].
    pub fn start(&self) {
        let (mut running, cluster) = self.own_parts();
        running.get_or_insert_with(|| cluster.start());
    }

    fn own_parts(&self) -> (MutexGuard<'_, Option<Child>>, &Cluster) {
        let Kind::Own { running, cluster } = &self.0 else {
            panic!("a server that others use too is not to be stopped");
        };
        let running = running.lock().unwrap_or_else(PoisonError::into_inner);
        (running, cluster)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A kill would leave its shared memory behind.
        if matches!(self.0, Kind::Own { .. }) {
            self.stop();
        }
    }
}

#[cfg(test)]
mod tests;
