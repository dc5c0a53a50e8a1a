//! What becomes of a ride, as its customer sees it.

use crate::shared::{page, provider, texts, timeline, why, won};
use crate::taxi::{FARE, Town};
use proto::ordering::v1::Phase;
use proto::ordering::v1::cancellation::Cause;
use proto::payment::v1::Behavior;
use proto::taxi::dispatch::v1::{DriveStatus, WatchMyRidesRequest};
use proto::taxi::ride::v1::{ListRidesRequest, RideStatus};
use std::time::Duration;

/// How long a ride waits for a driver.
const PATIENCE: Duration = Duration::from_secs(600);

#[tokio::test]
async fn a_taxi_comes_and_arrives_and_its_customer_is_told_at_each_step() {
    let town = Town::delivering(3).await;
    let called = town.call("one").await.unwrap();
    assert_eq!(called.status(), RideStatus::Called);
    let ride = called.ride_id;
    town.world.settle().await;
    assert_eq!(town.status(&ride).await, RideStatus::Assigned);
    town.pick_up("kang", &ride).await.unwrap();
    town.world.settle().await;
    assert_eq!(town.status(&ride).await, RideStatus::PickedUp);
    town.arrive("kang", &ride).await.unwrap();
    town.world.settle().await;
    assert_eq!(town.status(&ride).await, RideStatus::Arrived);
    let page = page(&town.world, &ride).await;
    assert_eq!(
        (page.system.as_str(), page.phase()),
        ("taxi", Phase::Fulfilled)
    );
    assert_eq!(page.title.unwrap().ko, "택시 8.0km");
    assert_eq!(page.amount, Some(won(FARE)));
    let labels: Vec<_> = page
        .timeline
        .into_iter()
        .map(|entry| entry.status.unwrap().label.unwrap().ko)
        .collect();
    assert_eq!(labels, ["호출", "배차완료", "탑승", "도착"]);
    assert_eq!(texts(&town.world, "").await.len(), 4);
    town.is_clean().await;
}

/// What Kim reads of who comes, on her page and of the ride itself: the values behind from where to where.
async fn who_comes(town: &Town, ride: &str) -> Vec<String> {
    let (own, page) = (town.ride(ride).await, page(&town.world, ride).await);
    assert_eq!(own.refs, page.refs, "everybody says the same");
    page.refs.into_iter().skip(2).map(|own| own.value).collect()
}

#[tokio::test]
async fn the_customer_is_told_who_comes_and_who_comes_instead() {
    let town = Town::delivering(3).await;
    let ride = town.called("one").await;
    let car_and_phone = ["white Sonata", "010-1234-5678"];
    let who = |name| [&[name], &car_and_phone[..]].concat();
    assert_eq!(who_comes(&town, &ride).await, who("kang"));
    town.decline("kang", &ride).await.unwrap();
    town.world.settle().await;
    assert_eq!(who_comes(&town, &ride).await, who("lim"));
    town.decline("lim", &ride).await.unwrap();
    town.world.settle().await;
    assert_eq!(who_comes(&town, &ride).await, [""; 0]);
    assert_eq!(town.status(&ride).await, RideStatus::Assigned);
    let mut told = texts(&town.world, &ride).await;
    told.sort();
    let ride = "[택시 8.0km]";
    let expected = [
        format!("{ride} 배차완료: kang, white Sonata, 010-1234-5678"),
        format!("{ride} 배차완료: lim, white Sonata, 010-1234-5678"),
        format!("{ride} 배차완료: 배차된 기사가 운행할 수 없어 다른 기사를 찾고 있습니다."),
        format!("{ride} 호출: 결제승인"),
    ];
    assert_eq!(told, expected);
    town.is_clean().await;
}

#[tokio::test]
async fn a_driver_who_changes_cars_on_the_way_is_told_of_again_and_in_the_car_is_not() {
    let town = Town::delivering(2).await;
    let ride = town.called("one").await;
    for car in ["black Ioniq", "black Ioniq"] {
        town.report_in(car, "kang", false).await;
        town.world.settle().await;
    }
    let who = ["kang", "black Ioniq", "010-1234-5678"];
    assert_eq!(who_comes(&town, &ride).await, who);
    assert!(town.seen_by("kang", &ride).await.is_some(), "it is his");
    town.pick_up("kang", &ride).await.unwrap();
    town.report("kang", false).await;
    town.world.settle().await;
    assert_eq!(who_comes(&town, &ride).await, who);
    let mut told = texts(&town.world, &ride).await;
    told.sort();
    let ride = "[택시 8.0km]";
    let expected = [
        format!("{ride} 배차완료: kang, black Ioniq, 010-1234-5678"),
        format!("{ride} 배차완료: kang, white Sonata, 010-1234-5678"),
        format!("{ride} 탑승"),
        format!("{ride} 호출: 결제승인"),
    ];
    assert_eq!(told, expected);
    town.is_clean().await;
}

#[tokio::test]
async fn without_a_driver_for_ten_minutes_a_ride_is_cancelled_and_refunded() {
    let town = Town::without_drivers(2);
    let ride = town.called("one").await;
    town.world.advance(PATIENCE - Duration::from_secs(1));
    town.world.tick().await;
    assert_eq!(town.status(&ride).await, RideStatus::Called);
    town.world.advance(Duration::from_secs(1));
    town.world.tick().await;
    let shown = town.ride(&ride).await;
    assert_eq!(shown.status(), RideStatus::Cancelled);
    let cancellation = shown.cancellation.unwrap();
    assert_eq!(cancellation.cause(), Cause::System);
    let why = cancellation.reason.unwrap();
    assert_eq!(why.en, "no driver was found within ten minutes");
    assert_eq!(
        timeline(&town.world, &ride).await,
        ["CALLED", "CANCELLED", "REFUNDED"]
    );
    assert_eq!(texts(&town.world, "").await.len(), 3);
    town.report("kang", true).await;
    town.world.tick().await;
    assert_eq!(town.seen_by("kang", &ride).await, None);
    town.is_clean().await;
}

#[tokio::test]
async fn what_one_declines_the_next_nearest_drives() {
    let town = Town::delivering(2).await;
    let ride = town.called("one").await;
    town.decline("kang", &ride).await.unwrap();
    town.world.settle().await;
    assert_eq!(town.seen_by("kang", &ride).await, None);
    let lims = town.seen_by("lim", &ride).await;
    assert_eq!(lims, Some(DriveStatus::Assigned));
    assert_eq!(town.status(&ride).await, RideStatus::Assigned);
    town.pick_up("lim", &ride).await.unwrap();
    town.arrive("lim", &ride).await.unwrap();
    town.world.settle().await;
    let steps = timeline(&town.world, &ride).await;
    assert_eq!(steps.first().map(String::as_str), Some("CALLED"));
    assert_eq!(steps.last().map(String::as_str), Some("ARRIVED"));
    town.is_clean().await;
}

#[tokio::test]
async fn what_all_decline_is_cancelled_and_refunded() {
    let town = Town::new().await;
    let ride = town.called("one").await;
    town.decline("kang", &ride).await.unwrap();
    town.decline("lim", &ride).await.unwrap();
    town.world.advance(PATIENCE);
    town.world.tick().await;
    let end = [
        &["CALLED"],
        &["ASSIGNED"; 3][..],
        &["CANCELLED", "REFUNDED"],
    ]
    .concat();
    assert_eq!(timeline(&town.world, &ride).await, end);
    // Both are free for another.
    let other = town.called("two").await;
    let kangs = town.seen_by("kang", &other).await;
    assert_eq!(kangs, Some(DriveStatus::Assigned));
    town.is_clean().await;
}

#[tokio::test]
async fn a_payment_that_fails_is_no_ride_and_nobody_drives() {
    let town = Town::new().await;
    let declined = Behavior {
        declined_percent: 100,
        ..Behavior::default()
    };
    provider(&town.world, declined).await;
    assert_eq!(why(town.call("declined").await), "PAYMENT_DECLINED");
    let lost = Behavior {
        reply_lost_percent: 100,
        ..Behavior::default()
    };
    provider(&town.world, lost).await;
    assert_eq!(why(town.call("lost").await), "PAYMENT_UNCONFIRMED");
    provider(&town.world, Behavior::default()).await;
    town.world.settle().await;
    let listed = town.kim().list_rides(ListRidesRequest::default()).await;
    assert_eq!(listed.unwrap().into_inner().rides, []);
    assert_eq!(texts(&town.world, "").await.len(), 0);
    let called = town.call("lost").await.unwrap();
    assert_eq!(town.call("lost").await.unwrap(), called);
    town.world.settle().await;
    let kangs = town.seen_by("kang", &called.ride_id).await;
    assert_eq!(kangs, Some(DriveStatus::Assigned));
    town.is_clean().await;
}

#[tokio::test]
async fn the_driver_hears_of_a_ride_at_once() {
    let town = Town::new().await;
    let request = WatchMyRidesRequest::default();
    let stream = town.driver("kang").watch_my_rides(request).await;
    let mut stream = stream.unwrap().into_inner();
    let ride = town.called("one").await;
    let message = tokio::time::timeout(Duration::from_secs(10), stream.message());
    let new = message.await.unwrap().unwrap().unwrap().ride.unwrap();
    assert_eq!(
        (new.ride_id, new.status),
        (ride, DriveStatus::Assigned as i32)
    );
}

#[tokio::test]
async fn rides_called_while_dispatch_is_away_are_driven_when_it_is_back() {
    let town = Town::delivering(2).await;
    let mut called = Vec::new();
    for number in 0..6 {
        let ride = town.call(&format!("ride-{number}")).await.unwrap();
        called.push(ride.ride_id);
        town.world.advance(Duration::from_secs(3600));
    }
    for ride in &called {
        assert_eq!(town.status(ride).await, RideStatus::Called);
    }
    // Two drivers, one ride each at a time, who has waited longest first.
    for pair in called.chunks(2) {
        town.world.tick().await;
        for (name, ride) in ["kang", "lim"].into_iter().zip(pair) {
            town.pick_up(name, ride).await.unwrap();
            town.arrive(name, ride).await.unwrap();
        }
    }
    town.world.settle().await;
    for ride in &called {
        assert_eq!(town.status(ride).await, RideStatus::Arrived);
    }
    town.is_clean().await;
}
