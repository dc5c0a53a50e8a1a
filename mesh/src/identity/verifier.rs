//! Checks tokens.

use super::cache::{self, Cache};
use super::claims::{Claims, Header};
use super::issuer::Issuer;
use super::jwks::{Ask, PublicKey, Ring, Source, Whose};
use super::{AUDIENCE, Fault, ISSUER, LEEWAY, LONGEST, fault, unauthenticated};
use crate::call::{Service, User};
use crate::clock::{Clock, Time};
use crate::refusal::Refusal;
use crate::task;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

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
    /// When its key was looked at.
    pub seen: Time,
}

/// So long a token that was found good is not looked at again: then its key may be one that was taken back.
const GOOD_FOR: Duration = Duration::from_secs(60);

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

    /// The same with people's keys as their issuer publishes them at `url`: any OIDC issuer's `jwks_uri`. Over TLS it must
    /// be certified by an authority in `ca`, else by one that the system trusts. It is asked when the first token comes,
    /// and for a key that is not known at most once a minute; while it is away, the keys that are known hold.
    pub fn from_issuer(
        (url, ca): (&str, Option<&Path>),
        services: &Path,
        issuer: &str,
        audience: &str,
        clock: Clock,
    ) -> Result<Self, Fault> {
        let people = Ring::published(Issuer::at(url, ca)?);
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
            Ring::of(value.to_string(), Source::Fixed, whose)
                .map_err(|why| fault(Path::new("JWKS"), why))
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
        if let Some(good) = known.filter(|good| good.is_fresh(now)) {
            let in_time = good.check(now);
            if in_time.is_err() {
                self.cache().remove(&print);
            }
            return in_time.map(|()| good.bearer);
        }
        let good = self.examine(token, now);
        if good.is_err() {
            self.cache().remove(&print);
        }
        let good = good?;
        good.check(now)?;
        self.cache().put(print, good.clone());
        Ok(good.bearer)
    }

    /// Asks the issuer for the key of a token, if that is not known and it is time. To be awaited before [`Self::verify`];
    /// where keys are from files it is nothing.
    pub async fn learn(&self, token: &str) {
        if !self.0.people.is_published() || token.len() > LONGEST {
            return;
        }
        let now = self.0.clock.now();
        let known = self.cache().get(&cache::print(token));
        if known.is_some_and(|good| good.is_fresh(now)) {
            return;
        }
        let header = token.split_once('.').map(|(header, _)| header);
        let Some(Header { kid, .. }) = header.and_then(decode) else {
            return;
        };
        match self.0.people.asks(&kid) {
            None => {}
            Some(Ask::First) => self.ask(&kid).await,
            Some(Ask::Meanwhile) => {
                let own = self.clone();
                drop(task::detach(async move { own.ask(&kid).await }));
            }
        }
    }

    async fn ask(&self, kid: &str) {
        if self.0.people.ask(kid).await {
            *self.cache() = Cache::default();
        }
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.0.cache.lock().unwrap_or_else(|p| p.into_inner())
    }

    fn examine(&self, token: &str, now: Time) -> Result<Good, Refusal> {
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
            seen: now,
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
    fn is_fresh(&self, now: Time) -> bool {
        now.since(self.seen) < GOOD_FOR
    }

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

pub(super) fn invalid(why: &'static str) -> Refusal {
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
