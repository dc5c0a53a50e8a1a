//! The databases of worlds that follow each other.

use super::lock;
use crate::stores::{Database, Stores};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_migrations::EmbeddedMigrations;
use mesh::schema::task;
use mesh::store::Backend;
use mesh::{Context, Contracts, Db};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Databases that are migrated once and emptied for each world: opening them would take most of a seed's time.
pub struct Databases {
    stores: Stores,
    contracts: Option<Arc<Contracts>>,
    opened: BTreeMap<&'static str, Opened>,
}

/// A database of one world after the other, there as long as one of them has it.
#[derive(Clone)]
pub(super) struct Opened {
    pub(super) db: Arc<Mutex<Db>>,
    emptying: Arc<str>,
    // After the connection to it.
    _database: Arc<Database>,
}

impl Default for Databases {
    fn default() -> Self {
        Self {
            stores: Stores::of_this_run(),
            contracts: None,
            opened: BTreeMap::new(),
        }
    }
}

impl Databases {
    pub(super) fn contracts(&mut self) -> Arc<Contracts> {
        let load = || {
            let contracts = Contracts::load(proto::DESCRIPTORS);
            Arc::new(contracts.unwrap_or_else(|why| panic!("{why}")))
        };
        self.contracts.get_or_insert_with(load).clone()
    }

    pub(super) fn empty(&mut self, context: &mut Context) -> Opened {
        let backend = self.stores.backend(self.opened.len());
        let migrations = context.take_migrations();
        let opened = self.opened.entry(context.name());
        let opened = opened.or_insert_with(|| Opened::new(backend, migrations));
        let emptied = lock(&opened.db).batch_execute(&opened.emptying);
        emptied.unwrap_or_else(|why| panic!("{why}"));
        opened.clone()
    }
}

impl Opened {
    fn new(backend: Backend, migrations: Vec<EmbeddedMigrations>) -> Self {
        let database = Database::new(backend);
        let mut db = database.open();
        db.migrate(migrations).unwrap_or_else(|why| panic!("{why}"));
        Self {
            emptying: emptying(&mut db).into(),
            db: Arc::new(Mutex::new(db)),
            _database: Arc::new(database),
        }
    }
}

/// What empties every table but those that a migration has filled: nobody changes these in a world.
fn emptying(db: &mut Db) -> String {
    let tables = match db.backend() {
        Backend::Sqlite => "SELECT name AS kind FROM sqlite_master WHERE type = 'table'",
        Backend::Postgres => {
            "SELECT tablename::text AS kind FROM pg_tables WHERE schemaname = current_schema()"
        }
    };
    let tables = diesel::sql_query(tables).load::<Named>(db);
    let tables = tables.unwrap_or_else(|why| panic!("{why}"));
    let tables: Vec<_> = tables
        .into_iter()
        .map(|named| named.kind)
        .filter(|table| !table.starts_with("__"))
        .filter(|table| {
            let filled = format!("SELECT 'filled' AS kind FROM {table} LIMIT 1");
            let filled = diesel::sql_query(filled).load::<Named>(db);
            filled.unwrap_or_else(|why| panic!("{why}")).is_empty()
        })
        .collect();
    match db.backend() {
        // Whoever refers to whom, all of it goes.
        Backend::Sqlite => format!(
            "PRAGMA foreign_keys = OFF; DELETE FROM {}; PRAGMA foreign_keys = ON;",
            tables.join("; DELETE FROM ")
        ),
        Backend::Postgres => format!("TRUNCATE {} RESTART IDENTITY", tables.join(", ")),
    }
}

#[derive(QueryableByName)]
#[diesel(table_name = task)]
struct Named {
    kind: String,
}
