//! Every state of an order against everything that it may be told.

use super::*;
use crate::domain::Progress;

const fn word(name: &'static str) -> Status {
    Status {
        code: 1,
        name,
        en: name,
        ko: name,
    }
}

const fn step(name: &'static str, by: Option<(&'static str, i32)>, last: bool) -> Progress {
    Progress {
        status: word(name),
        by,
        last,
        reason: None,
    }
}

/// A kitchen and a courier fulfil; the kitchen decides.
const SYSTEM: System = System {
    context: "shop",
    name: "food",
    events: "Order",
    detail: "Dish",
    noun: "order",
    progress: &[
        step("ORDERED", None, false),
        step("COOKED", Some(("kitchen", 1)), false),
        step("PACKED", Some(("courier", 1)), false),
        step("EATEN", Some(("kitchen", 2)), true),
        step("WASTED", Some(("kitchen", 3)), true),
    ],
    cancelling: word("CANCELLING"),
    cancelled: word("CANCELLED"),
    fulfilled_by: &["kitchen", "courier"],
    decider: "kitchen",
};

fn placed() -> Order {
    Order {
        id: "1".to_owned(),
        customer_id: "ann".to_owned(),
        locale: "en".to_owned(),
        version: 1,
        title: text("rice", "밥"),
        amount: Money {
            currency: "KRW".to_owned(),
            minor_units: 5,
        },
        payment_id: Some("paid".to_owned()),
        placed_at: Time(1),
        changed_at: Time(1),
        finished_at: None,
        progress: 0,
        irrevocable: false,
        cancellation: Cancellation::default(),
        refunded: false,
        refs: Vec::new(),
        timeline: vec![Entry {
            at: Time(1),
            happened: Happened::Progress(0),
            reason: None,
            actor: Actor::Customer,
        }],
        detail: Vec::new(),
    }
}

fn says(context: &str) -> Heard {
    Heard {
        context: context.to_owned(),
        ..Heard::default()
    }
}

fn answers(context: &str, number: i32, agreed: bool) -> Heard {
    let reason = (!agreed).then(|| text("too late", "늦음"));
    Heard {
        answer: Some(Answer {
            number,
            agreed,
            reason,
        }),
        ..says(context)
    }
}

fn steps(context: &str, steps: &[i32], irrevocable: bool) -> Heard {
    Heard {
        steps: steps.to_vec(),
        irrevocable,
        ..says(context)
    }
}

fn fails(context: &str) -> Heard {
    Heard {
        failed: Some(text("no rice", "밥 없음")),
        ..says(context)
    }
}

/// Everything that an order may be told.
enum Input {
    Ask(Cause),
    Hear(Heard),
    Refunded(&'static str),
}

use Input::{Ask, Hear, Refunded};

/// Does it, and says in short what came about: the event and where the order stands then, "-" for no news, the reason
/// for a no. No news changes nothing; news is one version, one entry and this moment's.
fn told(order: &mut Order, input: &Input) -> String {
    let (before, now) = (order.clone(), Time(order.changed_at.0 + 1));
    let change = match input {
        Ask(cause) => match order.ask_to_cancel(&SYSTEM, *cause, None, now) {
            Ok(change) => change,
            Err(no) => {
                assert_eq!(*order, before);
                return format!("{no:?}");
            }
        },
        Hear(heard) => order.hear(&SYSTEM, heard, now),
        Refunded(payment) => order.refunded(&SYSTEM, payment, now),
    };
    let Some(change) = change else {
        assert_eq!(*order, before);
        return "-".to_owned();
    };
    assert_eq!(order.version, before.version + 1);
    assert_eq!(order.changed_at, now);
    assert!(order.timeline.starts_with(&before.timeline), "append-only");
    assert!(
        order
            .timeline
            .iter()
            .skip(before.timeline.len())
            .all(|entry| entry.at == now)
    );
    format!("{change:?} {:?}", order.phase(&SYSTEM))
}

fn after(inputs: &[Input]) -> Order {
    let mut order = placed();
    for input in inputs {
        told(&mut order, input);
    }
    order
}

#[test]
fn every_state_against_everything_it_may_be_told() {
    let customer = || Ask(Cause::Customer);
    let no = |number| Hear(answers("kitchen", number, false));
    let eaten = || Hear(steps("kitchen", &[1, 2], true));
    let states = [
        ("placed", after(&[])),
        ("under way", after(&[Hear(steps("kitchen", &[1], false))])),
        ("asked", after(&[customer()])),
        ("refused", after(&[customer(), no(1)])),
        ("asked again", after(&[customer(), no(1), customer()])),
        ("fulfilled", after(&[eaten()])),
        ("fulfilled, asked", after(&[customer(), eaten()])),
        (
            "cancelled",
            after(&[customer(), Hear(answers("kitchen", 1, true))]),
        ),
        ("failed", after(&[Hear(fails("courier"))])),
    ];
    let inputs = [
        customer(),
        Ask(Cause::Admin),
        Hear(says("kitchen")),
        Hear(steps("courier", &[1], false)),
        Hear(steps("kitchen", &[1, 2], true)),
        Hear(steps("courier", &[2, 3], false)),
        Hear(steps("waiter", &[1, 2], true)),
        Hear(answers("kitchen", 1, true)),
        Hear(answers("kitchen", 1, false)),
        Hear(answers("kitchen", 2, true)),
        Hear(answers("courier", 1, true)),
        Hear(fails("kitchen")),
        Hear(fails("courier")),
        Hear(fails("waiter")),
        Refunded("paid"),
        Refunded("another"),
    ];
    // A column per input, in their order; what each letter says stands at `letter`.
    let expected = [
        ("placed", "AA-if------XX-R-"),
        ("under way", "AA-if------XX-R-"),
        ("asked", "---cc--XN--XX-R-"),
        ("refused", "AA-if------XX-R-"),
        ("asked again", "---cc----X-XX-R-"),
        ("fulfilled", "LL------------R-"),
        ("fulfilled, asked", "-------XN-----R-"),
        ("cancelled", "--------------R-"),
        ("failed", "--------------R-"),
    ];
    for ((name, state), expected) in states.iter().zip(expected) {
        let told = |input| letter(&told(&mut state.clone(), input));
        let found: String = inputs.iter().map(told).collect();
        assert_eq!((*name, &*found), expected);
    }
}

fn letter(told: &str) -> char {
    match told.split(' ').next().unwrap() {
        "CancelAsked" => 'A',
        "CancelRefused" => 'N',
        "Cancelled" => 'X',
        "Refunded" => 'R',
        "NotCancellable" => 'L',
        "Progressed" if told.ends_with("InProgress") => 'i',
        "Progressed" if told.ends_with("Fulfilled") => 'f',
        "Progressed" => 'c',
        _ => '-',
    }
}

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

#[test]
fn an_order_is_finished_when_nothing_more_can_come() {
    let fulfilled = after(&[Hear(steps("kitchen", &[2], true))]);
    assert_eq!(fulfilled.finished_at, Some(fulfilled.changed_at));
    assert_eq!(
        fulfilled.expires_at(),
        Some(fulfilled.changed_at.plus(KEPT_AFTER_END))
    );
    let mut asked = after(&[Ask(Cause::Customer), Hear(steps("kitchen", &[2], true))]);
    assert_eq!(asked.finished_at, None, "an answer is to come");
    told(&mut asked, &Hear(answers("kitchen", 1, false)));
    assert_eq!(asked.finished_at, Some(asked.changed_at));
    let mut cancelled = after(&[Hear(fails("kitchen"))]);
    assert_eq!(cancelled.finished_at, None, "the refund is to come");
    assert_eq!(cancelled.expires_at(), None);
    told(&mut cancelled, &Refunded("paid"));
    assert_eq!(cancelled.finished_at, Some(cancelled.changed_at));
    assert_eq!(told(&mut cancelled, &Refunded("paid")), "-");
    let mut free = placed();
    free.payment_id = None;
    told(&mut free, &Hear(fails("kitchen")));
    assert_eq!(
        free.finished_at,
        Some(free.changed_at),
        "there is nothing to refund"
    );
    assert_eq!(told(&mut free, &Refunded("paid")), "-");
}
