//! A licence is bought once, however often the studio stays silent, and not for ever.

use crate::world::Vod;
use proto::ordering::v1::Phase;
use std::time::Duration;
use tokio::time::timeout;
use vod_library::Answer::{Nothing, Refused, Sold, Unsure};

#[tokio::test]
async fn an_order_is_purchased_and_that_it_is_being_is_stated_first() {
    let vod = Vod::delivering(3);
    let order = vod.placed().await;
    assert_eq!(vod.steps(&order).await, [1, 2]);
    assert_eq!(vod.studio.calls(), ["buy"]);
    // Its own progress comes back with the order, and buys nothing.
    vod.order(&order, 2, Phase::InProgress, 0).await;
    vod.order(&order, 3, Phase::InProgress, 0).await;
    vod.after(3600).await;
    assert_eq!(vod.studio.calls(), [""; 0]);
    let stated = vod.stated(&order).await;
    assert_eq!(stated, ["PurchaseBegun", "LicencePurchased"]);
}

#[tokio::test]
async fn what_the_studio_did_not_answer_is_asked_and_never_bought_again() {
    let vod = Vod::new();
    vod.studio.then(&[Unsure, Unsure, Nothing, Unsure, Sold]);
    let order = vod.placed().await;
    assert_eq!(vod.steps(&order).await, [1]);
    assert_eq!(vod.no_watch(&order).await, "NOT_PURCHASED");
    for _ in 0..4 {
        vod.after(10).await;
    }
    assert_eq!(vod.studio.calls(), ["buy", "ask", "ask", "ask", "ask"]);
    assert_eq!(vod.steps(&order).await, [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn who_dies_while_the_studio_is_called_asks_and_buys_nothing() {
    let vod = Vod::new();
    vod.studio.never_answers();
    let order = mesh::id::new();
    let dies = Duration::from_secs(1);
    let placed = vod.order(&order, 1, Phase::Placed, 0);
    assert!(timeout(dies, placed).await.is_err(), "killed in the call");
    assert_eq!(vod.steps(&order).await, [1]);
    vod.world.settle().await;
    assert_eq!(vod.studio.calls(), ["buy", "ask"]);
    assert_eq!(vod.steps(&order).await, [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_studio_that_never_answers_is_left_after_a_while_and_asked() {
    let vod = Vod::new();
    vod.studio.never_answers();
    let order = vod.placed().await;
    assert_eq!(vod.studio.calls(), ["buy"]);
    vod.after(10).await;
    assert_eq!(vod.studio.calls(), ["ask"]);
    assert_eq!(vod.steps(&order).await, [1, 2]);
}

#[tokio::test]
async fn a_studio_that_cannot_be_reached_is_tried_until_it_can() {
    let vod = Vod::new();
    vod.studio.then(&[Nothing; 100]);
    let order = vod.placed().await;
    for _ in 0..100 {
        vod.after(60).await;
    }
    assert_eq!(vod.studio.calls(), ["buy"; 101]);
    assert_eq!(vod.steps(&order).await, [1, 2]);
}

#[tokio::test]
async fn five_refusals_over_ten_minutes_are_the_end() {
    let vod = Vod::new();
    vod.studio.then(&[Refused; 5]);
    let order = vod.placed().await;
    for (seconds, tries) in [(29, 0), (1, 1), (89, 0), (1, 1), (180, 1), (299, 0)] {
        vod.after(seconds).await;
        assert_eq!(
            vod.studio.calls().len(),
            if seconds == 29 { 1 } else { tries }
        );
        assert!(vod.fulfilment(&order).await.is_open());
    }
    vod.after(1).await;
    let failed = vod.fulfilment(&order).await.failed.unwrap();
    assert_eq!(failed.0, "LICENCE_REFUSED");
    assert!(failed.1.ko.contains("환불"), "{failed:?}");
    vod.after(3600).await;
    assert_eq!(vod.studio.calls(), ["buy"]);
    assert_eq!(
        vod.stated(&order).await,
        ["PurchaseBegun", "PurchaseFailed"]
    );
}

#[tokio::test]
async fn a_licence_that_is_sold_at_the_fifth_try_is_sold() {
    let vod = Vod::new();
    vod.studio.then(&[Refused; 4]);
    let order = vod.placed().await;
    for seconds in [30, 90, 180, 300] {
        vod.after(seconds).await;
    }
    assert_eq!(vod.steps(&order).await, [1, 2]);
}

#[tokio::test]
async fn a_purchase_that_the_studio_never_heard_of_fails_and_its_key_is_closed_with_the_order() {
    let vod = Vod::new();
    vod.studio.then(&[Unsure]);
    vod.studio.then(&[Nothing; 100]);
    let order = vod.placed().await;
    for _ in 0..40 {
        vod.after(1).await;
    }
    let failed = vod.fulfilment(&order).await.failed.unwrap();
    assert_eq!(failed.0, "STUDIO_SILENT");
    let calls = vod.studio.calls();
    // After 1, 2, 4, 8, 16, 26 and 36 s.
    assert_eq!((calls[0].as_str(), calls.len()), ("buy", 8));
    assert!(calls[1..].iter().all(|call| call == "ask"));
    vod.order(&order, 3, Phase::Cancelled, 0).await;
    assert_eq!(vod.studio.calls(), ["return"]);
}
