//! How it moves on.

use super::*;

#[test]
fn a_message_may_say_everything_at_once() {
    let mut order = after(&[Ask(Cause::Customer)]);
    let both = Heard {
        steps: vec![1, 2],
        irrevocable: true,
        ..answers("kitchen", 1, false)
    };
    assert_eq!(told(&mut order, &Hear(both)), "CancelRefused Fulfilled");
    let happened: Vec<_> = order.timeline.iter().map(|entry| entry.happened).collect();
    let expected = [
        Happened::Progress(0),
        Happened::CancelAsked,
        Happened::Progress(3),
        Happened::CancelRefused(3),
    ];
    assert_eq!(happened, expected);
    assert_eq!(order.finished_at, Some(order.changed_at));
}

#[test]
fn irrevocable_progress_that_is_not_the_last_refuses_at_once() {
    let mut order = after(&[Hear(steps("kitchen", &[1], true))]);
    assert!(!order.is_cancellable(&SYSTEM));
    assert_eq!(told(&mut order, &Ask(Cause::Admin)), "NotCancellable");
    // Also when the step itself is no news.
    let mut order = after(&[Hear(steps("kitchen", &[1], false))]);
    assert_eq!(
        told(&mut order, &Hear(steps("kitchen", &[1], true))),
        "Progressed InProgress"
    );
    assert_eq!(told(&mut order, &Ask(Cause::Customer)), "NotCancellable");
    assert_eq!(
        told(&mut order, &Hear(fails("courier"))),
        "-",
        "what is irrevocable does not fail"
    );
}

#[test]
fn progress_only_moves_on_and_ends_with_a_last_one() {
    let mut order = after(&[Hear(steps("courier", &[1], false))]);
    assert_eq!(order.progress, 2);
    assert_eq!(
        told(&mut order, &Hear(steps("kitchen", &[1], false))),
        "-",
        "it is further already"
    );
    assert_eq!(
        told(&mut order, &Hear(steps("kitchen", &[1, 3], true))),
        "Progressed Fulfilled"
    );
    assert_eq!(order.status(&SYSTEM).name, "WASTED");
    assert_eq!(
        told(&mut order, &Hear(steps("kitchen", &[1, 2, 3], true))),
        "-"
    );
    assert_eq!(order.status(&SYSTEM).name, "WASTED");
}

#[test]
fn a_step_that_is_no_progress_matters_to_no_order() {
    assert!(steps("kitchen", &[1], false).may_matter(&SYSTEM));
    assert!(!steps("kitchen", &[77], false).may_matter(&SYSTEM));
    assert!(!steps("nobody", &[1], false).may_matter(&SYSTEM));
    assert!(steps("kitchen", &[77], true).may_matter(&SYSTEM));
    assert!(fails("kitchen").may_matter(&SYSTEM));
}
