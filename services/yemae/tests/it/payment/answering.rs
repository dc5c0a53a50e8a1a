//! A payment that takes its time, and one that says no.

use super::{list, millis, one_stands, seat};
use crate::play::{Door, audit, reason};
use crate::rig::{Up, directory};
use futures::future::join_all;
use proto::payment::v1::{Behavior, PaymentState};
use std::time::{Duration, Instant};
use tonic::Code;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_slow_payment() {
    let data = directory();
    let up = Up::start(data.path(), &["--demo"]);
    let door = Door::of(&up);
    let show = door.admin().show().await;
    let slow = Behavior {
        latency_min: millis(400),
        latency_max: millis(620),
        ..Behavior::default()
    };
    door.admin().provider(slow).await;
    let tries = (0..100).map(|number| {
        let customer = door.customer(&format!("customer-{number}"));
        let show = show.clone();
        async move {
            let begun = Instant::now();
            let answer = customer.book(&show, &seat(number), "slow").await;
            (answer, begun.elapsed())
        }
    });
    let mut took: Vec<Duration> = Vec::new();
    for (answer, after) in join_all(tries).await {
        answer.expect("a payment of 400 to 620 ms is no trouble");
        took.push(after);
    }
    took.sort_unstable();
    let payments = door.admin().payments("").await;
    assert_eq!(payments.len(), 100);
    assert!(
        payments
            .iter()
            .all(|payment| payment.state() == PaymentState::Approved)
    );
    audit(&up, &[]);
    eprintln!("100 at once: p50 {:?}, p99 {:?}", took[49], took[98]);
    assert!(up.stop(), "it drained");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_declining_payment() {
    let data = directory();
    let up = Up::start(data.path(), &["--demo"]);
    let door = Door::of(&up);
    let admin = door.admin();
    let show = admin.show().await;
    let declining = Behavior {
        declined_percent: 100,
        ..Behavior::default()
    };
    admin.provider(declining).await;
    let kim = door.customer("kim");
    let declined = kim.book(&show, "1A", "kim-1").await.unwrap_err();
    assert_eq!(reason(&declined), "PAYMENT_DECLINED");
    assert_eq!(declined.code(), Code::FailedPrecondition);
    assert!(
        list(&kim).await.unwrap().is_empty(),
        "nothing was registered"
    );
    let payments = admin.payments("").await;
    assert_eq!(payments.len(), 1, "declined is never tried again");
    assert_eq!(payments[0].state(), PaymentState::Declined);
    audit(&up, &[]);

    admin.provider(Behavior::default()).await;
    let booked = kim.book_at_last(&show, "1A", "kim-1").await.unwrap();
    let mut payments = one_stands(&admin, &booked.booking_id).await;
    payments.sort_by(|left, right| left.charge_key.cmp(&right.charge_key));
    let keys: Vec<&str> = payments.iter().map(|p| p.charge_key.as_str()).collect();
    let key = |attempt| format!("charge:{}:{attempt}", booked.booking_id);
    assert_eq!(keys, [key(1), key(2)]);
    assert_eq!(list(&kim).await.unwrap().len(), 1);
    audit(&up, &[]);
    assert!(up.stop(), "it drained");
}
