//! What each event came of, as it says itself.

use crate::cinema::Cinema;
use diesel::prelude::*;
use mesh::outbox::Row;
use mesh::schema::outbox;
use std::collections::BTreeMap;

const CONTEXTS: [&str; 5] = [
    "cinema-booking",
    "cinema-theater",
    "cinema-ticket",
    "cinema-movie",
    "payment",
];

/// All events of a world, by their ids.
async fn told(cinema: &Cinema) -> BTreeMap<String, Row> {
    let mut told = BTreeMap::new();
    for context in CONTEXTS {
        let store = &cinema.world.site(context).store;
        let rows = store.read(|db| Ok(outbox::table.select(Row::as_select()).load(db)?));
        told.extend(rows.await.unwrap().into_iter().map(|row: Row| {
            let subject = row.subject.trim_start_matches("yemae.");
            let id = format!("{}/{}", subject.replace('.', "/"), row.version);
            (id, row)
        }));
    }
    told
}

#[tokio::test]
async fn whatever_came_of_an_event_says_so_and_what_was_asked_for_does_not() {
    let cinema = Cinema::new().await;
    let booking = cinema.book("first", "1A").await.unwrap().booking_id;
    cinema.world.settle().await;
    cinema.cancel(&booking).await.unwrap();
    cinema.world.settle().await;

    let told = told(&cinema).await;
    let first = |id: &String| told[id].correlation.as_ref().unwrap_or(id).clone();
    for (id, event) in &told {
        match &event.causation {
            Some(cause) => assert_eq!(first(id), first(cause), "{id} of {cause}"),
            None => assert_eq!(event.correlation, None, "{id}"),
        }
    }
    let placed = format!("cinema-booking/Order/{booking}/1");
    let reserved = &told[&format!("cinema-theater/Fulfilment/{booking}/1")];
    assert_eq!(reserved.causation.as_ref(), Some(&placed));
    assert_eq!(reserved.correlation.as_ref(), Some(&placed));
    let counted = &told[&format!("cinema-booking/Order/{booking}/2")];
    let cause = format!("cinema-theater/Fulfilment/{booking}/1");
    assert_eq!(counted.causation, Some(cause));
    assert_eq!(counted.correlation, Some(placed));
    // By way of a task, and begun by the customer's second request.
    let refunded = |event: &&Row| event.name.ends_with("PaymentRefunded");
    let refunded = told.values().find(refunded).unwrap();
    let asked = &told[refunded.correlation.as_ref().unwrap()];
    assert_eq!(
        asked.subject,
        format!("yemae.cinema-booking.Order.{booking}")
    );
    assert!(asked.version > 2 && asked.causation.is_none(), "{asked:?}");
}
