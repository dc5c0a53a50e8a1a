//! One commit for many, and nobody's failure but one's own.

use super::*;
use diesel::connection::SimpleConnection;
use futures::future::join_all;
use mesh::call::{self, Call, Caller};
use mesh::refusal::text;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::time::Instant;

#[tokio::test]
async fn commands_that_wait_together_share_one_commit() {
    for (backend, database) in databases() {
        let store = database.open(CONTEXT);
        let mut changes = store.changes();
        let mut held = Held::new(&store).await;
        for n in 0..100 {
            held.send(move |tx| put(tx, &format!("{n:03}"), &n.to_string()));
        }
        assert_eq!(
            items(&store).await.len(),
            0,
            "{backend:?}: before the commit"
        );
        let answers = held.answers().await;
        assert!(answers.iter().all(Result::is_ok), "{backend:?}");
        assert_eq!(items(&store).await.len(), 100, "{backend:?}");
        assert_eq!(*changes.borrow_and_update(), 1, "{backend:?}: commits");
    }
}

#[tokio::test]
async fn many_commands_at_once_are_all_answered_and_all_there() {
    for (backend, database) in databases() {
        let store = database.open(CONTEXT);
        let writes = (0..1000).map(|n| {
            let id = format!("{n:04}");
            store.write(n, move |tx| put(tx, &id, &id))
        });
        let answers = join_all(writes).await;
        assert!(answers.iter().all(Result::is_ok), "{backend:?}");
        assert_eq!(items(&store).await.len(), 1000, "{backend:?}");
    }
}

#[tokio::test]
async fn a_command_that_fails_leaves_nothing_and_its_neighbours_are_committed() {
    for (backend, database) in databases() {
        let store = database.open(CONTEXT);
        let mut held = Held::new(&store).await;
        held.send(|tx| put(tx, "1", "1A"));
        held.send(|tx| {
            put(tx, "refused", "1B")?;
            Err(Refusal::precondition("NO", text("no", "no")))
        });
        held.send(|tx| put(tx, "2", "2A"));
        held.send(|tx| {
            put(tx, "panics", "1C")?;
            panic!("on purpose");
        });
        held.send(|tx| put(tx, "3", "3A"));
        held.send(|tx| put(tx, "taken", "1A"));
        held.send(|tx| put(tx, "4", "4A"));
        // A panic inside a savepoint that the command made itself.
        held.send(|tx| {
            put(tx, "panics deeper", "1D")?;
            tx.db().transaction(|db| {
                db.batch_execute("UPDATE item SET n = 1")?;
                db.transaction(|_| panic!("on purpose"))
            })
        });
        held.send(|tx| put(tx, "5", "5A"));
        let answers = held.answers().await;
        assert_eq!(
            reasons(&answers),
            ["", "NO", "", "INTERNAL", "", "INTERNAL", "", "INTERNAL", ""],
            "{backend:?}"
        );
        assert_eq!(
            items(&store).await,
            ["1", "2", "3", "4", "5"],
            "{backend:?}"
        );
        let changed =
            store.read(|db| Ok(item::table.filter(item::n.gt(0)).count().get_result(db)?));
        assert_eq!(changed.await, Ok(0_i64), "{backend:?}");
    }
}

/// Counts how often it runs, then does this.
fn counted(
    runs: Arc<AtomicU32>,
    command: impl Fn(&mut Tx<'_>) -> Result<(), Refusal>,
) -> impl Fn(&mut Tx<'_>) -> Result<(), Refusal> {
    move |tx| {
        runs.fetch_add(1, Ordering::SeqCst);
        command(tx)
    }
}

fn no(_: &mut Tx<'_>) -> Result<(), Refusal> {
    Err(Refusal::precondition("NO", text("no", "no")))
}

#[tokio::test]
async fn only_who_stands_before_a_failure_is_run_again() {
    for (backend, database) in databases() {
        let store = database.open(CONTEXT);
        let runs: [Arc<AtomicU32>; 4] = Default::default();
        let now =
            |runs: &[Arc<AtomicU32>; 4]| runs.each_ref().map(|runs| runs.swap(0, Ordering::SeqCst));
        // The one that holds the writer has kept nothing, but stands before them.
        let mut held = Held::new(&store).await;
        held.send(counted(runs[0].clone(), |tx| put(tx, "1", "1A")));
        held.send(counted(runs[1].clone(), |tx| {
            put(tx, "refused", "1B")?;
            no(tx)
        }));
        held.send(counted(runs[2].clone(), |tx| put(tx, "2", "2A")));
        assert_eq!(
            reasons(&held.answers().await),
            ["", "NO", ""],
            "{backend:?}"
        );
        assert_eq!(now(&runs), [2, 2, 1, 0], "{backend:?}: again, with marks");

        // For a while marks are set from the beginning.
        let mut held = Held::new(&store).await;
        held.send(counted(runs[0].clone(), |tx| put(tx, "3", "3A")));
        held.send(counted(runs[1].clone(), no));
        assert_eq!(reasons(&held.answers().await), ["", "NO"], "{backend:?}");
        assert_eq!(now(&runs), [1, 1, 0, 0], "{backend:?}: undone alone");
        assert_eq!(items(&store).await, ["1", "2", "3"], "{backend:?}");
    }
}

#[tokio::test]
async fn a_command_that_fails_alone_leaves_nothing_and_is_not_run_again() {
    for (backend, database) in databases() {
        let store = database.open(CONTEXT);
        let runs = Arc::new(AtomicU32::new(0));
        let refused = store.write(
            "lane",
            counted(runs.clone(), |tx| {
                put(tx, "refused", "1A")?;
                no(tx)
            }),
        );
        assert_eq!(refused.await.unwrap_err().reason, "NO", "{backend:?}");
        assert_eq!(runs.load(Ordering::SeqCst), 1, "{backend:?}");
        store.write("lane", |tx| put(tx, "1", "1A")).await.unwrap();
        assert_eq!(items(&store).await, ["1"], "{backend:?}");
    }
}

#[tokio::test]
async fn a_command_that_takes_no_notice_of_a_failed_statement_harms_only_itself() {
    for (backend, database) in databases() {
        let store = database.open(CONTEXT);
        store.write("lane", |tx| put(tx, "0", "1A")).await.unwrap();
        let mut held = Held::new(&store).await;
        held.send(|tx| put(tx, "1", "2A"));
        held.send(|tx| {
            let _ = put(tx, "second in 1A", "1A");
            Ok(())
        });
        held.send(|tx| put(tx, "2", "3A"));
        let answers = held.answers().await;
        // SQLite undoes the statement alone; PostgreSQL has given up the savepoint.
        let careless = match backend {
            Backend::Sqlite => "",
            Backend::Postgres => "INTERNAL",
        };
        assert_eq!(reasons(&answers), ["", careless, ""], "{backend:?}");
        assert_eq!(items(&store).await, ["0", "1", "2"], "{backend:?}");
        store.write("lane", |tx| put(tx, "3", "4A")).await.unwrap();
        // Seen by another connection: it was committed, not only said to be.
        assert_eq!(items(&store).await.len(), 4, "{backend:?}");
        // And where nobody stumbles over it behind, nor is the writer wary yet.
        let store = database.open(CONTEXT);
        let mut held = Held::new(&store).await;
        held.send(|tx| put(tx, "4", "5A"));
        held.send(|tx| {
            let _ = put(tx, "second in 1A", "1A");
            Ok(())
        });
        assert_eq!(
            reasons(&held.answers().await),
            ["", careless],
            "{backend:?}"
        );
        assert_eq!(items(&store).await.len(), 5, "{backend:?}");
    }
}

#[tokio::test]
async fn a_lost_race_is_run_again_and_told_when_it_is_lost_for_good() {
    for (backend, database) in databases() {
        let store = database.open(CONTEXT);
        let tries = Arc::new(AtomicU32::new(0));
        for (losses, expected) in [(2, Ok(3)), (u32::MAX, Err("CONFLICT"))] {
            tries.store(0, Ordering::SeqCst);
            let counted = tries.clone();
            let written = store.write("lane", move |tx| {
                let n = counted.fetch_add(1, Ordering::SeqCst) + 1;
                put(
                    tx,
                    &format!("try {n} of {losses}"),
                    &format!("{n} of {losses}"),
                )?;
                if n <= losses {
                    return Err(Refusal::conflict());
                }
                Ok(n)
            });
            let written = written.await;
            let told = written.as_ref().map(|n| *n).map_err(|why| &*why.reason);
            assert_eq!(told, expected, "{backend:?}");
        }
        assert_eq!(tries.load(Ordering::SeqCst), 5, "{backend:?}");
        assert_eq!(items(&store).await, ["try 3 of 2"], "{backend:?}");
    }
}

#[tokio::test]
async fn a_command_past_its_callers_time_is_not_run() {
    for (backend, database) in databases() {
        let store = database.open(CONTEXT);
        let call = Arc::new(Call {
            context: CONTEXT.to_owned(),
            deadline: Some(Instant::now()),
            locale: "en".to_owned(),
            caller: Caller::default(),
            ..Call::default()
        });
        let late = call::scope(
            call.clone(),
            store.write("lane", |tx| put(tx, "late", "1A")),
        );
        assert_eq!(
            late.await.unwrap_err().reason,
            "DEADLINE_EXCEEDED",
            "{backend:?}"
        );
        let regardless = store.write_regardless("lane", |tx| put(tx, "regardless", "1A"));
        call::scope(call, regardless).await.unwrap();
        assert_eq!(items(&store).await, ["regardless"], "{backend:?}");
    }
}

#[tokio::test]
async fn commands_about_one_thing_run_in_the_order_they_were_sent() {
    for (backend, database) in databases() {
        let store = database.open(CONTEXT);
        store.write("lane", |tx| put(tx, "a", "1A")).await.unwrap();
        let writes = (1..=300_i64).map(|n| {
            store.write("lane", move |tx| {
                let set = mesh::update(item::table.filter(item::n.eq(n - 1)))
                    .set(item::n.eq(n))
                    .execute(tx.db())?;
                Ok(set)
            })
        });
        let updated: usize = join_all(writes).await.into_iter().map(Result::unwrap).sum();
        assert_eq!(updated, 300, "{backend:?}");
    }
}
