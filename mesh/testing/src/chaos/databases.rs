//! The databases of worlds that follow each other.

use super::lock;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use mesh::schema::task;
use mesh::store::Url;
use mesh::{Context, Contracts, Db};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// Databases that are migrated once and emptied for each world: opening them would take most of a seed's time.
#[derive(Default)]
pub struct Databases {
    contracts: Option<Arc<Contracts>>,
    opened: BTreeMap<&'static str, Arc<Mutex<Db>>>,
}

impl Databases {
    pub(super) fn contracts(&mut self) -> Arc<Contracts> {
        let load = || {
            let contracts = Contracts::load(proto::DESCRIPTORS);
            Arc::new(contracts.unwrap_or_else(|why| panic!("{why}")))
        };
        self.contracts.get_or_insert_with(load).clone()
    }

    pub(super) fn empty(&mut self, context: &mut Context) -> Arc<Mutex<Db>> {
        let migrations = context.take_migrations();
        let open = || {
            let mut db =
                Db::open(&Url(":memory:".to_owned())).unwrap_or_else(|why| panic!("{why}"));
            db.migrate(migrations).unwrap_or_else(|why| panic!("{why}"));
            Arc::new(Mutex::new(db))
        };
        let db = self
            .opened
            .entry(context.name())
            .or_insert_with(open)
            .clone();
        empty(&mut lock(&db));
        db
    }
}

/// Empties every table.
fn empty(db: &mut Db) {
    let tables: Vec<String> = diesel::sql_query(
        "SELECT name AS kind FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_\\_%' ESCAPE '\\'",
    )
    .load::<Named>(db)
    .unwrap_or_else(|why| panic!("{why}"))
    .into_iter()
    .map(|named| named.kind)
    .collect();
    for table in tables {
        db.batch_execute(&format!("DELETE FROM {table}"))
            .unwrap_or_else(|why| panic!("{why}"));
    }
}

#[derive(QueryableByName)]
#[diesel(table_name = task)]
struct Named {
    kind: String,
}
