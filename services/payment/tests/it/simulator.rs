//! The simulated provider does as it is told.

use crate::desk::{KEY, charge, reason, wrong_fields};
use crate::room::{Room, held, millis, refund};
use payment::facts::Book;
use payment::{Answer, Provider};
use proto::payment::v1::{
    ApproveRequest, Behavior, GetBehaviorRequest, PaymentState, SetBehaviorRequest,
};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tonic::Status;

#[tokio::test]
async fn declines_are_remembered_and_failures_are_not() {
    let room = Room::new();
    let declining = Behavior {
        declined_percent: 100,
        ..Default::default()
    };
    room.behave(declining).await.unwrap();
    assert_eq!(reason(room.approve().await), "PAYMENT_DECLINED");
    let nothing = Some(Book::default());
    assert_eq!(room.fact().await, (PaymentState::Declined, nothing));

    let room = Room::new();
    let failing = Behavior {
        failed_percent: 100,
        ..Default::default()
    };
    room.behave(failing).await.unwrap();
    assert_eq!(reason(room.approve().await), "PAYMENT_BUSY");
    assert_eq!(room.fact().await, (PaymentState::Initiated, None));
    room.behave(Behavior::default()).await.unwrap();
    room.approve().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_charge_that_hangs_takes_nothing_and_is_blocked_by_a_void() {
    let room = Room::new();
    let hanging = Behavior {
        hanging_percent: 100,
        ..Default::default()
    };
    room.behave(hanging).await.unwrap();
    let start = Instant::now();
    assert_eq!(reason(room.approve().await), "PAYMENT_UNCONFIRMED");
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(room.fact().await, (PaymentState::Unknown, None));
    room.void().await;
    let blocked = Book {
        reversed: true,
        ..Default::default()
    };
    assert_eq!(room.fact().await, (PaymentState::Voided, Some(blocked)));
    let open = |db: &mut mesh::Db| Ok(mesh::tasks::open(db)?);
    let open = room.world.site("payment").store.read(open).await;
    assert_eq!(open.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_slow_charge_is_captured_after_its_caller_left() {
    let room = Room::new();
    let slow = Behavior {
        latency_min: millis(900),
        latency_max: millis(900),
        ..Default::default()
    };
    room.behave(slow).await.unwrap();
    let start = Instant::now();
    let mut request = tonic::Request::new(charge());
    request.set_timeout(Duration::from_millis(500));
    let answer = room.client().approve(request).await;
    assert_eq!(reason(answer), "PAYMENT_UNCONFIRMED");
    assert_eq!(room.fact().await, (PaymentState::Unknown, None));
    tokio::time::sleep_until(start + Duration::from_millis(950)).await;
    assert_eq!(room.fact().await, (PaymentState::Unknown, Some(held())));
    room.world.settle().await;
    room.world.advance(Duration::from_secs(1));
    room.world.settle().await;
    assert_eq!(room.fact().await, (PaymentState::Approved, Some(held())));
}

#[tokio::test(start_paused = true)]
async fn a_slow_charge_takes_nothing_once_it_is_reversed() {
    let room = Room::new();
    let slow = Behavior {
        latency_min: millis(900),
        latency_max: millis(900),
        ..Default::default()
    };
    room.behave(slow).await.unwrap();
    let approving = mesh::task::detach({
        let mut client = room.client();
        async move { client.approve(charge()).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    room.void().await;
    assert_eq!(reason(approving.await.unwrap()), "PAYMENT_VOIDED");
    let blocked = Book {
        reversed: true,
        ..Default::default()
    };
    assert_eq!(room.fact().await, (PaymentState::Voided, Some(blocked)));
}

#[tokio::test(start_paused = true)]
async fn what_is_beyond_its_capacity_waits_in_line() {
    let room = Room::new();
    let limited = Behavior {
        latency_min: millis(40),
        latency_max: millis(40),
        capacity_per_second: 10,
        ..Default::default()
    };
    room.behave(limited).await.unwrap();
    let start = Instant::now();
    let charges: Vec<_> = (0..15).map(|n| approving(&room, n)).collect();
    let mut answers = Vec::new();
    for charge in charges {
        let (answer, at) = charge.await.unwrap();
        answers.push((answer.map_err(|no| reason(Err::<(), _>(no))), at - start));
    }
    // One each 100 ms, in the order they came, until payment's own patience of a second is at its end.
    for (n, (answer, after)) in answers.iter().enumerate() {
        let turn = Duration::from_millis(100) * n as u32 + Duration::from_millis(40);
        let unconfirmed = Err("PAYMENT_UNCONFIRMED".to_owned());
        let (expected, at) = if turn < Duration::from_secs(1) {
            (Ok(()), turn)
        } else {
            (unconfirmed, Duration::from_secs(1))
        };
        assert_eq!(*answer, expected, "charge {n}");
        assert!(
            after.abs_diff(at) < Duration::from_millis(5),
            "charge {n}: {after:?}"
        );
    }
    // Those whose caller left have their turn too.
    tokio::time::sleep_until(start + Duration::from_millis(1250)).await;
    let captured = async || {
        let facts = room.facts().await.into_iter();
        facts.filter_map(|charge| charge.book?.captured).count()
    };
    assert_eq!(captured().await, 13);
    let (late, at) = approving(&room, 15).await.unwrap();
    assert!(
        late.is_ok() && at >= start + Duration::from_millis(1540),
        "{:?}",
        at - start
    );
    // A new behaviour begins with nobody in line.
    let _in_line: Vec<_> = (16..20).map(|n| approving(&room, n)).collect();
    tokio::time::sleep(Duration::from_millis(1)).await;
    room.behave(limited).await.unwrap();
    let now = Instant::now();
    let (first, at) = approving(&room, 20).await.unwrap();
    assert!(
        first.is_ok() && at - now < Duration::from_millis(45),
        "{:?}",
        at - now
    );
    assert_eq!(captured().await, 17);
}

/// Charge number `n`, whose answer comes with its time.
fn approving(room: &Room, n: usize) -> JoinHandle<(Result<(), Status>, Instant)> {
    let mut client = room.client();
    let charge = ApproveRequest {
        charge_key: format!("charge:{n}"),
        ..charge()
    };
    mesh::task::detach(async move {
        let answer = client.approve(charge).await.map(drop);
        (answer, Instant::now())
    })
}

#[tokio::test]
async fn down_is_down_for_everything() {
    let room = Room::new();
    let down = Behavior {
        down: true,
        ..Default::default()
    };
    room.approve().await.unwrap();
    room.behave(down).await.unwrap();
    room.void().await;
    assert_eq!(room.fact().await, (PaymentState::Voided, Some(held())));
    let site = room.world.site("payment");
    assert_eq!(room.simulator.enquire(site, KEY).await, Answer::Unsure);
    assert!(room.simulator.reverse(site, KEY).await.is_err());
    let refund = refund("r", KEY);
    assert!(room.simulator.refund(site, &refund).await.is_err());
    let mut other = charge();
    other.charge_key = "charge:other".to_owned();
    assert_eq!(reason(room.client().approve(other).await), "PAYMENT_BUSY");
    room.behave(Behavior::default()).await.unwrap();
    room.world.advance(Duration::from_secs(60));
    room.world.settle().await;
    let charges = room.facts().await;
    assert!(charges[0].book.as_ref().unwrap().reversed);
}

#[tokio::test]
async fn the_behaviour_is_checked_as_a_whole_and_read_back() {
    let room = Room::new();
    let wrong = Behavior {
        latency_min: Some(prost_types::Duration {
            seconds: -1,
            nanos: 0,
        }),
        declined_percent: -1,
        hanging_percent: 101,
        capacity_per_second: -1,
        ..Default::default()
    };
    assert_eq!(
        wrong_fields(room.behave(wrong).await),
        [
            "behavior.latency_min",
            "behavior.declined_percent",
            "behavior.hanging_percent",
            "behavior.capacity_per_second",
        ]
    );
    let wrong = Behavior {
        latency_min: millis(2),
        latency_max: millis(1),
        declined_percent: 60,
        failed_percent: 41,
        ..Default::default()
    };
    assert_eq!(
        wrong_fields(room.behave(wrong).await),
        ["behavior.latency_max", "behavior"]
    );
    let nothing = SetBehaviorRequest::default();
    let nothing = room.admin().set_behavior(nothing).await;
    assert_eq!(wrong_fields(nothing), ["behavior"]);

    let right = Behavior {
        latency_min: millis(1),
        latency_max: millis(2),
        declined_percent: 10,
        failed_percent: 20,
        reply_lost_percent: 30,
        hanging_percent: 40,
        down: true,
        capacity_per_second: 1000,
    };
    assert_eq!(room.behave(right).await.unwrap(), right);
    let read = room.admin().get_behavior(GetBehaviorRequest {}).await;
    assert_eq!(read.unwrap().into_inner().behavior, Some(right));
}
