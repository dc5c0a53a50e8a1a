//! Rides that somebody cancels, or would like to.

use crate::shared::{timeline, why};
use crate::taxi::Town;
use proto::ordering::v1::Actor;
use proto::ordering::v1::cancellation::Cause;
use proto::shared::v1::Text;
use proto::taxi::dispatch::v1::DriveStatus;
use proto::taxi::ride::v1::{RideStatus, SystemCancelRideRequest};
use std::time::Duration;

#[tokio::test]
async fn a_customer_cancels_until_picked_up_and_both_sides_learn_of_it() {
    for coming in [false, true] {
        let town = Town::without_drivers(2);
        if coming {
            town.report("kang", true).await;
        }
        let ride = town.called("one").await;
        let asked = town.cancel(&ride).await.unwrap();
        assert_eq!(asked.status(), RideStatus::Cancelling);
        assert_eq!(town.cancel(&ride).await.unwrap(), asked, "asked already");
        town.world.settle().await;
        let timeline = timeline(&town.world, &ride).await;
        let end = ["CANCELLING", "CANCELLED", "REFUNDED"];
        assert_eq!(timeline[timeline.len() - 3..], end);
        assert_eq!(town.status(&ride).await, RideStatus::Cancelled);
        let kangs = town.seen_by("kang", &ride).await;
        assert_eq!(kangs, coming.then_some(DriveStatus::Cancelled));
        assert!(town.pick_up("kang", &ride).await.is_err());
        town.is_clean().await;
    }
}

#[tokio::test]
async fn a_dispatch_that_cannot_be_heard_leaves_it_cancelling() {
    let town = Town::new().await;
    let ride = town.called("one").await;
    town.cancel(&ride).await.unwrap();
    town.world.advance(Duration::from_secs(30 * 24 * 3600));
    assert_eq!(town.status(&ride).await, RideStatus::Cancelling);
    town.world.tick().await;
    assert_eq!(town.status(&ride).await, RideStatus::Cancelled);
    town.is_clean().await;
}

#[tokio::test]
async fn once_picked_up_a_cancellation_is_refused_for_a_reason() {
    let town = Town::new().await;
    let ride = town.called("one").await;
    town.pick_up("kang", &ride).await.unwrap();
    // The order side has not heard of it.
    town.cancel(&ride).await.unwrap();
    town.world.settle().await;
    let shown = town.ride(&ride).await;
    assert_eq!(shown.status(), RideStatus::PickedUp);
    let refused = shown.timeline.last().unwrap();
    assert_eq!(refused.actor(), Actor::Fulfilment);
    let why_not = refused.reason.clone().unwrap();
    assert_eq!(why_not.ko, "이미 탑승하셨습니다.");
    assert_eq!(why(town.cancel(&ride).await), "NOT_CANCELLABLE");
    town.arrive("kang", &ride).await.unwrap();
    town.world.settle().await;
    assert_eq!(town.status(&ride).await, RideStatus::Arrived);
    town.is_clean().await;
}

#[tokio::test]
async fn an_administrator_cancels_for_a_reason_that_the_customer_reads() {
    let town = Town::new().await;
    let ride_id = town.called("one").await;
    let reason = Text {
        en: "the road is closed".to_owned(),
        ko: "도로 통제".to_owned(),
    };
    let request = SystemCancelRideRequest {
        ride_id: ride_id.clone(),
        reason: Some(reason.clone()),
    };
    town.admin().system_cancel_ride(request).await.unwrap();
    town.world.settle().await;
    let cancellation = town.ride(&ride_id).await.cancellation.unwrap();
    assert_eq!(cancellation.cause(), Cause::Admin);
    assert_eq!(cancellation.reason, Some(reason));
    town.is_clean().await;
}
