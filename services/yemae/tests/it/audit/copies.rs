//! A copy of a mesh's databases, to be broken.

use super::run;
use crate::rig::directory;
use crate::stores::{self, CONTEXTS, Directory};
use mesh::store::{Backend, Url};
use std::collections::BTreeMap;
use std::path::Path;

/// A data directory of its own that nobody runs, with the same databases.
pub(super) struct Copy {
    pub(super) dir: Directory,
    pub(super) databases: BTreeMap<&'static str, Url>,
}

impl Copy {
    /// Of the mesh on `data`, which goes on; no two have the same number.
    pub(super) fn of(data: &Path, number: usize) -> Self {
        let dir = directory();
        std::fs::create_dir(dir.path().join("db")).unwrap();
        let databases = CONTEXTS.map(|context| {
            let from = stores::url(data, context);
            let copied = match stores::backend(context) {
                Backend::Sqlite => {
                    let to = dir.path().join("db").join(format!("{context}.sqlite"));
                    run(&from, &format!("VACUUM INTO '{}'", to.display()));
                    Url(to.display().to_string())
                }
                Backend::Postgres => in_schema(&from, &format!("copy_{number}")),
            };
            (context, copied)
        });
        let databases = BTreeMap::from(databases);
        Self { dir, databases }
    }

    /// Where those databases are that are not files in it.
    pub(super) fn environment(&self) -> impl Iterator<Item = (String, String)> {
        let elsewhere = self.databases.iter();
        let elsewhere = elsewhere.filter(|(_, url)| url.backend() == Backend::Postgres);
        elsewhere.map(|(context, url)| {
            let shouted = context.replace('-', "_").to_uppercase();
            (format!("YEMAE_{shouted}__DATABASE_URL"), url.0.clone())
        })
    }

    /// Takes a context's database away.
    pub(super) fn lose(&mut self, context: &str) {
        let url = self.databases.remove(context).unwrap();
        if url.backend() == Backend::Sqlite {
            std::fs::remove_file(url.0).unwrap();
        }
    }
}

/// Copies all tables into a schema of the same database: a database that is in use cannot be copied whole.
fn in_schema(from: &Url, schema: &str) -> Url {
    let copy = format!(
        "DO $$ DECLARE own TEXT; BEGIN
         CREATE SCHEMA {schema};
         FOR own IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
         EXECUTE format('CREATE TABLE {schema}.%I (LIKE public.%I INCLUDING ALL)', own, own);
         EXECUTE format('INSERT INTO {schema}.%I OVERRIDING SYSTEM VALUE SELECT * FROM public.%I', own, own);
         END LOOP; END $$"
    );
    run(from, &copy);
    Url(format!("{}?options=-csearch_path%3D{schema}", from.0))
}
