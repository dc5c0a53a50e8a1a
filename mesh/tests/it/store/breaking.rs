//! Databases that fail: nothing partial, the truth told to each caller, and on again when they are back.

use super::*;
use crate::rig::eventually;
use diesel::connection::SimpleConnection;
use futures::future::join_all;
use mesh::Db;
use mesh::refusal::Kind;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Barrier};

fn only(backend: Backend) -> Option<Database> {
    Database::new(backend)
}

/// Ends every connection to this database but the asking one.
fn terminate_all(database: &Database) {
    let mut db = Db::open(&database.url).unwrap();
    db.batch_execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .unwrap();
}

async fn writes_again(store: &Store, id: &'static str) {
    eventually("the store is written again", || async {
        store.write("lane", move |tx| put(tx, id, id)).await.ok()
    })
    .await;
    eventually("the store is read again", || async {
        let read = store.read(|db| Ok(item::table.count().get_result::<i64>(db)?));
        read.await.ok()
    })
    .await;
}

#[tokio::test]
async fn connections_that_die_unused_are_not_noticed_by_a_writer() {
    let Some(database) = only(Backend::Postgres) else {
        return;
    };
    let store = database.open(CONTEXT);
    store.write("lane", |tx| put(tx, "1", "1")).await.unwrap();
    assert_eq!(items(&store).await, ["1"]);
    terminate_all(&database);
    store.write("lane", |tx| put(tx, "2", "2")).await.unwrap();
    writes_again(&store, "3").await;
    // Every reader that lost its connection says so once, and has another.
    for _ in 0..8 {
        let _ = store
            .read(|db| Ok(item::table.count().get_result::<i64>(db)?))
            .await;
    }
    assert_eq!(items(&store).await, ["1", "2", "3"]);
}

#[tokio::test]
async fn a_connection_that_dies_in_a_group_refuses_all_of_it() {
    let Some(database) = only(Backend::Postgres) else {
        return;
    };
    let store = database.open(CONTEXT);
    let mut held = Held::new(&store).await;
    held.send(|tx| put(tx, "before", "1"));
    held.send(|tx| {
        tx.db()
            .batch_execute("SELECT pg_terminate_backend(pg_backend_pid())")?;
        Ok(())
    });
    held.send(|tx| put(tx, "after", "2"));
    let answers = held.answers().await;
    assert_eq!(reasons(&answers), ["STORE_UNAVAILABLE"; 3]);
    assert!(
        answers
            .iter()
            .all(|a| a.as_ref().unwrap_err().kind == Kind::Unavailable)
    );
    writes_again(&store, "again").await;
    assert_eq!(items(&store).await, ["again"]);
}

/// PostgreSQL answers COMMIT in a failed transaction with success, and rolls back.
#[tokio::test]
async fn a_transaction_that_failed_as_a_whole_is_not_said_to_be_committed() {
    let Some(database) = only(Backend::Postgres) else {
        return;
    };
    let store = database.open(CONTEXT);
    let mut held = Held::new(&store).await;
    held.send(|tx| put(tx, "before", "1"));
    held.send(|tx| {
        // What a cancelled SAVEPOINT does: the failure hits the transaction itself.
        tx.db().batch_execute("RELEASE SAVEPOINT command")?;
        tx.db().batch_execute("SELECT 1/0")?;
        Ok(())
    });
    held.send(|tx| put(tx, "after", "2"));
    let answers = held.answers().await;
    assert_eq!(reasons(&answers), ["STORE_UNAVAILABLE"; 3]);
    writes_again(&store, "again").await;
    assert_eq!(items(&store).await, ["again"]);
}

#[tokio::test]
async fn a_deadlock_is_a_lost_race_and_run_again() {
    let Some(database) = only(Backend::Postgres) else {
        return;
    };
    let store = database.open(CONTEXT);
    for id in ["a", "b"] {
        store.write(id, move |tx| put(tx, id, id)).await.unwrap();
    }
    let lane = |key: &str| {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        hasher.finish() % 2
    };
    let keys: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    let one = keys.iter().find(|key| lane(key) == 0).unwrap().clone();
    let other = keys.iter().find(|key| lane(key) == 1).unwrap().clone();
    let both_hold_one = Arc::new(Barrier::new(2));
    let update = |key: String, first: &'static str, second: &'static str| {
        let (barrier, met) = (both_hold_one.clone(), Mutex::new(false));
        store.write(key, move |tx| {
            let add =
                |id: &'static str| mesh::update(item::table.find(id)).set(item::n.eq(item::n + 1));
            add(first).execute(tx.db())?;
            let mut met = met.lock().unwrap();
            if !*met {
                *met = true;
                barrier.wait();
            }
            add(second).execute(tx.db())?;
            Ok(())
        })
    };
    let answers = join_all([update(one, "a", "b"), update(other, "b", "a")]).await;
    assert_eq!(reasons(&answers), ["", ""]);
    let sums = store.read(|db| Ok(item::table.order(item::id).select(item::n).load(db)?));
    assert_eq!(sums.await, Ok(vec![2_i64, 2]));
}

#[tokio::test]
async fn a_full_disk_refuses_the_whole_group_and_leaves_nothing_partial() {
    let Some(database) = only(Backend::Sqlite) else {
        return;
    };
    let store = database.open(CONTEXT);
    store.write("lane", |tx| put(tx, "old", "0")).await.unwrap();
    // The limit is the writer's connection's own: the next one has space again.
    let limited = store.write("lane", |tx| {
        tx.db().batch_execute("PRAGMA max_page_count = 40")?;
        Ok(())
    });
    limited.await.unwrap();
    let mut held = Held::new(&store).await;
    for n in 0..3 {
        held.send(move |tx| put(tx, &format!("small {n}"), &n.to_string()));
    }
    held.send(|tx| put(tx, &"large".repeat(200_000), "large"));
    held.send(|tx| put(tx, "behind", "behind"));
    let answers = held.answers().await;
    assert_eq!(reasons(&answers), ["STORE_UNAVAILABLE"; 5]);
    assert_eq!(items(&store).await, ["old"]);
    writes_again(&store, "again").await;
    assert_eq!(items(&store).await, ["again", "old"]);
}

#[tokio::test]
async fn a_locked_database_refuses_and_then_does_not() {
    for (backend, database) in databases() {
        let store = database.open(CONTEXT);
        let mut other = Db::open(&database.url).unwrap();
        other
            .batch_execute(match backend {
                Backend::Sqlite => "BEGIN IMMEDIATE",
                Backend::Postgres => "BEGIN; LOCK TABLE item IN ACCESS EXCLUSIVE MODE",
            })
            .unwrap();
        let written = store.write("lane", |tx| put(tx, "locked", "1")).await;
        let reason = match backend {
            Backend::Sqlite => "STORE_UNAVAILABLE",
            Backend::Postgres => "CONFLICT",
        };
        assert_eq!(written.unwrap_err().reason, reason, "{backend:?}");
        other.batch_execute("ROLLBACK").unwrap();
        writes_again(&store, "again").await;
        assert_eq!(items(&store).await, ["again"], "{backend:?}");
    }
}
