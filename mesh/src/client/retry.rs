//! Tries again what may succeed a moment later.

use super::around::{Hop, send};
use super::deadline::{self, LEAST};
use super::reply::{self, Own};
use super::trip::Trip;
use super::{Reply, Request};
use crate::call;
use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use rand::Rng;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::retry::budget::{Budget, TpsBudget};

/// How many attempts of this call were made before (gRFC A6).
const PREVIOUS_ATTEMPTS: HeaderName = HeaderName::from_static("grpc-previous-rpc-attempts");
/// Full jitter: a wait is anything between nothing and this, doubled each time, up to the longest (reliability.md,
/// Calls).
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_millis(400);
/// How often a call goes elsewhere because it found nobody: as many replicas as may be gone at once.
const DIALS: u32 = 3;
/// A request is kept for the next attempt up to here, bytes: a server takes messages of 1 MiB, and gRPC adds five.
const LONGEST_REQUEST: usize = (1 << 20) + 5;

/// How often a stack repeats.
pub(super) struct Repeats {
    /// At most so many attempts of one call.
    attempts: u32,
    /// And of all calls together, so that a peer in trouble does not get more work from us but less.
    budget: TpsBudget,
}

/// At most so many attempts of a call; of all calls in 10 s, a tenth is repeated and two a second more (reliability.md,
/// Calls).
pub(super) fn budgeted(attempts: u32) -> Arc<Repeats> {
    let budget = TpsBudget::new(Duration::from_secs(10), 2, 0.1);
    Arc::new(Repeats { attempts, budget })
}

/// Sends, and sends again while that may help. What is somebody's second attempt already is sent once, and says so
/// further down: hops that all retry multiply. Where nobody listens nothing was sent: that is no attempt, and the call goes
/// elsewhere at once (gRFC A6, transparent retries).
pub(super) async fn repeat(repeats: Arc<Repeats>, next: impl Hop, mut request: Request) -> Reply {
    let is_retry = call::current().is_some_and(|call| call.is_retry);
    if is_retry {
        let headers = request.headers_mut();
        headers.insert(PREVIOUS_ATTEMPTS, HeaderValue::from(1));
    }
    if !Trip::of(&request).is_unary() {
        return send(next, request).await;
    }
    let attempts = if is_retry { 1 } else { repeats.attempts };
    let until = deadline::of(&request);
    let (mut parts, body) = request.into_parts();
    let body = match hold(body).await {
        Ok(body) => body,
        Err(reply) => return reply,
    };
    repeats.budget.deposit();
    let (mut attempt, mut dials) = (1, 0);
    loop {
        let request = Request::from_parts(parts.clone(), Body::new(Full::new(body.clone())));
        let reply = send(next.clone(), request).await;
        if dials < DIALS && reply::may_go_elsewhere(&reply) {
            dials += 1;
            continue;
        }
        if attempt >= attempts {
            return reply;
        }
        let Some(at_least) = worth_repeating(&reply) else {
            return reply;
        };
        let wait = at_least.saturating_add(jitter(attempt));
        let too_late = until.is_some_and(|until| left(until) < wait.saturating_add(LEAST));
        if too_late || !repeats.budget.withdraw() {
            return reply;
        }
        sleep(wait).await;
        let previous = HeaderValue::from(attempt);
        parts.headers.insert(PREVIOUS_ATTEMPTS, previous);
        attempt += 1;
    }
}

/// How long to wait at least before the same may succeed; none when it won't, or when it was not the peer who said no.
fn worth_repeating(reply: &Reply) -> Option<Duration> {
    if reply::own(reply) == Some(Own::Refused) {
        return None;
    }
    let asked = reply::retry_after(reply);
    match reply::code(reply) {
        Code::Unavailable => Some(asked.unwrap_or_default()),
        Code::ResourceExhausted => asked,
        _ => None,
    }
}

/// The wait before attempt `attempt + 1`.
fn jitter(attempt: u32) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(2u32.saturating_pow(attempt - 1));
    rand::rng().random_range(Duration::ZERO..=doubled.min(LONGEST_WAIT))
}

fn left(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now())
}

async fn hold(body: Body) -> Result<Bytes, Reply> {
    let held = Limited::new(body, LONGEST_REQUEST).collect().await;
    held.map(|held| held.to_bytes()).map_err(|why| {
        if why.is::<LengthLimitError>() {
            reply::request_too_large(LONGEST_REQUEST)
        } else {
            reply::unwritten(Status::from_error(why))
        }
    })
}
