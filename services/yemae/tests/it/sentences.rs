//! Sentences of the domain that no other test shows. The tables are `tests/sentences.md` of the crates they are about.

use crate::cinema::Cinema;
use crate::play::{Door, audit, reason};
use crate::rig::{PATIENCE, Up, directory};
use proto::cinema::booking::v1::{Booking, BookingStatus, CancelBookingRequest};
use proto::ordering::v1::Phase;
use std::time::{Duration, Instant};

#[test]
fn the_cinemas_statuses_are_numbered_as_its_users_know_them() {
    let numbers = [
        BookingStatus::Booked,
        BookingStatus::TicketReceived,
        BookingStatus::Cancelling,
        BookingStatus::Cancelled,
    ];
    assert_eq!(numbers.map(i32::from), [1, 2, 3, 9]);
}

#[tokio::test]
async fn a_missed_ticket_finishes_a_booking_that_is_shown_as_booked() {
    let cinema = Cinema::new().await;
    let booking_id = cinema.book("one", "1A").await.unwrap().booking_id;
    cinema.world.settle().await;
    let reserved = cinema.booking(&booking_id).await;
    assert_eq!(reserved.status(), BookingStatus::SeatsReserved);
    // It begins in a day, and is over 100 minutes later.
    cinema.world.advance(Duration::from_secs(26 * 3600));
    cinema.world.tick().await;
    let missed = cinema.booking(&booking_id).await;
    assert_eq!(missed.status(), BookingStatus::Booked);
    assert!(!missed.cancellable);
    let page = cinema.page(&booking_id).await;
    assert_eq!(page.phase(), Phase::Fulfilled);
    assert!(page.finished_at.is_some());
    let refused = cinema.cancel(&booking_id).await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_CANCELLABLE");
    cinema.is_clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancellation_waits_for_the_counter_to_come_back() {
    let data = directory();
    let up = Up::start(data.path(), &["--demo"]);
    let door = Door::of(&up);
    let show = door.admin().show().await;
    assert!(up.stop(), "it drained");

    let up = Up::start(data.path(), &["--without", "cinema-ticket"]);
    let kim = Door::of(&up).customer("kim");
    let booking_id = kim.book(&show, "1A", "kim-1").await.unwrap().booking_id;
    let cancel = CancelBookingRequest {
        booking_id: booking_id.clone(),
    };
    kim.bookings().cancel_booking(cancel.clone()).await.unwrap();
    // Theater has taken its part, and so was there to hear of the request; nobody has answered it.
    let named = |booking: &Booking, name: &str| {
        let mut told = booking
            .timeline
            .iter()
            .filter_map(|own| own.status.as_ref());
        told.any(|status| status.name == name)
    };
    let is_reserved = async || named(&kim.booking(&booking_id).await.unwrap(), "SEATS_RESERVED");
    until("the seats to be reserved", is_reserved).await;
    let asked = kim.bookings().cancel_booking(cancel).await.unwrap();
    let asked = asked.into_inner().booking.unwrap();
    assert_eq!(asked.status(), BookingStatus::Cancelling);
    assert!(up.stop(), "it drained");

    let up = Up::start(data.path(), &[]);
    let kim = Door::of(&up).customer("kim");
    let is_refunded = async || named(&kim.booking(&booking_id).await.unwrap(), "REFUNDED");
    until("the refund", is_refunded).await;
    let cancelled = kim.booking(&booking_id).await.unwrap();
    assert_eq!(cancelled.status(), BookingStatus::Cancelled);
    audit(&up, &[]);
    assert!(up.stop(), "it drained");
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < end, "waited too long for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
