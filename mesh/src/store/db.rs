//! One connection, to either of the two databases.

use diesel::connection::{
    AnsiTransactionManager, SimpleConnection, TransactionManager, TransactionManagerStatus,
};
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// A connection. Queries are written once for both; where the dialects differ, `mesh` matches on it.
#[derive(diesel::MultiConnection)]
pub enum Db {
    /// A SQLite file.
    Sqlite(SqliteConnection),
    /// A PostgreSQL session.
    Postgres(PgConnection),
}

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// Where a database is: a file's path, `:memory:`, or `postgres://…`. Its Debug hides the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Url(pub String);

impl Url {
    /// Which database it names.
    pub fn backend(&self) -> Backend {
        if self.0.starts_with("postgres://") || self.0.starts_with("postgresql://") {
            Backend::Postgres
        } else {
            Backend::Sqlite
        }
    }
}

impl std::fmt::Debug for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.backend(), self.0.rsplit_once('@')) {
            (Backend::Postgres, Some((_, host))) => write!(f, "postgres://***@{host}"),
            _ => f.write_str(&self.0),
        }
    }
}

/// Why a database cannot be opened or brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrationFault {
    /// It cannot be opened.
    #[error("cannot open the database {url:?}: {why}")]
    Open {
        /// Which.
        url: Url,
        /// Why.
        why: String,
    },
    /// A migration failed.
    #[error("cannot bring the database up to date: {0}")]
    Migrate(String),
}

impl Db {
    /// Opens a connection.
    pub fn open(url: &Url) -> Result<Self, MigrationFault> {
        let fault = |why: String| MigrationFault::Open {
            url: url.clone(),
            why,
        };
        match url.backend() {
            Backend::Postgres => {
                let db = PgConnection::establish(&url.0).map_err(|e| fault(e.to_string()))?;
                Ok(Self::Postgres(db))
            }
            Backend::Sqlite => {
                let mut db =
                    SqliteConnection::establish(&url.0).map_err(|e| fault(e.to_string()))?;
                // FULL, because an answered command must survive the machine, not only the process.
                db.batch_execute(
                    "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                     PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;",
                )
                .map_err(|e| fault(e.to_string()))?;
                Ok(Self::Sqlite(db))
            }
        }
    }

    /// Which database it is.
    pub fn backend(&self) -> Backend {
        match self {
            Self::Sqlite(_) => Backend::Sqlite,
            Self::Postgres(_) => Backend::Postgres,
        }
    }

    /// Brings mesh's tables and the context's own up to date.
    pub fn migrate(&mut self, own: Vec<EmbeddedMigrations>) -> Result<(), MigrationFault> {
        let mesh = match self {
            Self::Sqlite(_) => SQLITE,
            Self::Postgres(_) => POSTGRES,
        };
        for migrations in std::iter::once(mesh).chain(own) {
            self.run_pending_migrations(migrations)
                .map_err(|e| MigrationFault::Migrate(e.to_string()))?;
        }
        Ok(())
    }

    pub(super) fn begin(&mut self) -> QueryResult<()> {
        match self {
            // IMMEDIATE, because a transaction that first reads and then writes could be refused half-way.
            Self::Sqlite(db) => {
                AnsiTransactionManager::begin_transaction_sql(db, "BEGIN IMMEDIATE")
            }
            Self::Postgres(db) => AnsiTransactionManager::begin_transaction(db),
        }
    }

    pub(super) fn commit(&mut self) -> QueryResult<()> {
        <Self as Connection>::TransactionManager::commit_transaction(self)
    }

    pub(super) fn rollback(&mut self) -> QueryResult<()> {
        <Self as Connection>::TransactionManager::rollback_transaction(self)
    }

    /// Whether the connection lost its transaction behind diesel's back. A full disk makes SQLite roll back all of it;
    /// then a `BEGIN` succeeds where it would be refused inside one.
    pub(super) fn lost_transaction(&mut self) -> bool {
        self.is_broken()
            || match self {
                Self::Sqlite(db) => db.batch_execute("BEGIN").is_ok(),
                Self::Postgres(_) => false,
            }
    }

    pub(super) fn is_broken(&mut self) -> bool {
        matches!(
            <Self as Connection>::TransactionManager::transaction_manager_status_mut(self),
            TransactionManagerStatus::InError
        )
    }
}
