//! From the order to the movie, as its customer sees it.

use super::Vod;
use crate::shared::{provider, texts, timeline};
use proto::payment::v1::Behavior;
use proto::vod::order::v1::OrderStatus;

#[tokio::test]
async fn an_order_becomes_purchased_and_watched_and_its_customer_sees_and_hears_each_step() {
    let vod = Vod::delivering(2).await;
    let order = vod.order("one").await.unwrap();
    let id = &order.order_id;
    assert_eq!(order.status(), OrderStatus::Ordered);
    assert_eq!(reason_of(&vod, id).await, "NOT_FOUND", "nobody has heard");
    vod.world.settle().await;
    assert_eq!(vod.get(id).await.status(), OrderStatus::Purchased);
    vod.watch(id).await.unwrap();
    vod.world.settle().await;
    assert_eq!(vod.get(id).await.status(), OrderStatus::Watched);
    assert_eq!(super::why(vod.cancel(id).await), "NOT_CANCELLABLE");
    let all = ["ORDERED", "PURCHASING", "PURCHASED", "WATCHED"];
    assert_eq!(timeline(&vod.world, id).await, all);
    assert_eq!(texts(&vod.world, id).await.len(), 4);
    // The same request is the order as it was placed.
    assert_eq!(vod.order("one").await.unwrap(), order);
    vod.is_clean().await;
}

async fn reason_of(vod: &Vod, id: &str) -> String {
    super::why(vod.watch(id).await)
}

#[tokio::test]
async fn a_declined_payment_buys_nothing() {
    let vod = Vod::new().await;
    let declines = Behavior {
        declined_percent: 100,
        ..Behavior::default()
    };
    provider(&vod.world, declines).await;
    assert_eq!(super::why(vod.order("one").await), "PAYMENT_DECLINED");
    provider(&vod.world, Behavior::default()).await;
    let id = vod.ordered("one").await;
    vod.world.settle().await;
    assert_eq!(vod.get(&id).await.status(), OrderStatus::Purchased);
    vod.is_clean().await;
}
