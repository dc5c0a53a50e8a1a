//! What the tests stand on: tools, stores on both databases, and waiting for the thing itself.

use crate::postgres::Postgres;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use mesh::store::{Backend, Setup, Url};
use mesh::{Clock, Contracts, Store};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

pub const TABLES: EmbeddedMigrations = embed_migrations!("tests/it/migrations");

diesel::table! {
    seen (n) {
        n -> BigInt,
        subject -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    item (id) {
        id -> Text,
        place -> Text,
        n -> BigInt,
        live -> Bool,
    }
}

/// Where a program is: among the project's own tools or in PATH. None, and a line that says so, when it is nowhere;
/// where CI is set that is a failure.
#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by their surroundings where the tools are"
)]
pub fn tool(name: &str) -> Option<PathBuf> {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = [tools.join("bin"), tools.join("postgres/bin")]
        .into_iter()
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join(name))
        .find(|program| program.is_file());
    if found.is_none() {
        let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!ci, "there is no {name}: `make tools` fetches it");
        println!("skipped: there is no {name}; `make tools` fetches it");
    }
    found
}

/// A port that nobody has at this moment.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// An empty database of one kind, for as long as it is held.
pub struct Database {
    pub url: Url,
    _server: Option<Arc<Postgres>>,
    _folder: Option<TempDir>,
}

impl Database {
    /// None: this machine has no such database.
    pub fn new(backend: Backend) -> Option<Self> {
        match backend {
            Backend::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let file = folder.path().join("test.db");
                Some(Self {
                    url: Url(file.to_str().unwrap().to_owned()),
                    _server: None,
                    _folder: Some(folder),
                })
            }
            Backend::Postgres => {
                let server = Postgres::shared()?;
                Some(Self {
                    url: Url(server.database()),
                    _server: Some(server),
                    _folder: None,
                })
            }
        }
    }

    /// An empty database of a server of one's own.
    pub fn on(server: Arc<Postgres>) -> Self {
        Self {
            url: Url(server.database()),
            _server: Some(server),
            _folder: None,
        }
    }

    pub fn open(&self, context: &str) -> Store {
        self.open_at(context, Clock::system())
    }

    pub fn open_at(&self, context: &str, clock: Clock) -> Store {
        let setup = Setup {
            context: context.to_owned(),
            url: self.url.clone(),
            clock,
            contracts: Arc::new(Contracts::load(proto::DESCRIPTORS).unwrap()),
        };
        Store::open(setup, vec![TABLES]).unwrap()
    }
}

/// Waits until `found` finds something, looking every few milliseconds.
pub async fn eventually<T, F, R>(what: &str, mut found: F) -> T
where
    F: FnMut() -> R,
    R: Future<Output = Option<T>>,
{
    let looking = async {
        loop {
            if let Some(found) = found().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), looking)
        .await
        .unwrap_or_else(|_| panic!("not within 30 seconds: {what}"))
}
