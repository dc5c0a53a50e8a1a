//! Every state of an order against everything that it may be told.

mod cancelling;
mod progress;
mod saying;

use super::*;
use crate::domain::Progress;
use mesh::text;

const fn word(name: &'static str) -> Status {
    Status::new(1, name, name, name)
}

/// A kitchen and a courier fulfil; the kitchen decides.
const SYSTEM: System = System {
    context: "shop",
    name: "food",
    events: "Order",
    detail: "Dish",
    noun: "order",
    progress: &[
        Progress::placed(word("ORDERED")),
        Progress::by("kitchen", 1, word("COOKED")),
        Progress::by("courier", 1, word("PACKED")),
        Progress::by("kitchen", 2, word("EATEN")).last(),
        Progress::by("kitchen", 3, word("WASTED")).last(),
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
        fulfilling_refs: BTreeMap::new(),
        heard: BTreeMap::new(),
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
        Hear(heard) => {
            let change = order.hear(&SYSTEM, heard, now);
            assert!(change.is_none() || heard.may_matter(&SYSTEM), "{heard:?}");
            change
        }
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
