//! Listens, until told to stop; then drains.

use super::connection::{self, Answers, Came, Drain};
use super::outcasts::Outcasts;
use super::{Health, Places, Server, Tls, neighbours};
use crate::client::{Reply, Request};
use crate::task;
use futures::FutureExt;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// When no connection can be accepted (no file descriptor is left), we try again after this; busy waiting would take the
/// processor from those calls whose end frees one.
const PAUSE: Duration = Duration::from_millis(50);

/// How connections are served and drained; the defaults are reliability.md's (Calls).
#[derive(Clone, Debug)]
pub struct Settings {
    /// The most calls at once on one connection. Where one connection carries many callers' streams, as behind
    /// [`super::pass_through`], it wants to be larger.
    pub streams: u32,
    /// A connection that has not said what it speaks by then is dropped; one over TLS has so long to agree on that before.
    pub handshake: Duration,
    /// Whether HTTP/1.1 is served too.
    pub http1: bool,
    /// On HTTP/1.1, all headers of a request must be there so long after the reply before.
    pub headers: Duration,
    /// Who we are to those who connect. None: in the clear.
    pub tls: Option<Tls>,
    /// The most that all headers of one request may take, bytes (reliability.md, Calls). What stands behind a door takes more:
    /// the door adds its own.
    pub header_bytes: u32,
    /// The most connections at once: what comes beyond is closed. An idle one holds some tens of KiB.
    pub connections: usize,
    /// The most of them from one address; an IPv6 network of 64 bits is one.
    pub from_one: usize,
    /// An address of which three connections within a minute were ended because they flooded gets no new one for so long; of
    /// those behind one address that are connected none is ended. Zero: whoever was hung up on may come again at once.
    pub outcast: Duration,
    /// A connection is asked to end at this age, ± 10 %, so that callers spread over new replicas.
    pub age: Duration,
    /// What was begun on it may go on so long after that.
    pub age_grace: Duration,
    /// After the stop, calls are served so long while callers and balancers learn that we leave.
    pub grace: Duration,
    /// After that, calls in flight have so long to end before their connections are dropped.
    pub bound: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            streams: 256,
            handshake: Duration::from_secs(5),
            http1: false,
            headers: Duration::from_secs(30),
            tls: None,
            header_bytes: 16 * 1024,
            connections: 10_000,
            from_one: usize::MAX,
            outcast: Duration::ZERO,
            age: Duration::from_secs(300),
            age_grace: Duration::from_secs(30),
            // A client resolves names every 2 s.
            grace: Duration::from_secs(3),
            // Twice the longest unary deadline.
            bound: Duration::from_secs(10),
        }
    }
}

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every call was answered.
    Cleanly,
    /// Time was up: so many connections were dropped, so many commands still run.
    Cut {
        /// Connections dropped.
        connections: usize,
        /// Commands that were not done.
        commands: usize,
    },
}

/// Serves until `stop`. Then health says NOT_SERVING; calls are served for a grace; connections are told to go away and
/// streams end; what is left after the bound is dropped.
pub async fn serve(
    listener: TcpListener,
    server: Server,
    stop: CancellationToken,
    settings: Settings,
) -> Drained {
    let (work, health) = (server.work.clone(), server.health.clone());
    listen(listener, server, (work, health), stop, settings).await
}

/// The same for what stands in front of `server` and passes requests on to it. Each has the [`Came`] of its connection in
/// its extensions.
pub async fn serve_before<S>(
    listener: TcpListener,
    server: &Server,
    before: S,
    stop: CancellationToken,
    settings: Settings,
) -> Drained
where
    S: tower::Service<Request, Response = Reply, Error = Infallible, Future: Send + 'static>
        + Clone
        + Send
        + 'static,
{
    let (work, health) = (server.work.clone(), server.health.clone());
    listen(listener, Before(before), (work, health), stop, settings).await
}

async fn listen(
    listener: TcpListener,
    answers: impl Answers,
    (work, health): (TaskTracker, Health),
    stop: CancellationToken,
    settings: Settings,
) -> Drained {
    let (connections, drain) = (TaskTracker::new(), Drain::default());
    let (guests, outcasts) = (Places::default(), Outcasts::default());
    let left = async {
        stop.cancelled().await;
        health.stop().await;
        sleep(settings.grace).await;
    };
    tokio::pin!(left);
    loop {
        tokio::select! {
            () = &mut left => break,
            came = accepted(|| listener.accept()) => {
                let who = neighbours(came.1.ip());
                if outcasts.has(who, settings.outcast) {
                    continue;
                }
                let place = guests.enter(who, settings.from_one);
                let Some(place) = place.filter(|_| connections.len() < settings.connections) else {
                    continue;
                };
                let one = connection::serve(came, answers.clone(), drain.clone(), settings.clone());
                let (outcasts, pause) = (outcasts.clone(), settings.outcast);
                task::detach(connections.track_future(one.map(move |flooded| {
                    if flooded {
                        outcasts.strike(who, pause);
                    }
                    drop(place);
                })));
            }
        }
    }
    drop(listener);
    drain.start.cancel();
    connections.close();
    work.close();
    let all = futures::future::join(connections.wait(), work.wait()).map(|_| ());
    match timeout(settings.bound, all).await {
        Ok(()) => Drained::Cleanly,
        Err(_) => {
            drain.cut.cancel();
            let cut = Drained::Cut {
                connections: connections.len(),
                commands: work.len(),
            };
            connections.wait().await;
            cut
        }
    }
}

impl Answers for Server {
    fn answer(self, request: Request, over: Came) -> impl Future<Output = Reply> + Send + 'static {
        self.take(request, over.ending)
    }
}

/// What stands in front of a server.
#[derive(Clone)]
struct Before<S>(S);

impl<S> Answers for Before<S>
where
    S: tower::Service<Request, Response = Reply, Error = Infallible, Future: Send + 'static>
        + Clone
        + Send
        + 'static,
{
    fn answer(
        self,
        mut request: Request,
        over: Came,
    ) -> impl Future<Output = Reply> + Send + 'static {
        request.extensions_mut().insert(over);
        let answer = self.0.oneshot(request);
        answer.map(|reply| reply.unwrap_or_else(|never| match never {}))
    }
}

/// The next connection, however long that takes.
async fn accepted<A>(mut accept: impl FnMut() -> A) -> (TcpStream, SocketAddr)
where
    A: Future<Output = io::Result<(TcpStream, SocketAddr)>>,
{
    loop {
        match accept().await {
            Ok(came) => return came,
            Err(why) => {
                tracing::warn!(%why, "no connection can be accepted");
                sleep(PAUSE).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn running_out_of_descriptors_is_survived_without_spinning() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _caller = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let started = Instant::now();
        let mut failures = 0;
        accepted(|| {
            failures += 1;
            let fails = failures <= 20;
            let listener = &listener;
            async move {
                if fails {
                    // EMFILE
                    return Err(io::Error::from_raw_os_error(24));
                }
                listener.accept().await
            }
        })
        .await;
        assert_eq!(started.elapsed(), PAUSE * 20);
    }
}
