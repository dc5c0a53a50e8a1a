//! Several replicas of a context on one database: one of them publishes and does its jobs, all of them are told.

use crate::bus::{STATED, state, subject, waiting};
use crate::gate::Gate;
use crate::nats::NatsServer;
use crate::rig::{Database, eventually};
use diesel::connection::SimpleConnection;
use mesh::bus::{Bus, Settings};
use mesh::store::Backend;
use mesh::{Clock, Context, Db, Peers, Site, Store, inbox};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Within so long one that is gone is replaced.
const SECONDS: Duration = Duration::from_secs(5);

/// One of them: it has a way of its own to the server, and a job that counts.
struct Replica {
    store: Store,
    gate: Gate,
    done: Arc<AtomicU64>,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Replica {
    async fn start(database: &Database, server: &NatsServer) -> Self {
        let gate = Gate::before(server.port()).await;
        let url = format!("nats://127.0.0.1:{}", gate.port);
        let bus = Bus::connect(Settings::new(url, "test")).await.unwrap();
        bus.provision().await.unwrap();
        let site = Site {
            context: STATED,
            store: database.open(STATED),
            clock: Clock::system(),
            peers: Peers::default(),
            stop: CancellationToken::new(),
        };
        let done = Arc::new(AtomicU64::new(0));
        let count = done.clone();
        let context = Context::new(STATED).every("count", Duration::from_millis(10), move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            std::future::ready(Ok(()))
        });
        let (store, stop) = (site.store.clone(), site.stop.clone());
        Self {
            store,
            gate,
            done,
            stop,
            running: mesh::task::detach(mesh::run(context, site, bus)),
        }
    }

    fn done(&self) -> u64 {
        self.done.load(Ordering::SeqCst)
    }

    async fn works(&self) {
        let before = self.done();
        eventually("it does its job", || async {
            (self.done() > before + 5).then_some(())
        })
        .await;
    }

    fn has_published(&self) -> bool {
        self.gate.has_passed("HPUB yemae.")
    }

    async fn states(&self, id: &str) {
        state(&self.store, id, 1, None).await;
    }

    async fn all_published(&self) {
        eventually("every row is published", || async {
            (waiting(&self.store).await == 0).then_some(())
        })
        .await;
    }
}

async fn two() -> Option<(NatsServer, Database, Replica, Replica)> {
    let server = NatsServer::start()?;
    let database = Database::new(Backend::Postgres)?;
    let first = Replica::start(&database, &server).await;
    first.works().await;
    let second = Replica::start(&database, &server).await;
    Some((server, database, first, second))
}

#[tokio::test]
async fn one_publishes_and_does_the_jobs_and_is_replaced_when_it_is_killed() {
    let Some((_server, _database, first, second)) = two().await else {
        return;
    };
    for n in 0..20 {
        let (one, other) = (&first, &second);
        one.states(&format!("one-{n}")).await;
        other.states(&format!("other-{n}")).await;
    }
    first.all_published().await;
    // It has asked for the lock by now, more than once.
    let asked = Instant::now() + Duration::from_millis(2500);
    while Instant::now() < asked {
        first.works().await;
    }
    assert!(first.has_published() && !second.has_published());
    assert_eq!(second.done(), 0);

    first.running.abort();
    let gone = Instant::now();
    second.states("late").await;
    second.all_published().await;
    second.works().await;
    assert!(gone.elapsed() < SECONDS, "{:?}", gone.elapsed());
    assert!(second.has_published());
    let done = first.done();
    second.works().await;
    assert_eq!(first.done(), done);
}

#[tokio::test]
async fn one_that_stops_hands_over_and_one_that_loses_its_lock_stops_leading() {
    let Some((_server, database, first, second)) = two().await else {
        return;
    };
    // Ends the connection that holds the lock, and keeps the lock from whoever held it.
    let mut usurper = Db::open(&database.url).unwrap();
    let taken = "SELECT pg_terminate_backend(pid) FROM pg_locks \
         WHERE locktype = 'advisory' AND granted \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database()); \
         SET lock_timeout = '5s'; SELECT pg_advisory_lock(2036690273, hashtext('cinema-booking'))";
    usurper.batch_execute(taken).unwrap();
    let last = Mutex::new((0, Instant::now()));
    eventually("nobody has worked for a while", || async {
        let (done, mut last) = (first.done() + second.done(), last.lock().unwrap());
        if done != last.0 {
            *last = (done, Instant::now());
        }
        (last.1.elapsed() > Duration::from_millis(300)).then_some(())
    })
    .await;
    first.states("a").await;
    assert_eq!(waiting(&first.store).await, 1);
    drop(usurper);
    first.all_published().await;

    first.stop.cancel();
    first.running.await.unwrap();
    let gone = Instant::now();
    second.works().await;
    assert!(gone.elapsed() < SECONDS, "{:?}", gone.elapsed());
}

#[tokio::test]
async fn a_commit_wakes_the_watches_of_the_other_replica_and_not_its_own_again() {
    let Some((_server, _database, first, second)) = two().await else {
        return;
    };
    let count = |replica: &Replica| *replica.store.changes().borrow();
    let commit = |replica: &Replica| {
        let store = replica.store.clone();
        async move { store.write((), |_| Ok(())).await.unwrap() }
    };
    for (from, to) in [(&first, &second), (&second, &first)] {
        eventually("both listen by now", || async {
            let mut changes = to.store.changes();
            commit(from).await;
            let heard = tokio::time::timeout(Duration::from_millis(500), changes.changed());
            heard.await.is_ok().then_some(())
        })
        .await;
    }
    let before = [count(&first), count(&second)];
    for round in 1..=10 {
        for (from, to) in [(&first, &second), (&second, &first)] {
            let mut changes = to.store.changes();
            commit(from).await;
            let heard = tokio::time::timeout(Duration::from_secs(5), changes.changed());
            heard
                .await
                .unwrap_or_else(|_| panic!("not heard in round {round}"))
                .unwrap();
        }
    }
    // Ten of its own and ten of the other's: no echo, and no word of a word.
    let after = [count(&first), count(&second)];
    assert_eq!(after, before.map(|before| before + 20));
}

#[tokio::test]
async fn of_two_first_versions_at_once_the_newer_is_news_on_either_replica() {
    let Some(database) = Database::new(Backend::Postgres) else {
        return;
    };
    let (one, other) = (database.open(STATED), database.open(STATED));
    let (go, wait) = mpsc::channel::<()>();
    let (tell, mut inside) = tokio::sync::mpsc::unbounded_channel();
    let wait = Mutex::new(wait);
    let older = mesh::task::detach(async move {
        let taken = one.write((), move |tx| {
            let news = inbox::is_news(tx.db(), "orders", &subject("a"), 1)?;
            tell.send(()).unwrap();
            let _ = wait.lock().unwrap().recv();
            Ok(news)
        });
        taken.await
    });
    inside.recv().await.unwrap();
    let newer = mesh::task::detach(async move {
        let taken = other.write((), |tx| {
            Ok(inbox::is_news(tx.db(), "orders", &subject("a"), 2)?)
        });
        taken.await
    });
    let db = Mutex::new(Db::open(&database.url).unwrap());
    eventually("the newer waits for the older", || async {
        blocked(&mut db.lock().unwrap()).then_some(())
    })
    .await;
    drop(go);
    assert_eq!(older.await.unwrap(), Ok(true));
    assert_eq!(newer.await.unwrap(), Ok(true));
}

/// Whether a session of this database waits for another's lock.
fn blocked(db: &mut Db) -> bool {
    use diesel::prelude::*;
    let waits = "EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() \
                 AND wait_event_type = 'Lock')";
    let waits = diesel::dsl::sql::<diesel::sql_types::Bool>(waits);
    diesel::select(waits).get_result(db).unwrap()
}
