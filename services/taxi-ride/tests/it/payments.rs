//! Payment trouble, charge by charge: what is asked of payment, in which order, and what the customer hears meanwhile.

use crate::stand::{Stand, request};
use mesh::refusal;
use proto::taxi::ride::v1::ListRidesRequest;
use testing::Mood;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// A customer is told that payment is late, and when to try again; nothing is registered.
async fn is_put_off(stand: &Stand, status: &Status, reason: &str) {
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(refusal::reason(status).as_deref(), Some(reason));
    let details = status.get_error_details();
    assert!(details.retry_info().is_some(), "when to try again");
    let told = details.localized_message().unwrap();
    let late = "결제가 지연되고 있습니다. 잠시 후 다시 시도해 주세요.";
    assert_eq!((&*told.locale, &*told.message), ("ko", late));
    let listed = stand.ann().list_rides(ListRidesRequest::default()).await;
    assert_eq!(listed.unwrap().into_inner().rides, []);
}

#[tokio::test]
async fn a_charge_that_never_left_is_busy_and_the_next_attempt_has_a_new_key() {
    let stand = Stand::new();
    stand.till.is_from_now_on(Mood::OutOfReach);
    for _ in 0..2 {
        let busy = stand.call(request("one")).await.unwrap_err();
        is_put_off(&stand, &busy, "PAYMENT_BUSY").await;
    }
    stand.world.settle().await;
    assert_eq!(stand.till.asked(), [""; 0], "there is nothing to give back");
    stand.till.is_from_now_on(Mood::Well);
    stand.call(request("one")).await.unwrap();
    assert_eq!(stand.till.asked(), ["take 3"]);
}

#[tokio::test]
async fn a_charge_that_may_have_left_is_voided_before_the_next_attempt() {
    let stand = Stand::new();
    stand.till.is_from_now_on(Mood::Silent);
    let unconfirmed = stand.call(request("one")).await.unwrap_err();
    is_put_off(&stand, &unconfirmed, "PAYMENT_UNCONFIRMED").await;
    // Nothing is charged while the one before may still come to be.
    stand.till.is_from_now_on(Mood::Well);
    let not_yet = stand.call(request("one")).await.unwrap_err();
    is_put_off(&stand, &not_yet, "PAYMENT_UNCONFIRMED").await;
    assert_eq!(stand.till.asked(), ["take 1"]);
    stand.world.settle().await;
    assert_eq!(stand.till.asked(), ["take 1", "void 1"]);
    stand.call(request("one")).await.unwrap();
    assert_eq!(stand.till.asked(), ["take 1", "void 1", "take 2"]);
}
