//! What the layers are made of: a call on its way in, and what lies below a layer.

use super::Methods;
use super::limit::Permit;
use crate::call::{self, Call};
use crate::client::{Reply, Request};
use crate::contracts::Method;
use crate::refusal::Refusal;
use futures::future::BoxFuture;
use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::{Code, Status};
use tower::ServiceExt;

/// How many attempts of this call were made before, gRFC A6.
const PREVIOUS_ATTEMPTS: &str = "grpc-previous-rpc-attempts";

/// A call on its way in: the request, and what the layers above have found out about it.
pub(super) struct Incoming {
    pub request: Request,
    /// What its contract says. None for health and reflection, and for what nobody knows.
    pub method: Option<Arc<Method>>,
    /// What the handler will know of it; the layers fill it in.
    pub call: Call,
    /// Its connection is to end: streams end with it.
    pub drain: CancellationToken,
    /// Its place below the limit, given back when the handler has answered.
    pub permit: Option<Permit>,
}

impl Incoming {
    pub(super) fn new(methods: &Methods, request: Request, drain: CancellationToken) -> Self {
        let path = request.uri().path();
        let method = methods.get(path).cloned();
        let headers = request.headers();
        let call = Call {
            context: method
                .as_ref()
                .map_or("yemae", |method| &method.context)
                .to_owned(),
            method: path.to_owned(),
            locale: locale(headers).to_owned(),
            is_retry: number(headers, PREVIOUS_ATTEMPTS) > 0,
            ..Call::default()
        };
        Self {
            request,
            method,
            call,
            drain,
            permit: None,
        }
    }

    /// One message in, one message out, by its contract.
    pub(super) fn is_unary(&self) -> bool {
        self.method.as_ref().is_some_and(|method| method.unary)
    }
}

/// "/yemae.payment.v1.PaymentService/Approve" is of "yemae.payment.v1.PaymentService".
pub(super) fn service_of(path: &str) -> &str {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.rsplit_once('/').map_or(path, |(service, _)| service)
}

/// The language that a caller asks for: "en" or "ko".
pub fn locale(headers: &HeaderMap) -> &'static str {
    let first = headers
        .get(ACCEPT_LANGUAGE)
        .and_then(|value| value.as_bytes().get(..2));
    if first.is_some_and(|two| two.eq_ignore_ascii_case(b"en")) {
        "en"
    } else {
        "ko"
    }
}

fn number(headers: &HeaderMap, name: &str) -> u32 {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .unwrap_or(0)
}

type Answer = Result<Reply, Refusal>;

/// What lies below a layer. Always ready; cheap to clone.
#[derive(Clone)]
pub(super) struct Next(Arc<dyn Fn(Incoming) -> BoxFuture<'static, Answer> + Send + Sync>);

impl Next {
    pub(super) fn new<F, R>(answer: F) -> Self
    where
        F: Fn(Incoming) -> R + Send + Sync + 'static,
        R: Future<Output = Answer> + Send + 'static,
    {
        Self(Arc::new(move |incoming| Box::pin(answer(incoming))))
    }

    /// The generated servers, at the bottom.
    pub(super) fn handlers(routes: Routes) -> Self {
        let routes = routes.prepare();
        Self::new(move |incoming| {
            let routes = routes.clone();
            let Incoming {
                request,
                call,
                mut permit,
                ..
            } = incoming;
            let crowded = call.crowded.clone();
            call::scope(Arc::new(call), async move {
                permit.iter_mut().for_each(Permit::begin);
                let reply = routes.oneshot(request).await;
                let reply = reply.unwrap_or_else(|never| match never {});
                let code = Status::from_header_map(reply.headers());
                let code = code.map_or(Code::Ok, |status| status.code());
                permit
                    .iter_mut()
                    .for_each(|permit| permit.answered(code, &crowded));
                // Only now: what a stream sends later is not held for.
                drop(permit);
                Ok(reply)
            })
        })
    }

    pub(super) fn call(&self, incoming: Incoming) -> BoxFuture<'static, Answer> {
        (self.0)(incoming)
    }
}

/// A layer that is an async function of what lies below it and the call.
pub(super) fn layer<F, R>(around: F) -> impl Fn(Next) -> Next + Clone
where
    F: Fn(Next, Incoming) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Answer> + Send + 'static,
{
    move |next| {
        let around = around.clone();
        Next::new(move |incoming| around(next.clone(), incoming))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_says_of_itself() {
        let read = |name: &'static str, value: &'static str| {
            let request = http::Request::builder()
                .uri("/a.B/C")
                .header(name, value)
                .body(tonic::body::Body::empty())
                .unwrap();
            let incoming = Incoming::new(&Methods::new(), request, CancellationToken::new());
            (incoming.call.locale, incoming.call.is_retry)
        };
        for (language, locale) in [
            ("en", "en"),
            ("EN-us,en;q=0.9", "en"),
            ("ko-KR", "ko"),
            ("fr", "ko"),
            ("e", "ko"),
            ("", "ko"),
        ] {
            assert_eq!(read("accept-language", language).0, locale, "{language}");
        }
        for (attempts, is_retry) in [("0", false), ("1", true), ("12", true), ("x", false)] {
            assert_eq!(read(PREVIOUS_ATTEMPTS, attempts).1, is_retry, "{attempts}");
        }
        assert_eq!(service_of("/a.B/C"), "a.B");
    }
}
