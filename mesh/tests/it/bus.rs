//! The bus against a real nats-server: what a context states, its followers take in, whatever happens in between.

mod carrying;
mod clustered;
mod failing;
mod healing;
mod losing;
mod publishing;
mod redriving;
mod users;
mod writing;

use crate::nats::NatsServer;
use crate::rig::{Database, eventually, seen};
use async_nats::jetstream::message::StreamMessage;
use diesel::prelude::*;
use mesh::bus::{Bus, Settings};
use mesh::policy::Policy;
use mesh::schema::outbox;
use mesh::store::Backend;
use mesh::{Change, Clock, Context, Event, Refusal, Store, Time, Tx};
use proto::cinema::booking::v1::BookingPlaced;
use proto::ordering::v1::Order;
use std::time::Duration;
use tokio_util::sync::{CancellationToken, DropGuard};

pub const STATED: &str = "cinema-booking";
pub const FOLLOWER: &str = "mypage";

/// A server, a context that states orders and one that follows them.
pub struct Rig {
    pub server: NatsServer,
    pub bus: Bus,
    pub from: Store,
    pub to: Store,
    _databases: [Database; 2],
}

/// Short where production is patient: a test waits for what happens, not for the clock.
pub fn settings(server: &NatsServer) -> Settings {
    Settings {
        redelivery: Duration::from_secs(2),
        pauses: (Duration::from_millis(10), Duration::from_millis(50)),
        ..Settings::new(server.url(), "test")
    }
}

impl Rig {
    pub async fn new() -> Option<Self> {
        Self::on(Backend::Sqlite).await
    }

    pub async fn on(backend: Backend) -> Option<Self> {
        Self::at(backend, Clock::system()).await
    }

    /// With both contexts' time.
    pub async fn at(backend: Backend, clock: Clock) -> Option<Self> {
        let server = NatsServer::start()?;
        let databases = [Database::new(backend)?, Database::new(backend)?];
        let bus = Bus::connect(settings(&server)).await.unwrap();
        bus.provision().await.unwrap();
        Some(Self {
            server,
            bus,
            from: databases[0].open_at(STATED, clock.clone()),
            to: databases[1].open_at(FOLLOWER, clock),
            _databases: databases,
        })
    }

    /// Runs the relay for as long as the guard is held.
    pub fn relay(&self) -> DropGuard {
        let stop = CancellationToken::new();
        let (bus, store, token) = (self.bus.clone(), self.from.clone(), stop.clone());
        mesh::task::detach(async move { bus.relay(store, token).await });
        stop.drop_guard()
    }

    /// Keeps the stream for as long as the guard is held.
    pub fn keep_provisioned(&self) -> DropGuard {
        let stop = CancellationToken::new();
        let (bus, token) = (self.bus.clone(), stop.clone());
        mesh::task::detach(async move { bus.keep_provisioned(token).await });
        stop.drop_guard()
    }

    /// Runs the consumer for as long as the guard is held.
    pub fn follow(&self, policies: Vec<Policy>) -> DropGuard {
        let stop = CancellationToken::new();
        let (bus, store, token) = (self.bus.clone(), self.to.clone(), stop.clone());
        mesh::task::detach(async move { bus.follow(FOLLOWER, policies, store, token).await });
        stop.drop_guard()
    }

    /// Follows with a policy that writes down what it sees.
    pub fn watch(&self) -> DropGuard {
        self.follow(policies(note))
    }

    pub async fn all_published(&self) {
        eventually("every row is published", || async {
            (waiting(&self.from).await == 0).then_some(())
        })
        .await;
    }

    /// The version the stream's last message of an order tells.
    pub async fn last_version(&self, id: &str) -> Option<i64> {
        let headers = self.last(id).await?.headers;
        headers.get("ce-sequence")?.as_str().parse().ok()
    }

    /// The stream's last message of an order.
    pub async fn last(&self, id: &str) -> Option<StreamMessage> {
        let js = self.server.jetstream().await;
        let stream = js.get_stream("YEMAE").await.unwrap();
        let last = stream.get_last_raw_message_by_subject(&subject(id)).await;
        last.ok()
    }
}

pub fn policies<F>(then: F) -> Vec<Policy>
where
    F: Fn(&mut Tx<'_>, &Change<Order>) -> Result<(), Refusal> + Send + Sync + 'static,
{
    Context::new(FOLLOWER).follows("orders", "*", then).policies
}

/// Writes down what was seen.
pub fn note(tx: &mut Tx<'_>, change: &Change<Order>) -> Result<(), Refusal> {
    assert_eq!(change.entity.version, change.version);
    let n: i64 = seen::table.count().get_result(tx.db())?;
    diesel::insert_into(seen::table)
        .values((
            seen::n.eq(n),
            seen::subject.eq(&change.id),
            seen::version.eq(change.version),
        ))
        .execute(tx.db())?;
    Ok(())
}

pub fn subject(id: &str) -> String {
    format!("yemae.{STATED}.Order.{id}")
}

pub fn order(id: &str, version: i64) -> BookingPlaced {
    BookingPlaced {
        order: Some(Order {
            order_id: id.to_owned(),
            version,
            ..Order::default()
        }),
    }
}

/// States a version of an order.
pub async fn state(store: &Store, id: &str, version: i64, expires_at: Option<Time>) {
    let id = id.to_owned();
    let stated = store.write(id.clone(), move |tx| {
        tx.enqueue(Event::new(&id, version, &order(&id, version)).expires(expires_at))
    });
    stated.await.unwrap();
}

/// What was seen, in order.
pub async fn all_seen(store: &Store) -> Vec<(String, i64)> {
    let rows = store.read(|db| {
        Ok(seen::table
            .order(seen::n)
            .select((seen::subject, seen::version))
            .load(db)?)
    });
    rows.await.unwrap()
}

pub async fn sees(store: &Store, id: &str, version: i64) {
    let wanted = (id.to_owned(), version);
    eventually(&format!("{id} is seen at version {version}"), || async {
        all_seen(store).await.contains(&wanted).then_some(())
    })
    .await;
}

pub async fn waiting(store: &Store) -> i64 {
    let waiting = store.read(|db| Ok(mesh::outbox::waiting(db)?));
    waiting.await.unwrap().0
}

/// Forgets that rows were published, as a crash before the mark does.
pub async fn unmark(store: &Store, versions: std::ops::RangeInclusive<i64>) {
    let unmarked = store.write((), move |tx| {
        let rows =
            outbox::table.filter(outbox::version.between(*versions.start(), *versions.end()));
        mesh::update(rows)
            .set((
                outbox::published_at.eq(None::<i64>),
                outbox::stream_seq.eq(None::<i64>),
                outbox::stream_created.eq(None::<String>),
            ))
            .execute(tx.db())?;
        Ok(())
    });
    unmarked.await.unwrap();
}
