//! Charging once, whatever is answered and however often it is asked for.

use crate::bank::Fate;
use crate::desk::{Desk, KEY, ORDER, charge, reason, won, wrong_fields};
use payment::Answer;
use proto::payment::v1::{ApproveRequest, PaymentState};
use std::time::Duration;
use testing::Caller;
use tokio::time::Instant;
use tonic::Code;
use tonic_types::StatusExt;

#[tokio::test]
async fn an_approved_payment_says_what_it_is() {
    let desk = Desk::new();
    let payment = desk.approve().await.unwrap();
    assert_eq!(payment.state(), PaymentState::Approved);
    assert_eq!(payment.version, 2);
    assert_eq!(payment.context, "cinema-booking");
    assert_eq!((&*payment.order_id, &*payment.charge_key), (ORDER, KEY));
    assert_eq!(payment.amount, Some(won(30_000)));
    assert_eq!(payment.asked_at, Some(desk.world.now().into()));
    assert_eq!(desk.bank.calls(), [format!("charge {KEY}")]);
    assert_eq!(desk.bank.holds(), [KEY]);
}

#[tokio::test]
async fn the_same_key_again_is_the_same_payment() {
    let desk = Desk::new();
    let first = desk.approve().await.unwrap();
    desk.world.advance(Duration::from_secs(1));
    assert_eq!(desk.approve().await.unwrap(), first);
    assert_eq!(desk.bank.count("charge"), 1);
}

#[tokio::test]
async fn a_declined_card_is_declined_for_ever() {
    let desk = Desk::new();
    desk.bank.next([Fate::Says(Answer::Declined)]);
    let status = desk.approve().await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    let details = status.get_error_details();
    let message = &details.localized_message().unwrap().message;
    assert!(message.starts_with("결제가 거절되었습니다"), "{message}");
    assert_eq!(reason(desk.approve().await), "PAYMENT_DECLINED");
    assert_eq!(desk.state().await, PaymentState::Declined);
    assert_eq!(desk.bank.count("charge"), 1);
}

#[tokio::test]
async fn a_charge_that_surely_took_nothing_may_be_tried_again() {
    let desk = Desk::new();
    desk.bank.next([Fate::Says(Answer::Nothing)]);
    let status = desk.approve().await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.get_error_details().retry_info().is_some());
    assert_eq!(
        mesh::refusal::reason(&status).as_deref(),
        Some("PAYMENT_BUSY")
    );
    assert_eq!(desk.state().await, PaymentState::Initiated);
    assert!(!desk.open_work().await);
    assert_eq!(desk.approve().await.unwrap().version, 2);
    assert_eq!(desk.bank.count("charge"), 2);
    assert_eq!(desk.bank.holds(), [KEY]);
}

#[tokio::test]
async fn a_provider_that_is_down_takes_nothing() {
    let desk = Desk::new();
    desk.bank.set_down(true);
    assert_eq!(reason(desk.approve().await), "PAYMENT_BUSY");
    desk.bank.set_down(false);
    desk.approve().await.unwrap();
    assert_eq!(desk.bank.holds(), [KEY]);
}

#[tokio::test]
async fn a_lost_reply_is_asked_for_by_the_next_attempt() {
    let desk = Desk::new();
    desk.bank.next([Fate::ReplyLost]);
    let status = desk.approve().await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.get_error_details().retry_info().is_some());
    assert_eq!(
        mesh::refusal::reason(&status).as_deref(),
        Some("PAYMENT_UNCONFIRMED")
    );
    assert_eq!(desk.state().await, PaymentState::Unknown);
    let payment = desk.approve().await.unwrap();
    assert_eq!(
        (payment.state(), payment.version),
        (PaymentState::Approved, 3)
    );
    assert_eq!(desk.bank.count("charge"), 1);
    assert_eq!(desk.open_tasks().await, 0);
}

#[tokio::test]
async fn an_unknown_charge_that_took_nothing_is_never_sent_again() {
    let desk = Desk::new();
    desk.bank.next([Fate::Says(Answer::Unsure)]);
    assert_eq!(reason(desk.approve().await), "PAYMENT_UNCONFIRMED");
    assert_eq!(reason(desk.approve().await), "PAYMENT_UNCONFIRMED");
    desk.bank.set_denies(true);
    assert_eq!(reason(desk.approve().await), "PAYMENT_VOIDED");
    assert_eq!(desk.bank.count("charge"), 1);
    assert_eq!(desk.bank.count("enquire"), 2);
    assert_eq!(desk.open_tasks().await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_hangs_is_waited_for_one_second() {
    let desk = Desk::new();
    desk.bank.next([Fate::Hangs]);
    let start = Instant::now();
    assert_eq!(reason(desk.approve().await), "PAYMENT_UNCONFIRMED");
    assert_eq!(start.elapsed().as_millis() / 10, 100);
    assert_eq!(desk.state().await, PaymentState::Unknown);
}

#[tokio::test(start_paused = true)]
async fn the_outcome_is_written_down_before_the_caller_is_gone() {
    let desk = Desk::new();
    desk.bank.next([Fate::Hangs]);
    let start = Instant::now();
    let answer = desk.approve_within(Duration::from_millis(500)).await;
    assert_eq!(reason(answer), "PAYMENT_UNCONFIRMED");
    assert_eq!(start.elapsed().as_millis() / 10, 40);
    assert_eq!(desk.state().await, PaymentState::Unknown);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_too_late_for_the_caller_is_written_down() {
    let desk = Desk::new();
    desk.bank.next([Fate::TooLate]);
    let payment = desk.approve_within(Duration::from_millis(500)).await;
    assert_eq!(payment.unwrap(), desk.get().await);
}

#[tokio::test]
async fn an_answer_that_cannot_be_written_down_is_unconfirmed_and_asked_for() {
    let desk = Desk::new();
    let say = desk.bank.next_waits();
    let approving = desk.approving();
    desk.bank.asked(1).await;
    desk.execute("ALTER TABLE payment RENAME TO away").await;
    say.send(Answer::Captured).unwrap();
    assert_eq!(reason(approving.await.unwrap()), "PAYMENT_UNCONFIRMED");
    desk.execute("ALTER TABLE away RENAME TO payment").await;
    assert_eq!(desk.state().await, PaymentState::Initiated);
    desk.world.advance(Duration::from_secs(10));
    desk.world.tick().await;
    desk.after(Duration::from_secs(1)).await;
    assert_eq!(desk.state().await, PaymentState::Approved);
}

#[tokio::test(start_paused = true)]
async fn a_charge_without_time_for_an_answer_is_not_sent() {
    let desk = Desk::new();
    let answer = desk.approve_within(Duration::from_millis(190)).await;
    assert_eq!(reason(answer), "PAYMENT_BUSY");
    assert_eq!(desk.bank.calls(), [""; 0]);
    desk.approve().await.unwrap();
}

#[tokio::test]
async fn a_repeat_waits_for_the_call_that_has_sent_it() {
    let desk = Desk::new();
    let say = desk.bank.next_waits();
    let (first, second) = (desk.approving(), desk.approving());
    desk.bank.asked(1).await;
    say.send(Answer::Captured).unwrap();
    let first = first.await.unwrap().unwrap();
    assert_eq!(second.await.unwrap().unwrap(), first);
    assert_eq!(desk.bank.count("charge"), 1);
}

#[tokio::test]
async fn a_repeat_that_waited_for_nothing_tries_afresh() {
    let desk = Desk::new();
    let say = desk.bank.next_waits();
    let (first, second) = (desk.approving(), desk.approving());
    desk.bank.asked(1).await;
    say.send(Answer::Nothing).unwrap();
    assert_eq!(reason(first.await.unwrap()), "PAYMENT_BUSY");
    assert_eq!(
        second.await.unwrap().unwrap().state(),
        PaymentState::Approved
    );
    assert_eq!(desk.bank.count("charge"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_repeat_waits_no_longer_than_its_deadline() {
    let desk = Desk::new();
    desk.bank.next([Fate::Hangs]);
    let first = desk.approving();
    desk.bank.asked(1).await;
    let start = Instant::now();
    let answer = desk.approve_within(Duration::from_millis(600)).await;
    assert_eq!(reason(answer), "PAYMENT_UNCONFIRMED");
    assert_eq!(start.elapsed().as_millis() / 10, 50);
    assert_eq!(reason(first.await.unwrap()), "PAYMENT_UNCONFIRMED");
}

#[tokio::test(start_paused = true)]
async fn a_charge_of_another_process_is_waited_for_too() {
    let desk = Desk::new();
    desk.bank.next([Fate::Hangs]);
    // Dropped while the provider hangs: to the next call it looks like another process's.
    let gone = tokio::time::timeout(Duration::from_millis(1), desk.approve());
    gone.await.unwrap_err();
    let start = Instant::now();
    let answer = desk.approve_within(Duration::from_millis(600)).await;
    assert_eq!(reason(answer), "PAYMENT_UNCONFIRMED");
    assert!(start.elapsed() >= Duration::from_millis(400));
    assert!(start.elapsed() <= Duration::from_millis(500));
    assert_eq!(desk.bank.count("charge"), 1);
}

#[tokio::test]
async fn a_key_is_bound_to_what_it_was_first_used_with() {
    let desk = Desk::new();
    desk.approve().await.unwrap();
    let other = ApproveRequest {
        order_id: mesh::id::new(),
        amount: Some(won(30_001)),
        ..charge()
    };
    let answer = desk.client().approve(other).await;
    assert_eq!(wrong_fields(answer), ["order_id", "amount"]);
    assert_eq!(desk.bank.count("charge"), 1);
}

#[tokio::test]
async fn another_contexts_key_is_denied() {
    let desk = Desk::new();
    desk.approve().await.unwrap();
    let mut thief = desk.client_of(Caller::service("food-order"));
    let status = thief.approve(charge()).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    let mut person = desk.client_of(Caller::customer("eve"));
    let status = person.approve(charge()).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert_eq!(desk.bank.count("charge"), 1);
}

#[tokio::test]
async fn every_wrong_field_is_told_at_once() {
    let desk = Desk::new();
    let mut client = desk.client();
    let nothing = client.approve(ApproveRequest::default()).await;
    assert_eq!(
        wrong_fields(nothing),
        ["charge_key", "order_id", "amount", "payment_method"]
    );
    let mut money = won(0);
    money.currency = "krw".to_owned();
    let wrong = ApproveRequest {
        charge_key: "k".repeat(129),
        order_id: "7".to_owned(),
        amount: Some(money),
        payment_method: "카드".to_owned(),
    };
    assert_eq!(
        wrong_fields(client.approve(wrong).await),
        [
            "charge_key",
            "order_id",
            "amount.currency",
            "amount.minor_units",
            "payment_method"
        ]
    );
    assert_eq!(desk.facts().await, []);
}
