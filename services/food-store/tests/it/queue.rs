//! The queue as it is listed.

use crate::kitchen::{Kitchen, fields, register, why};
use proto::food::store::v1::{ListQueueRequest, QueueStatus};
use std::time::Duration;

#[tokio::test]
async fn who_has_waited_longest_comes_first_and_how_long_is_told() {
    let kitchen = Kitchen::new().await;
    let mut placed = Vec::new();
    for _ in 0..3 {
        placed.push(kitchen.placed().await);
        kitchen.world.advance(Duration::from_secs(60));
    }
    let queue = kitchen.queue(&[]).await;
    let told: Vec<_> = queue
        .iter()
        .map(|order| (order.order_id.clone(), order.age.unwrap().seconds))
        .collect();
    let ages = [180, 120, 60];
    assert_eq!(told, placed.into_iter().zip(ages).collect::<Vec<_>>());
    assert_eq!(queue[0].meal.as_ref().unwrap().dishes[0].quantity, 2);
}

#[tokio::test]
async fn it_lists_what_is_to_be_done_or_what_is_asked_for_page_by_page() {
    let kitchen = Kitchen::new().await;
    let mut placed = Vec::new();
    for _ in 0..3 {
        placed.push(kitchen.placed().await);
    }
    placed.sort();
    kitchen.reject(&placed[0], "no rice").await.unwrap();
    kitchen.accept(&placed[1]).await.unwrap();
    let to_do: Vec<_> = kitchen.queue(&[]).await.into_iter().collect();
    let ids: Vec<_> = to_do.iter().map(|order| order.order_id.clone()).collect();
    assert_eq!(ids, placed[1..]);
    let rejected = kitchen.queue(&[QueueStatus::Rejected]).await;
    assert_eq!(rejected[0].order_id, placed[0]);

    let first = ListQueueRequest {
        store_id: kitchen.store.store_id.clone(),
        page_size: 1,
        ..ListQueueRequest::default()
    };
    let page = kitchen.kim().list_queue(first.clone()).await.unwrap();
    let page = page.into_inner();
    assert_eq!(page.orders[0].order_id, placed[1]);
    let second = ListQueueRequest {
        page_token: page.next_page_token,
        ..first.clone()
    };
    let page = kitchen.kim().list_queue(second).await.unwrap().into_inner();
    assert_eq!(page.orders[0].order_id, placed[2]);
    assert_eq!(page.next_page_token, "");

    let unknown = ListQueueRequest {
        statuses: vec![7],
        ..first
    };
    let refused = kitchen.kim().list_queue(unknown).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
}

#[tokio::test]
async fn a_status_may_be_named_twice_but_a_list_without_end_is_not_read() {
    let kitchen = Kitchen::new().await;
    let order = kitchen.placed().await;
    let twice = kitchen.queue(&[QueueStatus::Received; 2]).await;
    assert_eq!(twice[0].order_id, order);
    let request = ListQueueRequest {
        store_id: kitchen.store.store_id.clone(),
        statuses: vec![7; 40_000],
        ..ListQueueRequest::default()
    };
    let refused = kitchen.kim().list_queue(request).await.unwrap_err();
    assert_eq!(fields(&refused), ["statuses"]);
}

#[tokio::test]
async fn only_its_owner_staff_and_admins_read_it() {
    let kitchen = Kitchen::new().await;
    kitchen.placed().await;
    let request = ListQueueRequest {
        store_id: kitchen.store.store_id.clone(),
        ..ListQueueRequest::default()
    };
    for (subject, role) in [("kim", "owner"), ("sue", "staff"), ("root", "admin")] {
        let mut reader = kitchen.as_user(subject, role);
        let listed = reader.list_queue(request.clone()).await.unwrap();
        assert_eq!(listed.into_inner().orders.len(), 1, "{role}");
    }
    let lee = kitchen.as_user("lee", "owner").list_queue(request).await;
    assert_eq!(why(lee), "NOT_FOUND");
}

#[tokio::test]
async fn a_queue_is_its_own_stores() {
    let kitchen = Kitchen::new().await;
    let other = register(&kitchen.world, "kim", "Kim's second", false).await;
    let (own, others) = (kitchen.placed().await, kitchen.placed_at(&other).await);
    let [listed] = &kitchen.queue(&[]).await[..] else {
        panic!("one order")
    };
    assert_eq!(listed.order_id, own);
    kitchen.accept(&others).await.unwrap();
    assert!(kitchen.queue(&[QueueStatus::Cooking]).await.is_empty());
}

#[tokio::test]
async fn what_waits_at_closed_stores_keeps_no_open_one_waiting() {
    let kitchen = Kitchen::delivering(1, true).await;
    let other = register(&kitchen.world, "kim", "Kim's second", true).await;
    kitchen.open(false).await;
    kitchen.open_store(&other, false).await;
    // As many as one round of the clock's job takes up.
    kitchen.crowd(256).await;
    let order = kitchen.placed_at(&other).await;
    kitchen.open_store(&other, true).await;
    kitchen.world.tick().await;
    assert!(kitchen.fulfilment(&order).await.has_reached(2));
    assert!(kitchen.queue(&[QueueStatus::Cooking]).await.is_empty());
}
