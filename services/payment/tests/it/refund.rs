//! The money of a cancelled order goes back, once.

use crate::desk::{Desk, KEY, order, reason, state_order};
use mesh::outbox;
use mesh::policy::{Delivery, decode_entity};
use prost::{Message, Name};
use proto::cinema::booking::v1::BookingCancelled;
use proto::ordering::v1::{Order, Phase};
use proto::payment::v1::{Payment, PaymentRefunded, PaymentState};
use std::sync::Arc;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Desk {
    /// What payment has stated, ever.
    async fn stated(&self) -> Vec<outbox::Row> {
        use mesh::schema::outbox::dsl;
        self.read(|db| {
            use diesel::prelude::*;
            dsl::outbox
                .order(dsl::seq)
                .select(outbox::Row::as_select())
                .load(db)
                .unwrap()
        })
        .await
    }
}

#[tokio::test]
async fn a_cancelled_order_is_refunded_and_that_is_stated() {
    let desk = Desk::new();
    let id = desk.approve().await.unwrap().payment_id;
    state_order(&desk.world, order(&id, Phase::Cancelled, 3)).await;
    let payment = desk.get().await;
    assert_eq!(
        (payment.state(), payment.version),
        (PaymentState::Refunded, 3)
    );
    assert_eq!(desk.bank.returned(), [format!("refund:{id}")]);
    assert_eq!(desk.open_tasks().await, 0);

    let [row] = &desk.stated().await[..] else {
        panic!("one event")
    };
    assert_eq!(row.subject, format!("yemae.payment.Payment.{id}"));
    assert_eq!(row.name, PaymentRefunded::full_name());
    assert_eq!(row.version, 3);
    let expires = desk.world.now().plus(90 * DAY).0;
    assert_eq!(row.expires_at, Some(expires));
    assert_eq!(decode_entity::<Payment>(&row.body).unwrap(), payment);
}

#[tokio::test]
async fn only_cancelled_orders_are_refunded() {
    let desk = Desk::new();
    let id = desk.approve().await.unwrap().payment_id;
    for (version, phase) in [
        (1, Phase::Placed),
        (2, Phase::InProgress),
        (3, Phase::Cancelling),
        (4, Phase::Fulfilled),
    ] {
        state_order(&desk.world, order(&id, phase, version)).await;
    }
    state_order(&desk.world, order("", Phase::Cancelled, 5)).await;
    assert_eq!(desk.state().await, PaymentState::Approved);
    assert_eq!(desk.bank.count("refund"), 0);
}

#[tokio::test]
async fn repeated_and_reordered_orders_are_refunded_once() {
    let desk = Desk::new();
    let id = desk.approve().await.unwrap().payment_id;
    for (version, phase) in [
        (5, Phase::Cancelled),
        (5, Phase::Cancelled),
        (4, Phase::Cancelling),
        (6, Phase::Cancelled),
        (1, Phase::Placed),
        (6, Phase::Cancelled),
        (7, Phase::Cancelled),
    ] {
        state_order(&desk.world, order(&id, phase, version)).await;
    }
    assert_eq!(desk.bank.count("refund"), 1);
    assert_eq!(desk.stated().await.len(), 1);
    assert_eq!(desk.get().await.version, 3);
}

#[tokio::test]
async fn a_refund_is_tried_until_the_provider_is_back() {
    let desk = Desk::new();
    let id = desk.approve().await.unwrap().payment_id;
    desk.bank.set_down(true);
    state_order(&desk.world, order(&id, Phase::Cancelled, 3)).await;
    for version in 4..40 {
        desk.after(Duration::from_secs(600)).await;
        state_order(&desk.world, order(&id, Phase::Cancelled, version)).await;
    }
    assert_eq!(desk.state().await, PaymentState::Approved);
    assert_eq!(desk.open_tasks().await, 1);
    assert!(desk.bank.count("refund") > 30);
    desk.bank.set_down(false);
    desk.after(Duration::from_secs(60)).await;
    assert_eq!(desk.state().await, PaymentState::Refunded);
    assert_eq!(desk.bank.returned(), [format!("refund:{id}")]);
    assert_eq!(desk.open_tasks().await, 0);
}

#[tokio::test]
async fn a_refund_and_a_void_never_both_give_back() {
    let desk = Desk::new();
    let approved = desk.approve().await.unwrap();
    let id = approved.payment_id.clone();
    desk.bank.set_down(true);
    state_order(&desk.world, order(&id, Phase::Cancelled, 3)).await;
    // Owed but not yet made: to its order side it is still the approved payment.
    assert_eq!(reason(desk.void().await), "PAYMENT_REFUNDED");
    assert_eq!(desk.approve().await.unwrap(), approved);
    desk.bank.set_down(false);
    desk.after(Duration::from_secs(60)).await;
    assert_eq!(reason(desk.void().await), "PAYMENT_REFUNDED");
    assert_eq!(reason(desk.approve().await), "PAYMENT_REFUNDED");
    assert_eq!(desk.bank.returned(), [format!("refund:{id}")]);
    assert_eq!(desk.bank.calls()[0], format!("charge {KEY}"));
}

#[tokio::test]
async fn an_order_with_another_ones_payment_is_a_dead_letter() {
    let desk = Desk::new();
    let id = desk.approve().await.unwrap().payment_id;
    let right = order(&id, Phase::Cancelled, 3);
    let booking = "cinema-booking";
    let other_id = mesh::id::new();
    for (why, context, order) in [
        (
            "its subject is another context's",
            "food-order",
            right.clone(),
        ),
        (
            "its payment is another context's",
            "food-order",
            Order {
                context: "food-order".to_owned(),
                ..right.clone()
            },
        ),
        (
            "its payment is another order's",
            booking,
            Order {
                order_id: other_id.clone(),
                ..right.clone()
            },
        ),
        (
            "its payment does not exist",
            booking,
            Order {
                payment_id: other_id,
                ..right.clone()
            },
        ),
    ] {
        let delivery = Delivery {
            subject: format!("yemae.{context}.Order.{}", order.order_id),
            name: BookingCancelled::full_name(),
            version: 3,
            at: desk.world.now(),
            body: BookingCancelled { order: Some(order) }.encode_to_vec(),
            correlation: None,
        };
        let bank = Arc::new(desk.bank.clone());
        let policy = payment::context(bank).policies.remove(0);
        let store = &desk.world.site("payment").store;
        let applied = store.write((), move |tx| policy.apply(tx, &delivery)).await;
        assert_eq!(applied.unwrap_err().kind, mesh::Kind::Internal, "{why}");
    }
    desk.world.settle().await;
    assert_eq!(desk.state().await, PaymentState::Approved);
    assert_eq!(desk.bank.count("refund"), 0);
}
