//! Which databases the tests run on.

use crate::postgres::Schema;
use mesh::Db;
use mesh::store::{Backend, Url};

/// Which databases the stores of a run are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stores {
    /// All on SQLite.
    Sqlite,
    /// All on PostgreSQL.
    Postgres,
    /// One after the other on PostgreSQL and SQLite.
    Mix,
}

impl Stores {
    /// As `TEST_STORE` says: "sqlite", and so if it says nothing, "postgres" or "mix".
    #[expect(
        clippy::disallowed_methods,
        reason = "tests are told by their surroundings what they run on"
    )]
    pub fn of_this_run() -> Self {
        match std::env::var("TEST_STORE").as_deref() {
            Err(_) | Ok("" | "sqlite") => Self::Sqlite,
            Ok("postgres") => Self::Postgres,
            Ok("mix") => Self::Mix,
            Ok(other) => panic!("TEST_STORE is sqlite, postgres or mix, not {other}"),
        }
    }

    /// The database of whoever comes at this place, from 0.
    pub fn backend(self, place: usize) -> Backend {
        match self {
            Self::Postgres => Backend::Postgres,
            Self::Mix if place.is_multiple_of(2) => Backend::Postgres,
            Self::Sqlite | Self::Mix => Backend::Sqlite,
        }
    }
}

/// An empty database that ends with its test.
pub(crate) enum Database {
    Memory,
    Postgres(Schema),
}

impl Database {
    pub(crate) fn new(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => Self::Memory,
            Backend::Postgres => Self::Postgres(Schema::new().unwrap_or_else(|| {
                panic!("there is no initdb or no postgres: `make tools` fetches them")
            })),
        }
    }

    pub(crate) fn url(&self) -> Url {
        match self {
            Self::Memory => Url(":memory:".to_owned()),
            Self::Postgres(schema) => schema.url(),
        }
    }

    /// A connection to it, of which an in-memory database has but one.
    pub(crate) fn open(&self) -> Db {
        Db::open(&self.url()).unwrap_or_else(|why| panic!("{why}"))
    }
}
