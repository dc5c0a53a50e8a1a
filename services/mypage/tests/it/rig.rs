//! A page on a real database behind a real nats-server, and an order side that says what a test wants it to.

use super::*;
use crate::nats::NatsServer;
use mesh::bus::{self, Bus};
use mesh::call::{self, Call, User};
use mesh::client::{Client as Door, Request};
use mesh::store::{Backend, Setup, Url};
use mesh::{Clock, Contracts, Hand, Peers, Site, Store, Time};
use std::convert::Infallible;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use testing::postgres::Server;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::service::{Routes, RoutesBuilder};
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

/// Where a program is: among the project's own tools or in PATH. None, and a line that says so, when it is nowhere;
/// where CI is set that is a failure.
#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by their surroundings where the tools are"
)]
pub fn tool(name: &str) -> Option<PathBuf> {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = [tools.join("bin"), tools.join("postgres/bin")]
        .into_iter()
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join(name))
        .find(|program| program.is_file());
    if found.is_none() {
        let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!ci, "there is no {name}: `make tools` fetches it");
        println!("skipped: there is no {name}; `make tools` fetches it");
    }
    found
}

/// A port that nobody has at this moment.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Waits until `found` finds something, looking every few milliseconds.
pub async fn eventually<T, F, R>(what: &str, mut found: F) -> T
where
    F: FnMut() -> R,
    R: Future<Output = Option<T>>,
{
    let looking = async {
        loop {
            if let Some(found) = found().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), looking)
        .await
        .unwrap_or_else(|_| panic!("not within 60 seconds: {what}"))
}

pub struct Rig {
    pub server: NatsServer,
    pub bus: Bus,
    pub from: Store,
    pub page: Site,
    /// Another replica of it; on SQLite the same.
    pub other: Site,
    pub hand: Hand,
    routes: Routes,
    _folder: TempDir,
    _postgres: Option<Arc<Server>>,
}

impl Rig {
    pub async fn on(backend: Backend) -> Option<Self> {
        let server = NatsServer::start()?;
        let folder = tempfile::tempdir().unwrap();
        let postgres = match backend {
            Backend::Sqlite => None,
            Backend::Postgres => Some(Server::shared()?),
        };
        let url = |name: &str| match &postgres {
            Some(server) => server.database(),
            None => Url(folder.path().join(name).display().to_string()),
        };
        let bus = Bus::connect(bus::Settings::new(server.url(), "test"));
        let bus = bus.await.unwrap();
        bus.provision().await.unwrap();
        let (clock, hand) = Clock::manual(Time(1_750_000_000_000_000));
        let (from, _) = open(Context::new("cinema-booking"), url("from"), &clock);
        let at = url("page");
        let (page, routes) = open(mypage::context(), at.clone(), &clock);
        let other = match backend {
            Backend::Sqlite => page.clone(),
            Backend::Postgres => open(mypage::context(), at, &clock).0,
        };
        Some(Self {
            server,
            bus,
            from: from.store,
            page,
            other,
            hand,
            routes,
            _folder: folder,
            _postgres: postgres,
        })
    }

    /// Publishes what the order side states, and brings it to the page's replicas, for as long as the guard is held.
    pub fn carry(&self) -> DropGuard {
        let stop = CancellationToken::new();
        self.publish(&stop);
        self.follow(&stop);
        stop.drop_guard()
    }

    /// Publishes what the order side states, until `stop`.
    pub fn publish(&self, stop: &CancellationToken) {
        let (bus, store, token) = (self.bus.clone(), self.from.clone(), stop.clone());
        mesh::task::detach(async move { bus.relay(store, token).await });
    }

    /// Brings what is published to the page's replicas, until `stop`.
    pub fn follow(&self, stop: &CancellationToken) {
        for replica in [&self.page, &self.other] {
            let (bus, store, token) = (self.bus.clone(), replica.store.clone(), stop.clone());
            let policies = mypage::context().policies;
            mesh::task::detach(async move { bus.follow("mypage", policies, store, token).await });
        }
    }

    /// A worker of rebuilds that can be killed.
    pub fn worker(&self) -> tokio::task::JoinHandle<()> {
        mesh::task::detach(mypage::rebuilds(self.page.clone(), self.bus.clone()))
    }

    /// The worker of the other replica.
    pub fn other_worker(&self) -> tokio::task::JoinHandle<()> {
        mesh::task::detach(mypage::rebuilds(self.other.clone(), self.bus.clone()))
    }

    /// A client of the page, called as `subject` with these roles.
    pub fn door(&self, subject: &str, roles: &[&str]) -> Door {
        let user = User {
            subject: subject.to_owned(),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        };
        let routes = self.routes.clone();
        BoxCloneSyncService::new(tower::service_fn(move |request: Request| {
            let call = Call {
                context: "mypage".to_owned(),
                method: request.uri().path().to_owned(),
                locale: "en".to_owned(),
                caller: call::Caller {
                    user: Some(user.clone()),
                    service: None,
                },
                ..Call::default()
            };
            let mut routes = routes.clone();
            call::scope(Arc::new(call), async move {
                let ready = ServiceExt::<Request>::ready(&mut routes).await.unwrap();
                Ok::<_, Infallible>(ready.call(request).await.unwrap())
            })
        }))
    }

    /// The order side states these, in as few transactions as will do.
    pub async fn state(&self, orders: &[Order]) {
        for orders in orders.chunks(500) {
            let orders = orders.to_vec();
            let stated = self.from.write((), move |tx| {
                for order in &orders {
                    let event = BookingPlaced {
                        order: Some(order.clone()),
                    };
                    tx.enqueue(Event::new(&order.order_id, order.version, &event))?;
                }
                Ok(())
            });
            stated.await.unwrap();
        }
    }

    /// Ann's bookings as placed now.
    pub fn placed(&self, how_many: usize) -> Vec<Order> {
        let order = || Order {
            order_id: mesh::id::new(),
            context: "cinema-booking".to_owned(),
            system: "cinema".to_owned(),
            customer_id: "ann".to_owned(),
            version: 1,
            phase: Phase::Placed.into(),
            placed_at: Some(self.page.clock.now().into()),
            ..Order::default()
        };
        std::iter::repeat_with(order).take(how_many).collect()
    }

    /// What the page shows: order and version.
    pub async fn shown(&self) -> Vec<(String, i64)> {
        let read = self.page.store.read(mypage::facts);
        let seen = read.await.unwrap().seen.into_iter();
        seen.map(|seen| (seen.order_id, seen.version)).collect()
    }

    pub async fn hash(&self) -> String {
        self.page.store.read(mypage::content_hash).await.unwrap()
    }

    /// Waits until the page shows just these.
    pub async fn shows(&self, orders: &[Order]) {
        let mut wanted: Vec<_> = orders
            .iter()
            .map(|order| (order.order_id.clone(), order.version))
            .collect();
        wanted.sort();
        eventually("the page shows the orders", || async {
            (self.shown().await == wanted).then_some(())
        })
        .await;
    }

    /// Meddles with the page's tables.
    pub async fn sql(&self, statement: &str) -> usize {
        use diesel::RunQueryDsl;
        let statement = statement.to_owned();
        let done = self.page.store.write((), move |tx| {
            Ok(diesel::sql_query(&statement).execute(tx.db())?)
        });
        done.await.unwrap()
    }
}

fn open(mut context: Context, url: Url, clock: &Clock) -> (Site, Routes) {
    let setup = Setup {
        context: context.name().to_owned(),
        url,
        clock: clock.clone(),
        contracts: Arc::new(Contracts::load(proto::DESCRIPTORS).unwrap()),
    };
    let site = Site {
        context: context.name(),
        store: Store::open(setup, context.take_migrations()).unwrap(),
        clock: clock.clone(),
        peers: Peers::default(),
        stop: CancellationToken::new(),
    };
    let mut routes = RoutesBuilder::default();
    context.routes(&site, &mut routes);
    (site, routes.routes())
}
