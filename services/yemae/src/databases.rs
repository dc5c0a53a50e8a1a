//! Which database each context has: what the environment says, or a file of the data directory. Never both, and never a
//! new one where there was another, without saying so.

use crate::contexts::Entry;
use crate::data::Data;
use crate::fault::Fault;
use crate::schemas::{self, Schema};
use crate::settings::Settings;
use mesh::Db;
use mesh::store::{Backend, Url};

/// Where a context of a data directory has its database; none, when it has had none yet. An error when the settings say
/// another than `up` has last had it in.
pub(crate) fn of(data: &Data, settings: &Settings, entry: &Entry) -> Result<Option<Url>, Fault> {
    let found = said(data, settings, entry)?;
    let (name, elsewhere) = (entry.name, data.elsewhere());
    match (&found, elsewhere.get(name)) {
        (Some(url), Some(place)) if format!("{url:?}") != *place => Err(Fault::usage(format!(
            "{name} of {data} has its database at {place}, and YEMAE_DATABASE_URL says {url:?}; if it was moved there, \
             start `yemae up` with it first"
        ))),
        _ => Ok(found),
    }
}

fn said(data: &Data, settings: &Settings, entry: &Entry) -> Result<Option<Url>, Fault> {
    let name = entry.name;
    let file = data.database(name);
    let own = Url(file.display().to_string());
    match (settings.database(name)?, file.is_file()) {
        (Some(told), true) if told != own => Err(Fault::usage(format!(
            "{name} has its database in {}, and YEMAE_DATABASE_URL says another: unset it, or name another directory \
             with --data",
            file.display()
        ))),
        (Some(told), _) => Ok(Some(told)),
        (None, true) => Ok(Some(own)),
        (None, false) => match data.elsewhere().get(name) {
            Some(place) => Err(Fault::usage(format!(
                "{name} of {data} has its database at {place}: give it in YEMAE_DATABASE_URL, as it was given to \
                 `yemae up`"
            ))),
            None => Ok(None),
        },
    }
}

/// The same for `up`, which makes a file where there is nothing, and may find what was moved.
pub(crate) fn of_up(data: &Data, settings: &Settings, entry: &Entry) -> Result<Url, Fault> {
    let file = || Url(data.database(entry.name).display().to_string());
    Ok(said(data, settings, entry)?.unwrap_or_else(file))
}

/// An error when two contexts would share a database: their tables have the same names.
pub(crate) fn must_differ<'a>(
    databases: impl Iterator<Item = (&'a str, &'a Url)>,
) -> Result<(), Fault> {
    let mut seen: Vec<(&str, &Url)> = Vec::new();
    for (name, url) in databases {
        if let Some((other, _)) = seen.iter().find(|(_, known)| *known == url) {
            return Err(Fault::usage(format!(
                "{other} and {name} would share the database {url:?}, and each needs its own: write {{context}} where \
                 its name differs"
            )));
        }
        seen.push((name, url));
    }
    Ok(())
}

/// A connection to a context's database, and what it has been through. An error when it is another context's.
pub(crate) fn open(entry: &Entry, url: &Url) -> Result<(Db, Schema), Fault> {
    let mut db = Db::open(url).map_err(|why| unreachable(entry, url, &why.to_string()))?;
    let applied = schemas::applied(&mut db)?;
    match schemas::owner(entry, &applied)? {
        Some(other) => Err(Fault::usage(format!(
            "the database {url:?} is {}'s, so it cannot be {}'s: each needs its own",
            other.name, entry.name
        ))),
        None => Ok((db, applied)),
    }
}

/// The same, for who only reads: a file that is not there is not made.
pub(crate) fn open_there(entry: &Entry, url: &Url) -> Result<(Db, Schema), Fault> {
    if url.backend() == Backend::Sqlite && !std::path::Path::new(&url.0).is_file() {
        return Err(Fault::not_ready(format!(
            "{}: there is no database at {url:?}",
            entry.name
        )));
    }
    open(entry, url)
}

/// Why a database cannot be opened, in one line.
fn unreachable(entry: &Entry, url: &Url, why: &str) -> Fault {
    let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_missing = url.backend() == Backend::Postgres && why.ends_with("does not exist");
    let way_out = match is_missing && why.contains("database \"") {
        true => "; make it with createdb, or CREATE DATABASE",
        false => "",
    };
    Fault::not_ready(format!("{}: {why}{way_out}", entry.name))
}
