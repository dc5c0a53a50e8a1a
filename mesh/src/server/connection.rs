//! One connection: what it speaks, by its first bytes, and for how long.

use super::calm::Calm;
use super::greeting::{Greeted, PREFACE, Speaks, greeted};
use super::listen::Settings;
use crate::client::{Reply, Request};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;

/// A quiet peer is asked for a sign of life so often, and given so long (reliability.md, Calls).
const KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(10));
/// Callers whose time is up reset their streams, all at once when the server stalls; h2 takes 20 of those for an attack
/// by default and drops the connection with its honest calls. As many as there may be streams is no attack.
const RESETS: usize = 256;
/// A peer that was told to go away and whose streams were ended has so long to hang up.
const FAREWELL: Duration = Duration::from_secs(5);

/// How a drain reaches the connections.
#[derive(Clone, Default)]
pub(super) struct Drain {
    /// Tell callers to go away, end streams.
    pub start: CancellationToken,
    /// Hang up.
    pub cut: CancellationToken,
}

/// The connection that a request came over.
#[derive(Clone, Debug)]
pub struct Came {
    /// Who is at its other end.
    pub from: SocketAddr,
    /// Cancelled when it is to end: streams end with it.
    pub ending: CancellationToken,
}

/// What answers the requests of connections.
pub(super) trait Answers: Clone + Send + 'static {
    /// Answers one that came over this connection.
    fn answer(self, request: Request, over: Came) -> impl Future<Output = Reply> + Send + 'static;
}

/// Serves a connection to its end. Answers whether that was because it flooded.
pub(super) async fn serve(
    (stream, from): (TcpStream, SocketAddr),
    answers: impl Answers,
    drain: Drain,
    settings: Settings,
) -> bool {
    // Small replies leave at once.
    if stream.set_nodelay(true).is_err() {
        return false;
    }
    let came = Came {
        from,
        ending: CancellationToken::new(),
    };
    let greeting = async {
        match &settings.tls {
            None => over(stream, answers, came, &drain, &settings).await,
            Some(tls) => {
                let handshake = timeout(settings.handshake, tls.accept(stream));
                let shaken = tokio::select! {
                    shaken = handshake => shaken,
                    () = drain.start.cancelled() => return false,
                };
                match shaken {
                    Ok(Ok(stream)) => over(stream, answers, came, &drain, &settings).await,
                    Ok(Err(why)) => {
                        tracing::debug!(%from, %why, "no TLS");
                        false
                    }
                    Err(_) => false,
                }
            }
        }
    };
    greeting.await
}

async fn over<I: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    io: I,
    answers: impl Answers,
    came: Came,
    drain: &Drain,
    settings: &Settings,
) -> bool {
    let greeting = timeout(settings.handshake, greeted(io));
    let greeted = tokio::select! {
        greeted = greeting => greeted,
        () = drain.start.cancelled() => return false,
    };
    let Ok(Ok(Greeted { speaks, io })) = greeted else {
        return false;
    };
    let from = came.from;
    let ending = came.ending.clone();
    let service = service_fn(move |request: http::Request<hyper::body::Incoming>| {
        let answer = answers.clone().answer(request.map(Body::new), came.clone());
        async move { Ok::<_, Infallible>(answer.await) }
    });
    match speaks {
        Speaks::Http2 => {
            let (io, flooded) = Calm::new(io, PREFACE.len(), settings.streams);
            // hyper's windows stay: 1 MiB, one message of the longest, for a stream and for the connection, so that what
            // a peer makes us hold is bounded.
            let connection = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .max_concurrent_streams(settings.streams)
                .max_header_list_size(settings.header_bytes)
                .max_pending_accept_reset_streams(RESETS)
                .keep_alive_interval(KEEPALIVE.0)
                .keep_alive_timeout(KEEPALIVE.1)
                .serve_connection(TokioIo::new(io), service);
            live(connection, ending, drain, settings).await;
            if flooded.is_so() {
                tracing::debug!(%from, "a connection that flooded was ended");
            }
            flooded.is_so()
        }
        Speaks::Other if settings.http1 => {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                // Also how long a connection may be idle.
                .header_read_timeout(settings.headers)
                .max_header_size(settings.header_bytes as usize)
                .serve_connection(TokioIo::new(io), service);
            live(connection, ending, drain, settings).await;
            false
        }
        Speaks::Other => false,
    }
}

/// Serves a connection until its peer hangs up or its time is over.
async fn live(
    connection: impl GracefulConnection,
    ending: CancellationToken,
    drain: &Drain,
    settings: &Settings,
) {
    tokio::pin!(connection);
    let age = settings.age.mul_f64(rand::random_range(0.9..1.1));
    tokio::select! {
        _ = connection.as_mut() => return,
        () = sleep(age) => {}
        () = drain.start.cancelled() => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        _ = connection.as_mut() => return,
        () = sleep(settings.age_grace) => {}
        () = drain.start.cancelled() => {}
    }
    ending.cancel();
    let patience = async {
        if drain.start.is_cancelled() {
            drain.cut.cancelled().await;
        } else {
            sleep(FAREWELL).await;
        }
    };
    tokio::select! {
        _ = connection.as_mut() => {}
        () = patience => {}
    }
}
