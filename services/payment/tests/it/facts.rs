//! What the audit is told.

use crate::desk::{KEY, ORDER, order, reason, state_order};
use crate::room::{Room, held, paid, refund};
use payment::facts::Book;
use payment::{Answer, Provider, Simulator};
use proto::ordering::v1::Phase;
use proto::payment::v1::{Behavior, PaymentState};

#[tokio::test]
async fn refunds_are_booked_by_their_own_key() {
    let room = Room::new();
    room.approve().await.unwrap();
    let site = room.world.site("payment");
    for key in ["refund:1", "refund:1", "refund:2"] {
        let refund = refund(key, KEY);
        room.simulator.refund(site, &refund).await.unwrap();
    }
    // Twice is a breach, and the book must show it.
    assert_eq!(room.fact().await.1.unwrap().refunds, 2);
    let stray = refund("refund:3", "charge:never");
    assert!(room.simulator.refund(site, &stray).await.is_err());
}

#[tokio::test]
async fn money_that_payment_knows_nothing_of_is_a_fact() {
    let room = Room::new();
    let site = room.world.site("payment");
    let stray = payment::Charge {
        key: "charge:stray".to_owned(),
        amount: paid(),
        method: payment::Method("tok-secret".to_owned()),
    };
    assert!(!format!("{stray:?}").contains("tok-secret"));
    assert_eq!(room.simulator.charge(site, &stray).await, Answer::Captured);
    let facts = room.facts().await;
    assert_eq!(facts.len(), 1);
    assert_eq!(
        (&*facts[0].payment_id, &*facts[0].charge_key),
        ("", &*stray.key)
    );
    assert_eq!(facts[0].state, PaymentState::Unspecified);
    assert_eq!(facts[0].book, Some(held()));
    assert_eq!(facts[0].amount, paid());
}

#[tokio::test]
async fn by_default_everything_is_captured_and_booked() {
    let room = Room::new();
    room.approve().await.unwrap();
    let facts = room.facts().await;
    assert_eq!(facts.len(), 1);
    let fact = &facts[0];
    assert_eq!((&*fact.order_id, &*fact.charge_key), (ORDER, KEY));
    assert_eq!(fact.context, "cinema-booking");
    assert_eq!((&fact.amount, fact.asked_at), (&paid(), room.world.now()));
    assert_eq!(room.fact().await, (PaymentState::Approved, Some(held())));
    room.void().await;
    let reversed = Book {
        reversed: true,
        ..held()
    };
    assert_eq!(room.fact().await, (PaymentState::Voided, Some(reversed)));
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_booked_and_survives_the_process() {
    let room = Room::new();
    let losing = Behavior {
        reply_lost_percent: 100,
        ..Default::default()
    };
    room.behave(losing).await.unwrap();
    assert_eq!(reason(room.approve().await), "PAYMENT_UNCONFIRMED");
    assert_eq!(room.fact().await, (PaymentState::Unknown, Some(held())));
    // A new process knows no behaviour, but the same book.
    let site = room.world.site("payment");
    let again = Simulator::new(8);
    assert_eq!(again.enquire(site, KEY).await, Answer::Captured);
    assert_eq!(again.enquire(site, "charge:other").await, Answer::Unsure);
    room.approve().await.unwrap();
    assert_eq!(room.fact().await, (PaymentState::Approved, Some(held())));
}

#[tokio::test]
async fn a_cancelled_order_has_one_refund_in_the_book() {
    let room = Room::new();
    let answer = room.approve().await.unwrap().into_inner();
    let id = answer.payment.unwrap().payment_id;
    for version in 3..6 {
        let cancelled = order(&id, Phase::Cancelled, version);
        state_order(&room.world, cancelled).await;
    }
    let refunded = Book {
        refunds: 1,
        ..held()
    };
    assert_eq!(room.fact().await, (PaymentState::Refunded, Some(refunded)));
}
