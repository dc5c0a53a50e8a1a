//! What a token says.

use super::verifier::invalid;
use crate::call::Service;
use crate::refusal::Refusal;
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Header {
    pub alg: String,
    pub kid: String,
    pub crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
pub(super) struct Claims {
    pub sub: String,
    pub iss: String,
    pub aud: Audience,
    /// Seconds since the epoch; RFC 7519 allows fractions.
    pub exp: f64,
    pub nbf: Option<f64>,
    pub roles: Option<Vec<String>>,
    pub scopes: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    pub(super) fn has(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Several(several) => several.iter().any(|one| one == audience),
        }
    }
}

impl Claims {
    /// A token may ask for less than its key permits, never for more.
    pub(super) fn as_service(&self, permitted: &Service) -> Result<Service, Refusal> {
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
