//! Where a name leads, asked again and again.

use super::Settings;
use super::around::Hop;
use super::balance::{Balance, Place};
use super::board::Board;
use super::circuit::Circuit;
use super::endpoint::{At, Endpoint, Name, Wire};
use crate::task;
use crate::telemetry::rpc::Line;
use futures::future::BoxFuture;
use rand::Rng;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

/// How often a name is looked up (reliability.md, Calls): at 30 s a rolling update lost half the calls, at 1 s none.
const EVERY: Duration = Duration::from_secs(2);
/// By so much of itself sooner or later, so that many clients do not ask together.
const JITTER: f64 = 0.2;
/// However often a dial fails, a name is not looked up more often than this.
const LEAST: Duration = Duration::from_millis(100);
/// A resolver that says nothing for so long has failed.
const PATIENCE: Duration = Duration::from_secs(2);

/// Looks up the addresses of a host and port.
pub type Lookup =
    Arc<dyn Fn(String, u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

/// The system's own resolver. Of a host in both families the IPv4 addresses: they are the same servers, and each would
/// be called twice as often.
pub(super) fn system() -> Lookup {
    Arc::new(|host, port| {
        Box::pin(async move {
            let all: Vec<_> = tokio::net::lookup_host((host, port)).await?.collect();
            let v4: Vec<_> = all.iter().copied().filter(SocketAddr::is_ipv4).collect();
            Ok(if v4.is_empty() { all } else { v4 })
        })
    })
}

/// What is known of where a peer is.
pub(super) enum Found<S> {
    /// The first answer is still to come.
    Nothing,
    /// And was none.
    Trouble(String),
    /// The last good answer.
    Places(Vec<Arc<Place<S>>>),
}

/// Can be told to look at once.
#[derive(Default)]
pub(super) struct Resolver(Notify);

impl Resolver {
    pub(super) fn look_now(&self) {
        self.0.notify_one();
    }
}

/// The places of `endpoint`, each with its own circuit and with what `before` puts before it. A name is followed until
/// nobody calls any more.
pub(super) fn places<S: Hop>(
    line: &Line,
    endpoint: Endpoint,
    board: &Board,
    settings: &Settings,
    before: impl Fn(Arc<Circuit>, Wire) -> S + Send + Sync + 'static,
) -> Arc<Balance<S>> {
    let peer = Arc::from(line.peer.as_str());
    let (line, board, longest) = (line.clone(), board.clone(), settings.breaker_longest);
    let place = move |name: String, wire: Wire| {
        let circuit = board.circuit(&line, &name, longest);
        let next = before(circuit.clone(), wire);
        Arc::new(Place::new(name.into(), circuit, next))
    };
    let resolver = Arc::new(Resolver::default());
    let (tell, found) = watch::channel(Found::Nothing);
    match endpoint.0 {
        At::Wire { name, wire } => {
            tell.send_replace(Found::Places(vec![place(name, wire)]));
        }
        At::Name(name) => {
            drop(task::detach(follow(name, place, tell, resolver.clone())));
        }
    }
    Arc::new(Balance::new(peer, found, resolver))
}

/// Looks a name up again and again. The last good answer stands; what is in the next one too keeps what is known of it.
async fn follow<S: Hop>(
    name: Name,
    place: impl Fn(String, Wire) -> Arc<Place<S>>,
    tell: watch::Sender<Found<S>>,
    resolver: Arc<Resolver>,
) {
    let mut known: BTreeMap<SocketAddr, Arc<Place<S>>> = BTreeMap::new();
    let mut fails = false;
    while !tell.is_closed() {
        match name.addresses(PATIENCE).await {
            Ok(addresses) => {
                let were = known.len();
                known.retain(|address, _| addresses.contains(address));
                let mut changed = known.len() < were;
                for address in addresses {
                    if !known.contains_key(&address)
                        && let Some(wire) = name.wire(address)
                    {
                        known.insert(address, place(format!("http://{address}"), wire));
                        changed = true;
                    }
                }
                if changed {
                    tracing::debug!(name = %name.uri, places = ?known.keys(), "found");
                    tell.send_replace(Found::Places(known.values().cloned().collect()));
                }
                fails = false;
            }
            Err(why) => {
                if !fails {
                    tracing::warn!(name = %name.uri, why, "cannot be looked up");
                }
                if known.is_empty() {
                    tell.send_replace(Found::Trouble(why));
                }
                fails = true;
            }
        }
        sleep(LEAST).await;
        let jitter = rand::rng().random_range(1.0 - JITTER..=1.0 + JITTER);
        tokio::select! {
            () = tell.closed() => return,
            () = resolver.0.notified() => {}
            () = sleep(EVERY.mul_f64(jitter)) => {}
        }
    }
}
