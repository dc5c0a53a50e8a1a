//! Outcomes that nobody told.

use crate::bank::Fate;
use crate::desk::{Desk, KEY, reason};
use payment::Answer;
use proto::payment::v1::PaymentState;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn the_provider_is_asked_until_it_says() {
    let desk = Desk::new();
    desk.bank.next([Fate::ReplyLost]);
    desk.approve().await.unwrap_err();
    desk.world.settle().await;
    assert!(desk.open_work().await);
    assert_eq!(desk.bank.count("enquire"), 0);
    desk.after(SECOND).await;
    assert_eq!(desk.bank.count("enquire"), 1);
    assert_eq!(desk.state().await, PaymentState::Approved);
    assert_eq!(desk.open_tasks().await, 0);
    assert!(!desk.open_work().await);
    assert_eq!(desk.approve().await.unwrap().version, 3);
}

#[tokio::test]
async fn what_became_known_while_it_was_asked_is_answered() {
    let desk = Desk::new();
    desk.bank.next([Fate::Says(Answer::Unsure)]);
    desk.approve().await.unwrap_err();
    desk.world.settle().await;
    let say = desk.bank.next_enquiry_waits();
    let approving = desk.approving();
    desk.bank.asked(2).await;
    // The provider does not know; a moment later it does, and the task asks it.
    desk.bank.capture(KEY);
    desk.after(SECOND).await;
    assert_eq!(desk.state().await, PaymentState::Approved);
    say.send(()).unwrap();
    assert_eq!(approving.await.unwrap().unwrap().version, 3);
}

#[tokio::test]
async fn a_charge_that_the_provider_denies_is_voided() {
    let desk = Desk::new();
    desk.bank.set_denies(true);
    desk.bank.next([Fate::Says(Answer::Unsure)]);
    desk.approve().await.unwrap_err();
    desk.world.settle().await;
    desk.after(SECOND).await;
    assert_eq!(desk.state().await, PaymentState::Voided);
    assert_eq!(desk.open_tasks().await, 0);
    assert_eq!(desk.bank.count("reverse"), 0);
}

#[tokio::test]
async fn questions_come_at_growing_pauses_and_end_in_a_reversal() {
    let desk = Desk::new();
    desk.bank.next([Fate::Says(Answer::Unsure)]);
    desk.approve().await.unwrap_err();
    desk.world.settle().await;
    let mut asked_at = Vec::new();
    for second in 1..15 * 60 {
        let before = desk.bank.count("enquire");
        desk.after(SECOND).await;
        if desk.bank.count("enquire") > before {
            asked_at.push(second);
        }
    }
    assert_eq!(asked_at[..8], [1, 3, 7, 15, 31, 63, 123, 183]);
    assert_eq!(desk.state().await, PaymentState::Unknown);
    assert_eq!(desk.bank.count("reverse"), 0);
    // Captured at the last moment: it goes back all the same.
    desk.bank.set_down(true);
    desk.bank.capture(KEY);
    desk.after(SECOND).await;
    assert_eq!(desk.state().await, PaymentState::Voided);
    assert_eq!(desk.bank.holds(), [KEY]);
    desk.bank.set_down(false);
    desk.after(Duration::from_secs(60)).await;
    assert_eq!(desk.bank.returned(), [format!("reverse {KEY}")]);
    assert_eq!(desk.open_tasks().await, 0);
}

#[tokio::test]
async fn a_provider_that_is_down_is_asked_on() {
    let desk = Desk::new();
    desk.bank.next([Fate::ReplyLost]);
    desk.approve().await.unwrap_err();
    desk.bank.set_down(true);
    desk.world.settle().await;
    for _ in 0..10 {
        desk.after(Duration::from_secs(60)).await;
    }
    assert_eq!(desk.state().await, PaymentState::Unknown);
    desk.bank.set_down(false);
    desk.after(Duration::from_secs(60)).await;
    assert_eq!(desk.state().await, PaymentState::Approved);
}

#[tokio::test(start_paused = true)]
async fn a_charge_whose_process_died_is_found() {
    for captured in [true, false] {
        let desk = Desk::new();
        desk.bank.next([Fate::Hangs]);
        let dies = tokio::time::timeout(Duration::from_millis(10), desk.approve());
        dies.await.unwrap_err();
        if captured {
            desk.bank.capture(KEY);
        }
        desk.world.advance(Duration::from_millis(9_999));
        desk.world.tick().await;
        assert_eq!(desk.state().await, PaymentState::Initiated);
        assert!(desk.open_work().await);
        desk.world.advance(Duration::from_millis(1));
        desk.world.tick().await;
        assert_eq!(desk.state().await, PaymentState::Unknown);
        desk.after(SECOND).await;
        let state = desk.state().await;
        assert_eq!(state == PaymentState::Approved, captured, "{state:?}");
        assert_eq!(desk.bank.count("charge"), 1);
    }
}

#[tokio::test]
async fn a_charge_that_is_in_hand_is_not_lost_whatever_its_age() {
    let desk = Desk::new();
    let say = desk.bank.next_waits();
    let approving = desk.approving();
    desk.bank.asked(1).await;
    desk.world.advance(Duration::from_secs(600));
    desk.world.tick().await;
    assert_eq!(desk.state().await, PaymentState::Initiated);
    say.send(Answer::Captured).unwrap();
    assert_eq!(approving.await.unwrap().unwrap().version, 2);
}

#[tokio::test]
async fn silence_of_the_order_side_voids_nothing() {
    let desk = Desk::new();
    desk.approve().await.unwrap();
    let mut idle = Desk::new();
    idle.bank.next([Fate::Says(Answer::Nothing)]);
    assert_eq!(reason(idle.approve().await), "PAYMENT_BUSY");
    for desk in [&desk, &mut idle] {
        let before = desk.get().await;
        for _ in 0..30 {
            desk.world.advance(Duration::from_secs(24 * 60 * 60));
            desk.world.tick().await;
        }
        assert_eq!(desk.get().await, before);
    }
    assert_eq!(desk.bank.returned(), [""; 0]);
}
