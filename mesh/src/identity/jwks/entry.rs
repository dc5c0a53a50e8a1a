//! How a set of keys is written down.

use super::{Keys, PublicKey, Whose};
use crate::call::Service;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// A shorter RSA modulus is no key today, bytes (NIST SP 800-57: 2048 bits).
const RSA_BYTES: usize = 256;

pub(super) fn parse(text: &str, whose: Whose) -> Result<Keys, String> {
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
