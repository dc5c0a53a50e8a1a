//! Writers that decided on the same row.

use super::*;
use crate::MIGRATIONS;
use crate::domain::{Answer, Ask};
use mesh::{Context, Store};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use testing::World;

/// The tables, for as long as the world is there.
fn store() -> (World, Store) {
    let world = World::new().with(Context::new("payment").migrations(MIGRATIONS));
    let store = world.site("payment").store.clone();
    (world, store)
}

fn payment(id: &str) -> Payment {
    let ask = Ask {
        charge_key: "k".to_owned(),
        order_id: "o".to_owned(),
        context: "cinema-booking".to_owned(),
        amount: None,
    };
    Payment::charge(id.to_owned(), ask, Time(1))
}

#[tokio::test]
async fn of_two_new_payments_with_one_key_the_second_is_run_again() {
    let (_world, store) = store();
    let runs = Arc::new(AtomicU32::new(0));
    let counted = runs.clone();
    let written = store.write((), move |tx| {
        counted.fetch_add(1, Ordering::SeqCst);
        insert(tx, &payment("a"))?;
        insert(tx, &payment("b"))
    });
    assert_eq!(written.await.unwrap_err().reason, "CONFLICT");
    assert!(runs.load(Ordering::SeqCst) > 1);
}

#[tokio::test]
async fn of_two_changes_of_one_revision_the_second_is_run_again() {
    let (_world, store) = store();
    let inserted = store.write((), |tx| insert(tx, &payment("a")));
    inserted.await.unwrap();
    let read = store.read(|db| by_id(db, "a")).await.unwrap();
    let mut seen = read.unwrap();
    seen.payment.learn(Answer::Captured, Time(2));
    let again = seen.clone();
    let first = store.write((), move |tx| update(tx, &seen)).await;
    assert_eq!(first, Ok(()));
    let second = store.write((), move |tx| update(tx, &again)).await;
    assert_eq!(second.unwrap_err().reason, "CONFLICT");
    let now = store.read(|db| by_key(db, "k")).await.unwrap().unwrap();
    assert_eq!(now.payment.state, State::Approved);
}
