//! What is left to be written at the end of a transaction.

use super::*;
use mesh::refusal::text;
use mesh::{AtEnd, Left};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

#[tokio::test]
async fn what_cannot_be_written_at_the_end_fails_its_own_command_alone() {
    for (backend, database) in databases() {
        let store = database.open(CONTEXT);
        let mut held = Held::new(&store).await;
        held.send(|tx| {
            put(tx, "1", "1A")?;
            tx.start_task("tell", "1", &())
        });
        // No text of PostgreSQL has this sign.
        held.send(|tx| {
            put(tx, "2", "2A")?;
            tx.start_task("tell\0", "2", &())
        });
        held.send(|tx| {
            put(tx, "3", "3A")?;
            tx.start_task("tell", "3", &())
        });
        let answers = held.answers().await;
        let (said, left): ([&str; 3], &[&str]) = match backend {
            Backend::Sqlite => (["", "", ""], &["1", "2", "3"]),
            Backend::Postgres => (["", "INTERNAL", ""], &["1", "3"]),
        };
        assert_eq!(reasons(&answers), said, "{backend:?}");
        assert_eq!(items(&store).await, left, "{backend:?}");
        let tasks = store.read(|db| Ok(mesh::tasks::open(db)?));
        assert_eq!(tasks.await, Ok(left.len() as i64), "{backend:?}");
    }
}

/// An item that is put at the end, by the statements of its pile; it counts how many piles there were.
struct Later(&'static str, Arc<AtomicU32>);

impl AtEnd for Later {
    fn write(tx: &mut Tx<'_>, left: Vec<Left<Self>>) -> Result<(), Refusal> {
        left[0].row.1.fetch_add(1, Ordering::SeqCst);
        for left in left {
            match left.row.0 {
                "panics" => panic!("on purpose"),
                "refused" => return Err(Refusal::precondition("NO", text("no", "no"))),
                "leaves 7" => tx.at_end(Later("7", left.row.1.clone())),
                id => {
                    put(tx, id, id)?;
                    left.follow(tx, |tx, _| tx.start_task("tell", id, &()))?;
                }
            }
        }
        Ok(())
    }
}

#[tokio::test]
async fn what_commands_leave_for_the_end_is_written_together_or_each_by_itself() {
    for (backend, database) in databases() {
        let store = database.open(CONTEXT);
        let piles = Arc::new(AtomicU32::new(0));
        let leave = |held: &mut Held<'_>, id: &'static str| {
            let piles = piles.clone();
            held.send(move |tx| {
                tx.at_end(Later(id, piles.clone()));
                Ok(())
            });
        };
        let mut held = Held::new(&store).await;
        for id in ["1", "2", "3"] {
            leave(&mut held, id);
        }
        assert_eq!(reasons(&held.answers().await), ["", "", ""], "{backend:?}");
        assert_eq!(piles.swap(0, Ordering::SeqCst), 1, "{backend:?}");

        let mut held = Held::new(&store).await;
        for id in ["4", "refused", "5", "panics", "1", "leaves 7"] {
            leave(&mut held, id);
        }
        let answers = held.answers().await;
        let said = ["", "NO", "", "INTERNAL", "INTERNAL", ""];
        assert_eq!(reasons(&answers), said, "{backend:?}");
        assert_eq!(piles.load(Ordering::SeqCst), 1 + 7, "{backend:?}");
        let there = ["1", "2", "3", "4", "5", "7"];
        assert_eq!(items(&store).await, there, "{backend:?}");
        let tasks = store.read(|db| Ok(mesh::tasks::open(db)?));
        assert_eq!(tasks.await, Ok(there.len() as i64), "{backend:?}");
    }
}
