//! Where a peer is: the lowest hop.

use super::resolve::{self, Lookup};
use super::trip::{Ticket, Trip};
use super::{Reply, Request};
use http::Uri;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::timeout;
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
pub struct Endpoint(pub(super) At);

#[derive(Clone, Debug)]
pub(super) enum At {
    /// One place.
    Wire { name: String, wire: Wire },
    /// As many as the name leads to.
    Name(Name),
}

/// A name that leads to places.
#[derive(Clone)]
pub(super) struct Name {
    pub(super) uri: Uri,
    host: String,
    port: u16,
    lookup: Lookup,
}

/// An address that is none.
#[derive(Debug, thiserror::Error)]
#[error("{uri} is no address of a peer; one looks like http://127.0.0.1:50051")]
pub struct BadUri {
    uri: String,
}

impl Endpoint {
    /// A server by its URI, plain HTTP/2; by a name, all that this leads to at any time. Each is connected to when first
    /// called, and again whenever the connection is lost. To be called inside a runtime.
    pub fn at(uri: &str) -> Result<Self, BadUri> {
        Self::looked_up(uri, resolve::system())
    }

    /// The same, its name looked up by `lookup`.
    pub fn looked_up(uri: &str, lookup: Lookup) -> Result<Self, BadUri> {
        let bad = || BadUri {
            uri: uri.to_owned(),
        };
        let parsed: Uri = uri.parse().map_err(|_| bad())?;
        if parsed.scheme() != Some(&http::uri::Scheme::HTTP) {
            return Err(bad());
        }
        let host = parsed.host().ok_or_else(bad)?;
        let is_address = host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok();
        // The local host in both families is one server, that may listen in one of them.
        if is_address || host == "localhost" {
            return Ok(Self(At::Wire {
                name: uri.to_owned(),
                wire: wire(parsed.clone().into()),
            }));
        }
        Ok(Self(At::Name(Name {
            host: host.to_owned(),
            port: parsed.port_u16().unwrap_or(80),
            uri: parsed,
            lookup,
        })))
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
        Self(At::Wire {
            name: "in process".to_owned(),
            wire: Wire::new(service.map_request(|request: Request| {
                Ticket::of(&request).go();
                request
            })),
        })
    }
}

impl Name {
    /// Where it leads now: at least one address, or why none.
    pub(super) async fn addresses(
        &self,
        patience: Duration,
    ) -> Result<BTreeSet<SocketAddr>, String> {
        let looking = (self.lookup)(self.host.clone(), self.port);
        let found = timeout(patience, looking).await;
        let found = found.map_err(|_| "no answer in time".to_owned())?;
        let found: BTreeSet<_> = found.map_err(|why| why.to_string())?.into_iter().collect();
        if found.is_empty() {
            return Err("it has no address".to_owned());
        }
        Ok(found)
    }

    /// The wire to one of its addresses. The server hears the name.
    pub(super) fn wire(&self, address: SocketAddr) -> Option<Wire> {
        let uri: Uri = format!("http://{address}").parse().ok()?;
        Some(wire(
            transport::Endpoint::from(uri).origin(self.uri.clone()),
        ))
    }
}

impl std::fmt::Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.uri)
    }
}

fn wire(endpoint: transport::Endpoint) -> Wire {
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
    let channel = || endpoint.connect_lazy();
    // The calls of a connection share its places and its window: watchers who do not read would hold up everybody else.
    let (unary, streams) = (channel(), channel());
    Wire::new(service_fn(move |request| {
        let is_unary = Trip::of(&request).is_unary();
        let channel = if is_unary { &unary } else { &streams };
        over(channel.clone(), request, is_unary)
    }))
}

async fn over(channel: Channel, request: Request, is_unary: bool) -> Result<Reply, Lost> {
    let ticket = Ticket::of(&request);
    let request = if is_unary {
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
