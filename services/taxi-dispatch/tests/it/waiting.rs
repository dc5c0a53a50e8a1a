//! Who waits for a driver, and for how long.

use crate::rank::Rank;
use proto::ordering::v1::Phase;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(600);
const MOMENT: Duration = Duration::from_secs(1);

#[tokio::test]
async fn without_a_driver_within_ten_minutes_a_ride_fails() {
    let rank = Rank::delivering(2);
    let ride = rank.called().await;
    rank.wait(PATIENCE - MOMENT).await;
    assert_eq!(rank.stated(&ride).await, ["RideReceived"]);
    rank.wait(MOMENT).await;
    let stated = rank.stated(&ride).await;
    assert_eq!(stated, ["RideReceived", "NoDriverFound"]);
    let (code, reason) = rank.fulfilment(&ride).await.failed.unwrap();
    assert_eq!(code, "NO_DRIVER");
    assert_eq!(reason.en, "no driver was found within ten minutes");
    // Who comes late gets nothing.
    rank.report("kang", 100, true).await;
    rank.wait(MOMENT).await;
    assert_eq!(rank.drives("kang").await, None);
}

#[tokio::test]
async fn the_ten_minutes_begin_when_dispatch_hears_of_it() {
    let rank = Rank::new();
    // Whatever the ride's own age is.
    rank.world.advance(PATIENCE * 6);
    let ride = rank.called().await;
    rank.wait(MOMENT).await;
    rank.ride(&ride, 2, Phase::Placed, 0).await;
    rank.report("kang", 100, true).await;
    rank.wait(PATIENCE - MOMENT * 2).await;
    assert!(rank.comes("kang", &ride).await);
}

#[tokio::test]
async fn a_ride_that_all_decline_fails_and_one_that_is_driven_does_not() {
    let rank = Rank::new();
    rank.report("kang", 100, true).await;
    rank.report("lim", 200, true).await;
    let (declined, driven) = (rank.called().await, rank.called().await);
    rank.decline("kang", &declined).await.unwrap();
    rank.wait(PATIENCE).await;
    assert!(rank.fulfilment(&declined).await.failed.is_some());
    assert!(rank.fulfilment(&driven).await.is_open());
    rank.pick_up("lim", &driven).await.unwrap();
    // He has been free since he declined.
    let next = rank.called().await;
    assert!(rank.comes("kang", &next).await);
}
