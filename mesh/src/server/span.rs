//! What came and what became of it. Never who or with what: no personal data reaches a log here.

use super::next::{Incoming, Next};
use crate::client::Reply;
use crate::refusal::Refusal;
use crate::telemetry::rpc::{self, Labels};
use crate::telemetry::trace;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};
use tracing::{Instrument, Span};

pub(super) async fn tell(next: Next, incoming: Incoming) -> Result<Reply, Refusal> {
    // Those who ask whether we live are no story.
    if super::answer::is_plumbing(&incoming) {
        return next.call(incoming).await;
    }
    // A path that no contract names is the caller's own text.
    let (method, labels) = match &incoming.method {
        Some(method) => (&*incoming.call.method, method.labels.clone()),
        None => ("unknown", Labels::other(&incoming.call.context)),
    };
    let logged = tracing::info_span!("call", context = incoming.call.context, method);
    let span = labels.server(trace::extract(incoming.request.headers()));
    let context = span.context().clone();
    let mut closing = Closing {
        logged: logged.clone(),
        span,
        labels,
        started: Instant::now(),
        code: Code::Cancelled,
    };
    let is_unary = incoming.is_unary();
    let reply = trace::within(context, next.call(incoming).instrument(logged)).await?;
    match code(reply.headers()) {
        Some(code) => closing.code = code,
        None if is_unary => closing.code = Code::Ok,
        None => {
            return Ok(reply.map(|body| Body::new(Told { body, closing })));
        }
    }
    Ok(reply)
}

fn code(headers: &HeaderMap) -> Option<Code> {
    let code = headers.get(Status::GRPC_STATUS)?;
    Some(Code::from_bytes(code.as_bytes()))
}

/// Tells what became of a call when it is dropped: with its answer, or with the caller who left before there was one.
struct Closing {
    logged: Span,
    span: trace::Span,
    labels: Labels,
    started: Instant,
    code: Code,
}

impl Drop for Closing {
    fn drop(&mut self) {
        let _within = trace::enter(self.span.context());
        let _entered = self.logged.enter();
        let ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let code = self.code;
        if code == Code::Ok {
            tracing::debug!(?code, ms, "answered");
        } else {
            tracing::info!(?code, ms, "answered");
        }
        rpc::ended(&self.span, &self.labels, None, code, self.started.elapsed());
    }
}

/// A stream on its way out; its code comes last.
struct Told {
    body: Body,
    closing: Closing,
}

impl http_body::Body for Told {
    type Data = bytes::Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Status>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        let trailers = frame
            .as_ref()
            .and_then(|frame| frame.as_ref().ok()?.trailers_ref());
        if let Some(code) = trailers.and_then(code) {
            self.closing.code = code;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
