//! What was called and what became of it.

use super::around::{Hop, send};
use super::{Reply, Request, reply};
use crate::contracts::Contracts;
use crate::telemetry::rpc::{self, Labels, Line};
use crate::telemetry::trace;
use std::sync::Arc;
use tokio::time::Instant;
use tonic::Code;
use tracing::{Instrument, Span};

/// Whose calls to whom are told of.
pub(super) struct Told {
    contracts: Arc<Contracts>,
    line: Line,
}

impl Told {
    pub(super) fn new(contracts: &Arc<Contracts>, line: &Line) -> Self {
        Self {
            contracts: contracts.clone(),
            line: line.clone(),
        }
    }

    fn labels(&self, request: &Request) -> Labels {
        match self.contracts.method(request.uri().path()) {
            Some(method) => method.labels.of_caller(&self.line.context),
            None => Labels::other(self.line.context.as_str()),
        }
    }
}

pub(super) async fn tell(told: Arc<Told>, next: impl Hop, mut request: Request) -> Reply {
    let labels = told.labels(&request);
    let (peer, method) = (told.line.peer.as_str(), request.uri().path());
    let logged = tracing::debug_span!("call", peer, method);
    let mut closing = Closing {
        span: labels.client(&told.line.peer),
        labels,
        logged: logged.clone(),
        begun: Instant::now(),
        code: Code::Cancelled,
        told,
    };
    let context = closing.span.context().clone();
    // One for all attempts: they are one call.
    trace::inject(&context, request.headers_mut());
    let reply = trace::within(context, send(next, request).instrument(logged)).await;
    closing.code = reply::code(&reply);
    if let Some(reason) = reply::refused(&reply) {
        closing.told.line.refused(reason);
    }
    reply
}

/// Tells what became of a call when it is dropped: with its reply, or with a caller who waits no longer.
struct Closing {
    told: Arc<Told>,
    labels: Labels,
    span: trace::Span,
    logged: Span,
    begun: Instant,
    code: Code,
}

impl Drop for Closing {
    fn drop(&mut self) {
        let (code, took) = (self.code, self.begun.elapsed());
        self.logged
            .in_scope(|| tracing::debug!(?code, ?took, "called"));
        let peer = Some(&self.told.line.peer);
        rpc::ended(&self.span, &self.labels, peer, code, took);
    }
}
