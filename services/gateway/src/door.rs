//! What becomes of a request: in which form it came, whether it is let in, and in which form it is answered.

use crate::grpc_web::{self, Form};
use crate::headers::{self, over_http2, request_id};
use crate::limits::Limits;
use crate::pages::Pages;
use crate::problem::Problem;
use crate::routes::{Found, Routes};
use crate::ticket::{Ticket, admit};
use crate::transcode::{self, REQUEST_ID};
use crate::{Peers, RouteFault, Settings, refusals};
use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Version};
use mesh::call::{self, Call};
use mesh::client::{Reply, Request};
use mesh::identity::Verifier;
use mesh::server::{self, Came, Drained, Guest, Server};
use mesh::{Contracts, Refusal};
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tower::{Layer, Service, ServiceExt};

/// The door. Cheap to clone.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    server: Server,
    verifier: Verifier,
    routes: Routes,
    limits: Arc<Limits>,
    pages: Pages,
    settings: Settings,
}

/// Why there is no door.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A contract's route cannot be read.
    #[error(transparent)]
    Route(#[from] RouteFault),
    /// The services cannot be served.
    #[error(transparent)]
    Server(#[from] server::Fault),
}

impl Gateway {
    /// A door to these services, which `peers` leads to.
    pub async fn open(
        contracts: &Arc<Contracts>,
        verifier: Verifier,
        services: &[&str],
        peers: Peers,
        settings: Settings,
    ) -> Result<Self, Fault> {
        let limits = Arc::new(Limits::new(&settings.rates));
        let own = limits.clone();
        let admit = move |guest: Guest<'_>| admit(&own, &guest);
        let find = move |service: &str| peers.find(service);
        let server = server::front(contracts, verifier.clone(), services, find, admit).await?;
        Ok(Self(Arc::new(Inner {
            server,
            verifier,
            routes: Routes::read(contracts, services)?,
            limits,
            pages: Pages::new(contracts, services, &settings),
            settings,
        })))
    }
}

/// Serves until `stop`, as [`server::serve`] does.
pub async fn serve(
    listener: TcpListener,
    gateway: Gateway,
    stop: CancellationToken,
    settings: server::Settings,
) -> Drained {
    let settings = server::Settings {
        http1: true,
        ..settings
    };
    let draining = gateway.0.pages.draining().clone();
    let telling = stop.clone();
    drop(mesh::task::detach(async move {
        telling.cancelled().await;
        draining.cancel();
    }));
    let inner = gateway.0.clone();
    let answering = inner.settings.origins.layer().layer(gateway);
    server::serve_before(listener, &inner.server, answering, stop, settings).await
}

/// How the paths of gRPC's health service begin.
const HEALTH: &str = "/grpc.health.v1.Health/";

/// The form of a request, and so of its answer.
#[derive(Clone, Copy)]
enum Kind {
    Grpc,
    Web(Form),
    Json,
}

impl Kind {
    fn of(request: &Request) -> Self {
        let kind = request.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        match Form::of(kind) {
            Some(form) => Self::Web(form),
            None if kind.starts_with("application/grpc")
                && !kind.starts_with("application/grpc-web") =>
            {
                Self::Grpc
            }
            None => Self::Json,
        }
    }

    fn refuse(self, refused: Status, request: &str) -> Reply {
        match self {
            Self::Grpc => refused.into_http(),
            Self::Web(form) => grpc_web::reply(form, refused.into_http()),
            Self::Json => Problem::of(&refused, request).into_response(),
        }
    }
}

impl Gateway {
    async fn answer(self, mut request: Request) -> Reply {
        let (id, kind) = (request_id(&request), Kind::of(&request));
        let headers = request.headers_mut();
        if let Ok(id) = HeaderValue::try_from(&id) {
            headers.insert(REQUEST_ID, id);
        }
        let call = Call {
            context: "gateway".to_owned(),
            method: request.uri().path().to_owned(),
            locale: server::locale(request.headers()).to_owned(),
            ..Call::default()
        };
        let ticket = Ticket::default();
        request.extensions_mut().insert(ticket.clone());
        let inner = self.0;
        let answered = call::scope(Arc::new(call), async {
            let answered = AssertUnwindSafe(inner.take(kind, request, &id));
            let panicked = |_| Err(Refusal::internal("the door panicked").into());
            let answered = answered.catch_unwind().await.unwrap_or_else(panicked);
            answered.unwrap_or_else(|refused| kind.refuse(refused, &id))
        });
        let mut reply = answered.await;
        let headers = reply.headers_mut();
        if let Some(quota) = ticket.quota() {
            quota.tell(headers);
        }
        if let Ok(id) = HeaderValue::try_from(&id) {
            headers.insert(REQUEST_ID, id);
        }
        if matches!(kind, Kind::Json) {
            headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            let no_store = HeaderValue::from_static("no-store");
            headers.entry(CACHE_CONTROL).or_insert(no_store);
        }
        ticket.keep(reply)
    }
}

impl Inner {
    async fn take(&self, kind: Kind, mut request: Request, id: &str) -> Result<Reply, Status> {
        let from = self.address(&request);
        // A probe may come from the address that everybody comes from, and must not find the door shut because of that.
        if !request.uri().path().starts_with(HEALTH) {
            let counted = self.limits.address(from);
            counted.map_err(|limited| limited.refusal)?;
        }
        headers::join_trace(&mut request, || self.limits.trace(from).is_ok());
        match kind {
            Kind::Grpc if request.version() < Version::HTTP_2 => {
                let refused = refusals::other_version().into();
                Ok(Problem::of(&refused, id).into_response())
            }
            Kind::Grpc => Ok(self.call(request).await),
            Kind::Web(form) => {
                let mut request = grpc_web::request(form, request);
                over_http2(&mut request);
                Ok(grpc_web::reply(form, self.call(request).await))
            }
            Kind::Json => self.json(request, id).await,
        }
    }

    async fn json(&self, request: Request, id: &str) -> Result<Reply, Status> {
        let (asked, body) = request.into_parts();
        if let Some(page) = self.pages.find(&asked.method, asked.uri.path()).await {
            return Ok(page);
        }
        let (route, bound) = match self.routes.find(&asked.method, asked.uri.path()) {
            Found::Route(route, bound) => (route, bound),
            Found::Nothing => return Err(refusals::no_route().into()),
            Found::Otherwise(verbs) => {
                let verbs: Vec<_> = verbs.iter().map(http::Method::as_str).collect();
                let verbs = verbs.join(", ");
                let refused = refusals::other_verb(&verbs).into();
                let mut reply = Problem::of(&refused, id).into_response();
                if let Ok(verbs) = HeaderValue::try_from(verbs) {
                    reply.headers_mut().insert(ALLOW, verbs);
                }
                return Ok(reply);
            }
        };
        // Who may not call need not send anything. The call itself is checked again, with everybody's.
        let caller = server::authenticate(&self.verifier, &route.rules, &asked.headers).await?;
        let body = match (&route.body, &caller.user) {
            (crate::routes::Source::Nothing, _) => bytes::Bytes::new(),
            (_, user) => {
                let subject = user.as_ref().map(|user| user.subject.as_str());
                let _place = self.limits.body(subject.unwrap_or_default())?;
                transcode::body(&asked.headers, body).await?
            }
        };
        let message = transcode::message(route, &bound, &asked, &body)?;
        let reply = self.call(transcode::call(route, asked, &message)).await;
        transcode::answer(route, reply, id).await
    }

    async fn call(&self, request: Request) -> Reply {
        let reply = self.server.clone().oneshot(request).await;
        reply.unwrap_or_else(|never| match never {})
    }

    /// Where a request is from.
    fn address(&self, request: &Request) -> IpAddr {
        let came = request.extensions().get::<Came>();
        let peer = came.map_or(Ipv4Addr::UNSPECIFIED.into(), |came| came.from.ip());
        let Some(behind) = self.settings.proxies.checked_sub(1) else {
            return peer;
        };
        let told = request.headers().get_all("x-forwarded-for");
        let told = told.iter().filter_map(|value| value.to_str().ok());
        let told: Vec<_> = told.flat_map(|value| value.split(',')).collect();
        let named = told.iter().rev().nth(behind);
        named
            .and_then(|name| name.trim().parse().ok())
            .unwrap_or(peer)
    }
}

impl Service<Request> for Gateway {
    type Response = Reply;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Reply, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        self.clone().answer(request).map(Ok).boxed()
    }
}
