//! TLS within the mesh: who a process is to those who call it, and whom it believes, by files that its settings name.

use crate::fault::Fault;
use crate::settings::{Found, Settings};
use mesh::{client, server};
use std::path::Path;

/// What the settings say, before any file is read.
struct Given {
    /// A certificate and its key.
    pair: Option<(Found, Found)>,
    ca: Option<Found>,
    clients: Option<Found>,
}

impl Given {
    fn read(settings: &Settings, name: &str) -> Result<Self, Fault> {
        let find = |setting: &str| settings.find(name, setting);
        let pair = match (find("MESH_CERTIFICATE")?, find("MESH_KEY")?) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            (Some(one), None) => return Err(half(&one, "YEMAE_MESH_KEY")),
            (None, Some(one)) => return Err(half(&one, "YEMAE_MESH_CERTIFICATE")),
        };
        let given = Self {
            pair,
            ca: find("MESH_CA")?,
            clients: find("MESH_CLIENT_CA")?,
        };
        match (&given.pair, &given.ca, &given.clients) {
            // It would be called over TLS, and call in the clear.
            (Some((one, _)), None, _) => Err(half(one, "YEMAE_MESH_CA")),
            (None, _, Some(one)) => Err(half(one, "YEMAE_MESH_CERTIFICATE and YEMAE_MESH_KEY")),
            _ => Ok(given),
        }
    }
}

fn half(one: &Found, other: &str) -> Fault {
    Fault::usage(format!(
        "{} is set and {other} is not: they are given together or not at all",
        one.from
    ))
}

/// Whom a process believes to be those it calls. None: it calls in the clear.
pub(crate) fn calls(settings: &Settings, name: &str) -> Result<Option<client::Tls>, Fault> {
    let given = Given::read(settings, name)?;
    let Some(ca) = &given.ca else {
        return Ok(None);
    };
    let own = given.pair.as_ref();
    let own = own.map(|(certificate, key)| (Path::new(&certificate.value), Path::new(&key.value)));
    let tls = client::Tls::from_files(Path::new(&ca.value), own);
    tls.map(Some).map_err(Fault::usage)
}

/// Who a process of contexts is to those who call it. None: it listens in the clear.
pub(crate) fn listens(settings: &Settings, name: &str) -> Result<Option<server::Tls>, Fault> {
    let given = Given::read(settings, name)?;
    let Some((certificate, key)) = &given.pair else {
        // It would call over TLS, and be called in the clear.
        return match &given.ca {
            Some(one) => Err(half(one, "YEMAE_MESH_CERTIFICATE and YEMAE_MESH_KEY")),
            None => Ok(None),
        };
    };
    let clients = given.clients.as_ref().map(|file| Path::new(&file.value));
    let (certificate, key) = (Path::new(&certificate.value), Path::new(&key.value));
    let tls = server::Tls::from_files(certificate, key, clients, false);
    tls.map(Some).map_err(Fault::usage)
}

/// Where the contexts are that this one calls: over TLS when it is known whom to believe, and else in the clear.
pub(crate) fn peers(settings: &Settings, name: &str) -> Result<String, Fault> {
    let found = settings.find(name, "PEERS")?;
    let found = found.ok_or_else(|| Fault::bug("PEERS has no default"))?;
    let ca = settings.find(name, "MESH_CA")?;
    let is_default = found.is_default();
    match (found.value.split_once("://"), ca) {
        (Some(("http", at)), Some(_)) if is_default => Ok(format!("https://{at}")),
        (Some(("http", _)), Some(ca)) => Err(Fault::usage(format!(
            "{} is set, and {} says http://: say https://, or set no MESH_ files",
            ca.from, found.from
        ))),
        (Some(("https", _)), None) => Err(Fault::usage(format!(
            "{} says https://, and YEMAE_MESH_CA is not set: it names the file with the authorities to trust",
            found.from
        ))),
        _ => Ok(found.value),
    }
}
