//! What is sold, and for how much.

use crate::counter::{Counter, why, won};
use proto::iptv::subscription::v1::SubscriptionStatus;

#[tokio::test]
async fn a_plan_that_was_not_heard_of_may_be_on_its_way() {
    let counter = Counter::unknown();
    let refused = counter.subscribe(counter.request("one")).await;
    assert_eq!(why(refused), "CATALOGUE_LOADING");
    counter.world.settle().await;
    let refused = counter.subscribe(counter.request("one")).await;
    assert_eq!(why(refused), "NOT_FOUND");
    counter.plan(1, None, true).await;
    let placed = counter.subscribe(counter.request("one")).await.unwrap();
    assert_eq!(placed.status(), SubscriptionStatus::Subscribed);
    assert_eq!(placed.total, Some(won(0)));
}

#[tokio::test]
async fn the_fee_of_the_moment_is_the_fee() {
    let counter = Counter::new().await;
    counter.plan(2, Some(30_000), true).await;
    let mut request = counter.request("one");
    request.payment_method = "pm_test".to_owned();
    assert_eq!(why(counter.subscribe(request).await), "PRICE_CHANGED");
    // Who expects to pay says by what; there is nobody here to charge it.
    let mut request = counter.request("two");
    request.expected_total = Some(won(30_000));
    request.payment_method = "pm_test".to_owned();
    let refused = counter.subscribe(request).await;
    assert_eq!(why(refused), "PAYMENT_UNCONFIRMED");
}

#[tokio::test]
async fn a_closed_plan_is_not_sold() {
    let counter = Counter::new().await;
    counter.plan(2, None, false).await;
    let refused = counter.subscribe(counter.request("one")).await;
    assert_eq!(why(refused), "PLAN_CLOSED");
}
