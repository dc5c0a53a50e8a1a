//! Whenever a booking stands, its seats are reserved; whenever it is cancelled, they are free.

use crate::fixture::{Cinema, DAY, MINUTE, attempt, order};
use mesh::id;
use proto::cinema::theater::v1::TheaterStep;
use proto::ordering::v1::{Fulfilment, Phase};
use std::time::Duration;

fn steps(fulfilment: &Fulfilment) -> Vec<i32> {
    fulfilment.steps.iter().map(|step| step.code).collect()
}

const RESERVED: i32 = TheaterStep::SeatsReserved as i32;
const RELEASED: i32 = TheaterStep::SeatsReleased as i32;

#[tokio::test]
async fn a_held_order_has_its_seats_for_good() {
    let (cinema, showing) = Cinema::showing().await;
    let booking = id::new();
    let now = cinema.world.now();
    let held = cinema.hold_for(attempt(&booking, 2), &showing, "1A,1B");
    held.await.unwrap();
    let placed = order(&booking, 1, Phase::Placed, &showing, "1A,1B", now);
    cinema.order(placed).await;
    assert_eq!(cinema.taken(&showing).await, "reserved 1A,1B");
    assert_eq!(cinema.said(&booking), ["SeatsReserved"]);
    let fulfilment = cinema.fulfilment(&booking);
    assert_eq!(steps(&fulfilment), [RESERVED]);
    assert_eq!(fulfilment.context, "cinema-theater");
    assert_eq!(fulfilment.failed, None);
    // Whatever was dropped, it was not the attempt that was placed.
    cinema.dropped(&booking, 1).await;
    cinema.dropped(&booking, 7).await;
    assert_eq!(cinema.taken(&showing).await, "reserved 1A,1B");
    let again = cinema.hold_for(attempt(&booking, 2), &showing, "1A,1B");
    assert_eq!(again.await.unwrap().seats, ["1A", "1B"]);
    let claims = cinema.claims().await;
    assert_eq!(
        claims,
        [
            ("1A".to_owned(), booking.clone(), true),
            ("1B".to_owned(), booking, true)
        ]
    );
}

#[tokio::test]
async fn an_order_that_theater_never_heard_of_has_its_seats_if_they_are_free() {
    let (cinema, showing) = Cinema::showing().await;
    let booking = id::new();
    let now = cinema.world.now();
    // It was down until after the screening had begun.
    cinema.world.advance(DAY + MINUTE);
    let placed = order(&booking, 3, Phase::InProgress, &showing, "1B,1A", now);
    cinema.order(placed).await;
    assert_eq!(cinema.taken(&showing).await, "reserved 1A,1B");
    assert_eq!(cinema.said(&booking), ["SeatsReserved"]);
}

#[tokio::test]
async fn an_order_loses_to_an_older_hold() {
    let (cinema, showing) = Cinema::showing().await;
    let booking = id::new();
    cinema.hold("bob", &showing, "1B").await.unwrap();
    cinema.world.advance(MINUTE);
    let now = cinema.world.now();
    let placed = order(&booking, 1, Phase::Placed, &showing, "1A,1B", now);
    cinema.order(placed).await;
    assert_eq!(cinema.taken(&showing).await, "held 1B");
    assert_eq!(cinema.said(&booking), ["SeatsTaken"]);
    let failed = cinema.fulfilment(&booking).failed.unwrap();
    assert_eq!(failed.code, "SEATS_TAKEN");
    let reason = failed.reason.unwrap();
    assert!(reason.ko.contains("1B") && !reason.ko.contains("1A"));
    // Once it has failed it stays so, although the seat becomes free.
    cinema.world.advance(MINUTE * 5);
    cinema.world.tick().await;
    let cancelling = order(&booking, 2, Phase::Cancelling, &showing, "1A,1B", now);
    cinema.order(cancelling).await;
    assert_eq!(cinema.taken(&showing).await, "");
    let cancelled = order(&booking, 3, Phase::Cancelled, &showing, "1A,1B", now);
    cinema.order(cancelled).await;
    assert_eq!(cinema.taken(&showing).await, "");
    assert_eq!(cinema.said(&booking), ["SeatsTaken"]);
}

#[tokio::test]
async fn a_younger_hold_and_one_that_ran_out_lose_to_an_order() {
    let (cinema, showing) = Cinema::showing().await;
    cinema.hold("old", &showing, "1A,2A").await.unwrap();
    cinema.world.advance(MINUTE * 5);
    let placed_at = cinema.world.now().minus(MINUTE);
    cinema.hold("young", &showing, "1B,2B").await.unwrap();
    let booking = id::new();
    let placed = order(&booking, 1, Phase::Placed, &showing, "1A,1B", placed_at);
    cinema.order(placed).await;
    assert_eq!(cinema.taken(&showing).await, "reserved 1A,1B", "both ended");
}

#[tokio::test]
async fn an_order_beats_the_same_customers_own_hold() {
    let (cinema, showing) = Cinema::showing().await;
    cinema.hold("ann", &showing, "1A,1B").await.unwrap();
    cinema.world.advance(MINUTE);
    let booking = id::new();
    let now = cinema.world.now();
    let placed = order(&booking, 1, Phase::Placed, &showing, "1A", now);
    cinema.order(placed).await;
    assert_eq!(cinema.taken(&showing).await, "reserved 1A");
}

#[tokio::test]
async fn an_order_loses_to_another_bookings_claim() {
    let (cinema, showing) = Cinema::showing().await;
    let (held, reserved, late) = (id::new(), id::new(), id::new());
    let placed_at = cinema.world.now();
    cinema.world.advance(MINUTE);
    let hold = cinema.hold_for(attempt(&held, 1), &showing, "1A");
    hold.await.unwrap();
    let first = order(&reserved, 1, Phase::Placed, &showing, "1B", placed_at);
    cinema.order(first).await;
    let placed = order(&late, 1, Phase::Placed, &showing, "1A,1B,1C", placed_at);
    cinema.order(placed).await;
    assert_eq!(cinema.said(&late), ["SeatsTaken"]);
    assert_eq!(cinema.taken(&showing).await, "held 1A; reserved 1B");
}

#[tokio::test]
async fn an_order_that_fails_keeps_nothing_of_its_hold() {
    let (cinema, showing) = Cinema::showing().await;
    let booking = id::new();
    let held = cinema.hold_for(attempt(&booking, 1), &showing, "1A");
    held.await.unwrap();
    cinema.hold("bob", &showing, "1B").await.unwrap();
    let now = cinema.world.now();
    let placed = order(&booking, 1, Phase::Placed, &showing, "1A,1B", now);
    cinema.order(placed).await;
    assert_eq!(cinema.said(&booking), ["SeatsTaken"]);
    assert_eq!(cinema.taken(&showing).await, "held 1B");
}

#[tokio::test]
async fn cancelling_frees_nothing_and_cancelled_frees_once() {
    let (cinema, showing) = Cinema::showing().await;
    let booking = id::new();
    let now = cinema.world.now();
    let at = |version, phase| order(&booking, version, phase, &showing, "1A,1B", now);
    cinema.order(at(1, Phase::Placed)).await;
    cinema.order(at(2, Phase::Cancelling)).await;
    assert_eq!(cinema.taken(&showing).await, "reserved 1A,1B");
    assert_eq!(cinema.said(&booking), ["SeatsReserved"]);
    cinema.order(at(3, Phase::Cancelled)).await;
    assert_eq!(cinema.taken(&showing).await, "");
    assert_eq!(cinema.said(&booking), ["SeatsReserved", "SeatsReleased"]);
    assert_eq!(steps(&cinema.fulfilment(&booking)), [RESERVED, RELEASED]);
    // The refund is told as another version of the cancelled order, when the seats are somebody else's.
    cinema.hold("bob", &showing, "1A").await.unwrap();
    let version = cinema.map(&showing).await.version;
    cinema.order(at(4, Phase::Cancelled)).await;
    assert_eq!(cinema.taken(&showing).await, "held 1A");
    assert_eq!(cinema.map(&showing).await.version, version);
    assert_eq!(cinema.said(&booking).len(), 2);
    assert!(cinema.claims().await.is_empty());
}

#[tokio::test]
async fn a_cancellation_that_was_refused_frees_nothing() {
    let (cinema, showing) = Cinema::showing().await;
    let booking = id::new();
    let now = cinema.world.now();
    let at = |version, phase| order(&booking, version, phase, &showing, "1A", now);
    cinema.order(at(2, Phase::Cancelling)).await;
    assert_eq!(cinema.taken(&showing).await, "reserved 1A", "it stands");
    cinema.order(at(3, Phase::Fulfilled)).await;
    assert_eq!(cinema.taken(&showing).await, "reserved 1A");
    assert_eq!(cinema.said(&booking), ["SeatsReserved"]);
}

#[tokio::test]
async fn an_order_that_arrives_after_its_cancellation_makes_nothing() {
    let (cinema, showing) = Cinema::showing().await;
    let (unheld, held) = (id::new(), id::new());
    let now = cinema.world.now();
    let hold = cinema.hold_for(attempt(&held, 1), &showing, "1B");
    hold.await.unwrap();
    for (booking, seat) in [(&unheld, "1A"), (&held, "1B")] {
        let cancelled = order(booking, 3, Phase::Cancelled, &showing, seat, now);
        cinema.order(cancelled).await;
        let placed = order(booking, 1, Phase::Placed, &showing, seat, now);
        cinema.order(placed).await;
        // What was never stated is voided without a word.
        assert!(cinema.said(booking).is_empty());
    }
    assert_eq!(cinema.taken(&showing).await, "");
}

#[tokio::test]
async fn an_older_word_of_a_cancelled_order_changes_nothing() {
    let (cinema, showing) = Cinema::showing().await;
    let booking = id::new();
    let now = cinema.world.now();
    for (version, phase) in [
        (1, Phase::Placed),
        (6, Phase::Cancelled),
        (5, Phase::Cancelled),
        (2, Phase::InProgress),
    ] {
        let word = order(&booking, version, phase, &showing, "1A", now);
        cinema.order(word).await;
    }
    assert_eq!(cinema.taken(&showing).await, "");
    let seen = cinema.world.site("cinema-theater").store.read(|db| {
        use diesel::prelude::*;
        use ordering::schema::fulfilment;
        Ok(fulfilment::table
            .select(fulfilment::seen_version)
            .load::<i64>(db)?)
    });
    assert_eq!(seen.await, Ok(vec![6]));
}

#[tokio::test]
async fn a_claim_dropped_before_its_order_leaves_the_order_its_seats() {
    let (cinema, showing) = Cinema::showing().await;
    let booking = id::new();
    let now = cinema.world.now();
    let held = cinema.hold_for(attempt(&booking, 1), &showing, "1A");
    held.await.unwrap();
    cinema.dropped(&booking, 1).await;
    // The second attempt's hold was never answered, and its order stands.
    let placed = order(&booking, 1, Phase::Placed, &showing, "1A", now);
    cinema.order(placed).await;
    assert_eq!(cinema.taken(&showing).await, "reserved 1A");
}

#[tokio::test]
async fn the_word_of_another_context_is_not_heard() {
    let (cinema, showing) = Cinema::showing().await;
    let booking = id::new();
    let mut forged = order(
        &booking,
        1,
        Phase::Placed,
        &showing,
        "1A",
        cinema.world.now(),
    );
    forged.context = "vod-order".to_owned();
    let theater = cinema.world.site("cinema-theater");
    let policy = cinema_theater::context()
        .policies
        .into_iter()
        .find(|policy| policy.name() == "orders")
        .unwrap();
    let delivery = mesh::policy::Delivery {
        subject: format!("yemae.cinema-booking.Order.{booking}"),
        name: "yemae.cinema.booking.v1.BookingPlaced".to_owned(),
        version: 1,
        at: cinema.world.now(),
        body: prost::Message::encode_to_vec(&proto::ordering::v1::OrderEvent {
            order: Some(forged),
        }),
        correlation: None,
    };
    let heard = theater
        .store
        .write((), move |tx| policy.apply(tx, &delivery));
    assert!(heard.await.is_err());
    assert_eq!(cinema.taken(&showing).await, "");
}

#[tokio::test]
async fn what_was_said_expires_90_days_after_the_screening() {
    let (cinema, showing) = Cinema::showing().await;
    let booking = id::new();
    let now = cinema.world.now();
    let placed = order(&booking, 1, Phase::Placed, &showing, "1A", now);
    cinema.order(placed).await;
    let store = &cinema.world.site("cinema-theater").store;
    let expiries = store
        .read(|db| {
            use diesel::prelude::*;
            use mesh::schema::outbox;
            Ok(outbox::table
                .filter(outbox::expires_at.is_not_null())
                .select(outbox::expires_at)
                .load::<Option<i64>>(db)?)
        })
        .await
        .unwrap();
    let ends_at = mesh::Time::from(showing.ends_at.unwrap());
    let days_90 = ends_at.plus(Duration::from_secs(90 * 24 * 3600));
    assert_eq!(expiries, [Some(days_90.0), Some(days_90.0)]);
}
