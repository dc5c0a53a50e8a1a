//! ONE function: the server stack, top to bottom. Around it, what a listener is opened with and how it is served.

mod answer;
mod auth;
mod calm;
mod connection;
mod deadline;
mod frames;
mod front;
mod greeting;
mod health;
mod limit;
mod listen;
mod message;
mod next;
mod outcasts;
mod pass;
mod places;
mod ready;
mod reflection;
mod rules;
mod span;
mod streams;
mod tls;

pub use auth::authenticate;
pub use connection::Came;
pub use front::{Guest, front};
pub use health::{Health, READY};
pub use limit::Limits;
pub use listen::{Drained, Settings, serve, serve_before};
pub use next::locale;
pub use pass::{pass_through, plain};
pub use places::{Place, Places, neighbours};
pub use ready::keep_ready;
pub use tls::Tls;

use crate::client::{Reply, Request};
use crate::contracts::{Contracts, Method};
use crate::identity::Verifier;
use next::{Incoming, Next, layer};
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::service::RoutesBuilder;
use tower::ServiceBuilder;

/// The layers around every handler, outer to inner. Each says why it stands where it does.
fn stack(doors: &Doors, gates: limit::Gates, work: TaskTracker, handlers: Next) -> Next {
    ServiceBuilder::new()
        // What came and what became of it. Outermost: it sees every answer given below, and the caller who left.
        .layer_fn(layer(span::tell))
        // The one place where a refusal or a panic becomes a status, so that no layer below need know how.
        .layer_fn(layer(answer::answer))
        // What no contract names ends here, before it costs anything.
        .layer_fn(layer(answer::known))
        // Sheds at once, before a signature is checked: under overload a no must be cheap.
        .layer_fn(limit::layer(gates))
        // Knows until when the caller waits, for all below; takes a command out of the hands of a caller who may leave.
        .layer_fn(deadline::layer(work))
        // Who calls, and whether they may: before a byte of the body is read.
        .layer_fn(auth::layer(doors.verifier.clone()))
        // Bounds what is read: one message, no more than 1 MiB, before the deadline.
        .layer_fn(layer(message::bound))
        // Judges the request by its contract: no handler sees one that breaks a rule. Below what bounds its size and time.
        .layer_fn(rules::layer(doors.contracts.clone()))
        // Ends streams when the server does; beside the handler, because only there the whole call is known.
        .layer_fn(layer(streams::end))
        // What tonic refuses by itself is told as we tell it. Innermost: our own refusals pass above it.
        .layer_fn(layer(answer::explain))
        .service(handlers)
}

/// What the services behind one address are served with.
#[derive(Clone, Debug)]
pub struct Doors {
    /// How each method may be called.
    pub contracts: Arc<Contracts>,
    /// Checks who calls.
    pub verifier: Verifier,
    /// How many calls are let in at once.
    pub limits: Limits,
}

/// Why services cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("cannot serve: {0}")]
pub struct Fault(String);

impl Doors {
    /// The services that [`crate::Context::routes`] built and named, of one context or several, with health and
    /// reflection beside them. An error when no contract names one of them.
    pub async fn open(
        &self,
        services: &[&str],
        mut routes: RoutesBuilder,
    ) -> Result<Server, Fault> {
        let methods = methods(&self.contracts, services)?;
        let health = health::add(&self.contracts, services, &mut routes).await?;
        let work = TaskTracker::new();
        let gates = limit::Gates::new(self.limits, methods.values());
        let handlers = Next::handlers(routes.routes());
        Ok(Server {
            stack: stack(self, gates, work.clone(), handlers),
            methods: Arc::new(methods),
            health,
            work,
        })
    }
}

type Methods = HashMap<String, Arc<Method>>;

fn methods(contracts: &Contracts, services: &[&str]) -> Result<Methods, Fault> {
    for service in services {
        if contracts.pool().get_service_by_name(service).is_none() {
            return Err(Fault(format!("no contract names {service}")));
        }
    }
    let served = |method: &&Method| services.contains(&next::service_of(&method.path));
    Ok(contracts
        .methods()
        .filter(served)
        .map(|method| (method.path.clone(), Arc::new(method.clone())))
        .collect())
}

/// What answers calls: given to [`serve`], or called in process as a generated client's channel. Cheap to clone.
#[derive(Clone)]
pub struct Server {
    stack: Next,
    methods: Arc<Methods>,
    health: Health,
    /// Commands that go on although their caller may have left.
    work: TaskTracker,
}

impl Server {
    /// Which services say that they serve.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Answers a call that came over a connection whose streams end with `drain`.
    async fn take(self, request: Request, drain: CancellationToken) -> Reply {
        let incoming = Incoming::new(&self.methods, request, drain);
        answer::reply(self.stack.call(incoming).await)
    }
}

impl tower::Service<Request> for Server {
    type Response = Reply;
    type Error = Infallible;
    type Future = futures::future::BoxFuture<'static, Result<Reply, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let came = request.extensions().get::<Came>();
        let drain = came.map(|came| came.ending.clone());
        let answer = self.clone().take(request, drain.unwrap_or_default());
        Box::pin(async move { Ok(answer.await) })
    }
}

/// A generated gRPC server.
pub trait Served:
    tower::Service<
        http::Request<tonic::body::Body>,
        Response: axum_core::response::IntoResponse,
        Error = Infallible,
        Future: Send,
    > + tonic::server::NamedService
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> Served for S where
    S: tower::Service<
            http::Request<tonic::body::Body>,
            Response: axum_core::response::IntoResponse,
            Error = Infallible,
            Future: Send,
        > + tonic::server::NamedService
        + Clone
        + Send
        + Sync
        + 'static
{
}
