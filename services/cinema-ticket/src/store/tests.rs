//! Writers that decided on the same row.

use super::*;
use crate::MIGRATIONS;
use mesh::{Context, Store};
use testing::World;

/// The tables, for as long as the world is there.
fn store() -> (World, Store) {
    let ticket = ordering::fulfilling_side(Context::new("cinema-ticket"));
    let world = World::new().with(ticket.migrations(MIGRATIONS));
    let store = world.site("cinema-ticket").store.clone();
    (world, store)
}

/// Saves what `before` has become by `change`.
async fn saved(store: &Store, before: &Row, change: fn(&mut Row)) -> Result<(), Refusal> {
    let before = before.clone();
    let saved = store.write((), move |tx| {
        let mut row = before.clone();
        change(&mut row);
        save(tx, &before, &row)
    });
    saved.await
}

async fn found(store: &Store) -> Row {
    store.read(|db| find(db, "a")).await.unwrap().0
}

#[tokio::test]
async fn of_two_that_decided_on_the_same_row_the_second_is_run_again() {
    let (_world, store) = store();
    let conflict = |saved: Result<(), Refusal>| saved.unwrap_err().reason;
    for first in [true, false] {
        let before = found(&store).await;
        assert_eq!(before.revision == 0, first);
        let reserve: fn(&mut Row) = |row| row.reserved = !row.reserved;
        saved(&store, &before, reserve).await.unwrap();
        let print: fn(&mut Row) = |row| row.printed_at = Some(1);
        assert_eq!(conflict(saved(&store, &before, print).await), "CONFLICT");
        assert_eq!(found(&store).await.printed_at, None);
    }
}

#[tokio::test]
async fn a_newer_version_of_the_booking_alone_is_not_written() {
    let (_world, store) = store();
    let reserve: fn(&mut Row) = |row| row.reserved = true;
    saved(&store, &found(&store).await, reserve).await.unwrap();
    // Unless nothing had been heard of the booking itself.
    let hear: fn(&mut Row) = |row| row.seen_version = 1;
    saved(&store, &found(&store).await, hear).await.unwrap();
    let known = found(&store).await;
    assert_eq!(known.seen_version, 1);
    let hear_again: fn(&mut Row) = |row| row.seen_version = 2;
    saved(&store, &known, hear_again).await.unwrap();
    assert_eq!(found(&store).await, known);
    let learn: fn(&mut Row) = |row| row.know(3, "ann", &Seating::default());
    saved(&store, &known, learn).await.unwrap();
    assert_eq!(found(&store).await.seen_version, 3);
}
