//! What was called and what became of it.

use super::around::{Hop, send};
use super::{Reply, Request, reply};
use crate::contracts::Contracts;
use crate::identity::Signer;
use crate::telemetry::rpc::{self, Labels};
use crate::telemetry::trace::{self, Kind};
use opentelemetry::StringValue;
use std::sync::Arc;
use tokio::time::Instant;
use tracing::Instrument;

/// Whose calls to whom are told of.
pub(super) struct Told {
    contracts: Arc<Contracts>,
    /// Who calls; where nobody signs that is not known.
    context: StringValue,
    peer: StringValue,
}

impl Told {
    pub(super) fn new(
        contracts: &Arc<Contracts>,
        signer: Option<&Signer>,
        peer: &Arc<str>,
    ) -> Arc<Self> {
        Arc::new(Self {
            contracts: contracts.clone(),
            context: rpc::shared(signer.map_or("yemae", Signer::context)),
            peer: peer.clone().into(),
        })
    }

    fn labels(&self, request: &Request) -> Labels {
        match self.contracts.method(request.uri().path()) {
            Some(method) => method.labels.of_caller(&self.context),
            None => Labels::other(self.context.as_str()),
        }
    }
}

pub(super) async fn tell(told: Arc<Told>, next: impl Hop, mut request: Request) -> Reply {
    let labels = told.labels(&request);
    let span = labels.client(&told.peer);
    // One for all attempts: they are one call.
    trace::inject(span.context(), request.headers_mut());
    let logged = tracing::debug_span!(
        "call",
        peer = told.peer.as_str(),
        method = request.uri().path()
    );
    let begun = Instant::now();
    let reply = span
        .run(send(next, request).instrument(logged.clone()))
        .await;
    let code = reply::code(&reply);
    logged.in_scope(|| tracing::debug!(?code, took = ?begun.elapsed(), "called"));
    rpc::ended(&span, &Kind::Client, code);
    reply
}
