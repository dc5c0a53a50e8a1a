//! Which migrations a database has been through, and which this binary knows: they decide who may open it.

use crate::contexts::{Entry, Given, Mode};
use crate::data::Data;
use crate::fault::Fault;
use crate::{backup, contexts, databases};
use diesel::migration::MigrationSource;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use mesh::store::{Backend, Url};
use mesh::{Clock, Db};
use std::collections::BTreeSet;

/// The version of this binary.
pub(crate) const OWN: &str = env!("CARGO_PKG_VERSION");

/// Migrations by their version: "payment0001".
pub(crate) type Schema = BTreeSet<String>;

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

/// What a database has been through; nothing, when it is a fresh one. That stays as it is: diesel's own way makes the
/// table it looks into, and two replicas that do so at once make one of them fail.
pub(crate) fn applied(db: &mut Db) -> Result<Schema, Fault> {
    let tables = match db.backend() {
        Backend::Sqlite => {
            "SELECT name AS version FROM sqlite_schema WHERE name = '__diesel_schema_migrations'"
        }
        Backend::Postgres => {
            "SELECT 'it' AS version WHERE to_regclass('__diesel_schema_migrations') IS NOT NULL"
        }
    };
    let mut read = |query: &str| {
        let rows = diesel::sql_query(query).load::<Version>(db);
        rows.map_err(Fault::not_ready)
    };
    if read(tables)?.is_empty() {
        return Ok(Schema::new());
    }
    let versions = read("SELECT version FROM __diesel_schema_migrations")?;
    Ok(versions.into_iter().map(|row| row.version).collect())
}

/// Whose a database is that has been `applied` to, if it is another context's than that of `entry`. Two order sides whose
/// tables are ordering's alone cannot be told apart.
pub(crate) fn owner(entry: &Entry, applied: &Schema) -> Result<Option<&'static Entry>, Fault> {
    let own = families(entry)?;
    let foreign: Schema = applied
        .iter()
        .map(|version| family(version))
        .filter(|family| !own.contains(family))
        .collect();
    if foreign.is_empty() {
        return Ok(None);
    }
    for other in contexts::ALL {
        if !families(other)?.is_disjoint(&foreign) {
            return Ok(Some(other));
        }
    }
    Ok(None)
}

/// What a version begins with: "booking" of "booking0001".
fn family(version: &str) -> String {
    version
        .trim_end_matches(|c: char| c.is_ascii_digit())
        .to_owned()
}

/// The families of a context's migrations: its own, and "ordering" of an order side.
fn families(entry: &Entry) -> Result<Schema, Fault> {
    let mut context = (entry.build)(Given::to_look_at(Mode::Development)?);
    let mut families = Schema::new();
    for migrations in context.take_migrations() {
        let all = MigrationSource::<Sqlite>::migrations(&migrations).map_err(Fault::bug)?;
        families.extend(
            all.iter()
                .map(|one| family(&one.name().version().to_string())),
        );
    }
    Ok(families)
}

/// What this binary brings a context's database to. It is found out by doing so, in memory.
pub(crate) fn known(entry: &Entry) -> Result<Schema, Fault> {
    let mut db = Db::open(&Url(":memory:".to_owned())).map_err(Fault::bug)?;
    let mut context = (entry.build)(Given::to_look_at(Mode::Development)?);
    db.migrate(context.take_migrations()).map_err(Fault::bug)?;
    applied(&mut db)
}

/// An error when a database has been through what this binary does not know. `place` holds it, and `writer` wrote it.
pub(crate) fn refuse_newer(
    entry: &Entry,
    applied: &Schema,
    place: &str,
    writer: Option<String>,
) -> Result<(), Fault> {
    let Some(strange) = applied.difference(&known(entry)?).next().cloned() else {
        return Ok(());
    };
    let writer = writer.unwrap_or_else(|| "of a later version".to_owned());
    Err(Fault::usage(format!(
        "{place} was written by yemae {writer}, and this is {OWN}: {} has been through {strange}, which this one does \
         not know. Use that version, or a directory of this one",
        entry.name
    )))
}

/// Before the contexts of a data directory are opened, which brings them up to date: refuses what a later binary
/// wrote, and keeps a copy of what an earlier one did. The directory must be ours.
pub(crate) fn admit(data: &Data, databases: &[(&'static Entry, Url)]) -> Result<(), Fault> {
    data.refuse_half_restored()?;
    let mut elsewhere = data.elsewhere();
    let (mut is_behind, mut is_without_copy) = (false, Vec::new());
    for (entry, url) in databases {
        let is_file = url.0 == data.database(entry.name).display().to_string();
        if is_file && !data.database(entry.name).is_file() {
            continue;
        }
        let (_, applied) = databases::open(entry, url)?;
        if !is_file {
            let place = format!("{url:?}");
            let before = elsewhere.insert(entry.name.to_owned(), place.clone());
            if let Some(before) = before.filter(|before| *before != place && applied.is_empty()) {
                return Err(Fault::usage(format!(
                    "{} of {data} has its database at {before}, and there is none of it at {place}: give \
                     YEMAE_DATABASE_URL as it was, move the database, or name another directory with --data",
                    entry.name
                )));
            }
        }
        refuse_newer(entry, &applied, &data.to_string(), data.writer())?;
        let own = !applied.is_empty() && applied != known(entry)?;
        is_behind |= own && is_file;
        is_without_copy.extend((own && !is_file).then_some(entry.name));
    }
    if !is_without_copy.is_empty() {
        let names = is_without_copy.join(", ");
        eprintln!("yemae: brings {names} up to {OWN}, in databases of which no copy is kept");
    }
    if is_behind {
        let copy = data.before(OWN, Clock::system().now());
        backup::copy(data, &copy)?;
        let writer = data.writer().unwrap_or_else(|| "?".to_owned());
        eprintln!(
            "yemae: brings {data} from version {writer} to {OWN}; how it was is kept in {}",
            copy.display()
        );
    }
    data.write_version(OWN, elsewhere)
}

/// The contexts that have a database in a data directory.
pub(crate) fn present(data: &Data) -> Vec<&'static Entry> {
    contexts::ALL
        .iter()
        .filter(|entry| data.database(entry.name).is_file())
        .collect()
}
