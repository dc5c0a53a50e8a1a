//! Where a peer is: the lowest hop.

use super::trip::{Ticket, Trip};
use super::{Reply, Request};
use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;
use tonic::TimeoutExpired;
use tonic::transport::{self, Channel};
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt, service_fn};

/// Shorter than an attempt of a patient caller, so that it learns that nothing was sent and tries again.
const CONNECT: Duration = Duration::from_millis(500);
/// A connection over which nothing comes back is given up after both: a silent one would outlast every fault that made
/// it so, for TCP itself waits longer and longer.
const PING_EVERY: Duration = Duration::from_secs(5);
const PONG_WITHIN: Duration = Duration::from_secs(3);

/// One attempt over the wire.
pub(super) type Wire = BoxCloneSyncService<Request, Reply, Lost>;

/// Why there is no reply.
#[derive(Debug)]
pub(super) enum Lost {
    /// tonic's channel obeys `grpc-timeout` by itself.
    Late,
    /// No connection, or a broken one.
    Broken(String),
}

/// Where a peer is.
#[derive(Clone, Debug)]
pub struct Endpoint {
    name: String,
    wire: Wire,
}

/// An address that is none.
#[derive(Debug, thiserror::Error)]
#[error("{uri} is no address of a peer; one looks like http://127.0.0.1:50051")]
pub struct BadUri {
    uri: String,
}

impl Endpoint {
    /// A server by its URI, plain HTTP/2. It is connected to when first called, and again whenever the connection is
    /// lost. To be called inside a runtime.
    pub fn at(uri: &str) -> Result<Self, BadUri> {
        let bad = || BadUri {
            uri: uri.to_owned(),
        };
        let endpoint = transport::Endpoint::from_shared(uri.to_owned()).map_err(|_| bad())?;
        if endpoint.uri().scheme() != Some(&http::uri::Scheme::HTTP) {
            return Err(bad());
        }
        let endpoint = endpoint
            .tcp_nodelay(true)
            .connect_timeout(CONNECT)
            .http2_keep_alive_interval(PING_EVERY)
            .keep_alive_timeout(PONG_WITHIN)
            .keep_alive_while_idle(true);
        #[expect(
            clippy::disallowed_methods,
            reason = "the one room where channels are made"
        )]
        let channel = endpoint.connect_lazy();
        Ok(Self {
            name: uri.to_owned(),
            wire: Wire::new(service_fn(move |request| over(channel.clone(), request))),
        })
    }

    /// A peer in this process.
    pub fn service<S>(service: S) -> Self
    where
        S: Service<Request, Response = Reply, Error = Infallible, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        let service = service.map_err(|never| match never {});
        Self {
            name: "in process".to_owned(),
            wire: Wire::new(service.map_request(|request: Request| {
                Ticket::of(&request).go();
                request
            })),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn wire(self) -> Wire {
        self.wire
    }
}

async fn over(channel: Channel, request: Request) -> Result<Reply, Lost> {
    let ticket = Ticket::of(&request);
    let request = if Trip::of(&request).is_unary() {
        request.map(|body| ticket.watch(body))
    } else {
        ticket.go();
        request
    };
    channel.oneshot(request).await.map_err(|why| lost(&why))
}

fn lost(why: &transport::Error) -> Lost {
    let causes = || std::iter::successors(Some(why as &dyn Error), |why| (*why).source());
    if causes().any(|why| why.is::<TimeoutExpired>()) {
        return Lost::Late;
    }
    let causes: Vec<_> = causes().map(ToString::to_string).collect();
    Lost::Broken(causes.join(": "))
}
