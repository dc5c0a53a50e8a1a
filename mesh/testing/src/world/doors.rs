//! How a world's contexts are called: no network, and nobody checks a token.

use http_body_util::{BodyExt, Full};
use mesh::Contracts;
use mesh::call::{self, Call, Service, User};
use mesh::client::{Client, Reply, Request};
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use tonic::body::Body;
use tonic::service::Routes;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

/// The routes of each context.
pub(super) type Doors = Arc<Mutex<HashMap<&'static str, Routes>>>;

/// Who calls into a world.
#[derive(Clone, Debug)]
pub enum Caller {
    /// A person.
    User(User),
    /// A service with every scope.
    Service(String),
}

impl Caller {
    /// A person with these roles.
    pub fn user(subject: &str, roles: &[&str]) -> Self {
        Self::User(User {
            subject: subject.to_owned(),
            roles: roles.iter().map(|r| (*r).to_owned()).collect(),
        })
    }

    /// A customer.
    pub fn customer(subject: &str) -> Self {
        Self::user(subject, &["customer"])
    }

    /// A service.
    pub fn service(context: &str) -> Self {
        Self::Service(context.to_owned())
    }
}

/// What a generated client is built on, to call `to` as `caller`.
pub(super) fn client(
    doors: &Doors,
    contracts: &Arc<Contracts>,
    to: &'static str,
    caller: Caller,
) -> Client {
    let (doors, contracts) = (doors.clone(), contracts.clone());
    BoxCloneSyncService::new(tower::service_fn(move |request: Request| {
        let (doors, contracts, caller) = (doors.clone(), contracts.clone(), caller.clone());
        async move { Ok::<_, Infallible>(serve(&doors, &contracts, to, caller, request).await) }
    }))
}

async fn serve(
    doors: &Doors,
    contracts: &Contracts,
    to: &'static str,
    caller: Caller,
    request: Request,
) -> Reply {
    let routes = doors
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(to)
        .cloned();
    let Some(routes) = routes else {
        return tonic::Status::unavailable(format!("{to} is down")).into_http();
    };
    let path = request.uri().path().to_owned();
    let caller = match caller {
        Caller::User(user) => call::Caller {
            user: Some(user),
            service: None,
        },
        Caller::Service(context) => {
            let scopes = contracts
                .method(&path)
                .map(|method| method.scopes.clone())
                .unwrap_or_default();
            call::Caller {
                user: None,
                service: Some(Service { context, scopes }),
            }
        }
    };
    let call = Call {
        context: to.to_owned(),
        method: path,
        deadline: mesh::deadline::read(request.headers())
            .map(|left| tokio::time::Instant::now() + left),
        locale: "ko".to_owned(),
        caller,
        ..Call::default()
    };
    let reply = kept(contracts, routes, request);
    call::scope(Arc::new(call), reply).await
}

/// The reply to a request; one that breaks a rule of its contract comes to no handler.
async fn kept(contracts: &Contracts, routes: Routes, request: Request) -> Reply {
    let path = request.uri().path().to_owned();
    let (head, body) = request.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(status) => return status.into_http(),
    };
    // Behind what gRPC puts before a message.
    if let Err(no) = contracts.check(&path, body.get(5..).unwrap_or_default()) {
        return tonic::Status::from(no).into_http();
    }
    let request = Request::from_parts(head, Body::new(Full::new(body)));
    let Ok(reply) = routes.oneshot(request).await;
    reply
}
