//! Nothing stays charged after a void, whoever is faster.

use crate::bank::Fate;
use crate::desk::{Desk, KEY, charge, reason, wrong_fields};
use payment::Answer;
use proto::payment::v1::{PaymentState, VoidRequest};
use std::time::Duration;
use testing::Caller;
use tonic::Code;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_key_never_seen_gets_a_tombstone() {
    let desk = Desk::new();
    let voided = desk.void().await.unwrap();
    assert_eq!(voided.state(), PaymentState::Voided);
    assert_eq!(desk.open_tasks().await, 0);
    assert_eq!(reason(desk.approve().await), "PAYMENT_VOIDED");
    assert_eq!(desk.void().await.unwrap(), voided);
    desk.world.tick().await;
    assert_eq!(desk.bank.calls(), [""; 0]);
}

#[tokio::test]
async fn an_approved_charge_is_reversed() {
    let desk = Desk::new();
    desk.approve().await.unwrap();
    let voided = desk.void().await.unwrap();
    assert_eq!((voided.state(), voided.version), (PaymentState::Voided, 3));
    assert_eq!(desk.bank.holds(), [KEY]);
    desk.world.settle().await;
    assert_eq!(desk.bank.returned(), [format!("reverse {KEY}")]);
    assert_eq!(desk.get().await, voided);
    assert_eq!(desk.open_tasks().await, 0);
    assert_eq!(reason(desk.approve().await), "PAYMENT_VOIDED");
    assert_eq!(desk.void().await.unwrap(), voided);
}

#[tokio::test]
async fn a_reversal_is_tried_until_the_provider_is_back() {
    let desk = Desk::new();
    desk.approve().await.unwrap();
    desk.bank.set_down(true);
    desk.void().await.unwrap();
    for _ in 0..60 {
        desk.after(MINUTE).await;
    }
    assert_eq!(desk.bank.holds(), [KEY]);
    desk.bank.set_down(false);
    desk.after(MINUTE).await;
    assert_eq!(desk.bank.returned(), [format!("reverse {KEY}")]);
    assert_eq!(desk.open_tasks().await, 0);
}

#[tokio::test]
async fn a_charge_that_took_nothing_is_voided_without_the_provider() {
    let desk = Desk::new();
    desk.bank.next([Fate::Says(Answer::Nothing)]);
    desk.approve().await.unwrap_err();
    assert_eq!(desk.void().await.unwrap().state(), PaymentState::Voided);
    assert_eq!(desk.open_tasks().await, 0);
    assert_eq!(reason(desk.approve().await), "PAYMENT_VOIDED");
}

#[tokio::test]
async fn a_declined_charge_stays_declined() {
    let desk = Desk::new();
    desk.bank.next([Fate::Says(Answer::Declined)]);
    desk.approve().await.unwrap_err();
    assert_eq!(desk.void().await.unwrap().state(), PaymentState::Declined);
    assert_eq!(desk.open_tasks().await, 0);
}

#[tokio::test]
async fn an_unknown_charge_is_reversed_when_it_turns_out_to_have_captured() {
    let desk = Desk::new();
    desk.bank.next([Fate::ReplyLost]);
    desk.approve().await.unwrap_err();
    assert_eq!(desk.void().await.unwrap().state(), PaymentState::Voided);
    desk.world.settle().await;
    assert_eq!(desk.bank.returned(), [format!("reverse {KEY}")]);
    assert_eq!(desk.open_tasks().await, 0);
    assert_eq!(desk.bank.count("enquire"), 0);
}

#[tokio::test]
async fn not_found_alone_proves_nothing() {
    let desk = Desk::new();
    desk.bank.next([Fate::Says(Answer::Unsure)]);
    desk.approve().await.unwrap_err();
    desk.void().await.unwrap();
    desk.world.settle().await;
    assert_eq!(desk.open_tasks().await, 1);
    // The charge arrives at the provider long after its caller gave up.
    for _ in 0..5 {
        desk.after(MINUTE).await;
    }
    desk.bank.capture(KEY);
    desk.after(MINUTE).await;
    assert_eq!(desk.bank.returned(), [format!("reverse {KEY}")]);
    assert_eq!(desk.open_tasks().await, 0);
}

#[tokio::test]
async fn what_is_not_found_for_15_minutes_is_let_go() {
    let desk = Desk::new();
    desk.bank.next([Fate::Says(Answer::Unsure)]);
    desk.approve().await.unwrap_err();
    desk.void().await.unwrap();
    desk.world.settle().await;
    for _ in 0..14 {
        desk.after(MINUTE).await;
    }
    assert_eq!(desk.open_tasks().await, 1);
    desk.after(MINUTE).await;
    assert_eq!(desk.open_tasks().await, 0);
}

#[tokio::test]
async fn a_provider_that_blocks_the_key_ends_it_at_once() {
    let desk = Desk::new();
    desk.bank.set_blocks(true);
    desk.bank.next([Fate::Says(Answer::Unsure)]);
    desk.approve().await.unwrap_err();
    desk.void().await.unwrap();
    desk.world.settle().await;
    assert_eq!(desk.open_tasks().await, 0);
}

#[tokio::test]
async fn a_void_overtakes_the_charge_that_then_captures() {
    let desk = Desk::new();
    let say = desk.bank.next_waits();
    let approving = desk.approving();
    desk.bank.asked(1).await;
    assert_eq!(desk.void().await.unwrap().state(), PaymentState::Voided);
    // The reversal comes before the capture, finds nothing, and must not be the last.
    desk.world.settle().await;
    assert_eq!(desk.bank.count("reverse"), 1);
    say.send(Answer::Captured).unwrap();
    assert_eq!(reason(approving.await.unwrap()), "PAYMENT_VOIDED");
    desk.after(SECOND).await;
    assert_eq!(desk.bank.returned(), [format!("reverse {KEY}")]);
    assert_eq!(desk.bank.holds(), [""; 0]);
    assert_eq!(desk.open_tasks().await, 0);
}

#[tokio::test]
async fn a_capture_after_a_broken_promise_to_block_is_reversed_too() {
    let desk = Desk::new();
    desk.bank.set_blocks(true);
    let say = desk.bank.next_waits();
    let approving = desk.approving();
    desk.bank.asked(1).await;
    desk.void().await.unwrap();
    desk.world.settle().await;
    assert_eq!(desk.open_tasks().await, 0);
    say.send(Answer::Captured).unwrap();
    assert_eq!(reason(approving.await.unwrap()), "PAYMENT_VOIDED");
    desk.world.settle().await;
    assert_eq!(desk.bank.returned(), [format!("reverse {KEY}")]);
    assert_eq!(desk.bank.holds(), [""; 0]);
}

#[tokio::test]
async fn a_capture_while_the_reversal_is_on_its_way_is_reversed_too() {
    let desk = Desk::new();
    desk.bank.set_blocks(true);
    let say = desk.bank.next_waits();
    let go = desk.bank.next_reversal_waits();
    let approving = desk.approving();
    desk.bank.asked(1).await;
    desk.void().await.unwrap();
    let charged = async {
        desk.bank.asked(2).await;
        say.send(Answer::Captured).unwrap();
        assert_eq!(reason(approving.await.unwrap()), "PAYMENT_VOIDED");
        go.send(()).unwrap();
    };
    tokio::join!(desk.world.settle(), charged);
    desk.after(SECOND).await;
    assert_eq!(desk.bank.returned(), [format!("reverse {KEY}")]);
    assert_eq!(desk.bank.holds(), [""; 0]);
    assert_eq!(desk.open_tasks().await, 0);
}

#[tokio::test]
async fn a_void_overtakes_the_charge_that_then_takes_nothing() {
    for answer in [Answer::Declined, Answer::Nothing] {
        let desk = Desk::new();
        let say = desk.bank.next_waits();
        let approving = desk.approving();
        desk.bank.asked(1).await;
        desk.void().await.unwrap();
        say.send(answer).unwrap();
        assert_eq!(reason(approving.await.unwrap()), "PAYMENT_VOIDED");
        desk.world.settle().await;
        assert_eq!(desk.open_tasks().await, 0);
        assert_eq!(desk.bank.count("reverse"), 0);
    }
}

#[tokio::test]
async fn a_charge_overtakes_the_void() {
    let desk = Desk::new();
    let say = desk.bank.next_waits();
    let approving = desk.approving();
    desk.bank.asked(1).await;
    say.send(Answer::Captured).unwrap();
    let approved = approving.await.unwrap().unwrap();
    assert_eq!(approved.state(), PaymentState::Approved);
    let voided = desk.void().await.unwrap();
    assert_eq!(voided.payment_id, approved.payment_id);
    desk.world.settle().await;
    assert_eq!(desk.bank.returned(), [format!("reverse {KEY}")]);
}

#[tokio::test]
async fn a_void_is_of_ones_own_charge() {
    let desk = Desk::new();
    desk.approve().await.unwrap();
    let void = VoidRequest {
        charge_key: KEY.to_owned(),
        order_id: charge().order_id,
    };
    let mut thief = desk.client_of(Caller::service("food-order"));
    let status = thief.void(void.clone()).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    let other = VoidRequest {
        order_id: mesh::id::new(),
        ..void
    };
    let answer = desk.client().void(other).await;
    assert_eq!(wrong_fields(answer), ["order_id"]);
    let nothing = desk.client().void(VoidRequest::default()).await;
    assert_eq!(wrong_fields(nothing), ["charge_key", "order_id"]);
    assert_eq!(desk.state().await, PaymentState::Approved);
}
