//! What else is said of it: with a step, and to be seen.

use super::*;

fn of(value: &str) -> (Text, String) {
    (text("Cook", "요리사"), value.to_owned())
}

fn by(name: &str) -> Text {
    text(format!("{name} cooks"), format!("{name} 요리사"))
}

/// The kitchen has reached its first step, and says who cooks.
fn cooked_by(name: &str) -> Heard {
    Heard {
        reasons: vec![(1, by(name))],
        refs: vec![of(name)],
        ..steps("kitchen", &[1], false)
    }
}

fn reasons(order: &Order) -> Vec<&Text> {
    let entries = order.timeline.iter();
    entries.filter_map(|entry| entry.reason.as_ref()).collect()
}

fn shown(order: &Order) -> Vec<String> {
    let told = crate::wire::order(order, &SYSTEM);
    told.refs.into_iter().map(|own| own.value).collect()
}

#[test]
fn a_customer_is_told_what_a_step_says_and_again_when_that_is_another() {
    let mut order = after(&[Hear(cooked_by("Ann"))]);
    assert_eq!(reasons(&order), [&by("Ann")]);
    assert_eq!(told(&mut order, &Hear(cooked_by("Ann"))), "-");
    let bob = told(&mut order, &Hear(cooked_by("Bob")));
    assert_eq!(bob, "Progressed InProgress");
    assert_eq!(reasons(&order), [&by("Ann"), &by("Bob")]);
    let happened: Vec<_> = order.timeline.iter().map(|entry| entry.happened).collect();
    let expected = [0, 1, 1].map(Happened::Progress);
    assert_eq!(happened, expected);
    // Whom it is taken from while a cancellation is asked for, the customer still reads.
    told(&mut order, &Ask(Cause::Customer));
    told(&mut order, &Hear(cooked_by("Cho")));
    assert_eq!(order.timeline.last().unwrap().reason, Some(by("Cho")));
    // Of a step that is behind it there is nothing to tell.
    told(&mut order, &Hear(steps("courier", &[1], false)));
    let told = told(&mut order, &Hear(cooked_by("Dan")));
    assert_eq!(told, "Progressed Cancelling", "it is shown");
    assert_eq!(reasons(&order).len(), 3);
}

#[test]
fn what_is_to_be_seen_is_the_newest_of_each_context_behind_the_orders_own() {
    let mut order = placed();
    order.refs = vec![of("rice")];
    let courier = Heard {
        refs: vec![of("bicycle")],
        ..steps("courier", &[1], false)
    };
    told(&mut order, &Hear(courier));
    told(&mut order, &Hear(cooked_by("Ann")));
    assert_eq!(shown(&order), ["rice", "Ann", "bicycle"]);
    told(&mut order, &Hear(cooked_by("Bob")));
    assert_eq!(shown(&order), ["rice", "Bob", "bicycle"]);
    told(&mut order, &Hear(steps("kitchen", &[1], false)));
    assert_eq!(shown(&order), ["rice", "bicycle"]);
    // Before any of its steps is a progress it has nothing to show, nor has a stranger.
    let early = Heard {
        refs: vec![of("early")],
        ..steps("kitchen", &[77], false)
    };
    assert_eq!(told(&mut order, &Hear(early)), "-");
    let stranger = Heard {
        refs: vec![of("stranger")],
        ..steps("waiter", &[1], false)
    };
    assert_eq!(told(&mut order, &Hear(stranger)), "-");
    // What is cancelled is shown as it was.
    told(&mut order, &Hear(fails("kitchen")));
    assert_eq!(told(&mut order, &Hear(cooked_by("Cho"))), "-");
}

#[test]
fn a_refund_is_called_what_people_call_it() {
    let mut order = after(&[Hear(fails("kitchen")), Refunded("paid")]);
    let last = crate::wire::timeline(&order, &SYSTEM).pop().unwrap();
    let status = last.status.unwrap();
    assert_eq!(
        (&*status.name, status.label.unwrap().ko),
        ("REFUNDED", "결제취소".to_owned())
    );
    assert_eq!(told(&mut order, &Refunded("paid")), "-");
}

#[test]
fn the_longest_timeline_is_short_however_often_the_text_changes() {
    let mut order = placed();
    for number in 1..=2 * MOST_TELLINGS {
        told(&mut order, &Hear(cooked_by(&number.to_string())));
    }
    assert_eq!(order.timeline.len(), 1 + MOST_TELLINGS);
    let last = (2 * MOST_TELLINGS).to_string();
    assert_eq!(shown(&order), [last], "but it is shown");
}

#[test]
fn what_comes_late_behind_something_newer_is_not_heard() {
    let as_version = |version, heard| Heard { version, ..heard };
    let mut order = after(&[Hear(as_version(1, cooked_by("Ann")))]);
    // No news, but it is newer.
    let again = as_version(3, cooked_by("Ann"));
    assert_eq!(order.hear(&SYSTEM, &again, Time(2)), None);
    assert_eq!(order.heard["kitchen"], 3);
    for late in [2, 1] {
        let late = as_version(late, cooked_by("Bob"));
        assert_eq!(told(&mut order, &Hear(late)), "-");
    }
    assert_eq!(reasons(&order), [&by("Ann")]);
    // Others count for themselves.
    let courier = as_version(1, steps("courier", &[1], true));
    assert_eq!(
        order.hear(&SYSTEM, &courier, Time(3)),
        Some(Change::Progressed)
    );
}
