//! What attempts to book hold, and what they drop.

use crate::fixture::{Cinema, DAY, MINUTE, attempt, order, reason};
use mesh::id;
use proto::cinema::theater::v1::Screening;
use proto::ordering::v1::Phase;

impl Cinema {
    async fn refused(&self, booking_id: &str, number: i32, on: &Screening, seats: &str) -> String {
        let held = self.hold_for(attempt(booking_id, number), on, seats).await;
        reason(&held.unwrap_err())
    }
}

#[tokio::test]
async fn a_bookings_hold_has_no_clock() {
    let (cinema, showing) = Cinema::showing().await;
    let booking_id = id::new();
    let hold = cinema.hold_for(attempt(&booking_id, 1), &showing, "1B,1A");
    let hold = hold.await.unwrap();
    assert_eq!(hold.hold_id, booking_id);
    assert_eq!(hold.seats, ["1A", "1B"]);
    assert_eq!(hold.expires_at, None);
    cinema.world.advance(MINUTE * 60);
    cinema.world.tick().await;
    assert_eq!(cinema.taken(&showing).await, "held 1A,1B");
    let refused = cinema.hold("bob", &showing, "1B").await.unwrap_err();
    assert_eq!(reason(&refused), "SEATS_TAKEN");
}

#[tokio::test]
async fn the_same_attempt_again_is_the_same_hold() {
    let (cinema, showing) = Cinema::showing().await;
    let booking_id = id::new();
    let ask = || cinema.hold_for(attempt(&booking_id, 1), &showing, "1A,1B");
    let first = ask().await.unwrap();
    let version = cinema.map(&showing).await.version;
    assert_eq!(ask().await.unwrap(), first);
    assert_eq!(cinema.map(&showing).await.version, version);
    cinema.world.advance(DAY);
    assert_eq!(ask().await.unwrap(), first, "also when it has started");
    assert_eq!(
        cinema.refused(&id::new(), 1, &showing, "2A").await,
        "SCREENING_STARTED"
    );
}

#[tokio::test]
async fn a_customers_hold_is_taken_over() {
    let (cinema, showing) = Cinema::showing().await;
    let hold = cinema.hold("ann", &showing, "1A,1B,1C").await.unwrap();
    let mut booking = attempt(&id::new(), 1);
    assert_eq!(
        cinema.refused(&booking.booking_id, 1, &showing, "1A").await,
        "SEATS_TAKEN",
        "it was not named"
    );
    booking.hold_id = hold.hold_id.clone();
    let ask = || cinema.hold_for(booking.clone(), &showing, "1B,2A,1A");
    let taken_over = ask().await.unwrap();
    assert_eq!(taken_over.seats, ["1A", "1B", "2A"]);
    assert_eq!(cinema.taken(&showing).await, "held 1A,1B,2A", "1C is free");
    assert_eq!(ask().await.unwrap(), taken_over);
    // The customer's hold has ended: it does not run out under the booking, and counts no more.
    cinema.world.advance(MINUTE * 6);
    cinema.world.tick().await;
    assert_eq!(cinema.taken(&showing).await, "held 1A,1B,2A");
    for seat in ["3A", "3B", "3C"] {
        cinema.hold("ann", &showing, seat).await.unwrap();
    }
}

#[tokio::test]
async fn a_hold_whose_seats_are_not_all_to_be_had_stays() {
    let (cinema, showing) = Cinema::showing().await;
    let hold = cinema.hold("ann", &showing, "1A,1B").await.unwrap();
    cinema.hold("bob", &showing, "1C").await.unwrap();
    let mut booking = attempt(&id::new(), 1);
    booking.hold_id = hold.hold_id;
    let refused = cinema.hold_for(booking, &showing, "1A,1C").await;
    assert_eq!(reason(&refused.unwrap_err()), "SEATS_TAKEN");
    assert_eq!(cinema.taken(&showing).await, "held 1A,1B,1C");
}

#[tokio::test]
async fn a_hold_that_is_gone_matters_only_if_somebody_else_has_the_seats() {
    let (cinema, showing) = Cinema::showing().await;
    let hold = cinema.hold("ann", &showing, "1A,1B").await.unwrap();
    cinema.world.advance(MINUTE * 5);
    let mut first = attempt(&id::new(), 1);
    first.hold_id = hold.hold_id.clone();
    let granted = cinema.hold_for(first, &showing, "1A").await;
    assert!(granted.is_ok());
    cinema.hold("bob", &showing, "1B").await.unwrap();
    let mut second = attempt(&id::new(), 1);
    second.hold_id = hold.hold_id;
    let refused = cinema.hold_for(second, &showing, "1B").await.unwrap_err();
    assert_eq!(reason(&refused), "HOLD_EXPIRED");
}

#[tokio::test]
async fn a_hold_is_taken_over_once() {
    let (cinema, showing) = Cinema::showing().await;
    let hold = cinema.hold("ann", &showing, "1A").await.unwrap();
    let mut first = attempt(&id::new(), 1);
    first.hold_id = hold.hold_id.clone();
    cinema.hold_for(first, &showing, "1A").await.unwrap();
    let mut second = attempt(&id::new(), 1);
    second.hold_id = hold.hold_id;
    let refused = cinema.hold_for(second, &showing, "1A").await.unwrap_err();
    assert_eq!(reason(&refused), "HOLD_EXPIRED");
}

#[tokio::test]
async fn anothers_hold_is_not_taken_over() {
    let (cinema, showing) = Cinema::showing().await;
    let hold = cinema.hold("bob", &showing, "1A").await.unwrap();
    let mut booking = attempt(&id::new(), 1);
    booking.hold_id = hold.hold_id.clone();
    let refused = cinema.hold_for(booking.clone(), &showing, "1A").await;
    assert_eq!(reason(&refused.unwrap_err()), "HOLD_EXPIRED");
    // Nor is a booking's own, by its id.
    let other = attempt(&id::new(), 1);
    cinema
        .hold_for(other.clone(), &showing, "2A")
        .await
        .unwrap();
    booking.hold_id = other.booking_id;
    let refused = cinema.hold_for(booking, &showing, "2A").await;
    assert_eq!(reason(&refused.unwrap_err()), "HOLD_EXPIRED");
    assert_eq!(cinema.taken(&showing).await, "held 1A,2A");
}

#[tokio::test]
async fn a_dropped_attempt_is_freed_and_a_later_one_is_not() {
    let (cinema, showing) = Cinema::showing().await;
    let (dropped, renewed) = (id::new(), id::new());
    let hold = |id, n, seat| cinema.hold_for(attempt(id, n), &showing, seat);
    hold(&dropped, 1, "1A").await.unwrap();
    hold(&renewed, 1, "1B").await.unwrap();
    hold(&renewed, 2, "1B").await.unwrap();
    cinema.dropped(&dropped, 1).await;
    cinema.dropped(&renewed, 1).await;
    assert_eq!(cinema.taken(&showing).await, "held 1B");
    cinema.dropped(&renewed, 2).await;
    assert_eq!(cinema.taken(&showing).await, "");
}

#[tokio::test]
async fn a_dropped_attempt_that_arrives_late_is_granted_nothing() {
    let (cinema, showing) = Cinema::showing().await;
    let booking_id = id::new();
    cinema.dropped(&booking_id, 2).await;
    // Neither an older word nor a newer one of less takes back what was dropped.
    cinema.dropped(&booking_id, 1).await;
    cinema.claim(&booking_id, 9, 1).await;
    for number in [1, 2] {
        assert_eq!(
            cinema.refused(&booking_id, number, &showing, "1A").await,
            "CLAIM_DROPPED"
        );
    }
    let third = cinema.hold_for(attempt(&booking_id, 3), &showing, "1A");
    assert!(third.await.is_ok());
    assert_eq!(
        cinema.refused(&booking_id, 2, &showing, "1A").await,
        "CLAIM_DROPPED"
    );
    cinema.claim(&booking_id, 10, 2).await;
    assert_eq!(cinema.taken(&showing).await, "held 1A");
}

#[tokio::test]
async fn a_later_attempt_replaces_an_earlier_one() {
    let (cinema, showing) = Cinema::showing().await;
    let booking_id = id::new();
    let first = cinema.hold_for(attempt(&booking_id, 1), &showing, "1A,1B");
    first.await.unwrap();
    let second = cinema.hold_for(attempt(&booking_id, 2), &showing, "1B,1C");
    assert_eq!(second.await.unwrap().seats, ["1B", "1C"]);
    assert_eq!(cinema.taken(&showing).await, "held 1B,1C");
    assert_eq!(
        cinema.refused(&booking_id, 1, &showing, "1A,1B").await,
        "CLAIM_DROPPED",
        "it comes late"
    );
    // Without its seats it has none, not half of them; what it had before is still to be dropped.
    cinema.hold("bob", &showing, "1D").await.unwrap();
    assert_eq!(
        cinema.refused(&booking_id, 3, &showing, "1C,1D").await,
        "SEATS_TAKEN"
    );
    assert_eq!(cinema.taken(&showing).await, "held 1B,1C,1D");
}

#[tokio::test]
async fn an_order_that_is_over_is_granted_nothing() {
    let (cinema, showing) = Cinema::showing().await;
    let (cancelled, failed) = (id::new(), id::new());
    let now = cinema.world.now();
    let unseen = order(&cancelled, 2, Phase::Cancelled, &showing, "1A", now);
    cinema.order(unseen).await;
    cinema.hold("bob", &showing, "1B").await.unwrap();
    let late = order(&failed, 1, Phase::Placed, &showing, "1B,1C", now);
    cinema.order(late).await;
    for (booking_id, seat) in [(&cancelled, "1A"), (&failed, "1C")] {
        assert_eq!(
            cinema.refused(booking_id, 1, &showing, seat).await,
            "CLAIM_DROPPED"
        );
    }
    assert_eq!(cinema.taken(&showing).await, "held 1B");
}
