//! Signs tokens: a service its own, `yemae token` one for a person.

use super::{AUDIENCE, ISSUER, Key};
use crate::clock::{Clock, Time};
use http::HeaderValue;
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long a service's token is good (domain.md, Who may do what).
const GOOD_FOR: Duration = Duration::from_secs(60);

/// Signs a service's own tokens. Cheap to clone; clones share the token at hand.
#[derive(Clone)]
pub struct Signer {
    key: Key,
    context: Arc<str>,
    clock: Clock,
    at_hand: Arc<Mutex<Option<(HeaderValue, Time)>>>,
}

impl Signer {
    /// Signs with the key of `context`.
    pub fn new(context: &str, key: Key, clock: Clock) -> Self {
        Self {
            key,
            context: context.into(),
            clock,
            at_hand: Arc::default(),
        }
    }

    /// Whose key it is.
    pub(crate) fn context(&self) -> &str {
        &self.context
    }

    /// `Bearer …`, good for one minute; made anew when less than half of that is left.
    pub fn bearer(&self) -> HeaderValue {
        let now = self.clock.now();
        let mut at_hand = self.at_hand.lock().unwrap_or_else(|p| p.into_inner());
        match &*at_hand {
            // Made later than now: the clock was set back, and nobody else would take that token for a while.
            Some((value, made)) if *made <= now && now.since(*made) <= GOOD_FOR / 2 => {
                value.clone()
            }
            _ => {
                let value = self.make(now);
                *at_hand = Some((value.clone(), now));
                value
            }
        }
    }

    fn make(&self, now: Time) -> HeaderValue {
        let token = self.key.sign(&json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": &*self.context,
            "iat": seconds(now),
            "exp": seconds(now.plus(GOOD_FOR)),
        }));
        let mut value = HeaderValue::try_from(format!("Bearer {token}"))
            .expect("base64 and dots are a header value");
        value.set_sensitive(true);
        value
    }
}

impl Key {
    /// A person's token, by the key whose entry the verifiers have for people: what `yemae token` prints.
    pub fn user_token(
        &self,
        subject: &str,
        roles: &[&str],
        now: Time,
        good_for: Duration,
    ) -> String {
        self.sign(&json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "roles": roles,
            "iat": seconds(now),
            "exp": seconds(now.plus(good_for)),
        }))
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer")
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

fn seconds(time: Time) -> i64 {
    time.0.div_euclid(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_kept_for_half_a_minute_and_marked_secret() {
        let (clock, hand) = Clock::manual(Time(1_750_000_000_000_000));
        let signer = Signer::new("cinema-booking", Key::generate().unwrap(), clock);
        let first = signer.bearer();
        assert!(first.is_sensitive());
        hand.advance(Duration::from_secs(30));
        assert_eq!(signer.clone().bearer(), first);
        hand.advance(Duration::from_secs(1));
        assert_ne!(signer.bearer(), first);
    }
}
