//! What a driver does with his rides.

use crate::rank::{Rank, why};
use mesh::id;
use proto::ordering::v1::Phase;
use proto::taxi::dispatch::v1::{DriveStatus, GetMyRideRequest, ListMyRidesRequest};
use std::time::Duration;

#[tokio::test]
async fn a_ride_is_assigned_picked_up_and_over_and_each_step_stated_once() {
    let rank = Rank::delivering(3);
    let ride = rank.called().await;
    rank.report("kang", 100, true).await;
    rank.world.tick().await;
    let picked_up = rank.pick_up("kang", &ride).await.unwrap();
    assert_eq!(picked_up.status(), DriveStatus::PickedUp);
    assert!(rank.fulfilment(&ride).await.irrevocable);
    assert!(rank.fulfilment(&ride).await.over_at.is_none());
    let arrived = rank.arrive("kang", &ride).await.unwrap();
    assert_eq!(arrived.status(), DriveStatus::Arrived);
    assert!(rank.fulfilment(&ride).await.over_at.is_some());
    let steps = [
        "RideReceived",
        "DriverAssigned",
        "CustomerPickedUp",
        "CustomerArrived",
    ];
    assert_eq!(rank.stated(&ride).await, steps);
}

#[tokio::test]
async fn the_same_command_again_is_ok_and_has_no_second_effect() {
    let rank = Rank::new();
    rank.report("kang", 100, true).await;
    let ride = rank.called().await;
    let picked_up = rank.pick_up("kang", &ride).await.unwrap();
    assert_eq!(rank.pick_up("kang", &ride).await.unwrap(), picked_up);
    let arrived = rank.arrive("kang", &ride).await.unwrap();
    assert_eq!(rank.arrive("kang", &ride).await.unwrap(), arrived);
    assert_eq!(rank.pick_up("kang", &ride).await.unwrap(), arrived);
    assert_eq!(rank.stated(&ride).await.len(), 3);
}

#[tokio::test]
async fn what_is_out_of_turn_is_refused_for_its_reason() {
    let rank = Rank::new();
    rank.report("kang", 100, true).await;
    let ride = rank.called().await;
    assert_eq!(why(rank.arrive("kang", &ride).await), "RIDE_NOT_PICKED_UP");
    rank.ride(&ride, 2, Phase::Cancelling, 1).await;
    assert_eq!(why(rank.pick_up("kang", &ride).await), "RIDE_CANCELLED");
    assert_eq!(why(rank.arrive("kang", &ride).await), "RIDE_CANCELLED");
    assert_eq!(why(rank.decline("kang", &ride).await), "RIDE_CANCELLED");
    assert_eq!(why(rank.pick_up("kang", "x").await), "INVALID_FIELDS");
}

#[tokio::test]
async fn anothers_ride_is_not_found() {
    let rank = Rank::new();
    rank.report("kang", 100, true).await;
    rank.report("lim", 200, true).await;
    let ride_id = rank.called().await;
    assert!(rank.comes("kang", &ride_id).await);
    let get = GetMyRideRequest {
        ride_id: ride_id.clone(),
    };
    assert!(rank.driver("kang").get_my_ride(get.clone()).await.is_ok());
    assert_eq!(why(rank.driver("lim").get_my_ride(get).await), "NOT_FOUND");
    assert_eq!(why(rank.pick_up("lim", &ride_id).await), "NOT_FOUND");
    assert_eq!(why(rank.arrive("lim", &ride_id).await), "NOT_FOUND");
    assert_eq!(why(rank.decline("lim", &ride_id).await), "NOT_FOUND");
    assert_eq!(rank.list("lim").await, []);
    assert_eq!(why(rank.pick_up("kang", &id::new()).await), "NOT_FOUND");
    rank.pick_up("kang", &ride_id).await.unwrap();
}

#[tokio::test]
async fn a_drivers_rides_are_listed_newest_first_page_by_page() {
    let rank = Rank::new();
    rank.report("kang", 100, true).await;
    let mut driven = Vec::new();
    for _ in 0..3 {
        let ride = rank.called().await;
        rank.pick_up("kang", &ride).await.unwrap();
        rank.arrive("kang", &ride).await.unwrap();
        rank.world.advance(Duration::from_secs(60));
        driven.insert(0, ride);
    }
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListMyRidesRequest {
            page_size: 2,
            page_token,
        };
        let page = rank.driver("kang").list_my_rides(request).await.unwrap();
        let page = page.into_inner();
        seen.extend(page.rides.into_iter().map(|ride| ride.ride_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, driven);
}
