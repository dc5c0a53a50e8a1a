//! The databases of a test's mesh, on the store that this run is on.

use mesh::Db;
use mesh::store::{Backend, Url};
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tempfile::TempDir;
use testing::Stores;
use testing::postgres::Server;

/// Every context, and what its key permits: a context is one line here.
pub const KEYS: &[(&str, &[&str])] = &[
    ("cinema-movie", &[]),
    ("cinema-theater", &[]),
    ("cinema-booking", &["payment.charge", "theater.hold"]),
    ("cinema-ticket", &[]),
    ("vod-order", &["payment.charge"]),
    ("vod-library", &[]),
    ("food-order", &["payment.charge"]),
    ("food-store", &[]),
    ("iptv-subscription", &["payment.charge"]),
    ("iptv-support", &[]),
    ("iptv-installation", &[]),
    ("taxi-ride", &["payment.charge"]),
    ("taxi-dispatch", &[]),
    ("payment", &[]),
    ("mypage", &[]),
    ("notification", &[]),
];
/// Every context.
pub const CONTEXTS: [&str; KEYS.len()] = {
    let mut names = [""; KEYS.len()];
    let mut place = 0;
    while place < KEYS.len() {
        names[place] = KEYS[place].0;
        place += 1;
    }
    names
};
/// The systems, by the first word of their contexts' names, in the order of the alphabet.
pub fn systems() -> impl Iterator<Item = &'static str> {
    let named = CONTEXTS.into_iter();
    let named = named.filter_map(|name| Some(name.split_once('-')?.0));
    named.collect::<BTreeSet<_>>().into_iter()
}

/// The server lets anybody in: this is to be found again where no password may be.
pub const PASSWORD: &str = "canary-password";

/// The databases that were made, by the data directory whose they are.
static MADE: Mutex<BTreeMap<PathBuf, Vec<String>>> = Mutex::new(BTreeMap::new());

/// A directory for the data of one mesh. The databases that belong to it end with it.
pub struct Directory(TempDir);

/// One that is empty.
pub fn directory() -> Directory {
    let made = tempfile::Builder::new().prefix("yemae-test-").tempdir();
    Directory(made.unwrap())
}

impl Directory {
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        let mine: Vec<PathBuf> = made
            .keys()
            .filter(|at| at.starts_with(self.path()))
            .cloned()
            .collect();
        for name in mine.iter().filter_map(|at| made.remove(at)).flatten() {
            server().execute(&format!("DROP DATABASE \"{name}\" WITH (FORCE)"));
        }
    }
}

/// Which database a context has in this run.
pub fn backend(context: &str) -> Backend {
    let place = CONTEXTS.iter().position(|name| *name == context);
    Stores::of_this_run().backend(place.unwrap())
}

/// What tells the commands of a mesh on `data` where its databases are, if they are not in there. They are made when
/// they are first asked for.
pub fn environment(data: &Path) -> Vec<(String, String)> {
    let of_postgres: Vec<&str> = CONTEXTS
        .into_iter()
        .filter(|context| backend(context) == Backend::Postgres)
        .collect();
    if of_postgres.is_empty() {
        return Vec::new();
    }
    let prefix = prefix(data);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    made.entry(data.to_owned()).or_insert_with(|| {
        let names = of_postgres
            .iter()
            .map(|context| format!("{prefix}{context}"));
        names
            .inspect(|name| server().execute(&format!("CREATE DATABASE \"{name}\"")))
            .collect()
    });
    let url = |context: &str| format!("{}/{prefix}{context}", address());
    // As an operator would type it.
    if of_postgres.len() == CONTEXTS.len() {
        return vec![("YEMAE_DATABASE_URL".to_owned(), url("{context}"))];
    }
    let one = |context: &&str| {
        let shouted = context.replace('-', "_").to_uppercase();
        (format!("YEMAE_{shouted}__DATABASE_URL"), url(context))
    };
    of_postgres.iter().map(one).collect()
}

/// Where a context of the mesh on `data` has its database.
pub fn url(data: &Path, context: &str) -> Url {
    match backend(context) {
        Backend::Sqlite => {
            let file = data.join("db").join(format!("{context}.sqlite"));
            Url(file.display().to_string())
        }
        Backend::Postgres => Url(format!("{}/{}{context}", address(), prefix(data))),
    }
}

/// A connection to it.
pub fn open(data: &Path, context: &str) -> Db {
    Db::open(&url(data, context)).unwrap()
}

/// A name of PostgreSQL is at most 63 bytes long.
fn prefix(data: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    data.hash(&mut hasher);
    format!("mesh-{:016x}-", hasher.finish())
}

fn server() -> std::sync::Arc<Server> {
    Server::shared().expect("`make tools` fetches PostgreSQL")
}

/// The server's URL, without a database.
fn address() -> String {
    let own = server().database_of("postgres").0;
    let (address, _) = own.rsplit_once('/').unwrap();
    address.replace("test@", &format!("test:{PASSWORD}@"))
}

/// A fresh database for each context, in PostgreSQL whatever the run's store is. They end with this.
pub struct Databases(String);

impl Databases {
    pub fn new() -> Self {
        let prefix = format!("own-{}-", mesh::id::new());
        for context in CONTEXTS {
            server().execute(&format!("CREATE DATABASE \"{prefix}{context}\""));
        }
        Self(prefix)
    }

    /// The URL of all of them, as an operator would give it.
    pub fn url(&self) -> String {
        format!("{}/{}{{context}}", address(), self.0)
    }

    pub fn of(&self, context: &str) -> Url {
        Url(self.url().replace("{context}", context))
    }
}

impl Drop for Databases {
    fn drop(&mut self) {
        for context in CONTEXTS {
            let name = format!("{}{context}", self.0);
            server().execute(&format!("DROP DATABASE \"{name}\" WITH (FORCE)"));
        }
    }
}
