//! What an owner does with orders.

use crate::kitchen::{Kitchen, why};
use mesh::id;
use proto::food::store::v1::{
    AcceptOrderRequest, CompleteDeliveryRequest, QueueStatus, RejectOrderRequest,
    StartDeliveryRequest,
};
use proto::ordering::v1::Phase;
use proto::shared::v1::Text;
use std::time::Duration;

#[tokio::test]
async fn an_order_is_accepted_delivered_and_each_step_stated_once() {
    let kitchen = Kitchen::delivering(3, false).await;
    let order = kitchen.placed().await;
    let accepted = kitchen.accept(&order).await.unwrap();
    assert_eq!(accepted.status(), QueueStatus::Cooking);
    let started = kitchen.start(&order).await.unwrap();
    assert_eq!(started.status(), QueueStatus::Delivering);
    assert!(kitchen.fulfilment(&order).await.irrevocable);
    let delivered = kitchen.complete(&order).await.unwrap();
    assert_eq!(delivered.status(), QueueStatus::Delivered);
    let stated = kitchen.stated("Fulfilment", &order).await;
    let steps = [
        "OrderReceived",
        "OrderAccepted",
        "DeliveryStarted",
        "DeliveryCompleted",
    ];
    assert_eq!(stated, steps);
}

#[tokio::test]
async fn the_same_command_again_is_ok_and_has_no_second_effect() {
    let kitchen = Kitchen::new().await;
    let order = kitchen.placed().await;
    let accepted = kitchen.accept(&order).await.unwrap();
    assert_eq!(kitchen.accept(&order).await.unwrap(), accepted);
    let started = kitchen.start(&order).await.unwrap();
    assert_eq!(kitchen.start(&order).await.unwrap(), started);
    let completed = kitchen.complete(&order).await.unwrap();
    assert_eq!(kitchen.complete(&order).await.unwrap(), completed);
    assert_eq!(kitchen.accept(&order).await.unwrap(), completed);
    assert_eq!(kitchen.stated("Fulfilment", &order).await.len(), 4);

    let other = kitchen.placed().await;
    let rejected = kitchen.reject(&other, "no rice").await.unwrap();
    assert_eq!(kitchen.reject(&other, "no rice").await.unwrap(), rejected);
    assert_eq!(kitchen.stated("Fulfilment", &other).await.len(), 2);
}

#[tokio::test]
async fn what_somebody_else_has_got_to_first_is_refused() {
    let kitchen = Kitchen::new().await;
    let order = kitchen.placed().await;
    assert_eq!(why(kitchen.start(&order).await), "ORDER_NOT_READY");
    kitchen.accept(&order).await.unwrap();
    assert_eq!(why(kitchen.complete(&order).await), "ORDER_NOT_READY");
    kitchen.start(&order).await.unwrap();
    assert_eq!(
        why(kitchen.reject(&order, "late").await),
        "ORDER_DELIVERING"
    );

    let rejected = kitchen.placed().await;
    let shown = kitchen.reject(&rejected, "no rice").await.unwrap();
    assert_eq!(shown.rejection.unwrap().en, "no rice");
    assert_eq!(
        why(kitchen.reject(&rejected, "other").await),
        "ORDER_REJECTED"
    );
    assert_eq!(why(kitchen.accept(&rejected).await), "ORDER_REJECTED");
    let fulfilment = kitchen.fulfilment(&rejected).await;
    assert_eq!(fulfilment.failed.unwrap().0, "STORE_REJECTED");

    let cancelled = kitchen.placed().await;
    kitchen.order(&cancelled, 2, Phase::Cancelling, 1).await;
    assert_eq!(why(kitchen.accept(&cancelled).await), "ORDER_CANCELLED");
    assert_eq!(
        why(kitchen.reject(&cancelled, "no").await),
        "ORDER_CANCELLED"
    );
    assert_eq!(why(kitchen.start(&cancelled).await), "ORDER_CANCELLED");
    assert_eq!(why(kitchen.complete(&cancelled).await), "ORDER_CANCELLED");
}

#[tokio::test]
async fn a_reason_is_told_in_both_languages() {
    let kitchen = Kitchen::new().await;
    let order_id = kitchen.placed().await;
    let reason = Some(Text::default());
    let request = RejectOrderRequest { order_id, reason };
    let refused = kitchen.kim().reject_order(request).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    for field in ["reason.en", "reason.ko"] {
        assert!(refused.message().contains(field), "{refused:?}");
    }
}

#[tokio::test]
async fn a_store_that_accepts_by_itself_cooks_at_once_and_its_owner_comes_late() {
    let kitchen = Kitchen::delivering(3, true).await;
    let order = kitchen.placed().await;
    let [queued] = &kitchen.queue(&[]).await[..] else {
        panic!("one order")
    };
    assert_eq!(queued.status(), QueueStatus::Cooking);
    let stated = kitchen.stated("Fulfilment", &order).await;
    assert_eq!(stated, ["OrderAccepted"]);
    assert_eq!(why(kitchen.accept(&order).await), "ORDER_ACCEPTED_ALREADY");
    kitchen.start(&order).await.unwrap();
}

#[tokio::test]
async fn what_waits_at_a_closed_store_is_accepted_when_it_opens() {
    let kitchen = Kitchen::delivering(1, true).await;
    kitchen.open(false).await;
    let order = kitchen.placed().await;
    kitchen.world.tick().await;
    let waiting = kitchen.queue(&[QueueStatus::Received]).await;
    assert_eq!(waiting[0].order_id, order);
    kitchen.open(true).await;
    kitchen.world.tick().await;
    let cooking = kitchen.queue(&[QueueStatus::Cooking]).await;
    assert_eq!(cooking[0].order_id, order);
    assert_eq!(why(kitchen.accept(&order).await), "ORDER_ACCEPTED_ALREADY");
}

#[tokio::test]
async fn no_clock_takes_an_order_from_the_queue() {
    let kitchen = Kitchen::new().await;
    kitchen.open(false).await;
    let (waits, cooks) = (kitchen.placed().await, kitchen.placed().await);
    kitchen.accept(&cooks).await.unwrap();
    kitchen.world.advance(Duration::from_secs(400 * 24 * 3600));
    kitchen.world.tick().await;
    let left: Vec<_> = kitchen.queue(&[]).await;
    assert_eq!(left.len(), 2);
    kitchen.accept(&waits).await.unwrap();
    for order in [&waits, &cooks] {
        kitchen.start(order).await.unwrap();
        kitchen.complete(order).await.unwrap();
    }
}

#[tokio::test]
async fn an_order_at_anothers_store_is_not_found() {
    let kitchen = Kitchen::new().await;
    let order_id = kitchen.placed().await;
    let mut lee = kitchen.as_user("lee", "owner");
    let accept = AcceptOrderRequest {
        order_id: order_id.clone(),
    };
    assert_eq!(why(lee.accept_order(accept).await), "NOT_FOUND");
    let reject = RejectOrderRequest {
        order_id: order_id.clone(),
        reason: Some(Text {
            en: "mine".to_owned(),
            ko: "내 것".to_owned(),
        }),
    };
    assert_eq!(why(lee.reject_order(reject).await), "NOT_FOUND");
    let start = StartDeliveryRequest {
        order_id: order_id.clone(),
    };
    assert_eq!(why(lee.start_delivery(start).await), "NOT_FOUND");
    let complete = CompleteDeliveryRequest {
        order_id: order_id.clone(),
    };
    assert_eq!(why(lee.complete_delivery(complete).await), "NOT_FOUND");
    assert_eq!(why(kitchen.accept(&id::new()).await), "NOT_FOUND");
    kitchen.accept(&order_id).await.unwrap();
}
