//! `yemae up`: the whole mesh on a laptop.

mod addresses;
mod brood;
mod family;
mod keys;
mod outside;
mod parent;
mod ports;

use crate::contexts::{self, Entry};
use crate::data::{Data, Lock, Running};
use crate::door;
use crate::fault::Fault;
use crate::house::{Ground, House, Place};
use crate::settings::Settings;
use crate::{cli, databases, metrics, nats, rpc, runtime, schemas, serve, stage, stop};
use addresses::{GRPC, NATS, listen, page, taken};
use brood::Brood;
use mesh::bus::{self, Bus};
use mesh::identity::Verifier;
use mesh::{Clock, server};
use outside::close;
use ports::{Ports, free};
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How often children are looked after.
const LOOK: Duration = Duration::from_millis(100);

/// Runs the command.
pub(crate) fn run(command: &cli::Up) -> Result<(), Fault> {
    let entries = chosen(&command.without)?;
    let data = Data::at(&command.data);
    let mut lock = data.claim()?;
    // Spawned on this, the main thread: it is what the children's lives are bound to.
    runtime()?.block_on(async {
        let listener = listen(command.listen.unwrap_or(GRPC)).await?;
        let grpc = listener.local_addr().map_err(Fault::bug)?;
        let mut ports = Ports::default();
        let settings = Settings::from_environment()?;
        let door = match command.without.iter().any(|name| name == door::NAME) {
            true => None,
            false => Some(door::listen(&settings, command.listen).await?),
        };
        let broker = match command.listen {
            None => free(NATS).map_err(|_| {
                taken(
                    NATS,
                    "--listen 127.0.0.1:0 makes every listener take a free port",
                )
            })?,
            Some(_) => ports.next(grpc.ip()).map_err(Fault::not_ready)?,
        };
        let at_door = door.as_ref();
        let at_door = at_door.map(|door| door::address(&settings, door));
        let at_door = at_door.transpose()?;
        let page = page(&settings, command)?;
        let (metrics::Place::Asked(pages_at) | metrics::Place::Default(pages_at)) = page;
        let page = page.take().await?;
        let path = settings.variable("PATH").unwrap_or_default();
        let server =
            nats::Server::find(command.nats_server.as_deref(), path, broker, &data.nats())?;
        let places = entries.iter().map(|entry| {
            let url = databases::of_up(&data, &settings, entry)?;
            Ok((*entry, url))
        });
        let places = places.collect::<Result<Vec<_>, Fault>>()?;
        databases::must_differ(places.iter().map(|(entry, url)| (entry.name, url)))?;
        schemas::admit(&data, &places)?;
        keys::make(&data, &entries)?;
        let mut brood = Brood::new(server, data.clone());
        brood.start_broker()?;
        brood.until_broker_listens(broker).await?;
        let url = format!("nats://{broker}");
        let running = Running {
            pid: std::process::id(),
            grpc: grpc.to_string(),
            nats: url.clone(),
            gateway: at_door,
        };
        lock.tell(&running)?;
        let bus = Bus::connect(bus::Settings::new(&url, "yemae up"))
            .await
            .map_err(Fault::not_ready)?;
        bus.provision().await.map_err(Fault::not_ready)?;
        let keeping = CancellationToken::new();
        let _kept = keeping.clone().drop_guard();
        let keeper = bus.clone();
        drop(mesh::task::detach(async move {
            keeper.keep_provisioned(keeping).await;
        }));

        let mesh = Mesh {
            data,
            settings,
            entries,
            running,
            bus,
            demo: command.demo,
            own_listen: command.listen.is_some(),
            page: page.as_ref().and_then(|page| page.local_addr().ok()),
            pages_at: pages_at.ip(),
        };
        if command.processes {
            mesh.in_processes(listener, door, &mut brood, ports, page)
                .await?
        } else {
            mesh.in_one(listener, door, &mut brood, page).await?
        }
        // The broker goes last, when nobody of us listens to it any more.
        drop(mesh);
        brood.stop();
        drop::<Lock>(lock);
        Ok(())
    })
}

fn chosen(without: &[String]) -> Result<Vec<&'static Entry>, Fault> {
    contexts::all_known("--without", without)?;
    Ok(contexts::ALL
        .iter()
        .filter(|entry| !without.iter().any(|name| name == entry.name))
        .collect())
}

struct Mesh {
    data: Data,
    settings: Settings,
    entries: Vec<&'static Entry>,
    running: Running,
    bus: Bus,
    demo: bool,
    own_listen: bool,
    /// Where this process's metrics are read, if anywhere.
    page: Option<SocketAddr>,
    /// Where those of the children are.
    pages_at: IpAddr,
}

impl Mesh {
    /// Every context in this process.
    async fn in_one(
        &self,
        listener: TcpListener,
        door: Option<TcpListener>,
        brood: &mut Brood,
        page: Option<TcpListener>,
    ) -> Result<(), Fault> {
        let ground = Ground::development(self.bus.clone())?;
        let peers = format!("http://{}", self.running.grpc);
        let house = House::open(&ground, &self.entries, |entry| {
            place(&self.data, &self.settings, entry, &peers)
        })?;
        let verifier = verifier(&self.data, ground.clock.clone())?;
        let (server, house) = serve::doors(house, &ground, verifier).await?;
        self.data.write_pages(&[("yemae", self.page)])?;
        let stop = CancellationToken::new();
        let ready = serve::keep_ready(&server, &house, &stop);
        let _page = metrics::serve(page, &stop, ready);
        let serving = mesh::task::detach(server::serve(listener, server, stop.clone(), patience()));
        let door = self.open(door).await?;
        self.live(brood).await?;
        close(door).await?;
        stop.cancel();
        serve::tell(serving.await.map_err(Fault::bug)?);
        ground.stop.cancel();
        house.close().await;
        Ok(())
    }

    /// Says that it is ready, and looks after the children until somebody stops it.
    async fn live(&self, brood: &mut Brood) -> Result<(), Fault> {
        if self.demo {
            let runs = |name: &str| self.entries.iter().any(|entry| entry.name == name);
            stage::set(&self.reach().await?, runs).await?;
        }
        let mut asked = std::pin::pin!(stop::asked());
        self.say_ready();
        let mut look = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                () = &mut asked => break,
                _ = look.tick() => brood.look_after()?,
            }
        }
        eprintln!("yemae: draining");
        Ok(())
    }

    async fn reach(&self) -> Result<rpc::Mesh, Fault> {
        rpc::reach(&cli::Reach {
            server: Some(format!("http://{}", self.running.grpc)),
            data: self.data.path().to_owned(),
            token_file: None,
        })
        .await
    }

    fn say_ready(&self) {
        let grpc = &self.running.grpc;
        let me = me();
        let data = if self.data.is_default() {
            String::new()
        } else {
            format!(" --data {}", self.data)
        };
        let reach = if self.own_listen {
            format!(" (broker {})", self.running.nats)
        } else {
            String::new()
        };
        let door = self.running.gateway.as_ref();
        let door = door.map_or_else(String::new, |at| format!(", JSON and gRPC-Web on {at}"));
        let metrics = self
            .page
            .map_or_else(String::new, |at| format!(", metrics on {at}"));
        let text = format!(
            "yemae is ready: gRPC with reflection on {grpc}{reach}{door}{metrics}. Ctrl-C stops it. In another terminal:\n\n  \
             {me} demo all{data}\n  \
             {me} call ListScreenings{data}\n  \
             {me} status{data}\n  \
             grpcurl -plaintext -H \"authorization: Bearer $({me} token kim{data})\" {grpc} yemae.mypage.v1.MyPageService/ListMyOrders"
        );
        // Notifications of before may have filled a pipe that nobody reads: whoever prints here may wait for ever.
        let _ = mesh::task::thread("ready".to_owned(), move || {
            let _ = writeln!(std::io::stdout(), "{text}");
        });
    }
}

/// How this binary is typed from here.
fn me() -> String {
    let Ok(own) = std::env::current_exe() else {
        return "yemae".to_owned();
    };
    let here = std::env::current_dir().unwrap_or_default();
    own.strip_prefix(&here)
        .unwrap_or(&own)
        .display()
        .to_string()
}

/// Where a context of the data directory is.
pub(crate) fn place(
    data: &Data,
    settings: &Settings,
    entry: &Entry,
    peers: &str,
) -> Result<Place, Fault> {
    let key = |name: &str| mesh::identity::Key::read(&data.key(name)).map_err(Fault::usage);
    Ok(Place {
        url: databases::of_up(data, settings, entry)?,
        key: key(entry.name)?,
        signing: entry.signs().map(key).transpose()?,
        peers: peers.to_owned(),
        // All of it is on this machine.
        tls: None,
    })
}

/// Checks tokens by the data directory's keys.
pub(crate) fn verifier(data: &Data, clock: Clock) -> Result<Verifier, Fault> {
    Verifier::from_files(
        &data.user_jwks(),
        &data.service_jwks(),
        "yemae",
        "yemae",
        clock,
    )
    .map_err(Fault::usage)
}

/// On a laptop nobody balances over us: a drain need not wait until callers have learned that we leave.
pub(crate) fn patience() -> server::Settings {
    server::Settings {
        grace: Duration::ZERO,
        ..serve::patience()
    }
}
