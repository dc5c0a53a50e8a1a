//! What was called and what became of it.

use super::around::{Hop, send};
use super::{Reply, Request, reply};
use std::sync::Arc;
use tokio::time::Instant;
use tracing::Instrument;

pub(super) async fn tell(peer: Arc<str>, next: impl Hop, request: Request) -> Reply {
    let span = tracing::debug_span!("call", peer = &*peer, method = request.uri().path());
    let told = async {
        let begun = Instant::now();
        let reply = send(next, request).await;
        tracing::debug!(code = ?reply::code(&reply), took = ?begun.elapsed(), "called");
        reply
    };
    told.instrument(span).await
}
