//! What a customer sees of rides.

use crate::stand::{Stand, gangnam, request, station, why};
use prost::Message;
use proto::taxi::dispatch::v1::DriveStatus;
use proto::taxi::ride::v1::{
    CallTaxiRequest, CancelRideRequest, GetRideRequest, ListRidesRequest, RideStatus,
};
use std::time::Duration;
use tonic::Code;

#[tokio::test]
async fn the_same_request_answers_the_same_ride_in_equal_bytes() {
    let stand = Stand::new();
    let called = stand.call(request("one")).await.unwrap();
    let ride = called.ride.clone().unwrap();
    let steps = [DriveStatus::Waiting, DriveStatus::Assigned];
    stand.dispatch(&ride.ride_id, 2, &steps).await;
    let again = stand.call(request("one")).await.unwrap();
    assert_eq!(again.encode_to_vec(), called.encode_to_vec());
    let back = CallTaxiRequest {
        from: Some(gangnam()),
        to: Some(station()),
        ..request("one")
    };
    let refused = stand.call(back).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_ride_says_how_far_it_is_in_words_that_people_know() {
    let stand = Stand::new();
    let ride_id = stand.called("one").await.ride_id;
    let steps = [
        DriveStatus::Waiting,
        DriveStatus::Assigned,
        DriveStatus::PickedUp,
        DriveStatus::Arrived,
    ];
    let mut shown = Vec::new();
    for reached in 1..=steps.len() {
        stand
            .dispatch(&ride_id, reached as i64, &steps[..reached])
            .await;
        shown.push(stand.get(&ride_id).await.status());
    }
    let expected = [
        RideStatus::Called,
        RideStatus::Assigned,
        RideStatus::PickedUp,
        RideStatus::Arrived,
    ];
    assert_eq!(shown, expected);
    let ride = stand.get(&ride_id).await;
    let labels: Vec<_> = ride
        .timeline
        .into_iter()
        .map(|entry| entry.status.unwrap().label.unwrap().ko)
        .collect();
    assert_eq!(labels, ["호출", "배차완료", "탑승", "도착"]);
}

#[tokio::test]
async fn what_dispatch_said_before_its_last_word_is_not_told_late() {
    let stand = Stand::new();
    let ride_id = stand.called("one").await.ride_id;
    let assigned = [DriveStatus::Assigned];
    // The third word is no news to the customer; the second comes behind it.
    for (version, who) in [(1, "Kang"), (3, "Kang"), (2, "Lim")] {
        let told = stand.dispatch_tells(&ride_id, version, &assigned, Some(who));
        told.await;
    }
    let timeline = stand.get(&ride_id).await.timeline.into_iter();
    let told: Vec<_> = timeline
        .filter_map(|entry| Some(entry.reason?.en))
        .collect();
    assert_eq!(told, ["payment approved", "Kang"]);
    stand
        .dispatch_tells(&ride_id, 4, &assigned, Some("Lim"))
        .await;
    assert_eq!(stand.get(&ride_id).await.timeline.len(), 3);
}

#[tokio::test]
async fn once_picked_up_cancelling_is_refused_at_once() {
    let stand = Stand::new();
    let ride_id = stand.called("one").await.ride_id;
    assert!(stand.get(&ride_id).await.cancellable);
    let steps = [DriveStatus::Assigned, DriveStatus::PickedUp];
    stand.dispatch(&ride_id, 3, &steps).await;
    assert!(!stand.get(&ride_id).await.cancellable);
    assert_eq!(why(stand.cancel(&ride_id).await), "NOT_CANCELLABLE");
}

#[tokio::test]
async fn asking_again_to_cancel_is_the_same_request() {
    let stand = Stand::new();
    let ride_id = stand.called("one").await.ride_id;
    let asked = stand.cancel(&ride_id).await.unwrap();
    assert_eq!(stand.cancel(&ride_id).await.unwrap(), asked);
    assert_eq!(asked.status(), RideStatus::Cancelling);
    assert_eq!(asked.cancellation.unwrap().number, 1);
}

#[tokio::test]
async fn a_refused_request_is_kept_for_seven_days() {
    const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);
    let stand = Stand::new();
    let poor = CallTaxiRequest {
        payment_method: "pm_poor".to_owned(),
        ..request("one")
    };
    assert_eq!(why(stand.call(poor).await), "PAYMENT_DECLINED");
    stand.world.advance(WEEK);
    stand.world.tick().await;
    let other = stand.call(request("one")).await.unwrap_err();
    assert_eq!(other.code(), Code::InvalidArgument, "the id is another's");
    stand.world.advance(Duration::from_micros(1));
    stand.world.tick().await;
    let called = stand.call(request("one")).await.unwrap();
    // What was placed is kept as long as the ride is.
    stand.world.advance(100 * WEEK);
    stand.world.tick().await;
    assert_eq!(stand.call(request("one")).await.unwrap(), called);
}

#[tokio::test]
async fn anothers_ride_is_not_found() {
    let stand = Stand::new();
    let ride_id = stand.called("one").await.ride_id;
    let mut bob = stand.as_user("bob", "customer");
    let get = GetRideRequest {
        ride_id: ride_id.clone(),
    };
    assert_eq!(why(bob.get_ride(get.clone()).await), "NOT_FOUND");
    let cancel = CancelRideRequest { ride_id };
    assert_eq!(why(bob.cancel_ride(cancel).await), "NOT_FOUND");
    let listed = bob.list_rides(ListRidesRequest::default()).await;
    assert_eq!(listed.unwrap().into_inner().rides, []);
    assert!(stand.as_user("sue", "staff").get_ride(get).await.is_ok());
}

#[tokio::test]
async fn rides_are_listed_newest_first_page_by_page() {
    let stand = Stand::new();
    let mut called = Vec::new();
    for request in ["one", "two", "three"] {
        called.push(stand.called(request).await.ride_id);
    }
    called.reverse();
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListRidesRequest {
            page_size: 2,
            page_token,
        };
        let page = stand.ann().list_rides(request).await.unwrap().into_inner();
        seen.extend(page.rides.into_iter().map(|ride| ride.ride_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, called);
}
