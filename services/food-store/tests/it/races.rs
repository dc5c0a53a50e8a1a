//! A customer who cancels against an owner at work: whichever comes first wins, and only one does.

use crate::kitchen::Kitchen;
use mesh::id;
use ordering::domain::fulfilment::Fulfilment;
use proto::ordering::v1::Phase;
use tonic::Status;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Act {
    Accept,
    Reject,
    Start,
}

async fn act(kitchen: &Kitchen, act: Act, order: &str) -> Result<(), Status> {
    match act {
        Act::Accept => kitchen.accept(order).await,
        Act::Reject => kitchen.reject(order, "no rice").await,
        Act::Start => kitchen.start(order).await,
    }
    .map(drop)
}

/// One winner: cancelled, or given back, or on its way.
fn has_one_winner(food: &Fulfilment) -> bool {
    let cancelled = food.answer.as_ref().is_some_and(|answer| answer.agreed);
    let ends = [cancelled || food.failed.is_some(), food.irrevocable];
    ends.iter().filter(|end| **end).count() <= 1
}

#[tokio::test]
async fn a_cancellation_has_one_winner_wherever_it_comes_between() {
    let plans: [&[Act]; 5] = [
        &[Act::Accept, Act::Start],
        &[Act::Accept, Act::Reject],
        &[Act::Reject],
        &[Act::Start, Act::Accept, Act::Start],
        &[Act::Accept, Act::Start, Act::Reject],
    ];
    for plan in plans {
        for place in 0..=plan.len() {
            let kitchen = Kitchen::delivering(2, false).await;
            let order = kitchen.placed().await;
            let mut done = Vec::new();
            for (number, next) in plan.iter().enumerate() {
                if number == place {
                    kitchen.order(&order, 2, Phase::Cancelling, 1).await;
                }
                if act(&kitchen, *next, &order).await.is_ok() {
                    done.push((number, *next));
                }
            }
            if place == plan.len() {
                kitchen.order(&order, 2, Phase::Cancelling, 1).await;
            }
            let food = kitchen.fulfilment(&order).await;
            assert!(has_one_winner(&food), "{plan:?} {place}: {food:?}");
            let left_before = done
                .iter()
                .any(|(at, act)| *act == Act::Start && *at < place);
            let answer = kitchen.answer(&order).await;
            assert_eq!(answer, Some((1, !left_before)), "{plan:?} {place}");
            let after = done.iter().filter(|(at, _)| *at >= place);
            let given_back = done.iter().any(|(_, act)| *act == Act::Reject);
            if !left_before && !given_back {
                assert_eq!(after.count(), 0, "{plan:?} {place}: {done:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_cancellation_that_is_heard_first_makes_nothing_of_the_order() {
    for auto in [false, true] {
        let kitchen = Kitchen::delivering(3, auto).await;
        let order = id::new();
        kitchen.order(&order, 2, Phase::Cancelling, 1).await;
        assert_eq!(kitchen.answer(&order).await, Some((1, true)));
        kitchen.order(&order, 1, Phase::Placed, 0).await;
        kitchen.order(&order, 3, Phase::Cancelled, 1).await;
        kitchen.world.tick().await;
        assert_eq!(kitchen.fulfilment(&order).await.steps, []);
        assert!(kitchen.queue(&[]).await.is_empty());
        let stated = kitchen.stated("Fulfilment", &order).await;
        assert_eq!(stated, ["CancellationAnswered"]);
    }
}

#[tokio::test]
async fn an_older_request_is_not_answered_again() {
    let kitchen = Kitchen::new().await;
    let order = kitchen.placed().await;
    kitchen.accept(&order).await.unwrap();
    kitchen.start(&order).await.unwrap();
    kitchen.order(&order, 4, Phase::Cancelling, 2).await;
    kitchen.order(&order, 2, Phase::Cancelling, 1).await;
    kitchen.order(&order, 5, Phase::Cancelling, 2).await;
    assert_eq!(kitchen.answer(&order).await, Some((2, false)));
    let answer = kitchen.fulfilment(&order).await.answer.unwrap();
    assert_eq!(answer.reason.unwrap().en, "the courier has left with it");
    assert_eq!(kitchen.stated("Fulfilment", &order).await.len(), 4);
}

#[tokio::test]
async fn an_order_that_was_cancelled_unasked_is_void_and_stated_only_if_it_was() {
    let kitchen = Kitchen::new().await;
    let (known, unknown) = (kitchen.placed().await, id::new());
    for order in [&known, &unknown] {
        kitchen.order(order, 5, Phase::Cancelled, 0).await;
        assert!(kitchen.accept(order).await.is_err());
    }
    let stated = kitchen.stated("Fulfilment", &known).await;
    assert_eq!(stated, ["OrderReceived", "OrderVoided"]);
    assert_eq!(kitchen.stated("Fulfilment", &unknown).await, [""; 0]);
}
