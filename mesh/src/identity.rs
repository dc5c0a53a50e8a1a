//! Who calls: keys, the tokens they sign, and their checks.
//!
//! A person's token comes from any OIDC issuer whose keys are given by file; a service signs its own, for a minute at
//! a time. What a service's token may do is written beside its key, not in the token.

mod cache;
mod claims;
mod issuer;
mod jwks;
mod key;
mod signer;
#[cfg(test)]
mod tests;
mod verifier;

pub use key::{Key, write_jwks};
pub use signer::Signer;
pub use verifier::{Bearer, Verifier};

use crate::refusal::{Kind, Refusal, text};
use http::HeaderName;
use std::path::Path;
use std::time::Duration;

/// Who signs the tokens of services, and of people when `yemae` itself does: their `iss`.
pub const ISSUER: &str = "yemae";
/// Whom those tokens are for: their `aud`.
pub const AUDIENCE: &str = "yemae";
/// The header in which a service passes on the token of the person it works for, as `Bearer …`. It counts only beside
/// the service's own token.
pub const USER_AUTHORIZATION: HeaderName = HeaderName::from_static("x-yemae-user-authorization");

/// Clocks of two machines may differ by so much (reliability.md, Identity).
const LEEWAY: Duration = Duration::from_secs(30);
/// A longer token is refused unread, bytes (reliability.md, Identity).
const LONGEST: usize = 8 * 1024;

/// Why a key or a file of keys cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {why}")]
pub struct Fault {
    place: String,
    why: String,
}

fn fault(place: &Path, why: impl std::fmt::Display) -> Fault {
    Fault {
        place: place.display().to_string(),
        why: why.to_string(),
    }
}

pub(crate) fn unauthenticated(reason: &'static str, why: &'static str) -> Refusal {
    Refusal::new(
        Kind::Unauthenticated,
        reason,
        text(why, "인증이 필요합니다. 다시 로그인해 주세요."),
    )
}
