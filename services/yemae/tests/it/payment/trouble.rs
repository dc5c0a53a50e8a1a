//! A payment that fails, stalls, forgets or keeps silent.

use super::{Buyer, is_sorry, list, millis, seat, unmoved};
use crate::play::{Door, Show, audit, reason};
use crate::rig::{Up, directory};
use futures::future::{join, join_all};
use proto::payment::v1::{Behavior, Payment, PaymentState};
use std::time::{Duration, Instant};

/// An open breaker of payment asks again after 2 s at most, give or take half.
const HEALED: Duration = Duration::from_secs(10);

/// A way of a provider to misbehave, and whether a customer may be served all the same.
struct Trouble {
    what: &'static str,
    behavior: Behavior,
    may_work: bool,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_payment_trouble() {
    let data = directory();
    let up = Up::start(data.path(), &["--demo"]);
    let door = Door::of(&up);
    let show = door.admin().show().await;
    let trouble = |what, may_work, behavior| Trouble {
        what,
        behavior,
        may_work,
    };
    let failing = Behavior {
        failed_percent: 100,
        ..Behavior::default()
    };
    // Asked again, the provider knows what it has taken.
    let forgetful = Behavior {
        reply_lost_percent: 100,
        ..Behavior::default()
    };
    let stalling = Behavior {
        latency_min: millis(2000),
        latency_max: millis(5000),
        ..Behavior::default()
    };
    let hanging = Behavior {
        hanging_percent: 100,
        ..Behavior::default()
    };
    let down = Behavior {
        down: true,
        ..Behavior::default()
    };
    let troubles = [
        trouble("failing", false, failing),
        trouble("reply lost", true, forgetful),
        trouble("stalling", true, stalling),
        trouble("hanging", false, hanging),
        trouble("down", false, down),
    ];
    for (number, trouble) in troubles.into_iter().enumerate() {
        meet_trouble(&up, &door, &show, trouble, number * 24).await;
    }
    audit(&up, &[]);
    assert!(up.stop(), "it drained");
}

/// Four customers at once and four after them meet a payment that behaves so; then it is well again.
async fn meet_trouble(up: &Up, door: &Door, show: &Show, trouble: Trouble, from: usize) {
    let what = trouble.what;
    let admin = door.admin();
    // Standing before: other flows go on with it.
    let before = door.customer(&format!("before {what}"));
    let standing = before
        .book_at_last(show, &seat(from + 12), &format!("{what} before"))
        .await
        .unwrap();
    admin.provider(trouble.behavior).await;
    let buyers = Buyer::some(door, what, 8, from);
    let (first, then) = buyers.split_at(4);
    let mut heard = join_all(first.iter().map(|buyer| buyer.book(show))).await;
    for buyer in then {
        heard.push(buyer.book(show).await);
    }
    unmoved(&before, &standing.booking_id).await;
    for (buyer, (answer, after)) in buyers.iter().zip(&heard) {
        match answer {
            Ok(_) if trouble.may_work => {}
            Ok(booked) => panic!("{what}: {booked:?}"),
            Err(status) => {
                is_sorry(status, *after);
                let own = list(&buyer.customer).await.unwrap();
                assert!(own.is_empty(), "nothing was registered: {own:?}");
            }
        }
    }

    admin.provider(Behavior::default()).await;
    let well = Instant::now();
    // What was asked for under the trouble is undone before anybody asks again.
    audit(up, &[]);
    let clean = well.elapsed();
    let again = Instant::now();
    buyers[0].ends_well(show, &admin).await;
    let healed = again.elapsed();
    assert!(healed < HEALED, "well again after {healed:?}");
    for buyer in &buyers {
        buyer.ends_well(show, &admin).await;
    }
    let told = heard
        .iter()
        .map(|(answer, after)| {
            let what = answer.as_ref().map_or_else(reason, |_| "OK".to_owned());
            format!("{what} {} ms", after.as_millis())
        })
        .collect::<Vec<_>>();
    eprintln!("{what}: {}; clean {clean:?} after", told.join(", "));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_charged_and_never_said() {
    let data = directory();
    let up = Up::start(data.path(), &["--demo"]);
    let door = Door::of(&up);
    let admin = door.admin();
    let show = admin.show().await;
    let forgetful = Behavior {
        reply_lost_percent: 100,
        ..Behavior::default()
    };
    admin.provider(forgetful).await;
    let buyers = Buyer::some(&door, "never said", 4, 0);
    let goes_down = async {
        // All four are with the provider, which takes the money at once and says nothing.
        while admin.payments("").await.len() < buyers.len() {
            tokio::task::yield_now().await;
        }
        let down = Behavior {
            down: true,
            ..Behavior::default()
        };
        admin.provider(down).await;
    };
    let (heard, ()) = join(join_all(buyers.iter().map(|b| b.book(&show))), goes_down).await;
    for (answer, after) in heard {
        let status = answer.expect_err("nobody knows that it was charged");
        is_sorry(&status, after);
        eprintln!("{} after {after:?}", reason(&status));
    }
    admin.provider(Behavior::default()).await;
    audit(&up, &[]);
    let payments = admin.payments("").await;
    let stands = |payment: &&Payment| payment.state() == PaymentState::Approved;
    assert_eq!(payments.iter().find(stands), None, "all of it went back");
    for buyer in &buyers {
        buyer.ends_well(&show, &admin).await;
    }
    audit(&up, &[]);
    assert!(up.stop(), "it drained");
}
