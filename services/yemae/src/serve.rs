//! `yemae serve NAME…`: the named contexts as in production. And how every kind of process serves and stops.

use crate::contexts::{self, Entry, Mode};
use crate::fault::Fault;
use crate::house::{Ground, House, Place};
use crate::operator::Operator;
use crate::settings::Settings;
use crate::{cli, databases, door, metrics, runtime, secure, stop, unwell};
use mesh::bus::{self, Bus};
use mesh::client;
use mesh::identity::{Key, Verifier};
use mesh::server::{self, Doors, Drained, Limits, Server};
use mesh::store::{Backend, Url};
use mesh::{Clock, Contracts};
use proto::operator::v1::operator_service_server::OperatorServiceServer;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// Runs the command.
pub(crate) fn run(command: &cli::Serve) -> Result<(), Fault> {
    if command.names.iter().any(|name| name == door::NAME) {
        return match &command.names[..] {
            [_] => door::run(),
            _ => Err(Fault::usage(
                "the gateway is a process of its own: `yemae serve gateway`, and the contexts in others",
            )),
        };
    }
    let entries = command
        .names
        .iter()
        .map(|name| named(name))
        .collect::<Result<Vec<_>, _>>()?;
    let settings = Settings::from_environment()?;
    let first = entries.first().map_or("", |entry| entry.name);
    let shared = |name: &str| settings.get(first, name);
    let at: SocketAddr = shared("LISTEN")?
        .parse()
        .map_err(|_| Fault::usage("YEMAE_LISTEN must be an address and a port: 127.0.0.1:50051"))?;
    let page = metrics::Place::read(&settings, first)?;
    let patience = server::Settings {
        tls: secure::listens(&settings, first)?,
        ..patience()
    };
    let tls = secure::calls(&settings, first)?;
    runtime()?.block_on(async {
        let clock = Clock::system();
        let verifier = verifier(&settings, first, clock.clone())?;
        let bus = Bus::connect(bus::Settings::new(settings.nats()?, "yemae serve"))
            .await
            .map_err(Fault::usage)?;
        let contracts = Arc::new(Contracts::load(proto::DESCRIPTORS).map_err(Fault::bug)?);
        let ground = Ground {
            contracts,
            clock,
            bus,
            mode: if settings.simulator(first)? {
                Mode::Trial
            } else {
                Mode::Production
            },
            stop: CancellationToken::new(),
        };
        let mut databases = Vec::new();
        for entry in &entries {
            databases.push((entry.name, Url(settings.get(entry.name, "DATABASE_URL")?)));
        }
        databases::must_differ(databases.iter().map(|(name, url)| (*name, url)))?;
        for (entry, (_, url)) in entries.iter().zip(&databases) {
            until_there(entry, url).await?;
        }
        let house = House::open(&ground, &entries, |entry| {
            place(&settings, entry, tls.clone())
        })?;
        let listener = TcpListener::bind(at)
            .await
            .map_err(|why| Fault::not_ready(format!("cannot listen on {at}: {why}")))?;
        let metrics = page.take().await?;
        let asked = stop::asked();
        eprintln!("yemae: serving {} on {at}", command.names.join(", "));
        live(listener, house, &ground, verifier, patience, metrics, asked).await
    })
}

/// Contexts stand behind a door: one connection carries everybody's calls and watches, and the door adds headers of its own.
pub(crate) fn patience() -> server::Settings {
    server::Settings {
        streams: 4096,
        header_bytes: 24 * 1024,
        ..server::Settings::default()
    }
}

/// How long a database is waited for: in a cluster everything is started at once, and it takes its time.
const DATABASE: Duration = Duration::from_secs(60);

/// Waits until a context's database can be reached; that it is nobody else's is seen then.
async fn until_there(entry: &Entry, url: &Url) -> Result<(), Fault> {
    let end = Instant::now() + DATABASE;
    let mut told = false;
    loop {
        let why = match databases::open(entry, url) {
            Err(Fault::NotReady(why)) if url.backend() == Backend::Postgres => why,
            done => return done.map(drop),
        };
        if Instant::now() >= end {
            return Err(Fault::NotReady(why));
        }
        if !told {
            eprintln!("yemae: {why}; trying for {} s", DATABASE.as_secs());
            told = true;
        }
        sleep(Duration::from_secs(1)).await;
    }
}

/// Checks tokens by the keys that the settings of a process name.
pub(crate) fn verifier(settings: &Settings, name: &str, clock: Clock) -> Result<Verifier, Fault> {
    let of = |setting: &str| settings.get(name, setting);
    let services = || of("SERVICE_JWKS_FILE").map(PathBuf::from);
    let (issuer, audience) = (of("ISSUER")?, of("AUDIENCE")?);
    let given = |setting: &str| Ok::<_, Fault>(settings.find(name, setting)?.map(|own| own.value));
    let verifier = match (given("USER_JWKS_URL")?, given("USER_JWKS_FILE")?) {
        (Some(_), Some(_)) => {
            return Err(Fault::usage(
                "YEMAE_USER_JWKS_URL and YEMAE_USER_JWKS_FILE are both set: give one of them",
            ));
        }
        (Some(url), None) => {
            let ca = given("USER_JWKS_CA_FILE")?.map(PathBuf::from);
            let at = (&*url, ca.as_deref());
            Verifier::from_issuer(at, &services()?, &issuer, &audience, clock)
        }
        (None, _) => {
            let people = PathBuf::from(of("USER_JWKS_FILE")?);
            Verifier::from_files(&people, &services()?, &issuer, &audience, clock)
        }
    };
    verifier.map_err(Fault::usage)
}

/// `yemae provision`: makes the stream that every context publishes to.
pub(crate) fn provision(command: &cli::Provision) -> Result<(), Fault> {
    let settings = Settings::from_environment()?;
    let broker = bus::Settings {
        replicas: settings.stream_replicas()?,
        max_bytes: settings.stream_max_bytes()?,
        ..bus::Settings::new(settings.nats()?, "yemae provision")
    };
    runtime()?.block_on(async {
        let bus = Bus::connect(broker).await.map_err(Fault::usage)?;
        if !command.stay {
            return bus.provision().await.map_err(Fault::not_ready);
        }
        let stop = CancellationToken::new();
        tokio::select! {
            () = bus.keep_provisioned(stop) => {}
            () = stop::asked() => {}
        }
        Ok(())
    })
}

/// `yemae ops`: does nothing, until asked to stop.
pub(crate) fn ops() -> Result<(), Fault> {
    runtime()?.block_on(async { stop::asked().await });
    Ok(())
}

/// The context of a name that was typed.
pub(crate) fn named(name: &str) -> Result<&'static Entry, Fault> {
    let names = || {
        contexts::ALL
            .iter()
            .map(|entry| entry.name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    contexts::find(name).ok_or_else(|| {
        Fault::usage(format!(
            "no context is called {name}; there are {}",
            names()
        ))
    })
}

fn place(settings: &Settings, entry: &Entry, tls: Option<client::Tls>) -> Result<Place, Fault> {
    let key = |setting: &str| {
        let path = PathBuf::from(settings.get(entry.name, setting)?);
        Key::read(&path).map_err(Fault::usage)
    };
    let signing = entry.signs();
    let signing = signing.map(|what| format!("{}_KEY_FILE", what.to_uppercase()));
    Ok(Place {
        url: Url(settings.get(entry.name, "DATABASE_URL")?),
        key: key("KEY_FILE")?,
        signing: signing.as_deref().map(key).transpose()?,
        peers: secure::peers(settings, entry.name)?,
        tls,
    })
}

/// Serves a house until `asked`, then drains it and closes it.
pub(crate) async fn live(
    listener: TcpListener,
    house: House,
    ground: &Ground,
    verifier: Verifier,
    patience: server::Settings,
    metrics: Option<TcpListener>,
    asked: impl Future<Output = ()>,
) -> Result<(), Fault> {
    let (server, house) = doors(house, ground, verifier).await?;
    let stop = CancellationToken::new();
    let ready = keep_ready(&server, &house, &stop);
    let live = stop.child_token();
    let _page = metrics::serve(metrics, &live, ready);
    if ground.mode == Mode::Trial {
        let unwell = unwell::when_told(server.health().clone(), live);
        drop(mesh::task::detach(unwell));
    }
    let serving = mesh::task::detach(server::serve(listener, server, stop.clone(), patience));
    asked.await;
    stop.cancel();
    tell(serving.await.map_err(Fault::bug)?);
    ground.stop.cancel();
    house.close().await;
    Ok(())
}

/// Keeps telling probes of the server whether the stores of its house answer, until `stop`; what is answered says the same.
pub(crate) fn keep_ready(
    server: &Server,
    house: &House,
    stop: &CancellationToken,
) -> impl Fn() -> bool + Send + Sync + 'static {
    let health = server.health().clone();
    let stores = house.residents.iter().map(|own| own.site.store.clone());
    let looking = server::keep_ready(health.clone(), stores.collect(), stop.clone());
    drop(mesh::task::detach(looking));
    move || health.is_ready()
}

/// The services of a house, with the operator's beside them.
pub(crate) async fn doors(
    mut house: House,
    ground: &Ground,
    verifier: Verifier,
) -> Result<(Server, House), Fault> {
    let operator = Operator {
        residents: house.residents.clone(),
        bus: ground.bus.clone(),
    };
    let mut routes = std::mem::take(&mut house.routes);
    routes.add_service(OperatorServiceServer::new(operator));
    let mut services = house.services.clone();
    services.push(OPERATOR);
    let doors = Doors {
        contracts: ground.contracts.clone(),
        verifier,
        limits: Limits::default(),
    };
    let server = doors.open(&services, routes).await.map_err(Fault::bug)?;
    Ok((server, house))
}

/// The operator's service, which every process serves.
pub(crate) const OPERATOR: &str = proto::operator::v1::operator_service_server::SERVICE_NAME;

/// Says when a drain was cut short.
pub(crate) fn tell(drained: Drained) {
    if let Drained::Cut {
        connections,
        commands,
    } = drained
    {
        eprintln!("yemae: the drain was cut short: {connections} connections, {commands} commands");
    }
}
