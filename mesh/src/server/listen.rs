//! Listens, until told to stop; then drains.

use super::Server;
use super::connection::{self, Drain};
use crate::task;
use futures::FutureExt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// When no connection can be accepted (no file descriptor is left), we try again after this; busy waiting would take the
/// processor from those calls whose end frees one.
const PAUSE: Duration = Duration::from_millis(50);

/// How connections are served and drained; the defaults are reliability.md's (Calls).
#[derive(Clone, Debug)]
pub struct Settings {
    /// The most calls at once on one connection. Where one connection carries many callers' streams, as behind
    /// [`super::pass_through`], it wants to be larger.
    pub streams: u32,
    /// A connection that has not said that it speaks HTTP/2 by then is dropped.
    pub handshake: Duration,
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
    let (connections, drain) = (TaskTracker::new(), Drain::default());
    let left = async {
        stop.cancelled().await;
        health.stop().await;
        sleep(settings.grace).await;
    };
    tokio::pin!(left);
    loop {
        tokio::select! {
            () = &mut left => break,
            stream = accepted(|| listener.accept()) => {
                let one = connection::serve(stream, server.clone(), drain.clone(), settings.clone());
                task::detach(connections.track_future(one));
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

/// The next connection, however long that takes.
async fn accepted<A>(mut accept: impl FnMut() -> A) -> TcpStream
where
    A: Future<Output = io::Result<(TcpStream, SocketAddr)>>,
{
    loop {
        match accept().await {
            Ok((stream, _)) => return stream,
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
