//! The data directory's keys: one for people's tokens, one for each context's, one for whatever else a context signs.

use crate::contexts::Entry;
use crate::data::Data;
use crate::fault::Fault;
use mesh::identity::{Key, write_jwks};

/// Makes what is missing, and writes the public halves.
pub(super) fn make(data: &Data, entries: &[&Entry]) -> Result<(), Fault> {
    let people = key(data, "users")?;
    write_jwks(&data.user_jwks(), &[people.entry()]).map_err(Fault::usage)?;
    let services = entries
        .iter()
        .map(|entry| Ok(key(data, entry.name)?.service_entry(entry.name, entry.scopes)));
    let services = services.collect::<Result<Vec<_>, Fault>>()?;
    write_jwks(&data.service_jwks(), &services).map_err(Fault::usage)?;
    for what in entries.iter().filter_map(|entry| entry.signs()) {
        let own = key(data, what)?.entry();
        write_jwks(&data.jwks(what), &[own]).map_err(Fault::usage)?;
    }
    Ok(())
}

fn key(data: &Data, name: &str) -> Result<Key, Fault> {
    let path = data.key(name);
    let key = if path.is_file() {
        Key::read(&path)
    } else {
        Key::make(&path)
    };
    key.map_err(Fault::usage)
}
