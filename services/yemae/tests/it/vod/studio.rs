//! A studio that refuses, stays silent or is away.

use super::Vod;
use crate::shared::{texts, timeline};
use proto::ordering::v1::cancellation::Cause;
use proto::vod::library::v1::StudioBehavior;
use proto::vod::order::v1::OrderStatus;

#[tokio::test]
async fn a_studio_that_refuses_for_ten_minutes_ends_in_a_refund_that_says_why() {
    let vod = Vod::new().await;
    let refuses = StudioBehavior {
        refused_percent: 100,
        ..StudioBehavior::default()
    };
    vod.studio(refuses).await;
    let id = vod.ordered("one").await;
    vod.world.settle().await;
    for seconds in [30, 90, 180, 299] {
        vod.after(seconds).await;
        assert_eq!(vod.get(&id).await.status(), OrderStatus::Purchasing);
    }
    vod.after(1).await;
    let order = vod.get(&id).await;
    assert_eq!(order.status(), OrderStatus::Cancelled);
    let cancellation = order.cancellation.clone().unwrap();
    assert_eq!(
        (cancellation.cause(), cancellation.number),
        (Cause::System, 0)
    );
    assert!(cancellation.reason.unwrap().ko.contains("환불"));
    let told = ["ORDERED", "PURCHASING", "CANCELLED", "REFUNDED"];
    assert_eq!(timeline(&vod.world, &id).await, told);
    assert_eq!(texts(&vod.world, &id).await.len(), 4);
    assert_eq!(vod.book(&id).await.unwrap().purchases, 5);
    // What the studio sells later it sells to others.
    vod.studio(StudioBehavior::default()).await;
    let other = vod.ordered("two").await;
    vod.after(3600).await;
    assert_eq!(vod.get(&other).await.status(), OrderStatus::Purchased);
    assert_eq!(vod.get(&id).await.status(), OrderStatus::Cancelled);
    vod.is_clean().await;
}

#[tokio::test]
async fn orders_are_taken_while_the_studio_is_away_and_all_of_them_are_purchased_when_it_is_back() {
    let vod = Vod::new().await;
    let down = StudioBehavior {
        down: true,
        ..StudioBehavior::default()
    };
    vod.studio(down).await;
    let mut ids = Vec::new();
    for number in 0..20 {
        ids.push(vod.ordered(&number.to_string()).await);
    }
    vod.after(3600).await;
    let changed_mind = ids.pop().unwrap();
    vod.cancel(&changed_mind).await.unwrap();
    vod.after(3600).await;
    assert_eq!(
        timeline(&vod.world, &changed_mind).await.last().unwrap(),
        "REFUNDED"
    );
    vod.studio(StudioBehavior::default()).await;
    vod.after(60).await;
    for id in &ids {
        assert_eq!(vod.get(id).await.status(), OrderStatus::Purchased);
    }
    assert!(!vod.book(&changed_mind).await.unwrap().is_sold);
    vod.is_clean().await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_purchase_is_never_repeated_and_ends_in_a_refund() {
    let vod = Vod::new().await;
    let loses = StudioBehavior {
        lost_percent: 100,
        ..StudioBehavior::default()
    };
    vod.studio(loses).await;
    let id = vod.ordered("one").await;
    for _ in 0..61 {
        vod.after(10).await;
    }
    assert_eq!(timeline(&vod.world, &id).await.last().unwrap(), "REFUNDED");
    let book = vod.book(&id).await.unwrap();
    assert!(book.is_closed && book.purchases == 0, "{book:?}");
    vod.is_clean().await;
}
