//! Where the page is read: plain HTTP on an address of its own, so that whoever may read it need not be let in to the
//! services.

use super::page;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// The port where metrics and `/healthz` are, beside whatever address the services have.
pub const PORT: u16 = 9464;
/// Nobody needs more connections to it at once.
const AT_ONCE: usize = 32;
/// A request has to be there by then.
const HEADERS: Duration = Duration::from_secs(5);
/// When no connection can be accepted.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves `GET /metrics`, and `GET /healthz`: 200 as long as `is_live` says so, and then 503. Until `stop`.
pub async fn serve(
    listener: TcpListener,
    is_live: impl Fn() -> bool + Send + Sync + 'static,
    stop: CancellationToken,
) {
    let is_live: Arc<dyn Fn() -> bool + Send + Sync> = Arc::new(is_live);
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            sleep(PAUSE).await;
            continue;
        };
        let (is_live, stop) = (is_live.clone(), stop.clone());
        crate::task::detach(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = connection(stream, is_live) => {}
            }
            drop(place);
        });
    }
}

async fn connection(stream: TcpStream, is_live: Arc<dyn Fn() -> bool + Send + Sync>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let is_live = is_live.clone();
        async move { Ok::<_, Infallible>(answer(&request, &*is_live).await) }
    });
    // Its error is the caller's: what they sent is no HTTP.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer<B>(
    request: &Request<B>,
    is_live: &(dyn Fn() -> bool + Send + Sync),
) -> Response<Full<Bytes>> {
    let plain = "text/plain; charset=utf-8";
    let (status, kind, text) = match (request.method(), request.uri().path()) {
        (&Method::GET, "/metrics") => (
            StatusCode::OK,
            "text/plain; version=0.0.4; charset=utf-8",
            page().await,
        ),
        (&Method::GET, "/healthz") if is_live() => (StatusCode::OK, plain, "ok\n".to_owned()),
        (&Method::GET, "/healthz") => (
            StatusCode::SERVICE_UNAVAILABLE,
            plain,
            "stopping\n".to_owned(),
        ),
        (_, "/metrics" | "/healthz") => (
            StatusCode::METHOD_NOT_ALLOWED,
            plain,
            "only GET\n".to_owned(),
        ),
        _ => (
            StatusCode::NOT_FOUND,
            plain,
            "here are /metrics and /healthz\n".to_owned(),
        ),
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    let kind = http::HeaderValue::from_static(kind);
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, kind);
    response
}
