//! The keys that tokens are checked with: a JWKS file, read again when it has changed.

use super::{Fault, fault};
use crate::call::Service;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// How often a file is looked at again at most (reliability.md, Identity).
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// A shorter RSA modulus is no key today, bytes (NIST SP 800-57: 2048 bits).
const RSA_BYTES: usize = 256;

/// Whose tokens a file's keys check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// People's. What we cannot use is left out: an issuer publishes keys for other uses, too.
    People,
    /// Services'. Every key must name its context and scopes.
    Services,
}

/// A key that tokens are checked with.
pub(super) struct PublicKey {
    /// The only algorithm it checks, whatever a token's header says.
    pub algorithm: Algorithm,
    /// That algorithm as a header spells it.
    pub name: &'static str,
    pub key: DecodingKey,
    /// What it is good for, when it is a service's.
    pub service: Option<Service>,
}

type Keys = HashMap<String, Arc<PublicKey>>;

/// The keys of one file.
pub(super) struct Ring {
    whose: Whose,
    file: Option<PathBuf>,
    state: Mutex<State>,
}

struct State {
    text: String,
    keys: Keys,
    /// When the file was last looked at: because time had passed, because a key was not known.
    looked: [Option<Instant>; 2],
}

/// What a ring knows of a key id.
pub(super) struct Found {
    pub key: Option<Arc<PublicKey>>,
    /// The file had changed, so what was found good before may not be so now.
    pub changed: bool,
}

impl Ring {
    pub(super) fn read(path: &Path, whose: Whose) -> Result<Self, Fault> {
        let text = fs::read_to_string(path).map_err(|why| fault(path, why))?;
        Self::of(text, Some(path.to_owned()), whose).map_err(|why| fault(path, why))
    }

    pub(super) fn of(text: String, file: Option<PathBuf>, whose: Whose) -> Result<Self, String> {
        let keys = parse(&text, whose)?;
        let looked = [Some(Instant::now()), None];
        Ok(Self {
            whose,
            file,
            state: Mutex::new(State { text, keys, looked }),
        })
    }

    /// The key of this id. The file is looked at again when the last look is long ago: so a key that was taken out is
    /// forgotten within a minute, and one that was added is known at once unless ids are being guessed.
    pub(super) fn find(&self, id: &str) -> Found {
        let mut state = self.state.lock().unwrap_or_else(|p| p.into_inner());
        let why = usize::from(!state.keys.contains_key(id));
        let mut changed = false;
        if let Some(file) = &self.file
            && state.looked[why].is_none_or(|last| last.elapsed() >= LOOK_EVERY)
        {
            state.looked[why] = Some(Instant::now());
            changed = state.look(file, self.whose);
        }
        Found {
            key: state.keys.get(id).cloned(),
            changed,
        }
    }
}

impl State {
    /// A few KiB from a local file, so it is read in place. What cannot be read leaves the keys as they were.
    fn look(&mut self, file: &Path, whose: Whose) -> bool {
        let read = fs::read_to_string(file).map_err(|why| why.to_string());
        let keys = match read {
            Ok(text) if text == self.text => return false,
            Ok(text) => parse(&text, whose).map(|keys| (text, keys)),
            Err(why) => Err(why),
        };
        match keys {
            Ok((text, keys)) => {
                tracing::info!(file = %file.display(), keys = keys.len(), "keys read again");
                (self.text, self.keys) = (text, keys);
                true
            }
            Err(why) => {
                tracing::warn!(file = %file.display(), why, "keys cannot be read again; the old ones stay");
                false
            }
        }
    }
}

fn parse(text: &str, whose: Whose) -> Result<Keys, String> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    let set: Set = serde_json::from_str(text).map_err(|why| format!("is no JWKS: {why}"))?;
    let mut keys = Keys::new();
    for (place, value) in set.keys.into_iter().enumerate() {
        match (public_key(value, whose), whose) {
            (Ok((id, key)), _) => {
                if keys.insert(id.clone(), Arc::new(key)).is_some() {
                    return Err(format!("has two keys of the kid {id}"));
                }
            }
            (Err(why), Whose::People) => {
                tracing::warn!(place, why, "a key in the JWKS is left out");
            }
            (Err(why), Whose::Services) => return Err(format!("key {place}: {why}")),
        }
    }
    if keys.is_empty() && whose == Whose::People {
        return Err("has no key that can be used".to_owned());
    }
    Ok(keys)
}

#[derive(Deserialize)]
struct Entry {
    kid: String,
    kty: String,
    alg: Option<String>,
    r#use: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    context: Option<String>,
    scopes: Option<Vec<String>>,
}

fn public_key(value: Value, whose: Whose) -> Result<(String, PublicKey), String> {
    let entry: Entry = serde_json::from_value(value).map_err(|why| why.to_string())?;
    if entry.r#use.as_deref().is_some_and(|r#use| r#use != "sig") {
        return Err("is not for signatures".to_owned());
    }
    let (algorithm, name, key) = match (entry.kty.as_str(), entry.crv.as_deref()) {
        ("OKP", Some("Ed25519")) => {
            let x = part(&entry.x, "x", 32..=32)?;
            (Algorithm::EdDSA, "EdDSA", DecodingKey::from_ed_der(&x))
        }
        ("EC", Some("P-256")) => {
            let (x, y) = (part(&entry.x, "x", 32..=32)?, part(&entry.y, "y", 32..=32)?);
            // SEC 1, 2.3.3: an uncompressed point.
            let point = [&[4], &x[..], &y[..]].concat();
            (Algorithm::ES256, "ES256", DecodingKey::from_ec_der(&point))
        }
        ("RSA", None) => {
            let n = part(&entry.n, "n", RSA_BYTES..=4 * RSA_BYTES)?;
            let e = part(&entry.e, "e", 1..=4)?;
            let key = DecodingKey::from_rsa_raw_components(&n, &e);
            (Algorithm::RS256, "RS256", key)
        }
        _ => return Err("is neither Ed25519, P-256 nor RSA".to_owned()),
    };
    if entry.alg.as_deref().is_some_and(|alg| alg != name) {
        return Err(format!(
            "names another algorithm than {name}, which its kty and crv stand for"
        ));
    }
    let service = match (whose, entry.context, entry.scopes) {
        (Whose::People, ..) => None,
        (Whose::Services, Some(context), Some(scopes)) => Some(Service { context, scopes }),
        (Whose::Services, ..) => return Err("names no context and scopes".to_owned()),
    };
    let key = PublicKey {
        algorithm,
        name,
        key,
        service,
    };
    Ok((entry.kid, key))
}

fn part(
    text: &Option<String>,
    name: &str,
    bytes: std::ops::RangeInclusive<usize>,
) -> Result<Vec<u8>, String> {
    let text = text.as_deref().ok_or_else(|| format!("has no {name}"))?;
    let value = URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| format!("{name} is not base64url"))?;
    if bytes.contains(&value.len()) {
        Ok(value)
    } else {
        Err(format!("{name} is {} bytes long", value.len()))
    }
}
