//! Cancelling against watching, wherever the order stands.

use super::Vod;
use crate::shared::{texts, timeline, why};
use proto::vod::library::v1::StudioBehavior;
use proto::vod::order::v1::OrderStatus;

/// What is done about an order that was just placed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Deed {
    Cancel,
    Watch,
    /// Everybody hears of everything.
    Settle,
    /// What the studio did not say is asked for.
    Later,
}

use Deed::{Cancel, Later, Settle, Watch};

/// Every order in which these may be done.
fn orders(deeds: &[Deed]) -> Vec<Vec<Deed>> {
    if deeds.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (place, deed) in deeds.iter().enumerate() {
        if deeds[..place].contains(deed) {
            continue;
        }
        let mut rest = deeds.to_vec();
        rest.remove(place);
        all.extend(
            orders(&rest)
                .into_iter()
                .map(|rest| [&[*deed], &*rest].concat()),
        );
    }
    all
}

async fn in_every_order(deeds: &[Deed], studio: StudioBehavior) -> (usize, usize) {
    let vod = Vod::new().await;
    vod.studio(studio).await;
    let (mut watched, mut cancelled) = (0, 0);
    for (number, deeds) in orders(deeds).iter().enumerate() {
        let id = vod.ordered(&number.to_string()).await;
        let mut link = None;
        for deed in deeds.iter().chain(&[Settle, Later]) {
            match deed {
                Cancel => drop(vod.cancel(&id).await),
                Watch => link = vod.watch(&id).await.ok().or(link),
                Settle => vod.world.settle().await,
                Later => vod.after(600).await,
            }
        }
        let order = vod.get(&id).await;
        match (order.status(), &link) {
            (OrderStatus::Watched, Some(_)) => watched += 1,
            (OrderStatus::Cancelled, None) => {
                cancelled += 1;
                assert_eq!(
                    timeline(&vod.world, &id).await.last().unwrap(),
                    "REFUNDED",
                    "{deeds:?}"
                );
                assert_eq!(why(vod.watch(&id).await), "ORDER_CANCELLED");
            }
            other => panic!("{deeds:?}: {other:?}"),
        }
        let has_licence = vod.book(&id).await.is_some_and(|book| book.is_sold);
        assert_eq!(has_licence, link.is_some(), "{deeds:?}");
        assert_eq!(
            texts(&vod.world, &id).await.len(),
            timeline(&vod.world, &id).await.len()
        );
    }
    vod.is_clean().await;
    (watched, cancelled)
}

#[tokio::test]
async fn one_of_cancelling_and_watching_wins_in_every_order() {
    let deeds = [Cancel, Watch, Settle, Settle, Cancel];
    let (watched, cancelled) = in_every_order(&deeds, StudioBehavior::default()).await;
    assert_eq!(watched + cancelled, 30);
    assert!(watched >= 5 && cancelled >= 5, "{watched}, {cancelled}");
}

#[tokio::test(start_paused = true)]
async fn one_of_them_wins_in_every_order_while_the_studio_is_silent() {
    let loses_replies = StudioBehavior {
        reply_lost_percent: 100,
        ..StudioBehavior::default()
    };
    let deeds = [Cancel, Watch, Settle, Later];
    let (watched, cancelled) = in_every_order(&deeds, loses_replies).await;
    assert_eq!(watched + cancelled, 24);
    assert!(watched >= 2 && cancelled >= 5, "{watched}, {cancelled}");
}

#[tokio::test]
async fn an_administrators_request_is_decided_like_the_customers() {
    let vod = Vod::new().await;
    let id = vod.ordered("one").await;
    vod.world.settle().await;
    vod.system_cancel(&id).await;
    assert_eq!(vod.get(&id).await.status(), OrderStatus::Cancelling);
    vod.world.settle().await;
    let order = vod.get(&id).await;
    assert_eq!(order.status(), OrderStatus::Cancelled);
    assert_eq!(order.cancellation.unwrap().reason.unwrap().en, "taken off");
    let watched = vod.ordered("two").await;
    vod.world.settle().await;
    vod.watch(&watched).await.unwrap();
    vod.system_cancel(&watched).await;
    vod.world.settle().await;
    assert_eq!(vod.get(&watched).await.status(), OrderStatus::Watched);
    vod.is_clean().await;
}

#[tokio::test]
async fn cancelling_twice_is_cancelling_once() {
    let vod = Vod::delivering(3).await;
    let id = vod.ordered("one").await;
    vod.world.settle().await;
    let asked = vod.cancel(&id).await.unwrap();
    assert_eq!(vod.cancel(&id).await.unwrap(), asked);
    vod.world.settle().await;
    let cancelled = vod.get(&id).await;
    assert_eq!(vod.cancel(&id).await.unwrap(), cancelled);
    let told = ["CANCELLING", "CANCELLED", "REFUNDED"];
    assert_eq!(timeline(&vod.world, &id).await[3..], told);
    assert_eq!(vod.book(&id).await.unwrap().purchases, 1);
    vod.is_clean().await;
}
