//! ONE function: the client stack, top to bottom.

use std::convert::Infallible;
use std::time::Duration;
use tonic::body::Body;
use tower::util::BoxCloneSyncService;

/// A request on its way out.
pub type Request = http::Request<Body>;
/// What came back; below the lowest hop every error is a reply with a grpc-status.
pub type Reply = http::Response<Body>;
/// What every generated client is built on.
pub type Client = BoxCloneSyncService<Request, Reply, Infallible>;

/// How patient a caller is with a peer.
#[derive(Clone, Debug)]
pub struct Settings {
    /// For the whole call, retries included.
    pub total: Duration,
    /// For one attempt.
    pub attempt: Duration,
    /// At most so many attempts.
    pub attempts: u32,
    /// At most so many calls in flight.
    pub in_flight: usize,
    /// The longest an open breaker waits before its probe.
    pub breaker_longest: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            total: Duration::from_secs(1),
            attempt: Duration::from_millis(300),
            attempts: 3,
            in_flight: 128,
            breaker_longest: Duration::from_secs(10),
        }
    }
}

/// Answers every call that its caller's context did not declare to make it.
pub fn undeclared(context: &str) -> Client {
    let status = tonic::Status::internal(format!("a call to {context} that was not declared"));
    BoxCloneSyncService::new(tower::service_fn(move |_: Request| {
        let status = status.clone();
        async move { Ok(status.into_http()) }
    }))
}

/// Whether the call surely had no effect at the peer: it was refused here, or at the peer's door.
pub fn never_sent(_status: &tonic::Status) -> bool {
    false
}
