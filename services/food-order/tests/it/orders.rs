//! What a customer sees of orders.

use crate::counter::{Counter, bytes, why};
use proto::food::order::v1::{CancelOrderRequest, GetOrderRequest, ListOrdersRequest, OrderStatus};
use proto::food::store::v1::QueueStatus;

#[tokio::test]
async fn the_same_request_answers_the_same_order_in_equal_bytes() {
    let counter = Counter::new().await;
    let request = counter.request("one", &[("water", 2)], 0);
    let placed = counter.place(request.clone()).await.unwrap();
    let order = placed.order.clone().unwrap();
    counter
        .fulfilment(&order.order_id, 1, &[QueueStatus::Cooking])
        .await;
    assert_eq!(
        bytes(&counter.place(request).await.unwrap()),
        bytes(&placed)
    );
    let other = counter.request("one", &[("water", 3)], 0);
    let refused = counter.place(other).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
}

#[tokio::test]
async fn an_order_says_how_far_its_store_is_in_words_that_people_know() {
    let counter = Counter::new().await;
    let order_id = counter.water("one").await.order_id;
    let steps = [
        QueueStatus::Received,
        QueueStatus::Cooking,
        QueueStatus::Delivering,
        QueueStatus::Delivered,
    ];
    let mut shown = vec![counter.get(&order_id).await.status()];
    for reached in 2..=steps.len() {
        counter
            .fulfilment(&order_id, reached as i64, &steps[..reached])
            .await;
        shown.push(counter.get(&order_id).await.status());
    }
    let expected = [
        OrderStatus::Ordered,
        OrderStatus::Cooking,
        OrderStatus::Delivering,
        OrderStatus::Delivered,
    ];
    assert_eq!(shown, expected);
    let order = counter.get(&order_id).await;
    let labels: Vec<_> = order
        .timeline
        .into_iter()
        .map(|entry| entry.status.unwrap().label.unwrap().ko)
        .collect();
    assert_eq!(labels, ["주문접수", "조리시작", "배달출발", "배달완료"]);
}

#[tokio::test]
async fn once_the_courier_has_left_cancelling_is_refused_at_once() {
    let counter = Counter::new().await;
    let order_id = counter.water("one").await.order_id;
    assert!(counter.get(&order_id).await.cancellable);
    let steps = [
        QueueStatus::Received,
        QueueStatus::Cooking,
        QueueStatus::Delivering,
    ];
    counter.fulfilment(&order_id, 3, &steps).await;
    assert!(!counter.get(&order_id).await.cancellable);
    let cancel = counter
        .ann()
        .cancel_order(CancelOrderRequest { order_id })
        .await;
    assert_eq!(why(cancel), "NOT_CANCELLABLE");
}

#[tokio::test]
async fn asking_again_to_cancel_is_the_same_request() {
    let counter = Counter::new().await;
    let order_id = counter.water("one").await.order_id;
    let mut asked = Vec::new();
    for _ in 0..2 {
        let order_id = order_id.clone();
        let request = CancelOrderRequest { order_id };
        let answer = counter.ann().cancel_order(request).await;
        asked.push(answer.unwrap().into_inner().order.unwrap());
    }
    assert_eq!(asked[0], asked[1]);
    assert_eq!(asked[0].status(), OrderStatus::Cancelling);
    assert_eq!(asked[0].cancellation.as_ref().unwrap().number, 1);
}

#[tokio::test]
async fn anothers_order_is_not_found() {
    let counter = Counter::new().await;
    let order_id = counter.water("one").await.order_id;
    let mut bob = counter.as_user("bob", "customer");
    let get = GetOrderRequest {
        order_id: order_id.clone(),
    };
    assert_eq!(why(bob.get_order(get.clone()).await), "NOT_FOUND");
    let cancel = CancelOrderRequest { order_id };
    assert_eq!(why(bob.cancel_order(cancel).await), "NOT_FOUND");
    let listed = bob.list_orders(ListOrdersRequest::default()).await;
    assert_eq!(listed.unwrap().into_inner().orders, []);
    assert!(counter.as_user("sue", "staff").get_order(get).await.is_ok());
}

#[tokio::test]
async fn orders_are_listed_newest_first_page_by_page() {
    let counter = Counter::new().await;
    let mut made = Vec::new();
    for request in ["one", "two", "three"] {
        made.push(counter.water(request).await.order_id);
    }
    made.reverse();
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListOrdersRequest {
            page_size: 2,
            page_token,
        };
        let page = counter
            .ann()
            .list_orders(request)
            .await
            .unwrap()
            .into_inner();
        seen.extend(page.orders.into_iter().map(|order| order.order_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, made);
}
