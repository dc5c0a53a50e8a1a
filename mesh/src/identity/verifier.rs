//! Checks tokens.

use super::cache::{self, Cache};
use super::jwks::{PublicKey, Ring, Whose};
use super::{AUDIENCE, Fault, ISSUER, LEEWAY, LONGEST, fault, unauthenticated};
use crate::call::{Service, User};
use crate::clock::{Clock, Time};
use crate::refusal::Refusal;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Whose valid token it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bearer {
    /// A person's.
    User(User),
    /// A service's, with what its key permits.
    Service(Service),
}

/// A token that was found good, and when it is.
#[derive(Clone)]
pub(super) struct Good {
    pub bearer: Bearer,
    pub from: Time,
    pub until: Time,
}

/// Checks tokens. Cheap to clone; clones share what they have learned.
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    people: Ring,
    services: Ring,
    issuer: String,
    audience: String,
    clock: Clock,
    cache: Mutex<Cache>,
}

impl Verifier {
    /// Checks people's tokens, which are by `issuer` for `audience`, with the keys in one file, and services' tokens
    /// with those in the other.
    pub fn from_files(
        people: &Path,
        services: &Path,
        issuer: &str,
        audience: &str,
        clock: Clock,
    ) -> Result<Self, Fault> {
        let people = Ring::read(people, Whose::People)?;
        let services = Ring::read(services, Whose::Services)?;
        Ok(Self::of(people, services, issuer, audience, clock))
    }

    /// The same with the JWKS themselves, which stay as they are.
    pub fn from_values(
        people: &serde_json::Value,
        services: &serde_json::Value,
        issuer: &str,
        audience: &str,
        clock: Clock,
    ) -> Result<Self, Fault> {
        let ring = |value: &serde_json::Value, whose| {
            Ring::of(value.to_string(), None, whose).map_err(|why| fault(Path::new("JWKS"), why))
        };
        let people = ring(people, Whose::People)?;
        let services = ring(services, Whose::Services)?;
        Ok(Self::of(people, services, issuer, audience, clock))
    }

    fn of(people: Ring, services: Ring, issuer: &str, audience: &str, clock: Clock) -> Self {
        Self(Arc::new(Inner {
            people,
            services,
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            clock,
            cache: Mutex::default(),
        }))
    }

    /// Whose token it is, or UNAUTHENTICATED with the reason: TOKEN_EXPIRED, TOKEN_NOT_YET_VALID, TOKEN_INVALID.
    pub fn verify(&self, token: &str) -> Result<Bearer, Refusal> {
        if token.len() > LONGEST {
            return Err(invalid("the token is longer than 8 KiB"));
        }
        let now = self.0.clock.now();
        let print = cache::print(token);
        let known = self.cache().get(&print);
        if let Some(good) = known {
            let in_time = good.check(now);
            if in_time.is_err() {
                self.cache().remove(&print);
            }
            return in_time.map(|()| good.bearer);
        }
        let good = self.examine(token)?;
        good.check(now)?;
        self.cache().put(print, good.clone());
        Ok(good.bearer)
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.0.cache.lock().unwrap_or_else(|p| p.into_inner())
    }

    fn examine(&self, token: &str) -> Result<Good, Refusal> {
        let malformed = || invalid("the token is no JWT of three parts");
        let (message, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
        let (header, claims) = message.split_once('.').ok_or_else(malformed)?;
        let header: Header = decode(header).ok_or_else(malformed)?;
        if header.crit.is_some() {
            return Err(invalid(
                "the token's header demands an extension nobody knows here",
            ));
        }
        let key = self
            .key(&header.kid)
            .ok_or_else(|| invalid("the token's key is not known"))?;
        // The key says how it is used. A header that says otherwise is a forger's.
        if header.alg != key.name {
            return Err(invalid("the token names another algorithm than its key's"));
        }
        let message = message.as_bytes();
        if !jsonwebtoken::crypto::verify(signature, message, &key.key, key.algorithm)
            .is_ok_and(|matches| matches)
        {
            return Err(invalid("the token's signature does not match"));
        }
        let claims: Claims = decode(claims).ok_or_else(|| {
            invalid("the token lacks sub, iss, aud or exp, or has them in another form")
        })?;
        let (issuer, audience) = match &key.service {
            Some(_) => (ISSUER, AUDIENCE),
            None => (self.0.issuer.as_str(), self.0.audience.as_str()),
        };
        if claims.iss != issuer {
            return Err(invalid("the token is by another issuer"));
        }
        if !claims.aud.has(audience) {
            return Err(invalid("the token is for another audience"));
        }
        if claims.sub.is_empty() {
            return Err(invalid("the token's subject is empty"));
        }
        Ok(Good {
            from: claims.nbf.map_or(Time(i64::MIN), time).minus(LEEWAY),
            until: time(claims.exp).plus(LEEWAY),
            bearer: match &key.service {
                Some(service) => Bearer::Service(claims.as_service(service)?),
                None => Bearer::User(User {
                    subject: claims.sub,
                    roles: claims.roles.unwrap_or_default(),
                }),
            },
        })
    }

    /// Services first: nobody who issues people's tokens can then speak for a service.
    fn key(&self, id: &str) -> Option<Arc<PublicKey>> {
        for ring in [&self.0.services, &self.0.people] {
            let found = ring.find(id);
            if found.changed {
                *self.cache() = Cache::default();
            }
            if found.key.is_some() {
                return found.key;
            }
        }
        None
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier")
            .field("issuer", &self.0.issuer)
            .field("audience", &self.0.audience)
            .finish_non_exhaustive()
    }
}

impl Good {
    fn check(&self, now: Time) -> Result<(), Refusal> {
        if now >= self.until {
            return Err(unauthenticated("TOKEN_EXPIRED", "the token has expired"));
        }
        if now < self.from {
            return Err(unauthenticated(
                "TOKEN_NOT_YET_VALID",
                "the token is not valid yet",
            ));
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    iss: String,
    aud: Audience,
    /// Seconds since the epoch; RFC 7519 allows fractions.
    exp: f64,
    nbf: Option<f64>,
    roles: Option<Vec<String>>,
    scopes: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn has(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Several(several) => several.iter().any(|one| one == audience),
        }
    }
}

impl Claims {
    /// A token may ask for less than its key permits, never for more.
    fn as_service(&self, permitted: &Service) -> Result<Service, Refusal> {
        if self.sub != permitted.context {
            return Err(invalid("the token is for another context than its key"));
        }
        if self.roles.as_ref().is_some_and(|roles| !roles.is_empty()) {
            return Err(invalid("a service has no roles"));
        }
        let scopes = self.scopes.as_ref().unwrap_or(&permitted.scopes);
        if scopes.iter().any(|scope| !permitted.scopes.contains(scope)) {
            return Err(invalid("the token names a scope that its key lacks"));
        }
        Ok(Service {
            context: permitted.context.clone(),
            scopes: scopes.clone(),
        })
    }
}

fn invalid(why: &'static str) -> Refusal {
    unauthenticated("TOKEN_INVALID", why)
}

fn decode<T: DeserializeOwned>(part: &str) -> Option<T> {
    let json = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&json).ok()
}

/// The cast saturates, so a token for ever is one.
fn time(seconds: f64) -> Time {
    Time((seconds * 1e6) as i64)
}
