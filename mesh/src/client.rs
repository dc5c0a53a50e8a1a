//! ONE function: the client stack, top to bottom. Around it, what a stack is made with and what it says of a call.

mod around;
mod attempt;
mod balance;
mod board;
mod breaker;
mod circuit;
mod credentials;
mod deadline;
mod dial;
mod endpoint;
mod limit;
mod receive;
mod reply;
mod resolve;
mod retry;
mod span;
mod tls;
mod trip;

pub use board::{Board, Standing, State};
pub use endpoint::{BadUri, Endpoint};
pub use resolve::Lookup;
pub use tls::Tls;
pub use trip::never_sent;

use crate::contracts::Contracts;
use crate::identity::Signer;
use crate::telemetry::rpc::{Line, shared};
use around::around;
use circuit::Circuit;
use endpoint::Wire;
use span::Told;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tonic::body::Body;
use tower::ServiceBuilder;
use tower::util::BoxCloneSyncService;

/// A request on its way out.
pub type Request = http::Request<Body>;
/// What came back; below the lowest hop every error is a reply with a grpc-status.
pub type Reply = http::Response<Body>;
/// What every generated client is built on.
pub type Client = BoxCloneSyncService<Request, Reply, Infallible>;

/// Everything that stands between a generated client and `peer`, the context that is called, outer to inner. Without a
/// `signer` a request's own authorization goes as it is. What the breaker thinks of the peer is told on `board`.
pub fn stack(
    contracts: Arc<Contracts>,
    signer: Option<Signer>,
    peer: &str,
    endpoint: Endpoint,
    settings: &Settings,
    board: &Board,
) -> Client {
    let peer: Arc<str> = peer.into();
    let line = Line {
        // Where nobody signs it is not known who calls.
        context: shared(signer.as_ref().map_or("yemae", Signer::context)),
        peer: peer.clone().into(),
    };
    let here = line.clone();
    let Settings {
        total,
        attempt,
        attempts,
        in_flight,
        ..
    } = *settings;
    let call = ServiceBuilder::new()
        // Tells what was called and what became of it. Outermost: the caller waits for all of it.
        .layer(around(Arc::new(Told::new(&contracts, &line)), span::tell))
        // Says of a failed call whether it can have had an effect, and of the peer whether it was full. Outside the
        // deadline, which also ends calls.
        .layer(around(contracts, trip::conclude))
        // Ends the call when its caller stops waiting, and sends none that cannot end by then. Outside retry: all
        // attempts together have this much time.
        .layer(around((peer.clone(), total), deadline::keep))
        // Says who calls, for whom and in which language. Outside retry: that is the same for every attempt.
        .layer(around(signer, credentials::sign))
        // Tries again what may succeed a moment later. Outside the choice below: every attempt makes it anew.
        .layer(around(retry::budgeted(attempts), retry::repeat));
    // From here on: one of the places that the peer's name leads to.
    let attempt = move |circuit: Arc<Circuit>, wire: Wire| {
        ServiceBuilder::new()
            // Leaves it alone while it keeps failing. Outside the attempt's time: silence is a failure, and so is a
            // caller who leaves before there was an answer.
            .layer(around((circuit, attempt), circuit::guard))
            // Gives up one attempt while there is time for another. Outside the limit: a place in it is waited for.
            .layer(around((peer.clone(), attempt), attempt::keep))
            // Keeps a slow one from holding all there is here. The last to refuse: a place is for what is sent.
            .layer(around(limit::places(&here, in_flight), limit::enter))
            // Makes one whole reply of whatever comes back, lost connections included. Nothing fails above this.
            .layer(around(peer.clone(), receive::receive))
            .service(wire)
    };
    // Between the two, for each attempt: the less busy of two places, of those that are not left alone.
    let places = resolve::places(&line, endpoint, board, settings, attempt);
    Client::new(call.service(balance::between(places)))
}

/// How patient a caller is with a peer.
#[derive(Clone, Debug)]
pub struct Settings {
    /// For the whole call, retries included. A stream takes as long as the call that it is part of.
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
        let reply = trip::never_left(status.clone().into_http());
        async move { Ok(reply) }
    }))
}
