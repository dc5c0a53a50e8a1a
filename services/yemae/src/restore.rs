//! `yemae restore DIR --data NEWDIR`: a data directory from a backup.

use crate::backup::Manifest;
use crate::contexts;
use crate::data::{self, Data};
use crate::fault::Fault;
use crate::{cli, out, schemas};
use rusqlite::{Connection, OpenFlags};
use std::fs;
use std::path::Path;

/// Runs the command.
pub(crate) fn run(command: &cli::Restore) -> Result<(), Fault> {
    let backup = Data::at(&command.dir);
    let manifest = read(&backup)?;
    for (name, bytes) in &manifest.databases {
        check(&backup, name, *bytes, &manifest)?;
    }
    data::must_be_empty(&command.data, "--data")?;
    let data = Data::at(&command.data);
    let _lock = data.claim()?;
    data::write_durably(&data.restoring(), "")?;
    for name in manifest.databases.keys() {
        data::copy_durably(&backup.database(name), &data.database(name))?;
    }
    backup.copy_keys(&data)?;
    data.write_version(&manifest.yemae, manifest.elsewhere.clone())?;
    data.remove_restoring()?;
    out::line(format_args!(
        "{data} is as the mesh was at {}: {} databases and the keys. To run it: yemae up --data {data}",
        manifest.at,
        manifest.databases.len()
    ));
    Ok(())
}

fn read(backup: &Data) -> Result<Manifest, Fault> {
    let file = backup.manifest();
    let text = fs::read_to_string(&file).map_err(|why| {
        Fault::usage(format!(
            "{backup} is no backup, or one that was not finished: {}: {why}",
            file.display()
        ))
    })?;
    serde_json::from_str(&text).map_err(|why| Fault::usage(format!("{}: {why}", file.display())))
}

/// Whether this copy is whole, and of a schema that this binary knows.
fn check(backup: &Data, name: &str, bytes: u64, manifest: &Manifest) -> Result<(), Fault> {
    let place = backup.to_string();
    let entry = contexts::find(name).ok_or_else(|| {
        Fault::usage(format!(
            "{place} was written by yemae {}, and this one knows no context {name}: use that version",
            manifest.yemae
        ))
    })?;
    let file = backup.database(name);
    let found = fs::metadata(&file).map_or(0, |about| about.len());
    if found != bytes {
        return Err(broken(&file, &format!("{found} bytes instead of {bytes}")));
    }
    let applied = match examine(&file) {
        Ok(Verdict::Sound(applied)) => applied,
        Ok(Verdict::Broken(why)) => return Err(broken(&file, &why)),
        Err(why) => return Err(broken(&file, &why.to_string())),
    };
    schemas::refuse_newer(entry, &applied, &place, Some(manifest.yemae.clone()))
}

/// What SQLite says of a copy.
enum Verdict {
    /// The migrations that it has been through.
    Sound(schemas::Schema),
    Broken(String),
}

fn examine(file: &Path) -> rusqlite::Result<Verdict> {
    let db = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let said: String = db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if said != "ok" {
        let last = said.lines().last().unwrap_or_default();
        return Ok(Verdict::Broken(last.to_owned()));
    }
    let mut versions = db.prepare("SELECT version FROM __diesel_schema_migrations")?;
    let applied = versions.query_map([], |row| row.get(0))?;
    applied.collect::<Result<_, _>>().map(Verdict::Sound)
}

fn broken(file: &Path, why: &str) -> Fault {
    Fault::no(format!(
        "{} is broken: {why}. Nothing was restored; use another backup",
        file.display()
    ))
}
