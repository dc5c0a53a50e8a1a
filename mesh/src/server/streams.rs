//! Streams end: with the server, at their deadline, and whatever breaks in them, by a status.

use super::answer::panicked;
use super::deadline::out_of_time;
use super::next::{Incoming, Next};
use crate::call::{self, Call};
use crate::client::Reply;
use crate::refusal::{Refusal, text};
use futures::FutureExt;
use futures::future::BoxFuture;
use http::HeaderMap;
use http_body::{Body as _, Frame, SizeHint};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::body::Body;

/// A call that streams ends by the drain, before its first item or after.
pub(super) async fn end(next: Next, incoming: Incoming) -> Result<Reply, Refusal> {
    if incoming.is_unary() {
        return next.call(incoming).await;
    }
    let call = Arc::new(incoming.call.clone());
    let mut over = over(incoming.drain.clone(), incoming.call.deadline).boxed();
    let reply = tokio::select! {
        reply = next.call(incoming) => reply?,
        refusal = &mut over => return Err(refusal),
    };
    Ok(reply.map(|body| ending(body, call, over)))
}

async fn over(drain: CancellationToken, deadline: Option<Instant>) -> Refusal {
    let alarm = async {
        match deadline {
            Some(deadline) => sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = drain.cancelled() => draining(),
        () = alarm => out_of_time(),
    }
}

fn draining() -> Refusal {
    Refusal::unavailable(
        "DRAINING",
        text(
            "draining: this server is about to stop; connect again",
            "서버가 곧 종료됩니다. 다시 연결해 주세요.",
        ),
    )
}

/// `body` as part of `call`, until it is `over`.
pub(super) fn ending(body: Body, call: Arc<Call>, over: BoxFuture<'static, Refusal>) -> Body {
    // Nothing follows a reply that is its headers alone.
    if body.is_end_stream() {
        return body;
    }
    let body = Some(body);
    Body::new(Ending { body, call, over })
}

struct Ending {
    /// None when it has ended.
    body: Option<Body>,
    call: Arc<Call>,
    over: BoxFuture<'static, Refusal>,
}

impl Ending {
    /// The status is the last word, and what the handler held for the stream is let go.
    fn close(&mut self, status: impl FnOnce() -> Status) -> Frame<bytes::Bytes> {
        self.body = None;
        let mut trailers = HeaderMap::new();
        let status = call::enter(self.call.clone(), status);
        let _ = status.add_header(&mut trailers);
        Frame::trailers(trailers)
    }
}

impl http_body::Body for Ending {
    type Data = bytes::Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Status>>> {
        let this = &mut *self;
        let Some(body) = &mut this.body else {
            return Poll::Ready(None);
        };
        // First, or a stream that always has an item would never end.
        if let Poll::Ready(refusal) = this.over.as_mut().poll(cx) {
            return Poll::Ready(Some(Ok(this.close(|| refusal.into()))));
        }
        let polled = catch_unwind(AssertUnwindSafe(|| {
            call::enter(this.call.clone(), || Pin::new(body).poll_frame(cx))
        }));
        let frame = match polled {
            Ok(polled) => ready!(polled),
            Err(_) => return Poll::Ready(Some(Ok(this.close(|| panicked().into())))),
        };
        Poll::Ready(match frame {
            Some(Err(status)) => Some(Ok(this.close(|| status))),
            frame => frame.map(|frame| frame.map_err(|never: Status| never)),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
