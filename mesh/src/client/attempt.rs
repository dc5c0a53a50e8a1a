//! How long one attempt may take.

use super::around::{Hop, send};
use super::deadline::{self, LEAST};
use super::reply::{self, Own};
use super::trip::Trip;
use super::{Reply, Request};
use crate::refusal::Kind;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tonic::Code;

/// Gives an attempt at most `longest`, tells the peer so, and calls its silence UNAVAILABLE while there is time for
/// another attempt. A stream has all the time of its call.
pub(super) async fn keep(
    (peer, longest): (Arc<str>, Duration),
    next: impl Hop,
    mut request: Request,
) -> Reply {
    let until = deadline::of(&request);
    let left = || until.map(|until| until.saturating_duration_since(Instant::now()));
    let unary = Trip::of(&request).is_unary();
    let longest = unary.then_some(longest);
    if let Some(given) = left().into_iter().chain(longest).min() {
        let value = crate::deadline::write(given);
        request.headers_mut().insert(crate::deadline::HEADER, value);
    }
    let reply = match longest {
        None => send(next, request).await,
        Some(longest) => timeout(longest, send(next, request))
            .await
            .unwrap_or_else(|_| reply::peer_timeout(&peer, Kind::Unavailable)),
    };
    let time_left = left().is_none_or(|left| left >= LEAST);
    match (is_late(&reply), reply::own(&reply)) {
        (true, _) if unary && time_left => reply::peer_timeout(&peer, Kind::Unavailable),
        // Our own word for it; the peer's stands as it is.
        (true, Some(Own::Silent)) if !time_left => reply::peer_timeout(&peer, Kind::Deadline),
        _ => reply,
    }
}

/// The attempt's time was up here, in tonic's channel, or at the peer, whose timer runs a little before ours. A tonic
/// server that obeys `grpc-timeout` by itself calls it CANCELLED.
fn is_late(reply: &Reply) -> bool {
    match reply::code(reply) {
        _ if reply::own(reply) == Some(Own::Silent) => true,
        Code::DeadlineExceeded => reply::own(reply).is_none(),
        Code::Cancelled => {
            reply::status(reply).is_some_and(|status| status.message() == "Timeout expired")
        }
        _ => false,
    }
}
