//! The owner's stream of new orders.

use crate::kitchen::{Kitchen, register, why};
use diesel::prelude::*;
use mesh::Time;
use proto::food::store::v1::{
    QueueStatus, QueuedOrder, WatchNewOrdersRequest, WatchNewOrdersResponse,
};
use proto::ordering::v1::Phase;
use std::collections::BTreeSet;
use std::time::Duration;
use tonic::Streaming;

// Of the queue's own table, what these tests meddle with.
diesel::table! {
    queued_order (order_id) {
        order_id -> Text,
        version -> BigInt,
        status -> Integer,
        written_at -> BigInt,
    }
}

type Messages = Streaming<WatchNewOrdersResponse>;

/// Time is tokio's own here and stands still while there is work, so this waits for no real hour.
const LONG: Duration = Duration::from_secs(3600);

async fn watch(kitchen: &Kitchen, cursor: &str) -> Messages {
    let request = WatchNewOrdersRequest {
        store_id: kitchen.store.store_id.clone(),
        cursor: cursor.to_owned(),
    };
    let answer = kitchen.kim().watch_new_orders(request).await;
    answer.unwrap().into_inner()
}

async fn next(messages: &mut Messages) -> (QueuedOrder, String) {
    let message = tokio::time::timeout(LONG, messages.message()).await;
    let message = message.unwrap().unwrap().unwrap();
    (message.order.unwrap(), message.cursor)
}

async fn silent(messages: &mut Messages) -> bool {
    tokio::time::timeout(LONG, messages.message())
        .await
        .is_err()
}

#[tokio::test(start_paused = true)]
async fn first_what_is_to_be_done_then_each_new_order_and_each_change() {
    let kitchen = Kitchen::new().await;
    let (over, waits) = (kitchen.placed().await, kitchen.placed().await);
    kitchen.reject(&over, "no rice").await.unwrap();
    kitchen.world.advance(Duration::from_secs(6));
    let mut messages = watch(&kitchen, "").await;
    assert_eq!(next(&mut messages).await.0.order_id, waits);
    assert!(silent(&mut messages).await, "what is over is left out");

    let new = kitchen.placed().await;
    let (shown, _) = next(&mut messages).await;
    assert_eq!(
        (shown.order_id, shown.status),
        (new, QueueStatus::Received as i32)
    );
    kitchen.accept(&waits).await.unwrap();
    assert_eq!(next(&mut messages).await.0.status(), QueueStatus::Cooking);
    assert!(silent(&mut messages).await);
}

#[tokio::test(start_paused = true)]
async fn a_watch_shows_its_own_stores_orders_alone() {
    let kitchen = Kitchen::new().await;
    let other = register(&kitchen.world, "kim", "Kim's second", false).await;
    kitchen.placed_at(&other).await;
    let mut messages = watch(&kitchen, "").await;
    assert!(silent(&mut messages).await);
    kitchen.placed_at(&other).await;
    assert!(silent(&mut messages).await);
}

#[tokio::test(start_paused = true)]
async fn a_watch_of_an_empty_queue_shows_only_what_comes_after() {
    let kitchen = Kitchen::new().await;
    let over = kitchen.placed().await;
    kitchen.reject(&over, "no rice").await.unwrap();
    kitchen.world.advance(Duration::from_secs(6));
    let mut messages = watch(&kitchen, "").await;
    assert!(silent(&mut messages).await);
    let new = kitchen.placed().await;
    assert_eq!(next(&mut messages).await.0.order_id, new);
}

#[tokio::test(start_paused = true)]
async fn kitchen_and_courier_are_told_of_a_cancellation() {
    let kitchen = Kitchen::new().await;
    let order = kitchen.placed().await;
    kitchen.accept(&order).await.unwrap();
    let mut messages = watch(&kitchen, "").await;
    assert_eq!(next(&mut messages).await.0.status(), QueueStatus::Cooking);
    kitchen.order(&order, 2, Phase::Cancelling, 1).await;
    let (told, _) = next(&mut messages).await;
    assert_eq!(
        (told.order_id, told.status),
        (order.clone(), QueueStatus::Cancelled as i32)
    );
    kitchen.order(&order, 3, Phase::Cancelled, 1).await;
    assert!(silent(&mut messages).await, "once");
    let cancelled = kitchen.queue(&[QueueStatus::Cancelled]).await;
    assert_eq!(cancelled[0].order_id, order);
    assert!(kitchen.queue(&[]).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_watch_resumes_behind_its_cursor_with_what_was_over_meanwhile() {
    let kitchen = Kitchen::new().await;
    let (first, second) = (kitchen.placed().await, kitchen.placed().await);
    let mut messages = watch(&kitchen, "").await;
    next(&mut messages).await;
    let (_, cursor) = next(&mut messages).await;
    drop(messages);
    kitchen.world.advance(Duration::from_secs(60));
    kitchen.order(&first, 2, Phase::Cancelled, 0).await;
    let mut resumed = watch(&kitchen, &cursor).await;
    let (told, _) = next(&mut resumed).await;
    assert_eq!(
        (told.order_id, told.status),
        (first, QueueStatus::Cancelled as i32)
    );
    kitchen.accept(&second).await.unwrap();
    assert_eq!(next(&mut resumed).await.0.order_id, second);
    assert!(silent(&mut resumed).await);
}

/// A cancellation of an order becomes visible now that had been written at `at`.
async fn cancelled_late(kitchen: &Kitchen, order_id: &str, at: Time) {
    let order_id = order_id.to_owned();
    let store = &kitchen.world.site("food-store").store;
    let written = store.write((), move |tx| {
        mesh::update(queued_order::table.find(&order_id))
            .set((
                queued_order::version.eq(queued_order::version + 1),
                queued_order::status.eq(i32::from(QueueStatus::Cancelled)),
                queued_order::written_at.eq(at.0),
            ))
            .execute(tx.db())?;
        Ok(())
    });
    written.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_that_was_being_written_when_the_watch_began_is_told() {
    let kitchen = Kitchen::new().await;
    let order = kitchen.placed().await;
    kitchen.accept(&order).await.unwrap();
    kitchen.world.advance(Duration::from_secs(60));
    let mut messages = watch(&kitchen, "").await;
    assert_eq!(next(&mut messages).await.0.status(), QueueStatus::Cooking);
    let begun = kitchen.world.now();
    cancelled_late(&kitchen, &order, begun.minus(Duration::from_millis(3))).await;
    let (told, _) = next(&mut messages).await;
    assert_eq!(
        (told.order_id, told.status),
        (order, QueueStatus::Cancelled as i32)
    );
    assert!(silent(&mut messages).await, "once");
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_ended_among_what_is_to_be_done_resumes_without_what_was_over_before() {
    let kitchen = Kitchen::new().await;
    let first = kitchen.placed().await;
    let over = kitchen.placed().await;
    kitchen.reject(&over, "no rice").await.unwrap();
    kitchen.world.advance(Duration::from_secs(60));
    let second = kitchen.placed().await;
    kitchen.world.advance(Duration::from_secs(60));
    let mut messages = watch(&kitchen, "").await;
    let (told, cursor) = next(&mut messages).await;
    assert_eq!(told.order_id, first);
    drop(messages);
    kitchen.world.advance(Duration::from_secs(60));
    let mut resumed = watch(&kitchen, &cursor).await;
    assert_eq!(next(&mut resumed).await.0.order_id, second);
    kitchen.reject(&first, "no rice").await.unwrap();
    assert_eq!(next(&mut resumed).await.0.order_id, first);
    assert!(silent(&mut resumed).await);
}

#[tokio::test(start_paused = true)]
async fn a_long_queue_is_told_to_its_end() {
    let kitchen = Kitchen::new().await;
    // More than two looks list.
    kitchen.crowd(300).await;
    kitchen.world.advance(Duration::from_secs(60));
    let last = kitchen.placed().await;
    let mut messages = watch(&kitchen, "").await;
    let mut told = BTreeSet::new();
    for _ in 0..300 {
        told.insert(next(&mut messages).await.0.order_id);
    }
    assert_eq!(told.len(), 300, "each once");
    assert_eq!(next(&mut messages).await.0.order_id, last);
    assert!(silent(&mut messages).await);
}

#[tokio::test(start_paused = true)]
async fn anothers_orders_are_not_streamed() {
    let kitchen = Kitchen::new().await;
    let request = WatchNewOrdersRequest {
        store_id: kitchen.store.store_id.clone(),
        cursor: String::new(),
    };
    let lee = kitchen
        .as_user("lee", "owner")
        .watch_new_orders(request)
        .await;
    assert_eq!(why(lee.map(drop)), "NOT_FOUND");
    let request = WatchNewOrdersRequest {
        store_id: kitchen.store.store_id.clone(),
        cursor: "?".to_owned(),
    };
    let refused = kitchen.kim().watch_new_orders(request).await.map(drop);
    assert_eq!(refused.unwrap_err().code(), tonic::Code::InvalidArgument);
    let request = WatchNewOrdersRequest {
        store_id: kitchen.store.store_id.clone(),
        cursor: String::new(),
    };
    let staff = kitchen
        .as_user("sue", "staff")
        .watch_new_orders(request)
        .await;
    assert!(staff.is_ok());
}
