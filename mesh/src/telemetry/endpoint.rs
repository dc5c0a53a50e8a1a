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

/// The port where metrics, `/healthz` and `/readyz` are, beside whatever address the services have.
pub const PORT: u16 = 9464;
/// Nobody needs more connections to it at once.
const AT_ONCE: usize = 32;
/// A request has to be there by then.
const HEADERS: Duration = Duration::from_secs(5);
/// When no connection can be accepted.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves `GET /metrics`; `GET /healthz`: 200 as long as `is_live` says so, and else 503; and `GET /readyz`, for which
/// `is_ready` must say so too. Until `stop`.
pub async fn serve(
    listener: TcpListener,
    is_live: impl Fn() -> bool + Send + Sync + 'static,
    is_ready: impl Fn() -> bool + Send + Sync + 'static,
    stop: CancellationToken,
) {
    let state: Arc<Ask> = Arc::new(move || match (is_live(), is_ready()) {
        (false, _) => State::Stopping,
        (true, false) => State::Unready,
        (true, true) => State::Ready,
    });
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
        let (state, stop) = (state.clone(), stop.clone());
        crate::task::detach(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = connection(stream, state) => {}
            }
            drop(place);
        });
    }
}

/// How a process is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    Unready,
    Stopping,
}

type Ask = dyn Fn() -> State + Send + Sync;

async fn connection(stream: TcpStream, state: Arc<Ask>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let state = state();
        async move { Ok::<_, Infallible>(answer(&request, state).await) }
    });
    // Its error is the caller's: what they sent is no HTTP.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer<B>(request: &Request<B>, state: State) -> Response<Full<Bytes>> {
    let plain = "text/plain; charset=utf-8";
    let (status, kind, text) = match (request.method(), request.uri().path()) {
        (&Method::GET, "/metrics") => (
            StatusCode::OK,
            "text/plain; version=0.0.4; charset=utf-8",
            page().await,
        ),
        (&Method::GET, path @ ("/healthz" | "/readyz")) => {
            let (status, text) = match (state, path) {
                (State::Stopping, _) => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
                (State::Unready, "/readyz") => (StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
                _ => (StatusCode::OK, "ok\n"),
            };
            (status, plain, text.to_owned())
        }
        (_, "/metrics" | "/healthz" | "/readyz") => (
            StatusCode::METHOD_NOT_ALLOWED,
            plain,
            "only GET\n".to_owned(),
        ),
        _ => (
            StatusCode::NOT_FOUND,
            plain,
            "here are /metrics, /healthz and /readyz\n".to_owned(),
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
