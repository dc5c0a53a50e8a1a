//! `yemae backup DIR`: a copy of a data directory while it is served, every database as of one instant.
//!
//! For some milliseconds every writer waits: all databases are locked, in one order; then a snapshot of each is opened
//! to be read, the locks are let go, and the snapshots are copied while everybody works on. What the broker holds is not
//! copied: the outboxes are the log.

use crate::contexts::Entry;
use crate::data::{self, Data};
use crate::fault::Fault;
use crate::{cli, out, schemas};
use mesh::Clock;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// How long all writers may be kept waiting: well below the 5 s for which they wait for a lock.
const FREEZE: Duration = Duration::from_secs(2);
/// Between two tries at a lock. A writer that is never idle lets go of it for some microseconds at a time.
const AGAIN: Duration = Duration::from_micros(100);

/// What a backup says of itself, in `backup.json`. It is written last: without it a directory is no backup.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Manifest {
    /// The version that wrote the databases.
    pub(crate) yemae: String,
    /// Whatever was answered before this is in it, RFC 3339.
    pub(crate) at: String,
    /// The same in µs since 1970.
    pub(crate) at_us: i64,
    /// How long the writers waited, in µs.
    pub(crate) waited_us: u128,
    /// The databases by context, and how many bytes each has.
    pub(crate) databases: BTreeMap<String, u64>,
    /// The databases that are not in it, by context, and where they are.
    #[serde(default)]
    pub(crate) elsewhere: BTreeMap<String, String>,
}

/// Runs the command.
pub(crate) fn run(command: &cli::Backup) -> Result<(), Fault> {
    let data = Data::at(&command.data);
    let made = copy(&data, &command.dir)?;
    let bytes: u64 = made.databases.values().sum();
    out::line(format_args!(
        "{} databases, {:.1} MB, and the keys of {data}, as of {}; writers waited {:.1} ms.\n\
         It holds private keys and personal data. To bring it back: yemae restore {} --data NEWDIR",
        made.databases.len(),
        bytes as f64 / 1e6,
        made.at,
        made.waited_us as f64 / 1e3,
        command.dir.display()
    ));
    for (context, place) in &made.elsewhere {
        out::line(format_args!(
            "NOT in it: {context}, whose database is {place}; copy that with PostgreSQL's own tools"
        ));
    }
    Ok(())
}

/// Copies a data directory into one that is empty or not there.
pub(crate) fn copy(data: &Data, into: &Path) -> Result<Manifest, Fault> {
    data.refuse_half_restored()?;
    let entries = schemas::present(data);
    let elsewhere = data.elsewhere();
    if entries.is_empty() {
        let way_out = match elsewhere.is_empty() {
            true => "name the directory of `yemae up` with --data",
            false => "all of them are in PostgreSQL, whose own tools copy them",
        };
        return Err(Fault::usage(format!(
            "{data} has no database to back up: {way_out}"
        )));
    }
    let copy = Data::at(into);
    data::must_be_empty(into, "DIR")?;
    let frozen = freeze(data, entries)?;
    let made = fill(data, &copy, frozen, elsewhere);
    if made.is_err() {
        // It was empty, and is to be again: the same command then works once its trouble is over.
        drop(fs::remove_dir_all(into));
    }
    made
}

fn fill(
    data: &Data,
    copy: &Data,
    frozen: Frozen,
    elsewhere: BTreeMap<String, String>,
) -> Result<Manifest, Fault> {
    copy.make()?;
    let mut databases = BTreeMap::new();
    for (entry, snapshot) in frozen.snapshots {
        let file = copy.database(entry.name);
        let bytes = write(&snapshot, &file).map_err(|why| trouble(entry, &why))?;
        databases.insert(entry.name.to_owned(), bytes);
    }
    data.copy_keys(copy)?;
    let manifest = Manifest {
        yemae: data.writer().unwrap_or_else(|| schemas::OWN.to_owned()),
        at: frozen.at.to_string(),
        at_us: frozen.at.0,
        waited_us: frozen.waited.as_micros(),
        databases,
        elsewhere,
    };
    let text = serde_json::to_string_pretty(&manifest).map_err(Fault::bug)?;
    data::write_durably(&copy.manifest(), &text)?;
    Ok(manifest)
}

/// A snapshot of every database, all of one instant.
struct Frozen {
    snapshots: Vec<(&'static Entry, Connection)>,
    at: mesh::Time,
    waited: Duration,
}

fn freeze(data: &Data, entries: Vec<&'static Entry>) -> Result<Frozen, Fault> {
    let mut snapshots = Vec::new();
    let mut locks = Vec::new();
    for entry in entries {
        let open = || open(&data.database(entry.name)).map_err(|why| trouble(entry, &why));
        snapshots.push((entry, open()?));
        locks.push((entry, open()?));
    }
    let at = Clock::system().now();
    let begun = Instant::now();
    for (entry, lock) in &locks {
        take(lock, begun + FREEZE).map_err(|why| trouble(entry, &why))?;
    }
    for (entry, snapshot) in &snapshots {
        // A snapshot is taken by the first read, not by BEGIN.
        let taken = snapshot.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema");
        taken.map_err(|why| trouble(entry, &why))?;
    }
    // Closing a connection rolls back what it began, which was nothing.
    drop(locks);
    Ok(Frozen {
        snapshots,
        at,
        waited: begun.elapsed(),
    })
}

/// A connection that has read once, so that the first read under the locks is short.
fn open(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(file, flags)?;
    db.busy_timeout(FREEZE)?;
    db.execute_batch("SELECT count(*) FROM sqlite_schema")?;
    db.busy_timeout(Duration::ZERO)?;
    Ok(db)
}

/// Takes a database's write lock.
fn take(lock: &Connection, end: Instant) -> rusqlite::Result<()> {
    loop {
        let is_busy =
            |why: &rusqlite::Error| why.sqlite_error_code() == Some(ErrorCode::DatabaseBusy);
        match lock.execute_batch("BEGIN IMMEDIATE") {
            Err(why) if is_busy(&why) && Instant::now() < end => std::thread::sleep(AGAIN),
            done => return done,
        }
    }
}

/// Writes a snapshot to a file that stands alone, and answers its bytes.
fn write(snapshot: &Connection, file: &Path) -> rusqlite::Result<u64> {
    let mut copy = Connection::open(file)?;
    let step = Backup::new(snapshot, &mut copy)?.step(-1)?;
    if step != StepResult::Done {
        let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
        return Err(rusqlite::Error::SqliteFailure(busy, None));
    }
    copy.execute_batch("PRAGMA journal_mode = DELETE")?;
    copy.close().map_err(|(_, why)| why)?;
    Ok(fs::metadata(file).map_or(0, |about| about.len()))
}

fn trouble(entry: &Entry, why: &rusqlite::Error) -> Fault {
    Fault::not_ready(format!(
        "the database of {} cannot be copied: {why}. Nothing was backed up; try again",
        entry.name
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// Whoever writes to one database and then to the other, over and over, is caught between two writes, and never
    /// with the second before the first.
    #[test]
    fn all_databases_are_of_one_instant() {
        let dir = tempfile::tempdir().unwrap();
        let data = Data::at(&dir.path().join("data"));
        data.make().unwrap();
        let [first, second] = ["cinema-movie", "mypage"].map(|name| {
            let db = Connection::open(data.database(name)).unwrap();
            db.busy_timeout(Duration::from_secs(5)).unwrap();
            let made = "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; CREATE TABLE t (n); INSERT INTO t VALUES (0)";
            db.execute_batch(made).unwrap();
            db
        });
        let stop = AtomicBool::new(false);
        let stop = &stop;
        let seen = std::thread::scope(|scope| {
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    for db in [&first, &second] {
                        db.execute_batch("UPDATE t SET n = n + 1").unwrap();
                    }
                }
            });
            let back_up = |round: usize| {
                let into = dir.path().join(round.to_string());
                copy(&data, &into)?;
                Ok(["cinema-movie", "mypage"].map(|name| {
                    let db = Connection::open(Data::at(&into).database(name)).unwrap();
                    let n = db.query_row("SELECT n FROM t", [], |row| row.get::<_, i64>(0));
                    n.unwrap()
                }))
            };
            let seen = (0..50).map(back_up).collect::<Result<Vec<_>, Fault>>();
            stop.store(true, Ordering::Relaxed);
            seen.unwrap()
        });
        for [first, second] in &seen {
            assert!([0, 1].contains(&(first - second)), "{first} and {second}");
        }
        assert!(seen[0][1] < seen[49][1], "nothing was written meanwhile");
    }
}
