//! How many calls may be in flight (a bulkhead).

use super::around::{Hop, send};
use super::{Reply, Request, reply};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How long a call waits for a place (reliability.md, Calls).
const WAIT: Duration = Duration::from_millis(100);

/// The places of one endpoint.
pub(super) struct Places {
    peer: Arc<str>,
    free: Semaphore,
}

/// So many.
pub(super) fn places(peer: &Arc<str>, in_flight: usize) -> Arc<Places> {
    Arc::new(Places {
        peer: peer.clone(),
        free: Semaphore::new(in_flight),
    })
}

/// Waits a little for a place. It is left when the reply is here: whole, or for a stream its head.
pub(super) async fn enter(places: Arc<Places>, next: impl Hop, request: Request) -> Reply {
    match timeout(WAIT, places.free.acquire()).await {
        Ok(Ok(_place)) => send(next, request).await,
        _ => reply::client_busy(&places.peer, WAIT),
    }
}
