//! How many calls may be in flight (a bulkhead).

use super::around::{Hop, send};
use super::{Reply, Request, reply};
use crate::telemetry::catalog::CLIENT_IN_FLIGHT;
use crate::telemetry::glance;
use crate::telemetry::rpc::Line;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// How long a call waits for a place (reliability.md, Calls).
const WAIT: Duration = Duration::from_millis(100);

/// The places of one endpoint.
pub(super) struct Places {
    line: Line,
    free: Semaphore,
}

/// So many.
pub(super) fn places(line: &Line, in_flight: usize) -> Arc<Places> {
    let places = Arc::new(Places {
        line: line.clone(),
        free: Semaphore::new(in_flight),
    });
    let seen = Arc::downgrade(&places);
    glance(move || {
        let places = seen.upgrade()?;
        let in_flight = in_flight - places.free.available_permits();
        Some(places.line.reading(&CLIENT_IN_FLIGHT, in_flight as f64))
    });
    places
}

/// Waits a little for a place. It is left when the reply is here: whole, or for a stream its head.
pub(super) async fn enter(places: Arc<Places>, next: impl Hop, request: Request) -> Reply {
    match timeout(WAIT, places.free.acquire()).await {
        Ok(Ok(_place)) => send(next, request).await,
        _ => reply::client_busy(places.line.peer.as_str(), WAIT),
    }
}
