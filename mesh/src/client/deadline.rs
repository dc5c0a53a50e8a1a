//! Until when the caller waits.

use super::around::{Hop, send};
use super::trip::Trip;
use super::{Reply, Request, reply};
use crate::refusal::Kind;
use crate::{call, deadline};
use bytes::Bytes;
use http_body::Frame;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};
use tonic::Status;
use tonic::body::Body;

/// We hear of a peer's end so much before our own caller's, so that there is time to answer (reliability.md, Calls).
const MARGIN: Duration = Duration::from_millis(20);
/// What is sent with less time left is work for nobody (reliability.md, Calls).
pub(super) const LEAST: Duration = Duration::from_millis(50);

/// When the call is over, for the layers below.
#[derive(Clone, Copy)]
struct Until(Instant);

/// When the call that this request is part of is over, if ever.
pub(super) fn of(request: &Request) -> Option<Instant> {
    request.extensions().get().map(|Until(until)| *until)
}

/// Ends the call when its caller stops waiting: after `total`, when the call being served must be answered, or when the
/// request itself says. A stream knows no `total`, and is ended wherever it is.
pub(super) async fn keep(
    (peer, total): (Arc<str>, Duration),
    next: impl Hop,
    mut request: Request,
) -> Reply {
    let now = Instant::now();
    let unary = Trip::of(&request).is_unary();
    let own = unary.then(|| now.checked_add(total)).flatten();
    let inherited = call::current()
        .and_then(|call| call.deadline)
        .map(|deadline| deadline.checked_sub(MARGIN).unwrap_or(now));
    let asked = deadline::read(request.headers()).and_then(|asked| now.checked_add(asked));
    let Some(until) = [own, inherited, asked].into_iter().flatten().min() else {
        return send(next, request).await;
    };
    if until < now + LEAST {
        return reply::out_of_time(&peer);
    }
    request.extensions_mut().insert(Until(until));
    match timeout_at(until, send(next, request)).await {
        Err(_) => reply::peer_timeout(&peer, Kind::Deadline),
        Ok(reply) if unary => reply,
        Ok(reply) => reply.map(|body| Body::new(Bounded::new(peer, body, until))),
    }
}

/// A stream that ends with an error when its time is up.
struct Bounded {
    peer: Arc<str>,
    body: Body,
    up: Pin<Box<Sleep>>,
}

impl Bounded {
    fn new(peer: Arc<str>, body: Body, until: Instant) -> Self {
        let up = Box::pin(sleep_until(until));
        Self { peer, body, up }
    }
}

impl http_body::Body for Bounded {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.up.as_mut().poll(cx).is_ready() {
            let late = reply::peer_timeout(&self.peer, Kind::Deadline);
            return Poll::Ready(reply::status(&late).map(Err));
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}
