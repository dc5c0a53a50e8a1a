//! Where a peer is: the lowest hop.

use super::dial::Dial;
use super::resolve::{self, Lookup};
use super::tls::Tls;
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
    /// There is no secure one, and why.
    Insecure(&'static str),
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
    dial: Dial,
}

/// Why nobody can be called at an address.
#[derive(Debug, thiserror::Error)]
pub enum BadUri {
    /// It is none.
    #[error("{0} is no address of a peer; one looks like http://127.0.0.1:50051")]
    None(String),
    /// It is to be called over TLS, and nothing says whom to trust.
    #[error("{0} is to be called over TLS, and no file says by which authorities")]
    NobodyTrusted(String),
}

impl Endpoint {
    /// A server by its URI, `http://`: HTTP/2 in the clear. By a name, all that this leads to at any time. Each is connected
    /// to when first called, and again whenever the connection is lost. To be called inside a runtime.
    pub fn at(uri: &str) -> Result<Self, BadUri> {
        Self::trusting(uri, None)
    }

    /// The same, `https://` over `tls`.
    pub fn trusting(uri: &str, tls: Option<&Tls>) -> Result<Self, BadUri> {
        Self::looked_up(uri, tls, resolve::system())
    }

    /// The same, its name looked up by `lookup`. The certificate of whoever is found must be for the name all the same.
    pub fn looked_up(uri: &str, tls: Option<&Tls>, lookup: Lookup) -> Result<Self, BadUri> {
        let bad = || BadUri::None(uri.to_owned());
        let parsed: Uri = uri.parse().map_err(|_| bad())?;
        let host = parsed.host().ok_or_else(bad)?;
        let (dial, port) = match parsed.scheme_str() {
            Some("http") => (Dial::plain(), 80),
            Some("https") => {
                let tls = tls.ok_or_else(|| BadUri::NobodyTrusted(uri.to_owned()))?;
                (Dial::secure(tls, host).ok_or_else(bad)?, 443)
            }
            _ => return Err(bad()),
        };
        let port = parsed.port_u16().unwrap_or(port);
        let is_address = host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok();
        // The local host in both families is one server, that may listen in one of them.
        if is_address || host == "localhost" {
            return Ok(Self(At::Wire {
                name: uri.to_owned(),
                wire: wire(&format!("{host}:{port}"), &parsed, &dial).ok_or_else(bad)?,
            }));
        }
        Ok(Self(At::Name(Name {
            host: host.to_owned(),
            port,
            uri: parsed,
            lookup,
            dial,
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
        wire(&address.to_string(), &self.uri, &self.dial.another())
    }
}

impl std::fmt::Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.uri)
    }
}

/// Calls who listens at `authority` by the name in `uri`.
fn wire(authority: &str, uri: &Uri, dial: &Dial) -> Option<Wire> {
    // What tonic makes of the scheme is not asked: we dial.
    let place: Uri = format!("http://{authority}").parse().ok()?;
    let endpoint = transport::Endpoint::from(place)
        .origin(uri.clone())
        .connect_timeout(CONNECT)
        .http2_keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PONG_WITHIN)
        .keep_alive_while_idle(true);
    let channel = || {
        let dial = dial.clone();
        endpoint.connect_with_connector_lazy(service_fn(move |uri| dial.clone().dial(uri)))
    };
    // The calls of a connection share its places and its window: watchers who do not read would hold up everybody else.
    let (unary, streams) = (channel(), channel());
    let dial = dial.clone();
    Some(Wire::new(service_fn(move |request| {
        let is_unary = Trip::of(&request).is_unary();
        let channel = if is_unary { &unary } else { &streams };
        over(channel.clone(), request, is_unary, dial.clone())
    })))
}

async fn over(
    channel: Channel,
    request: Request,
    is_unary: bool,
    dial: Dial,
) -> Result<Reply, Lost> {
    let ticket = Ticket::of(&request);
    let request = if is_unary {
        request.map(|body| ticket.watch(body))
    } else {
        ticket.go();
        request
    };
    channel.oneshot(request).await.map_err(|why| {
        let insecure = dial.wrong().map(Lost::Insecure);
        insecure.unwrap_or_else(|| lost(&why))
    })
}

fn lost(why: &transport::Error) -> Lost {
    let causes = || std::iter::successors(Some(why as &dyn Error), |why| (*why).source());
    if causes().any(|why| why.is::<TimeoutExpired>()) {
        return Lost::Late;
    }
    let causes: Vec<_> = causes().map(ToString::to_string).collect();
    Lost::Broken(causes.join(": "))
}
