//! One connection: HTTP/2 from its first byte, for a while.

use super::Server;
use super::listen::Settings;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io::Cursor;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;

/// What every HTTP/2 client says first (RFC 9113, 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The most all headers of one request may take, bytes (reliability.md, Calls).
const HEADERS: u32 = 16 * 1024;
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

pub(super) async fn serve(stream: TcpStream, server: Server, drain: Drain, settings: Settings) {
    let Some(io) = greeted(stream, &drain, settings.handshake).await else {
        return;
    };
    let ending = CancellationToken::new();
    let service = hyper::service::service_fn({
        let ending = ending.clone();
        move |request: http::Request<hyper::body::Incoming>| {
            let answer = server
                .clone()
                .answer(request.map(Body::new), ending.clone());
            async move { Ok::<_, Infallible>(answer.await) }
        }
    });
    // hyper's windows stay: 1 MiB, one message of the longest, for a stream and for the connection, so that what a peer
    // makes us hold is bounded.
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(settings.streams)
        .max_header_list_size(HEADERS)
        .max_pending_accept_reset_streams(RESETS)
        .keep_alive_interval(KEEPALIVE.0)
        .keep_alive_timeout(KEEPALIVE.1)
        .serve_connection(TokioIo::new(io), service);
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

/// The stream once its peer has said that it speaks HTTP/2, with those bytes put back before the rest. hyper itself
/// would wait for them for ever.
async fn greeted(
    mut stream: TcpStream,
    drain: &Drain,
    patience: Duration,
) -> Option<impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send> {
    // Small replies leave at once.
    stream.set_nodelay(true).ok()?;
    let mut first = [0; PREFACE.len()];
    tokio::select! {
        read = timeout(patience, stream.read_exact(&mut first)) => read.ok()?.ok()?,
        () = drain.start.cancelled() => return None,
    };
    if &first != PREFACE {
        return None;
    }
    let (read, write) = stream.into_split();
    Some(tokio::io::join(Cursor::new(first).chain(read), write))
}
