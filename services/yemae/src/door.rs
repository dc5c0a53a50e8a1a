//! The gateway: the one kind of process that has no database and hears no events. `yemae serve gateway` runs it by itself,
//! `yemae up` beside its contexts.

use crate::contexts;
use crate::data::Data;
use crate::fault::Fault;
use crate::settings::{Found, Settings};
use crate::{cli, metrics, runtime, secure, serve, stop};
use gateway::{Gateway, Peers, Rate, Rates};
use mesh::client;
use mesh::identity::Verifier;
use mesh::server::{self, Drained, Tls};
use mesh::{Clock, Contracts};
use std::net::SocketAddr;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

/// What it is called, wherever a context would be named.
pub(crate) const NAME: &str = "gateway";
/// How long `yemae status` waits for it.
const LOOK: Duration = Duration::from_secs(2);

/// What stands behind a door, and how it is kept.
pub(crate) struct House<'a> {
    pub(crate) contexts: &'a [&'a str],
    /// Where they are; `{context}` stands for the name.
    pub(crate) peers: &'a str,
    /// Whom it believes them to be. None: they are called in the clear.
    pub(crate) tls: Option<client::Tls>,
    pub(crate) verifier: Verifier,
    pub(crate) settings: gateway::Settings,
    pub(crate) patience: server::Settings,
}

/// An open door.
pub(crate) struct Open {
    stop: CancellationToken,
    serving: JoinHandle<Drained>,
}

impl Open {
    /// Lets nobody in any more, and waits for those who are.
    pub(crate) async fn close(self) -> Result<(), Fault> {
        self.stop.cancel();
        serve::tell(self.serving.await.map_err(Fault::bug)?);
        Ok(())
    }
}

/// `yemae serve gateway`.
pub(crate) fn run() -> Result<(), Fault> {
    let settings = Settings::from_environment()?;
    let page = metrics::Place::read(&settings, NAME)?;
    runtime()?.block_on(async {
        let contexts: Vec<_> = contexts::ALL.iter().map(|entry| entry.name).collect();
        let house = House {
            contexts: &contexts,
            peers: &secure::peers(&settings, NAME)?,
            tls: secure::calls(&settings, NAME)?,
            verifier: serve::verifier(&settings, NAME, Clock::system())?,
            settings: read(&settings)?,
            patience: patience(&settings, outside(&settings)?)?,
        };
        let listener = listen(&settings, None).await?;
        let at = address(&settings, &listener)?;
        let page = page.take().await?;
        let asked = stop::asked();
        let door = open(listener, house).await?;
        // It has no store: it is of use as long as it runs.
        let _page = metrics::serve(page, &door.stop, || true);
        eprintln!("yemae: serving {NAME} on {at}");
        asked.await;
        door.close().await
    })
}

/// Where it listens. Beside another mesh (`beside`) at a free port, unless it was asked for.
pub(crate) async fn listen(
    settings: &Settings,
    beside: Option<SocketAddr>,
) -> Result<TcpListener, Fault> {
    let found = found(settings, "GATEWAY_LISTEN")?;
    let mut at: SocketAddr = parsed(&found, "must be an address and a port: 127.0.0.1:8088")?;
    if let Some(beside) = beside.filter(|_| found.is_default()) {
        at = SocketAddr::new(beside.ip(), 0);
    }
    TcpListener::bind(at).await.map_err(|why| {
        Fault::not_ready(format!(
            "cannot serve the gateway on {at}: {why}; give another address with YEMAE_GATEWAY_LISTEN (port 0 takes a free one)"
        ))
    })
}

/// How a browser spells where it is.
pub(crate) fn address(settings: &Settings, listener: &TcpListener) -> Result<String, Fault> {
    let at = listener.local_addr().map_err(Fault::bug)?;
    let tls = settings.find(NAME, "GATEWAY_TLS_CERTIFICATE")?;
    let scheme = tls.map_or("http", |_| "https");
    Ok(format!("{scheme}://{at}"))
}

/// Opens it.
pub(crate) async fn open(listener: TcpListener, house: House<'_>) -> Result<Open, Fault> {
    let contracts = Arc::new(Contracts::load(proto::DESCRIPTORS).map_err(Fault::bug)?);
    let services = gateway::services(&contracts, house.contexts);
    let services: Vec<&str> = services.iter().map(String::as_str).collect();
    let contexts = house.contexts.iter().copied();
    let peers =
        Peers::at(&contracts, contexts, house.peers, house.tls.as_ref()).map_err(Fault::usage)?;
    let opened = Gateway::open(&contracts, house.verifier, &services, peers, house.settings);
    let opened = opened.await.map_err(Fault::bug)?;
    let stop = CancellationToken::new();
    let serving = gateway::serve(listener, opened, stop.clone(), house.patience);
    Ok(Open {
        stop,
        serving: mesh::task::detach(serving),
    })
}

/// What the settings say of it.
fn read(settings: &Settings) -> Result<gateway::Settings, Fault> {
    let origins = settings.find(NAME, "GATEWAY_ORIGINS")?;
    let origins = origins.map(|found| {
        let read = found.value.parse();
        read.map_err(|why: gateway::NoOrigin| Fault::usage(format!("{}: {why}", found.from)))
    });
    Ok(gateway::Settings {
        origins: origins.transpose()?.unwrap_or_default(),
        rates: Rates {
            writes: rate(settings, "GATEWAY_RATE_WRITES")?,
            reads: rate(settings, "GATEWAY_RATE_READS")?,
            address: rate(settings, "GATEWAY_RATE_ADDRESS")?,
        },
        proxies: parsed(&found(settings, "GATEWAY_PROXIES")?, "must be a number: 0")?,
        jwks: None,
    })
}

/// The same under `up`, where everybody is on this machine.
pub(crate) fn of_up(settings: &Settings, data: &Data) -> Result<gateway::Settings, Fault> {
    let mut own = read(settings)?;
    if settings.find(NAME, "GATEWAY_ORIGINS")?.is_none() {
        let local = "http://localhost:*, http://127.0.0.1:*";
        own.origins = local.parse().map_err(Fault::bug)?;
    }
    if found(settings, "GATEWAY_RATE_ADDRESS")?.is_default() {
        own.rates.address.per_second = 0;
    }
    own.jwks = Some(data.user_jwks());
    Ok(own)
}

/// What strangers find: one of them does not take all places, nor comes again at once when hung up on for flooding.
fn outside(settings: &Settings) -> Result<server::Settings, Fault> {
    let pause = found(settings, "GATEWAY_FLOOD_PAUSE")?;
    Ok(server::Settings {
        from_one: 1024,
        outcast: Duration::from_secs(
            parsed::<u32>(&pause, "must be a number of seconds: 10")?.into(),
        ),
        ..server::Settings::default()
    })
}

/// How its connections are served.
pub(crate) fn patience(
    settings: &Settings,
    patience: server::Settings,
) -> Result<server::Settings, Fault> {
    let file = |name: &str| settings.find(NAME, name);
    let tls = match (file("GATEWAY_TLS_CERTIFICATE")?, file("GATEWAY_TLS_KEY")?) {
        (Some(certificate), Some(key)) => {
            let (certificate, key) = (Path::new(&certificate.value), Path::new(&key.value));
            Some(Tls::from_files(certificate, key, None, true).map_err(Fault::usage)?)
        }
        (None, None) => None,
        _ => {
            return Err(Fault::usage(
                "YEMAE_GATEWAY_TLS_CERTIFICATE and YEMAE_GATEWAY_TLS_KEY are given together or not at all",
            ));
        }
    };
    let header_bytes = server::Settings::default().header_bytes;
    // Behind a proxy all of them are the proxy's.
    let (from_one, outcast) = match settings.get(NAME, "GATEWAY_PROXIES")?.as_str() {
        "0" => (patience.from_one, patience.outcast),
        _ => (usize::MAX, Duration::ZERO),
    };
    Ok(server::Settings {
        tls,
        header_bytes,
        from_one,
        outcast,
        ..patience
    })
}

fn rate(settings: &Settings, name: &str) -> Result<Rate, Fault> {
    let found = found(settings, name)?;
    let read = found.value.split_once('/').and_then(|(rate, burst)| {
        Some(Rate {
            per_second: rate.trim().parse().ok()?,
            burst: burst.trim().parse().ok()?,
        })
    });
    let is_rate = |rate: &Rate| rate.per_second == 0 || rate.burst > 0;
    read.filter(is_rate).ok_or_else(|| {
        Fault::usage(format!(
            "{} must be calls in a second and calls at once: 20/40",
            found.from
        ))
    })
}

/// A setting that has a default.
fn found(settings: &Settings, name: &str) -> Result<Found, Fault> {
    let found = settings.find(NAME, name)?;
    found.ok_or_else(|| Fault::bug(format!("{name} has no default")))
}

fn parsed<T: FromStr>(found: &Found, rule: &str) -> Result<T, Fault> {
    let read = found.value.parse();
    read.map_err(|_| Fault::usage(format!("{} {rule}", found.from)))
}

/// The gateway of a data directory's running `up`, and whether it answers. None: there is none, or another mesh is meant.
pub(crate) async fn standing(reach: &cli::Reach) -> Option<(String, bool)> {
    if reach.server.is_some() {
        return None;
    }
    let at = Data::at(&reach.data).running()?.gateway?;
    let is_ready = timeout(LOOK, answers(&at)).await.unwrap_or(false);
    Some((at, is_ready))
}

/// Who speaks TLS is not asked more than to listen: whose certificate it is, is for its own callers to know.
async fn answers(at: &str) -> bool {
    match at.split_once("://") {
        Some(("http", at)) => {
            let mut health = HealthClient::new(server::plain(at));
            health.check(HealthCheckRequest::default()).await.is_ok()
        }
        Some((_, at)) => TcpStream::connect(at).await.is_ok(),
        None => false,
    }
}
