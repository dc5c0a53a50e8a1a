//! A customer who cancels, and an owner at work: wherever each comes between, and whatever the other has heard by then,
//! one of them wins.

use crate::food::Town;
use crate::shared::timeline;
use proto::food::order::v1::OrderStatus;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Act {
    Cancel,
    Accept,
    Reject,
    Start,
    Complete,
}

impl Act {
    async fn is_done(self, town: &Town, order: &str) -> bool {
        match self {
            Self::Cancel => town.cancel(order).await.map(drop),
            Self::Accept => town.accept(order).await,
            Self::Reject => town.reject(order).await,
            Self::Start => town.start(order).await,
            Self::Complete => town.complete(order).await,
        }
        .is_ok()
    }
}

/// What came of it: what was answered OK, and how the order ended.
async fn play(town: &Town, acts: &[Act], heard: usize) -> (Vec<Act>, OrderStatus) {
    let order = town.placed(&mesh::id::new()).await;
    let mut done = Vec::new();
    for (place, act) in acts.iter().enumerate() {
        if act.is_done(town, &order).await {
            done.push(*act);
        }
        if heard & (1 << place) != 0 {
            town.world.settle().await;
        }
    }
    town.world.tick().await;
    let status = town.status(&order).await;
    // Nothing comes after the end.
    if status == OrderStatus::Cancelled {
        for act in [Act::Accept, Act::Start, Act::Complete] {
            assert!(!act.is_done(town, &order).await, "{acts:?} {act:?}");
        }
    }
    let timeline = timeline(&town.world, &order).await;
    let refunds = timeline.iter().filter(|name| *name == "REFUNDED").count();
    let expected = usize::from(status == OrderStatus::Cancelled);
    assert_eq!(refunds, expected, "{acts:?} {heard:b}: {timeline:?}");
    (done, status)
}

/// Every place that cancelling can have among what the owner does, and every choice of when all have heard of all.
async fn in_every_order(owners: &[Act]) -> Vec<(Vec<Act>, OrderStatus)> {
    let town = Town::new().await;
    let mut ends = Vec::new();
    for place in 0..=owners.len() {
        let mut acts = owners.to_vec();
        acts.insert(place, Act::Cancel);
        for heard in 0..1 << (acts.len() - 1) {
            let (done, status) = play(&town, &acts, heard).await;
            let left = done.contains(&Act::Start);
            let expected = match (left, done.contains(&Act::Complete)) {
                (false, _) => OrderStatus::Cancelled,
                (true, false) => OrderStatus::Delivering,
                (true, true) => OrderStatus::Delivered,
            };
            assert_eq!(status, expected, "{acts:?} {heard:b}: {done:?}");
            ends.push((done, status));
        }
    }
    town.is_clean().await;
    ends
}

#[tokio::test]
async fn cancelling_against_accepting() {
    for (_, status) in in_every_order(&[Act::Accept]).await {
        assert_eq!(status, OrderStatus::Cancelled);
    }
}

#[tokio::test]
async fn cancelling_against_giving_back() {
    for (_, status) in in_every_order(&[Act::Accept, Act::Reject]).await {
        assert_eq!(status, OrderStatus::Cancelled);
    }
}

#[tokio::test]
async fn cancelling_against_the_start_of_delivery() {
    let ends = in_every_order(&[Act::Accept, Act::Start, Act::Complete]).await;
    for winner in [OrderStatus::Cancelled, OrderStatus::Delivered] {
        let won = ends.iter().filter(|(_, status)| *status == winner).count();
        assert!(won > 0, "{winner:?} never won");
    }
}

#[tokio::test]
async fn giving_back_against_the_start_of_delivery() {
    let town = Town::new().await;
    for (acts, expected) in [
        (
            [Act::Accept, Act::Reject, Act::Start],
            OrderStatus::Cancelled,
        ),
        (
            [Act::Accept, Act::Start, Act::Reject],
            OrderStatus::Delivering,
        ),
    ] {
        for heard in 0..4 {
            let (_, status) = play(&town, &acts, heard).await;
            assert_eq!(status, expected, "{acts:?} {heard:b}");
        }
    }
    town.is_clean().await;
}
