//! A customer who cancels against a driver at work: whichever comes first wins, and only one does.

use crate::rank::Rank;
use mesh::id;
use proto::ordering::v1::Phase;
use proto::taxi::dispatch::v1::DriveStatus;
use tonic::Status;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Act {
    Decline,
    PickUp,
    Arrive,
}

async fn act(rank: &Rank, act: Act, ride: &str) -> Result<(), Status> {
    match act {
        Act::Decline => rank.decline("kang", ride).await,
        Act::PickUp => rank.pick_up("kang", ride).await.map(drop),
        Act::Arrive => rank.arrive("kang", ride).await.map(drop),
    }
}

#[tokio::test]
async fn a_cancellation_has_one_winner_wherever_it_comes_between() {
    let plans: [&[Act]; 4] = [
        &[Act::PickUp, Act::Arrive],
        &[Act::Decline, Act::PickUp],
        &[Act::Arrive, Act::PickUp, Act::Arrive],
        &[Act::PickUp, Act::Decline],
    ];
    for plan in plans {
        for place in 0..=plan.len() {
            let rank = Rank::delivering(2);
            rank.report("kang", 100, true).await;
            let ride = rank.called().await;
            let (mut done, mut left_before) = (Vec::new(), false);
            for (number, next) in plan.iter().enumerate() {
                if number == place {
                    rank.ride(&ride, 2, Phase::Cancelling, 1).await;
                }
                if act(&rank, *next, &ride).await.is_ok() {
                    done.push(*next);
                    left_before |= *next == Act::PickUp && number < place;
                }
            }
            if place == plan.len() {
                rank.ride(&ride, 2, Phase::Cancelling, 1).await;
            }
            let answer = rank.answer(&ride).await;
            assert_eq!(answer, Some((1, !left_before)), "{plan:?} {place}");
            let is_driven = done.contains(&Act::PickUp);
            assert_eq!(is_driven, left_before, "{plan:?} {place}: {done:?}");
        }
    }
}

#[tokio::test]
async fn on_a_cancellation_the_driver_is_told_and_free() {
    for unasked in [false, true] {
        let rank = Rank::delivering(2);
        rank.report("kang", 100, true).await;
        let (ride, waits) = (rank.called().await, rank.called().await);
        match unasked {
            true => rank.ride(&ride, 2, Phase::Cancelled, 0).await,
            false => rank.ride(&ride, 2, Phase::Cancelling, 1).await,
        }
        let told = &rank.list("kang").await[0];
        assert_eq!(
            (&told.ride_id, told.status()),
            (&ride, DriveStatus::Cancelled)
        );
        rank.world.tick().await;
        assert!(rank.comes("kang", &waits).await);
        rank.ride(&ride, 3, Phase::Cancelled, 1).await;
        assert!(rank.comes("kang", &waits).await);
    }
}

#[tokio::test]
async fn a_cancellation_that_is_heard_first_makes_nothing_of_the_ride() {
    let rank = Rank::delivering(3);
    rank.report("kang", 100, true).await;
    let ride = id::new();
    rank.ride(&ride, 2, Phase::Cancelling, 1).await;
    assert_eq!(rank.answer(&ride).await, Some((1, true)));
    rank.ride(&ride, 1, Phase::Placed, 0).await;
    rank.ride(&ride, 3, Phase::Cancelled, 1).await;
    rank.world.tick().await;
    assert_eq!(rank.fulfilment(&ride).await.steps, []);
    assert_eq!(rank.drives("kang").await, None);
    assert_eq!(rank.stated(&ride).await, ["CancellationAnswered"]);
}

#[tokio::test]
async fn an_older_request_is_not_answered_again() {
    let rank = Rank::new();
    rank.report("kang", 100, true).await;
    let ride = rank.called().await;
    rank.pick_up("kang", &ride).await.unwrap();
    rank.ride(&ride, 4, Phase::Cancelling, 2).await;
    rank.ride(&ride, 2, Phase::Cancelling, 1).await;
    rank.ride(&ride, 5, Phase::Cancelling, 2).await;
    assert_eq!(rank.answer(&ride).await, Some((2, false)));
    let answer = rank.fulfilment(&ride).await.answer.unwrap();
    assert_eq!(answer.reason.unwrap().en, "the customer was picked up");
    assert_eq!(rank.stated(&ride).await.len(), 3);
}

#[tokio::test]
async fn a_ride_that_was_cancelled_unasked_is_void_and_stated_only_if_it_was() {
    let rank = Rank::new();
    let (known, unknown) = (rank.called().await, id::new());
    for ride in [&known, &unknown] {
        rank.ride(ride, 5, Phase::Cancelled, 0).await;
    }
    rank.report("kang", 100, true).await;
    rank.world.tick().await;
    assert_eq!(rank.list("kang").await, []);
    assert_eq!(rank.stated(&known).await, ["RideReceived", "RideVoided"]);
    assert_eq!(rank.stated(&unknown).await, [""; 0]);
}
