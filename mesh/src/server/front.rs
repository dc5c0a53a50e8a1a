//! The one door from outside: nothing that comes in is of ours until its token says whose it is.

use super::next::{Incoming, Next, layer};
use super::{
    Fault, Methods, Server, answer, auth, deadline, message, methods, pass, span, streams,
};
use crate::call::User;
use crate::client::{Client, Reply};
use crate::contracts::{Contracts, Method};
use crate::identity::{Verifier, unauthenticated};
use crate::refusal::Refusal;
use crate::telemetry::rpc::shared;
use http::header::AUTHORIZATION;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue};
use std::sync::Arc;
use tokio_util::task::TaskTracker;
use tower::ServiceBuilder;

/// What the door is told as, in traces, metrics and refusals of its own.
const CONTEXT: &str = "gateway";
/// What only our own may say: who calls on whose behalf, which attempt it is, what it carries along. The trace that a caller
/// is in is theirs to say; whoever stands in front decides whether it is gone on with.
const OURS: [&str; 3] = ["grpc-previous-rpc-attempts", "tracestate", "baggage"];
/// How the names of our own headers begin.
const OWN: &str = "x-yemae-";

/// Somebody from outside with a good token, and what they may call and want to.
#[derive(Debug)]
pub struct Guest<'a> {
    /// What the request was given on its way here.
    pub extensions: &'a Extensions,
    /// Who it is.
    pub user: &'a User,
    /// What is called.
    pub method: &'a Method,
}

/// Lets people in: headers that only our own may send are taken off, tokens checked, those of services refused, since these
/// are good inside only; whom `admit` admits is passed on with the same token to whoever `find` knows for a service's full
/// name. Whoever answers checks the token again. Health and reflection are about `services`, and answered here.
pub async fn front(
    contracts: &Contracts,
    verifier: Verifier,
    services: &[&str],
    find: impl Fn(&str) -> Option<Client> + Send + Sync + 'static,
    admit: impl Fn(Guest<'_>) -> Result<(), Refusal> + Send + Sync + 'static,
) -> Result<Server, Fault> {
    let (passing, health) = pass::passing(contracts, services, find).await?;
    let admit = Arc::new(admit);
    let work = TaskTracker::new();
    let finishing = work.clone();
    let stack = ServiceBuilder::new()
        // Outermost: nothing below may believe what is taken off here.
        .layer_fn(layer(strip))
        .layer_fn(layer(span::tell))
        .layer_fn(layer(answer::answer))
        .layer_fn(layer(answer::known))
        // Before a byte of the body is read.
        .layer_fn(auth::layer(verifier))
        // By who it is, which is known only now.
        .layer_fn(layer(move |next, incoming| {
            welcome(admit.clone(), next, incoming)
        }))
        .layer_fn(layer(message::bound))
        .layer_fn(layer(streams::end))
        // Who leaves says nothing of whom they have called: a breaker takes a call that ends without an answer for a failure,
        // and whoever kept taking calls back would shut a context to everybody.
        .layer_fn(layer(move |next, incoming| {
            deadline::finish(finishing.clone(), next, incoming)
        }))
        .service(passing);
    Ok(Server {
        stack,
        methods: Arc::new(own(&methods(contracts, services)?)),
        health,
        work,
    })
}

/// The same methods, told as the door's: their contexts tell of them, too.
fn own(methods: &Methods) -> Methods {
    let own = |method: &Method| Method {
        context: CONTEXT.to_owned(),
        labels: method.labels.of_caller(&shared(CONTEXT)),
        ..method.clone()
    };
    let all = methods.iter();
    all.map(|(path, method)| (path.clone(), Arc::new(own(method))))
        .collect()
}

async fn strip(next: Next, mut incoming: Incoming) -> Result<Reply, Refusal> {
    let headers = incoming.request.headers_mut();
    for name in OURS {
        headers.remove(name);
    }
    take_off(headers);
    CONTEXT.clone_into(&mut incoming.call.context);
    incoming.call.is_retry = false;
    let mut reply = next.call(incoming).await?;
    take_off(reply.headers_mut());
    Ok(reply)
}

fn take_off(headers: &mut HeaderMap) {
    let own = headers.keys().filter(|name| name.as_str().starts_with(OWN));
    let own: Vec<HeaderName> = own.cloned().collect();
    for name in own {
        headers.remove(name);
    }
}

async fn welcome(
    admit: Arc<impl Fn(Guest<'_>) -> Result<(), Refusal>>,
    next: Next,
    mut incoming: Incoming,
) -> Result<Reply, Refusal> {
    if let Some(method) = &incoming.method {
        let caller = &incoming.call.caller;
        let (Some(user), None) = (&caller.user, &caller.service) else {
            return Err(unauthenticated(
                "TOKEN_MISPLACED",
                "a service's token is good inside the mesh only",
            ));
        };
        let extensions = incoming.request.extensions();
        admit(Guest {
            extensions,
            user,
            method,
        })?;
        let token = incoming.call.user_token.as_deref();
        let bearer = token.and_then(|token| HeaderValue::try_from(format!("Bearer {token}")).ok());
        if let Some(mut bearer) = bearer {
            bearer.set_sensitive(true);
            let headers = incoming.request.headers_mut();
            headers.insert(AUTHORIZATION, bearer);
        }
    }
    next.call(incoming).await
}
