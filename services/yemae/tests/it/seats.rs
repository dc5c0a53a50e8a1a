//! F16 and F15: many for one seat, and nobody there to say whose it is.

use crate::play::{Door, Person, audit, context, reason, send};
use crate::rig::{PATIENCE, Up, directory, wait_for};
use futures::future::join_all;
use nix::sys::signal::Signal;
use proto::cinema::booking::v1::{Booking, BookingStatus};
use proto::cinema::theater::v1::{HoldSeatsRequest, SeatState};
use proto::mypage::v1::WatchMyOrdersRequest;
use proto::payment::v1::PaymentState;
use std::collections::BTreeSet;
use std::time::Instant;
use tokio::time::timeout_at;

/// Who wants the seat.
const BUYERS: usize = 500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_500_buyers_of_one_seat() {
    let data = directory();
    let up = Up::start(data.path(), &["--demo"]);
    let door = Door::of(&up);
    let show = door.admin().show().await;
    let begun = Instant::now();
    let tries = (0..BUYERS).map(|number| {
        let buyer = door.customer(&format!("buyer-{number}"));
        let show = show.clone();
        async move {
            buyer
                .book_at_last(&show, "5F", &format!("seat-{number}"))
                .await
        }
    });
    let answers = join_all(tries).await;
    let took = begun.elapsed();
    let winners: Vec<&Booking> = answers.iter().filter_map(|a| a.as_ref().ok()).collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert_eq!(reason(refused), "SEATS_TAKEN", "{refused:?}");
    }
    let payments = door.admin().payments("").await;
    assert_eq!(payments.len(), 1, "nobody else was charged: {payments:?}");
    assert_eq!(payments[0].order_id, winners[0].booking_id);
    assert_eq!(payments[0].state(), PaymentState::Approved);
    audit(&up, &[]);
    eprintln!("{BUYERS} buyers answered in {took:?}");
    assert!(up.stop(), "it drained");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_theater_away() {
    let data = directory();
    let up = Up::start(data.path(), &["--demo", "--processes"]);
    let door = Door::of(&up);
    let show = door.admin().show().await;
    let held = door
        .customer("lee")
        .theater()
        .hold_seats(HoldSeatsRequest {
            request_id: "lee-hold".to_owned(),
            screening_id: show.screening_id.clone(),
            seats: vec!["1A".to_owned()],
            booking: None,
        })
        .await;
    held.unwrap();

    // Silent, as behind a cut cable: it neither answers nor refuses a connection.
    let theater = context(&up, "cinema-theater").unwrap();
    assert!(send(theater, Signal::SIGSTOP));
    let begun = Instant::now();
    let kims = door.customer("kim").book(&show, "1A", "kim-1").await;
    let kims = kims.expect("bookings go on without theater");
    let seats: Vec<String> = (2..=9).map(|row| format!("{row}B {row}C")).collect();
    let mut others = Vec::new();
    for seats in &seats {
        let booked = door.customer("park").book(&show, seats, seats).await;
        others.push(booked.expect("bookings go on without theater"));
    }
    let taken = door.customer("choi").book(&show, "1A", "choi-1").await;
    assert_eq!(reason(&taken.unwrap_err()), "SEATS_TAKEN", "by Kim's own");
    eprintln!(
        "{} booked without theater in {:?}",
        others.len() + 1,
        begun.elapsed()
    );

    // Dead as well, over and over, before it is let back.
    let again = wait_for("theater to be started again", || {
        send(theater, Signal::SIGKILL);
        context(&up, "cinema-theater").filter(|pid| *pid != theater)
    });
    send(again, Signal::SIGKILL);
    let seats = "10B 10C";
    let booked = door
        .customer("park")
        .book_at_last(&show, seats, seats)
        .await;
    others.push(booked.expect("bookings go on while theater is dead"));

    let back = Instant::now();
    let park = door.customer("park");
    let booked = others.iter().map(|booked| booked.booking_id.clone());
    until_all(&park, booked.collect(), "SEATS_RESERVED").await;
    let loser = [kims.booking_id.clone()].into();
    until_all(&door.customer("kim"), loser, "REFUNDED").await;
    let loser = door.customer("kim").booking(&kims.booking_id).await;
    assert_eq!(loser.unwrap().status(), BookingStatus::Cancelled);
    let payments = door.admin().payments(&kims.booking_id).await;
    assert_eq!(payments.len(), 1, "{payments:?}");
    assert_eq!(payments[0].state(), PaymentState::Refunded);
    let state = door.customer("lee").seat(&show, "1A").await;
    assert_eq!(state, SeatState::Held, "Lee's hold was the older claim");
    // Rule 7 of the audit: Kim was told of each of these, once.
    audit(&up, &[]);
    eprintln!("caught up and clean {:?} after", back.elapsed());
    assert!(up.stop(), "it drained");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_theater_left_out() {
    let data = directory();
    let up = Up::start(data.path(), &["--demo"]);
    let show = Door::of(&up).admin().show().await;
    assert!(up.stop(), "it drained");

    let up = Up::start(data.path(), &["--without", "cinema-theater"]);
    let kim = Door::of(&up).customer("kim");
    let booked = kim.book(&show, "1A 1B", "kim-1").await;
    let booked = booked.expect("bookings go on without theater");
    let lee = Door::of(&up).customer("lee");
    let taken = lee.book(&show, "1B", "lee-1").await.unwrap_err();
    assert_eq!(reason(&taken), "SEATS_TAKEN");
    assert!(up.stop(), "it drained");

    let up = Up::start(data.path(), &[]);
    let kim = Door::of(&up).customer("kim");
    until_all(&kim, [booked.booking_id.clone()].into(), "SEATS_RESERVED").await;
    audit(&up, &[]);
    assert!(up.stop(), "it drained");
}

/// Watches a customer's page until it shows that this has come about for all of these orders, at most [`PATIENCE`].
async fn until_all(customer: &Person, mut orders: BTreeSet<String>, what: &str) {
    let end = tokio::time::Instant::now() + PATIENCE;
    let mut page = customer.page();
    let watch = page.watch_my_orders(WatchMyOrdersRequest::default());
    let mut shown = watch.await.unwrap().into_inner();
    while !orders.is_empty() {
        let next = timeout_at(end, shown.message()).await;
        let next = next.unwrap_or_else(|_| panic!("waited too long for {what} of {orders:?}"));
        let order = next.unwrap().expect("a watch goes on").order.unwrap();
        let statuses = order
            .timeline
            .iter()
            .filter_map(|entry| entry.status.as_ref());
        if statuses.into_iter().any(|status| status.name == what) {
            orders.remove(&order.order_id);
        }
    }
}
