//! A customer who cancels, and drivers at work: wherever each comes between, and whatever the other has heard by then, one
//! of them wins.

use crate::shared::timeline;
use crate::taxi::Town;
use proto::taxi::dispatch::v1::DriveStatus;
use proto::taxi::ride::v1::RideStatus;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Act {
    Cancel,
    Decline,
    PickUp,
    /// By Lim.
    NextPicksUp,
    Arrive,
}

impl Act {
    async fn is_done(self, town: &Town, ride: &str) -> bool {
        match self {
            Self::Cancel => town.cancel(ride).await.map(drop),
            Self::Decline => town.decline("kang", ride).await,
            Self::PickUp => town.pick_up("kang", ride).await,
            Self::NextPicksUp => town.pick_up("lim", ride).await,
            Self::Arrive => match town.arrive("kang", ride).await {
                Ok(()) => Ok(()),
                Err(_) => town.arrive("lim", ride).await,
            },
        }
        .is_ok()
    }
}

/// What came of it: what was answered OK, and how the ride ended. Both drivers are free before and afterwards.
async fn play(town: &Town, acts: &[Act], heard: usize) -> (Vec<Act>, RideStatus) {
    let ride = town.called(&mesh::id::new()).await;
    let mut done = Vec::new();
    for (place, act) in acts.iter().enumerate() {
        if act.is_done(town, &ride).await {
            done.push(*act);
        }
        if heard & (1 << place) != 0 {
            town.world.settle().await;
        }
    }
    town.world.tick().await;
    let status = town.status(&ride).await;
    // Nothing comes after the end, and whoever drove is free for another.
    if status == RideStatus::Cancelled {
        for act in [Act::PickUp, Act::NextPicksUp, Act::Arrive] {
            assert!(!act.is_done(town, &ride).await, "{acts:?} {act:?}");
        }
        let next = town.called(&mesh::id::new()).await;
        let kangs = town.seen_by("kang", &next).await;
        assert_eq!(kangs, Some(DriveStatus::Assigned), "{acts:?} {heard:b}");
        finish(town, &next).await;
    }
    let timeline = timeline(&town.world, &ride).await;
    let refunds = timeline.iter().filter(|name| *name == "REFUNDED").count();
    let expected = usize::from(status == RideStatus::Cancelled);
    assert_eq!(refunds, expected, "{acts:?} {heard:b}: {timeline:?}");
    finish(town, &ride).await;
    (done, status)
}

/// Whoever drives it drives it to its end.
async fn finish(town: &Town, ride: &str) {
    for act in [Act::PickUp, Act::NextPicksUp, Act::Arrive] {
        act.is_done(town, ride).await;
    }
    town.world.settle().await;
}

/// Every place that cancelling can have among what drivers do, and every choice of when all have heard of all.
async fn in_every_order(drivers: &[Act]) -> Vec<RideStatus> {
    let town = Town::new().await;
    let mut ends = Vec::new();
    for place in 0..=drivers.len() {
        let mut acts = drivers.to_vec();
        acts.insert(place, Act::Cancel);
        for heard in 0..1 << (acts.len() - 1) {
            let (done, status) = play(&town, &acts, heard).await;
            let is_driven = done.contains(&Act::PickUp) || done.contains(&Act::NextPicksUp);
            let expected = match (is_driven, done.contains(&Act::Arrive)) {
                (false, _) => RideStatus::Cancelled,
                (true, false) => RideStatus::PickedUp,
                (true, true) => RideStatus::Arrived,
            };
            assert_eq!(status, expected, "{acts:?} {heard:b}: {done:?}");
            ends.push(status);
        }
    }
    town.is_clean().await;
    ends
}

#[tokio::test]
async fn cancelling_against_the_pick_up() {
    let ends = in_every_order(&[Act::PickUp, Act::Arrive]).await;
    for winner in [RideStatus::Cancelled, RideStatus::Arrived] {
        assert!(ends.contains(&winner), "{winner:?} never won");
    }
}

#[tokio::test]
async fn cancelling_against_declining() {
    let ends = in_every_order(&[Act::Decline]).await;
    assert!(ends.iter().all(|end| *end == RideStatus::Cancelled));
}

#[tokio::test]
async fn cancelling_against_the_next_nearest() {
    let ends = in_every_order(&[Act::Decline, Act::NextPicksUp]).await;
    for winner in [RideStatus::Cancelled, RideStatus::PickedUp] {
        assert!(ends.contains(&winner), "{winner:?} never won");
    }
}

#[tokio::test]
async fn declining_against_the_pick_up() {
    let town = Town::new().await;
    for (acts, expected) in [
        ([Act::Decline, Act::PickUp], RideStatus::Assigned),
        ([Act::PickUp, Act::Decline], RideStatus::PickedUp),
    ] {
        for heard in 0..4 {
            let (done, status) = play(&town, &acts, heard).await;
            assert_eq!((done.len(), status), (1, expected), "{acts:?} {heard:b}");
        }
    }
    town.is_clean().await;
}

#[tokio::test]
async fn two_rides_are_never_driven_by_one() {
    let town = Town::delivering(2).await;
    town.report("lim", false).await;
    let (first, second) = (
        town.call("one").await.unwrap().ride_id,
        town.call("two").await.unwrap().ride_id,
    );
    town.world.tick().await;
    let mut seen = [
        town.seen_by("kang", &first).await,
        town.seen_by("kang", &second).await,
    ];
    seen.sort();
    assert_eq!(seen, [None, Some(DriveStatus::Assigned)]);
    town.is_clean().await;
}
