//! One address for many processes: calls are passed on by their service, byte for byte.

use super::next::{Incoming, Next, layer, service_of};
use super::{Fault, Health, Server, answer, health, methods, streams};
use crate::client::{Client, Request};
use crate::contracts::Contracts;
use crate::refusal::{Refusal, text};
use futures::FutureExt;
use http::Uri;
use http::uri::Scheme;
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client as Plain;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::task::TaskTracker;
use tonic::body::Body;
use tonic::service::RoutesBuilder;
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt};

/// A child on the same machine answers a dial at once or is not there.
const DIAL: Duration = Duration::from_secs(1);

/// Passes calls on to whoever `find` knows for a service's full name; headers, bodies and trailers stay as they are.
/// Whoever answers authenticates, sheds and keeps the deadline: nothing of that happens here. A service that `find`
/// does not know is UNIMPLEMENTED, one that cannot be reached UNAVAILABLE. Health and reflection are about `services`,
/// and answered here.
pub async fn pass_through(
    contracts: &Contracts,
    services: &[&str],
    find: impl Fn(&str) -> Option<Client> + Send + Sync + 'static,
) -> Result<Server, Fault> {
    let (pass, health) = passing(contracts, services, find).await?;
    Ok(Server {
        stack: ServiceBuilder::new()
            .layer_fn(layer(answer::answer))
            // Streams must not hold up the drain here either.
            .layer_fn(layer(streams::end))
            .service(pass),
        methods: Arc::new(methods(contracts, services)?),
        health,
        work: TaskTracker::new(),
    })
}

/// Passes on what comes to it, save questions about health and reflection.
pub(super) async fn passing(
    contracts: &Contracts,
    services: &[&str],
    find: impl Fn(&str) -> Option<Client> + Send + Sync + 'static,
) -> Result<(Next, Health), Fault> {
    let mut routes = RoutesBuilder::default();
    let health = health::add(contracts, services, &mut routes).await?;
    let own = Next::handlers(routes.routes());
    let find = Arc::new(find);
    let pass = Next::new(move |incoming: Incoming| {
        let (own, find) = (own.clone(), find.clone());
        async move {
            if answer::is_plumbing(&incoming) {
                return own.call(incoming).await;
            }
            let to = find(service_of(&incoming.call.method)).ok_or_else(answer::unknown)?;
            let call = Arc::new(incoming.call);
            let reply = to.oneshot(incoming.request).await;
            let reply = reply.unwrap_or_else(|never| match never {});
            // A peer that dies in the middle ends the reply by a status.
            Ok(reply.map(|body| {
                let body = Body::new(body.map_err(|_| unreachable()));
                streams::ending(body, call, std::future::pending().boxed())
            }))
        }
    });
    Ok((pass, health))
}

/// The lowest hop and nothing above it: connects when first called and again whenever that is needed. Only for
/// [`pass_through`]; a context calls through its client stack.
pub fn plain(authority: &str) -> Client {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(DIAL));
    let client: Plain<_, Body> = Plain::builder(TokioExecutor::new())
        .http2_only(true)
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .build(connector);
    let authority: Arc<str> = authority.into();
    BoxCloneSyncService::new(tower::service_fn(move |mut request: Request| {
        let (client, authority) = (client.clone(), authority.clone());
        async move {
            let mut parts = request.uri().clone().into_parts();
            parts.scheme = Some(Scheme::HTTP);
            parts.authority = authority.parse().ok();
            let Ok(uri) = Uri::from_parts(parts) else {
                return Ok(unreachable().into_http());
            };
            *request.uri_mut() = uri;
            Ok(match client.request(request).await {
                Ok(reply) => reply.map(Body::new),
                Err(_) => unreachable().into_http(),
            })
        }
    }))
}

fn unreachable() -> tonic::Status {
    Refusal::unavailable(
        "PEER_UNREACHABLE",
        text(
            "the service cannot be reached now; try again",
            "서비스에 연결할 수 없습니다. 잠시 후 다시 시도해 주세요.",
        ),
    )
    .into()
}
