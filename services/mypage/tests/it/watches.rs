use super::*;
use diesel::prelude::*;
use mesh::Time;
use proto::mypage::v1::{WatchMyOrdersRequest, WatchMyOrdersResponse};
use std::time::Duration;
use tonic::{Code, Streaming};

// Of the page's own table, what these tests meddle with.
diesel::table! {
    my_order (order_id) {
        order_id -> Text,
        written_at -> BigInt,
    }
}

type Messages = Streaming<WatchMyOrdersResponse>;

/// Time is tokio's own here and stands still while there is work, so this waits for no real hour.
const LONG: Duration = Duration::from_secs(3600);

async fn watch(client: &mut Client, cursor: &str) -> Messages {
    let cursor = cursor.to_owned();
    let answer = client.watch_my_orders(WatchMyOrdersRequest { cursor });
    answer.await.unwrap().into_inner()
}

async fn next(messages: &mut Messages) -> (Order, String) {
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
async fn first_what_stands_then_each_change() {
    let world = world();
    let (first, second) = (placed(&world), placed(&world));
    let mut bobs = placed(&world);
    bobs.customer_id = "bob".to_owned();
    for order in [&second, &first, &bobs] {
        tell(&world, order).await;
        world.advance(Duration::from_secs(10));
    }
    let mut messages = watch(&mut ann(&world), "").await;
    assert_eq!(next(&mut messages).await.0, second);
    assert_eq!(next(&mut messages).await.0, first);
    assert!(silent(&mut messages).await);

    for version in 2..4 {
        let changed = at(&second, version, Phase::InProgress);
        tell(&world, &changed).await;
        tell(&world, &at(&bobs, version, Phase::InProgress)).await;
        assert_eq!(next(&mut messages).await.0, changed);
    }
    assert!(silent(&mut messages).await);
}

#[tokio::test(start_paused = true)]
async fn a_change_is_heard_at_once() {
    let world = world();
    let order = placed(&world);
    let mut messages = watch(&mut ann(&world), "").await;
    assert!(silent(&mut messages).await);
    let started = tokio::time::Instant::now();
    let (message, ()) = tokio::join!(next(&mut messages), tell(&world, &order));
    assert_eq!(message.0, order);
    assert!(started.elapsed() < Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn a_slow_watcher_gets_the_latest_and_no_queue() {
    let world = world();
    let (mut first, mut second, mut third) = (placed(&world), placed(&world), placed(&world));
    for order in [&mut first, &mut second, &mut third] {
        // More than tonic encodes ahead of the reader.
        order.payment_id = "x".repeat(40_000);
        tell(&world, order).await;
        world.advance(Duration::from_secs(10));
    }
    let mut messages = watch(&mut ann(&world), "").await;
    assert_eq!(next(&mut messages).await.0, first);
    // All were listed already when these changes come.
    for version in 2..5 {
        for order in [&first, &second, &third] {
            tell(&world, &at(order, version, Phase::InProgress)).await;
            world.advance(Duration::from_secs(10));
        }
    }
    for order in [&second, &third, &first] {
        let latest = at(order, 4, Phase::InProgress);
        assert_eq!(next(&mut messages).await.0, latest);
    }
    assert!(silent(&mut messages).await);
}

#[tokio::test(start_paused = true)]
async fn a_watch_resumes_behind_its_cursor() {
    let world = world();
    let (first, second) = (placed(&world), placed(&world));
    tell(&world, &first).await;
    tell(&world, &second).await;
    let mut messages = watch(&mut ann(&world), "").await;
    next(&mut messages).await;
    let (_, cursor) = next(&mut messages).await;
    drop(messages);

    // Within the time that a look reaches back, and beyond it.
    for (version, pause) in [(2, 1), (3, 60)] {
        let changed = at(&first, version, Phase::InProgress);
        world.advance(Duration::from_secs(pause));
        tell(&world, &changed).await;
        let mut resumed = watch(&mut ann(&world), &cursor).await;
        assert_eq!(next(&mut resumed).await.0, changed);
        assert!(silent(&mut resumed).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cursor_holds_no_more_than_a_look_reaches_back_to() {
    let world = world();
    for _ in 0..50 {
        tell(&world, &placed(&world)).await;
        world.advance(Duration::from_secs(2));
    }
    let mut messages = watch(&mut ann(&world), "").await;
    let mut cursor = String::new();
    for _ in 0..50 {
        cursor = next(&mut messages).await.1;
    }
    assert!(cursor.len() < 400, "{}", cursor.len());
    assert!(silent(&mut watch(&mut ann(&world), &cursor).await).await);
}

#[tokio::test(start_paused = true)]
async fn a_row_that_becomes_visible_late_is_not_missed() {
    let world = world();
    let (late, early) = (placed(&world), placed(&world));
    tell(&world, &early).await;
    let mut messages = watch(&mut ann(&world), "").await;
    assert_eq!(next(&mut messages).await.0, early);
    tell(&world, &late).await;
    // As if it had been written 4 s before the other and committed only now.
    let before = world.now().minus(Duration::from_secs(4));
    write_at(&world, &late, before).await;
    assert_eq!(next(&mut messages).await.0, late);
    assert!(silent(&mut messages).await);
}

async fn write_at(world: &World, order: &Order, at: Time) {
    let order_id = order.order_id.clone();
    let write = world.site("mypage").store.write((), move |tx| {
        mesh::update(my_order::table.find(&order_id))
            .set(my_order::written_at.eq(at.0))
            .execute(tx.db())?;
        Ok(())
    });
    write.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_clock_set_back_hides_nothing() {
    let world = world();
    let first = placed(&world);
    tell(&world, &first).await;
    // As if it had been written before the clock was set back by an hour.
    write_at(&world, &first, world.now().plus(LONG)).await;
    let mut messages = watch(&mut ann(&world), "").await;
    assert_eq!(next(&mut messages).await.0, first);
    let second = placed(&world);
    tell(&world, &second).await;
    assert_eq!(next(&mut messages).await.0, second);
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_the_site_stops() {
    let world = world();
    let mut messages = watch(&mut ann(&world), "").await;
    assert!(silent(&mut messages).await);
    world.site("mypage").stop.cancel();
    let end = tokio::time::timeout(LONG, messages.message()).await;
    assert_eq!(end.unwrap().unwrap(), None);
}

#[tokio::test]
async fn a_forged_cursor_is_refused() {
    let world = world();
    let request = WatchMyOrdersRequest {
        cursor: "?".to_owned(),
    };
    let refused = ann(&world).watch_my_orders(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(refused.message().contains("cursor"));
}
