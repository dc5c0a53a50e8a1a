//! The library alone decides a cancellation: yes until the movie is watched.

use crate::world::Vod;
use mesh::id;
use proto::ordering::v1::Phase;
use vod_library::Answer::{Refused, Sold, Unsure};

#[tokio::test]
async fn it_agrees_before_it_has_heard_of_the_order_and_then_buys_nothing() {
    let vod = Vod::delivering(2);
    let order = id::new();
    vod.order(&order, 2, Phase::Cancelling, 1).await;
    assert_eq!(vod.answer(&order).await, Some((1, true)));
    vod.order(&order, 1, Phase::Placed, 0).await;
    vod.order(&order, 3, Phase::Cancelled, 1).await;
    assert_eq!(vod.studio.calls(), [""; 0]);
    assert_eq!(vod.no_watch(&order).await, "ORDER_CANCELLED");
    assert_eq!(vod.stated(&order).await, ["CancellationAnswered"]);
}

#[tokio::test]
async fn it_agrees_while_purchasing_and_gives_back_on_cancelled_what_was_under_way() {
    let vod = Vod::new();
    vod.studio.then(&[Unsure]);
    let order = vod.placed().await;
    vod.order(&order, 2, Phase::Cancelling, 1).await;
    assert_eq!(vod.answer(&order).await, Some((1, true)));
    assert_eq!(vod.studio.calls(), ["buy"]);
    vod.order(&order, 3, Phase::Cancelled, 1).await;
    assert_eq!(vod.studio.calls(), ["return"]);
    vod.after(3600).await;
    assert_eq!(vod.studio.calls(), [""; 0]);
    assert_eq!(vod.steps(&order).await, [1]);
}

#[tokio::test]
async fn it_agrees_once_purchased_and_the_licence_goes_back_on_cancelled_not_before() {
    let vod = Vod::new();
    let order = vod.placed().await;
    vod.order(&order, 2, Phase::Cancelling, 1).await;
    assert_eq!(vod.answer(&order).await, Some((1, true)));
    assert_eq!(vod.studio.calls(), ["buy"]);
    assert_eq!(vod.no_watch(&order).await, "ORDER_CANCELLED");
    vod.studio.silent(true);
    vod.order(&order, 3, Phase::Cancelled, 1).await;
    vod.after(60).await;
    vod.studio.silent(false);
    vod.after(60).await;
    let calls = vod.studio.calls();
    assert!(calls.len() > 1 && calls.iter().all(|call| call == "return"));
    vod.after(3600).await;
    // Its refund is one more version of a cancelled order.
    vod.order(&order, 4, Phase::Cancelled, 1).await;
    vod.after(3600).await;
    assert_eq!(vod.studio.calls(), [""; 0], "it is returned once");
}

#[tokio::test]
async fn what_was_watched_is_not_given_back_whatever_becomes_of_the_order() {
    let vod = Vod::new();
    let order = vod.placed().await;
    vod.watch(&order).await.unwrap();
    vod.order(&order, 5, Phase::Cancelled, 0).await;
    vod.after(3600).await;
    assert_eq!(vod.studio.calls(), ["buy"]);
    vod.watch(&order).await.unwrap();
}

#[tokio::test]
async fn it_refuses_from_watched_on_every_request_by_its_number() {
    let vod = Vod::delivering(3);
    let order = vod.placed().await;
    vod.watch(&order).await.unwrap();
    vod.order(&order, 5, Phase::Cancelling, 1).await;
    assert_eq!(vod.answer(&order).await, Some((1, false)));
    vod.order(&order, 7, Phase::Cancelling, 2).await;
    vod.order(&order, 6, Phase::Cancelling, 1).await;
    assert_eq!(vod.answer(&order).await, Some((2, false)));
    vod.watch(&order).await.unwrap();
    let reason = vod.fulfilment(&order).await.answer.unwrap().reason;
    assert_eq!(reason.unwrap().en, "the movie was watched");
    assert_eq!(vod.studio.calls(), ["buy"]);
}

#[tokio::test]
async fn a_request_between_two_refusals_of_the_studio_is_agreed_to_and_ends_the_tries() {
    let vod = Vod::new();
    vod.studio.then(&[Refused, Sold]);
    let order = vod.placed().await;
    vod.order(&order, 2, Phase::Cancelling, 1).await;
    vod.order(&order, 3, Phase::Cancelled, 1).await;
    vod.after(3600).await;
    assert_eq!(vod.studio.calls(), ["buy", "return"]);
    assert_eq!(vod.answer(&order).await, Some((1, true)));
}

#[tokio::test]
async fn an_order_that_is_cancelled_before_anything_was_sent_gives_nothing_back() {
    let vod = Vod::new();
    let order = id::new();
    vod.order(&order, 4, Phase::Cancelled, 0).await;
    vod.after(3600).await;
    assert_eq!(vod.studio.calls(), [""; 0]);
    assert_eq!(vod.stated(&order).await, [""; 0]);
}

#[tokio::test]
async fn an_order_that_was_cancelled_unasked_is_void_and_its_licence_goes_back() {
    let vod = Vod::delivering(2);
    let (known, unknown) = (vod.placed().await, id::new());
    for order in [&known, &unknown] {
        vod.order(order, 5, Phase::Cancelled, 0).await;
        assert_eq!(vod.no_watch(order).await, "ORDER_CANCELLED");
    }
    assert_eq!(vod.studio.calls(), ["buy", "return"]);
    assert_eq!(vod.stated(&known).await.last().unwrap(), "OrderVoided");
    assert_eq!(vod.stated(&unknown).await, [""; 0]);
}
