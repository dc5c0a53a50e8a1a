//! The network: a call may be slow, lost on its way or on its way back, or left by its caller; what it started at the
//! peer then goes on or is dropped, as a server may do either.

use super::Chaos;
use crate::Caller;
use http_body_util::{BodyExt, Full};
use mesh::call::{self, Call, Service};
use mesh::client::{Client, Reply, Request, Settings};
use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout_at};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

/// How long a caller that leaves has waited at most.
const PATIENCE: u64 = 3_000;

impl Chaos {
    /// What a generated client is built on, to call `to` from outside: once, until the contract's deadline.
    pub fn client(&self, to: &'static str, caller: Caller) -> Client {
        let once = Settings {
            total: Duration::MAX,
            attempt: Duration::MAX,
            attempts: 1,
            ..Settings::default()
        };
        self.calling(to, caller, once)
    }

    pub(super) fn calling(&self, to: &'static str, caller: Caller, patience: Settings) -> Client {
        let world = self.clone();
        BoxCloneSyncService::new(tower::service_fn(move |request: Request| {
            let (world, caller, patience) = (world.clone(), caller.clone(), patience.clone());
            async move {
                let is_service = matches!(caller, Caller::Service(_));
                let reply = world.call(to, caller, &patience, request).await;
                if is_service && world.strikes(|f| f.stalled) {
                    sleep(world.dice().millis(10_000, 20_000)).await;
                }
                Ok::<_, Infallible>(reply)
            }
        }))
    }

    async fn call(
        &self,
        to: &'static str,
        caller: Caller,
        patience: &Settings,
        request: Request,
    ) -> Reply {
        let path = request.uri().path().to_owned();
        let Some(method) = self.0.contracts.method(&path).cloned() else {
            return Status::unimplemented(path).into_http();
        };
        let inherited = call::current().and_then(|call| call.deadline);
        let own = Instant::now() + method.deadline.min(patience.total);
        let mut deadline = inherited.map_or(own, |inherited| inherited.min(own));
        let leaves = matches!(caller, Caller::User(_)) && self.strikes(|f| f.caller_leaves);
        if leaves {
            deadline = deadline.min(Instant::now() + self.dice().millis(1, PATIENCE));
        }
        let call = Call {
            context: to.to_owned(),
            method: path,
            deadline: Some(own.min(inherited.unwrap_or(own))),
            locale: "en".to_owned(),
            caller: identity(caller, &method.scopes),
            ..Call::default()
        };
        let (parts, body) = request.into_parts();
        let body = body
            .collect()
            .await
            .map(|body| body.to_bytes())
            .unwrap_or_default();
        // Behind what gRPC puts before a message.
        let message = body.get(5..).unwrap_or_default();
        if let Err(no) = self.0.contracts.check(&method.path, message) {
            return Status::from(no).into_http();
        }
        let mut reply = Status::deadline_exceeded("not answered in time").into_http();
        for _ in 0..patience.attempts {
            let until = deadline.min(far(patience.attempt));
            let request =
                http::Request::from_parts(parts.clone(), Body::new(Full::new(body.clone())));
            let attempt = timeout_at(until, self.attempt(to, call.clone(), request)).await;
            if Instant::now() >= deadline {
                return attempt.unwrap_or(reply);
            }
            reply = attempt.unwrap_or_else(|_| Status::unavailable("no answer").into_http());
            if Status::from_header_map(reply.headers()).map(|no| no.code())
                != Some(Code::Unavailable)
            {
                return reply;
            }
            sleep(self.dice().millis(1, 100)).await;
        }
        reply
    }

    async fn attempt(&self, to: &'static str, mut call: Call, request: Request) -> Reply {
        let slow = |world: &Self| {
            let most = if world.strikes(|f| f.slow) { 5_000 } else { 5 };
            world.dice().millis(1, most)
        };
        sleep(slow(self)).await;
        let lost = self.strikes(|f| f.request_lost);
        if lost && self.dice().chance(0.4) {
            pending::<()>().await;
        }
        let Some(life) = self.process(to).and_then(|process| process.life()) else {
            return Status::unavailable(format!("{to} is down")).into_http();
        };
        let routes = life.routes();
        let late = lost.then(|| self.dice().millis(500, 8_000));
        let handler = life.fate().spawn(async move {
            sleep(late.unwrap_or_default()).await;
            // What a request says on the wire is how long its caller waits, not until when.
            let late = late.unwrap_or_default();
            call.deadline = call.deadline.map(|deadline| deadline + late);
            let serve = async {
                let Ok(reply) = routes.oneshot(request).await;
                reply
            };
            call::scope(Arc::new(call), serve).await
        });
        // A late request is not called back by a caller who is gone.
        let _ends =
            (late.is_none() && self.dice().chance(0.5)).then(|| EndsWith(handler.abort_handle()));
        let reply = match handler.await {
            Ok(reply) => reply,
            Err(_crashed) => return Status::unavailable("the connection broke").into_http(),
        };
        if self.strikes(|f| f.reply_lost) {
            pending::<()>().await;
        }
        sleep(slow(self)).await;
        reply
    }
}

/// Drops a handler whose caller has left, as tonic does.
struct EndsWith(AbortHandle);

impl Drop for EndsWith {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn far(from_now: Duration) -> Instant {
    Instant::now() + from_now.min(Duration::from_secs(3600))
}

fn identity(caller: Caller, scopes: &[String]) -> call::Caller {
    match caller {
        Caller::User(user) => call::Caller {
            user: Some(user),
            service: None,
        },
        Caller::Service(context) => call::Caller {
            user: None,
            service: Some(Service {
                context,
                scopes: scopes.to_vec(),
            }),
        },
    }
}
