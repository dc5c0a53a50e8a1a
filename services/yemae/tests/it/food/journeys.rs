//! What becomes of an order, as its customer sees it.

use crate::food::{PRICE, Town, no_rice};
use crate::shared::{page, provider, texts, timeline, why, won};
use proto::food::order::v1::{
    ListOrdersRequest, OrderStatus, OrderedItem, PlaceOrderRequest, SystemCancelOrderRequest,
};
use proto::food::store::v1::{QueueStatus, WatchNewOrdersRequest};
use proto::ordering::v1::cancellation::Cause;
use proto::ordering::v1::{Actor, Phase};
use proto::payment::v1::Behavior;
use proto::shared::v1::Text;
use std::time::Duration;

#[tokio::test]
async fn an_order_is_cooked_and_delivered_and_told_at_each_step() {
    let town = Town::delivering(3, false).await;
    let order = town.placed("one").await;
    assert_eq!(town.status(&order).await, OrderStatus::Ordered);
    town.accept(&order).await.unwrap();
    town.world.settle().await;
    assert_eq!(town.status(&order).await, OrderStatus::Cooking);
    town.start(&order).await.unwrap();
    town.world.settle().await;
    assert_eq!(town.status(&order).await, OrderStatus::Delivering);
    town.complete(&order).await.unwrap();
    town.world.settle().await;
    assert_eq!(town.status(&order).await, OrderStatus::Delivered);
    let page = page(&town.world, &order).await;
    assert_eq!(
        (page.system.as_str(), page.phase()),
        ("food", Phase::Fulfilled)
    );
    assert_eq!(page.title.unwrap().ko, "김밥 ×2");
    assert_eq!(page.amount, Some(won(2 * PRICE)));
    let labels: Vec<_> = page
        .timeline
        .into_iter()
        .map(|entry| entry.status.unwrap().label.unwrap().ko)
        .collect();
    assert_eq!(labels, ["주문접수", "조리시작", "배달출발", "배달완료"]);
    let mut told = texts(&town.world, "").await;
    told.sort();
    let expected = [
        "[김밥 ×2] 배달완료",
        "[김밥 ×2] 배달출발",
        "[김밥 ×2] 조리시작: 상점주인이 주문을 접수했습니다.",
        "[김밥 ×2] 주문접수: 결제승인",
    ];
    assert_eq!(told, expected);
    town.is_clean().await;
}

#[tokio::test]
async fn a_store_that_accepts_by_itself_cooks_at_once() {
    let town = Town::delivering(2, true).await;
    let order = town.placed("one").await;
    assert_eq!(town.status(&order).await, OrderStatus::Cooking);
    assert_eq!(timeline(&town.world, &order).await, ["ORDERED", "COOKING"]);
    let cooking = town.order(&order).await.timeline.pop().unwrap();
    assert_eq!(cooking.reason, None, "no owner has accepted it");
    town.is_clean().await;
}

#[tokio::test]
async fn what_a_store_gives_back_is_cancelled_and_refunded_for_its_reason() {
    for cooking in [false, true] {
        let town = Town::delivering(2, false).await;
        let order = town.placed("one").await;
        if cooking {
            town.accept(&order).await.unwrap();
        }
        town.reject(&order).await.unwrap();
        town.world.settle().await;
        let shown = town.order(&order).await;
        assert_eq!(shown.status(), OrderStatus::Cancelled);
        let cancellation = shown.cancellation.unwrap();
        assert_eq!(cancellation.cause(), Cause::System);
        assert_eq!(cancellation.reason, Some(no_rice()));
        let timeline = timeline(&town.world, &order).await;
        assert_eq!(timeline[timeline.len() - 2..], ["CANCELLED", "REFUNDED"]);
        assert_eq!(texts(&town.world, "").await.len(), timeline.len());
        let queue = town.queue(&[QueueStatus::Rejected]).await;
        assert_eq!(queue[0].order_id, order);
        town.is_clean().await;
    }
}

#[tokio::test]
async fn a_customer_cancels_until_the_courier_leaves_and_both_sides_learn_of_it() {
    for cooking in [false, true] {
        let town = Town::delivering(2, false).await;
        let order = town.placed("one").await;
        if cooking {
            town.accept(&order).await.unwrap();
            town.world.settle().await;
        }
        let asked = town.cancel(&order).await.unwrap();
        assert_eq!(asked.status(), OrderStatus::Cancelling);
        assert_eq!(town.cancel(&order).await.unwrap(), asked, "asked already");
        town.world.settle().await;
        let timeline = timeline(&town.world, &order).await;
        let end = ["CANCELLING", "CANCELLED", "REFUNDED"];
        assert_eq!(timeline[timeline.len() - 3..], end);
        assert_eq!(town.status(&order).await, OrderStatus::Cancelled);
        let queue = town.queue(&[QueueStatus::Cancelled]).await;
        assert_eq!(queue[0].order_id, order);
        assert!(town.start(&order).await.is_err());
        town.is_clean().await;
    }
}

#[tokio::test]
async fn a_store_that_cannot_be_heard_leaves_it_cancelling() {
    let town = Town::new().await;
    let order = town.placed("one").await;
    town.cancel(&order).await.unwrap();
    town.world.advance(Duration::from_secs(30 * 24 * 3600));
    assert_eq!(town.status(&order).await, OrderStatus::Cancelling);
    town.world.tick().await;
    assert_eq!(town.status(&order).await, OrderStatus::Cancelled);
    town.is_clean().await;
}

#[tokio::test]
async fn once_it_is_on_its_way_a_cancellation_is_refused_for_a_reason() {
    let town = Town::new().await;
    let order = town.placed("one").await;
    town.accept(&order).await.unwrap();
    town.start(&order).await.unwrap();
    // The order side has not heard of it.
    town.cancel(&order).await.unwrap();
    town.world.settle().await;
    let shown = town.order(&order).await;
    assert_eq!(shown.status(), OrderStatus::Delivering);
    let refused = shown.timeline.last().unwrap();
    assert_eq!(refused.actor(), Actor::Fulfilment);
    let why_not = refused.reason.clone().unwrap();
    assert_eq!(why_not.ko, "이미 배달이 출발했습니다.");
    assert_eq!(why(town.cancel(&order).await), "NOT_CANCELLABLE");
    town.complete(&order).await.unwrap();
    town.world.settle().await;
    assert_eq!(town.status(&order).await, OrderStatus::Delivered);
    town.is_clean().await;
}

#[tokio::test]
async fn an_administrator_cancels_for_a_reason_that_the_customer_reads() {
    let town = Town::new().await;
    let order = town.placed("one").await;
    let reason = Text {
        en: "the road is closed".to_owned(),
        ko: "도로 통제".to_owned(),
    };
    let request = SystemCancelOrderRequest {
        order_id: order.clone(),
        reason: Some(reason.clone()),
    };
    town.admin().system_cancel_order(request).await.unwrap();
    town.world.settle().await;
    let cancellation = town.order(&order).await.cancellation.unwrap();
    assert_eq!(cancellation.cause(), Cause::Admin);
    assert_eq!(cancellation.reason, Some(reason));
    town.is_clean().await;
}

#[tokio::test]
async fn a_payment_that_fails_is_no_order_and_nothing_in_any_queue() {
    let town = Town::new().await;
    let declined = Behavior {
        declined_percent: 100,
        ..Behavior::default()
    };
    provider(&town.world, declined).await;
    assert_eq!(why(town.place("declined").await), "PAYMENT_DECLINED");
    let lost = Behavior {
        reply_lost_percent: 100,
        ..Behavior::default()
    };
    provider(&town.world, lost).await;
    assert_eq!(why(town.place("lost").await), "PAYMENT_UNCONFIRMED");
    provider(&town.world, Behavior::default()).await;
    town.world.settle().await;
    let listed = town.kim().list_orders(ListOrdersRequest::default()).await;
    assert_eq!(listed.unwrap().into_inner().orders, []);
    assert_eq!(town.queue(&[]).await, []);
    assert_eq!(texts(&town.world, "").await.len(), 0);
    let placed = town.place("lost").await.unwrap();
    assert_eq!(town.place("lost").await.unwrap(), placed);
    town.world.settle().await;
    assert_eq!(town.queue(&[]).await.len(), 1);
    town.is_clean().await;
}

#[tokio::test]
async fn the_store_honours_the_price_of_the_moment_of_ordering() {
    let town = Town::new().await;
    let order = town.placed("one").await;
    town.menu(2 * PRICE).await;
    assert_eq!(why(town.place("two").await), "PRICE_CHANGED");
    let queued = &town.queue(&[]).await[0];
    let dish = &queued.meal.as_ref().unwrap().dishes[0];
    assert_eq!((dish.price.clone(), dish.quantity), (Some(won(PRICE)), 2));
    assert_eq!(town.order(&order).await.total, Some(won(2 * PRICE)));
}

#[tokio::test]
async fn what_is_free_is_ordered_without_a_payment() {
    let town = Town::new().await;
    town.placed("paid").await;
    town.menu(0).await;
    let request = PlaceOrderRequest {
        request_id: "free".to_owned(),
        store_id: town.store_id.clone(),
        items: vec![OrderedItem {
            item_id: "kimbap".to_owned(),
            quantity: 1,
        }],
        expected_total: Some(won(0)),
        payment_method: String::new(),
    };
    let placed = town.kim().place_order(request).await.unwrap();
    let order = placed.into_inner().order.unwrap().order_id;
    town.world.settle().await;
    town.reject(&order).await.unwrap();
    town.world.settle().await;
    assert_eq!(
        timeline(&town.world, &order).await,
        ["ORDERED", "CANCELLED"]
    );
    town.is_clean().await;
}

#[tokio::test]
async fn the_owner_hears_of_a_new_order_at_once() {
    let town = Town::new().await;
    let request = WatchNewOrdersRequest {
        store_id: town.store_id.clone(),
        cursor: String::new(),
    };
    let stream = town.park().watch_new_orders(request).await;
    let mut stream = stream.unwrap().into_inner();
    let order = town.placed("one").await;
    let message = tokio::time::timeout(Duration::from_secs(10), stream.message());
    let new = message.await.unwrap().unwrap().unwrap().order.unwrap();
    assert_eq!(
        (new.order_id, new.status),
        (order, QueueStatus::Received as i32)
    );
}

#[tokio::test]
async fn all_orders_of_a_night_become_delivered_when_the_store_is_back() {
    let town = Town::delivering(2, false).await;
    let mut placed = Vec::new();
    for number in 0..20 {
        let order = town.place(&format!("order-{number}")).await.unwrap();
        placed.push(order.order_id);
        town.world.advance(Duration::from_secs(3600));
    }
    for order in &placed {
        assert_eq!(town.status(order).await, OrderStatus::Ordered);
    }
    town.world.tick().await;
    let queue = town.queue(&[]).await;
    let queued: Vec<_> = queue.iter().map(|order| order.order_id.clone()).collect();
    assert_eq!(queued, placed, "who has waited longest first");
    for order in &queued {
        town.accept(order).await.unwrap();
        town.start(order).await.unwrap();
        town.complete(order).await.unwrap();
    }
    town.world.settle().await;
    for order in &placed {
        assert_eq!(town.status(order).await, OrderStatus::Delivered);
    }
    town.is_clean().await;
}
