//! One connection, to either of the two databases.

use super::failures::Failures;
use super::prepared::Say;
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The lanes of one replica may wait for those of another, and all that waits in a lane waits with it: soon the command
/// has lost that race, and is run again; not before the server has looked for a deadlock, after 1 s, or both sides of it
/// would give way at once, and meet again. No statement goes on for long after its caller has gone, and no replica that
/// stands still in a transaction keeps its locks.
const LIMITS: &str = "SET lock_timeout = '1500ms'; SET statement_timeout = '30s'; \
     SET idle_in_transaction_session_timeout = '10s'";
/// A statement is planned a few times and then no more until somebody analyses its table: what was planned while that was
/// small would read it from end to end, however it has grown. So nothing does while there is an index; and what must is not
/// so dear by that that a compiler is asked first. Nor is one planned anew for what it is told each time, which PostgreSQL
/// else does where it believes that to pay, as for a limit: that cost a fourteenth of all it did for a booking.
const PLANS: &str =
    "SET enable_seqscan = off; SET jit = off; SET plan_cache_mode = force_generic_plan";
/// Until the transaction ends, for what concerns every row there is.
const NO_LIMIT_NOW: &str = "SET LOCAL statement_timeout = 0";
/// Others migrate first, and what there is to do takes its time.
const NO_LIMITS: &str = "SET lock_timeout = 0; SET statement_timeout = 0";
/// Held while migrating, so that replicas that start together do it one after the other. Any number, for ever the same.
const MIGRATING: i64 = 0x79_65_6d_61_65;

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

/// Where a database is: a file's path, `:memory:`, or `postgres://…`. With the Cargo feature `postgres-tls` the latter
/// takes `sslmode=verify-full&sslrootcert=FILE`; without it a URL that wants TLS is refused. Its Debug hides the password.
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

    /// What the URL wants of TLS that this build cannot do.
    fn unmet_tls(&self) -> Option<&str> {
        let (_, settings) = self.0.split_once('?')?;
        let mode = settings
            .split('&')
            .find_map(|setting| setting.strip_prefix("sslmode="))?;
        let is_wanted = matches!(mode, "require" | "verify-ca" | "verify-full");
        (is_wanted && !cfg!(feature = "postgres-tls")).then_some(mode)
    }

    /// A PostgreSQL URL with an end to every wait for a server that is gone: 3 s to connect, 10 s to take in what was
    /// sent, 19 s of silence; unless the URL says otherwise.
    fn patient(&self) -> String {
        let mut url = self.0.clone();
        for setting in [
            "connect_timeout=3",
            "tcp_user_timeout=10000",
            "keepalives_idle=10",
            "keepalives_interval=3",
            "keepalives_count=3",
        ] {
            let name = setting.split('=').next().unwrap_or_default();
            if !url.contains(&format!("{name}=")) {
                url.push(if url.contains('?') { '&' } else { '?' });
                url.push_str(setting);
            }
        }
        url
    }
}

impl std::fmt::Debug for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.backend() == Backend::Sqlite {
            return f.write_str(&self.0);
        }
        // A password stands before the host or among the options, and may hold any sign.
        let (_, rest) = self.0.split_once("://").unwrap_or_default();
        match (rest.rfind('@'), rest.find('?')) {
            (Some(at), Some(options)) if options < at => f.write_str("postgres://***"),
            (Some(at), options) => {
                let place = &rest[at + 1..options.unwrap_or(rest.len())];
                write!(f, "postgres://***@{place}")
            }
            (None, options) => {
                write!(f, "postgres://{}", &rest[..options.unwrap_or(rest.len())])
            }
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
                if let Some(mode) = url.unmet_tls() {
                    return Err(fault(format!(
                        "sslmode={mode} needs TLS, which this build has not; build it with the Cargo feature postgres-tls"
                    )));
                }
                let mut db =
                    PgConnection::establish(&url.patient()).map_err(|e| fault(e.to_string()))?;
                let session = format!("{LIMITS}; {PLANS}");
                db.batch_execute(&session)
                    .map_err(|e| fault(e.to_string()))?;
                db.set_instrumentation(Failures);
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

    /// Lets the statements of this transaction take as long as they must.
    pub(crate) fn take_your_time(&mut self) -> QueryResult<()> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(db) => db.batch_execute(NO_LIMIT_NOW),
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
            Self::Postgres(db) => {
                let lock = format!("{NO_LIMITS}; SELECT pg_advisory_lock({MIGRATING})");
                db.batch_execute(&lock)
                    .map_err(|e| MigrationFault::Migrate(e.to_string()))?;
                POSTGRES
            }
        };
        let migrated = std::iter::once(mesh).chain(own).try_for_each(|migrations| {
            self.run_pending_migrations(migrations)
                .map(drop)
                .map_err(|e| MigrationFault::Migrate(e.to_string()))
        });
        if let Self::Postgres(db) = self {
            let unlock = format!("SELECT pg_advisory_unlock({MIGRATING}); {LIMITS}");
            db.batch_execute(&unlock)
                .map_err(|e| MigrationFault::Migrate(e.to_string()))?;
        }
        migrated
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

    /// Whether the transaction can no longer be committed, behind diesel's back. A full disk makes SQLite roll back all
    /// of it; then a `BEGIN` succeeds where it would be refused inside one. PostgreSQL answers `COMMIT` in a failed
    /// transaction with success and rolls back; but it refuses every other statement.
    pub(super) fn lost_transaction(&mut self) -> bool {
        match self {
            Self::Sqlite(db) => db.batch_execute("BEGIN").is_ok(),
            Self::Postgres(db) => db.batch_execute("SELECT 1").is_err(),
        }
    }

    /// Marks where a command begins. diesel's own savepoints are parsed anew each time, and there are two statements of
    /// them for each command.
    pub(super) fn mark(&mut self) -> QueryResult<()> {
        self.say("SAVEPOINT command")
    }

    /// Keeps what was done since the mark.
    pub(super) fn keep(&mut self) -> QueryResult<()> {
        self.say("RELEASE SAVEPOINT command")
    }

    /// Undoes what was done since the mark.
    pub(super) fn undo(&mut self) -> QueryResult<()> {
        self.say("ROLLBACK TO SAVEPOINT command")?;
        self.keep()
    }

    fn say(&mut self, statement: &'static str) -> QueryResult<()> {
        Say(statement).execute(self).map(drop)
    }

    /// How many transactions are open, one inside the other.
    pub(super) fn depth(&mut self) -> u32 {
        let status = <Self as Connection>::TransactionManager::transaction_manager_status_mut(self);
        match status.transaction_depth() {
            Ok(Some(depth)) => depth.get(),
            Ok(None) | Err(_) => 0,
        }
    }

    /// Rolls back what is open below `depth`.
    pub(super) fn unwind_to(&mut self, depth: u32) {
        while self.depth() > depth {
            if self.rollback().is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Url;

    #[test]
    fn no_password_is_shown_wherever_it_stands() {
        for url in [
            "postgres://me:secret@host:5432/db",
            "postgres://me:se@secret@host:5432/db?sslmode=require",
            "postgresql://host:5432/db?user=me&password=secret",
            "postgres://host/db?password=a@secret",
            "postgres://me:secret?@host/db",
            "postgres:///db?password=secret",
        ] {
            let shown = format!("{:?}", Url(url.to_owned()));
            assert!(!shown.contains("secret"), "{shown}");
            assert!(!shown.contains("me"), "{shown}");
        }
        let plain = Url("postgres://host:5432/db".to_owned());
        assert_eq!(format!("{plain:?}"), "postgres://host:5432/db");
        let told = Url("postgres://me:secret@host:5432/db?a=b".to_owned());
        assert_eq!(format!("{told:?}"), "postgres://***@host:5432/db");
    }
}
