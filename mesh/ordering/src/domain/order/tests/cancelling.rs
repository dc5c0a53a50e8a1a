//! How it is cancelled.

use super::*;

#[test]
fn what_is_shown_while_and_after_cancelling() {
    let mut order = after(&[Hear(steps("kitchen", &[1], false))]);
    assert_eq!(order.status(&SYSTEM).name, "COOKED");
    assert!(order.is_cancellable(&SYSTEM));
    told(&mut order, &Ask(Cause::Customer));
    assert_eq!(order.status(&SYSTEM).name, "CANCELLING");
    assert!(!order.is_cancellable(&SYSTEM));
    told(&mut order, &Hear(answers("kitchen", 1, false)));
    assert_eq!(order.status(&SYSTEM).name, "COOKED");
    assert_eq!(order.cancellation.reason, Some(text("too late", "늦음")));
    assert!(order.is_cancellable(&SYSTEM));
    told(&mut order, &Hear(fails("courier")));
    assert_eq!(order.status(&SYSTEM).name, "CANCELLED");
    assert_eq!(order.cancellation.cause, Cause::System);
    assert_eq!(order.cancellation.number, 1);
}

#[test]
fn an_administrators_reason_reaches_the_customer() {
    let mut order = placed();
    let reason = Some(text("no gas", "가스 없음"));
    order
        .ask_to_cancel(&SYSTEM, Cause::Admin, reason.clone(), Time(2))
        .unwrap();
    let asked = order.timeline.last().unwrap();
    assert_eq!((asked.actor, &asked.reason), (Actor::Admin, &reason));
    told(&mut order, &Hear(answers("kitchen", 1, true)));
    assert_eq!(order.timeline.last().unwrap().reason, reason);
    assert_eq!(order.cancellation.cause, Cause::Admin);
}

#[test]
fn the_ninth_request_is_refused_and_the_longest_timeline_is_short() {
    let mut order = placed();
    for number in 1..=MOST_CANCEL_REQUESTS {
        assert_eq!(
            told(&mut order, &Ask(Cause::Customer)),
            "CancelAsked Cancelling"
        );
        assert_eq!(told(&mut order, &Ask(Cause::Customer)), "-");
        assert_eq!(order.cancellation.number, number);
        told(&mut order, &Hear(answers("kitchen", number, false)));
    }
    assert_eq!(told(&mut order, &Ask(Cause::Customer)), "CancelLimit");
    assert_eq!(told(&mut order, &Ask(Cause::Admin)), "CancelLimit");
    assert!(!order.is_cancellable(&SYSTEM));
    for heard in [
        steps("kitchen", &[1], false),
        steps("courier", &[1], false),
        fails("courier"),
    ] {
        told(&mut order, &Hear(heard));
    }
    assert_eq!(told(&mut order, &Refunded("paid")), "Refunded Cancelled");
    assert_eq!(order.timeline.len(), 21);
}
