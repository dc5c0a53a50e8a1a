//! Every state of an order in its store against everything that may come about.

use super::*;

const NOW: Time = Time(7);

fn at(status: i32) -> Fulfilment {
    let mut food = Fulfilment::new("order");
    receive(&mut food, false, NOW);
    if (COOKING..=DELIVERED).contains(&status) {
        accept(&mut food, NOW).unwrap();
    }
    match status {
        DELIVERING => drop(start_delivery(&mut food, NOW)),
        DELIVERED => {
            start_delivery(&mut food, NOW).unwrap();
            complete_delivery(&mut food, NOW).unwrap();
        }
        REJECTED => drop(reject(&mut food, text("no rice", "쌀 없음"), NOW)),
        CANCELLED => drop(void(&mut food, NOW)),
        _ => {}
    }
    assert_eq!(super::status(&food), status);
    food
}

const ALL: [i32; 6] = [
    RECEIVED, COOKING, DELIVERING, DELIVERED, REJECTED, CANCELLED,
];

#[test]
fn each_command_in_each_state_is_done_once_or_refused_for_its_reason() {
    type Row = (&'static str, fn(&mut Fulfilment) -> Decided, [Decided; 6]);
    const DONE: Decided = Ok(None);
    let no = Err::<Option<&str>, Refusal>;
    let commands: [Row; 4] = [
        (
            "accept",
            |food| accept(food, NOW),
            [
                Ok(Some(event::ACCEPTED)),
                DONE,
                DONE,
                DONE,
                no(no::REJECTED),
                no(no::CANCELLED),
            ],
        ),
        (
            "start delivery",
            |food| start_delivery(food, NOW),
            [
                no(no::NOT_READY),
                Ok(Some(event::STARTED)),
                DONE,
                DONE,
                no(no::REJECTED),
                no(no::CANCELLED),
            ],
        ),
        (
            "complete delivery",
            |food| complete_delivery(food, NOW),
            [
                no(no::NOT_READY),
                no(no::NOT_READY),
                Ok(Some(event::COMPLETED)),
                DONE,
                no(no::REJECTED),
                no(no::CANCELLED),
            ],
        ),
        (
            "reject",
            |food| reject(food, text("no fish", "생선 없음"), NOW),
            [
                Ok(Some(event::REJECTED)),
                Ok(Some(event::REJECTED)),
                no(no::DELIVERING),
                no(no::DELIVERING),
                no(no::REJECTED),
                no(no::CANCELLED),
            ],
        ),
    ];
    for (name, command, expected) in commands {
        for (status, expected) in ALL.into_iter().zip(expected) {
            let mut food = at(status);
            let before = food.clone();
            assert_eq!(command(&mut food), expected, "{name} at {status}");
            let changed = matches!(expected, Ok(Some(_)));
            assert_eq!(food.version > before.version, changed, "{name} at {status}");
            if changed && name != "reject" {
                assert_eq!(command(&mut food), Ok(None), "{name} again at {status}");
            }
        }
    }
}

#[test]
fn a_cancellation_is_agreed_to_until_the_courier_leaves() {
    for status in ALL {
        let mut food = at(status);
        answer(&mut food, 1, NOW);
        let agreed = food.answer.unwrap().agreed;
        let expected = !matches!(status, DELIVERING | DELIVERED);
        assert_eq!(agreed, expected, "{status}");
    }
    let mut unheard = Fulfilment::new("order");
    answer(&mut unheard, 1, NOW);
    assert!(unheard.answer.as_ref().unwrap().agreed);
    assert_eq!(
        receive(&mut unheard, true, NOW),
        None,
        "it makes nothing later"
    );
}

#[test]
fn a_delivery_is_irrevocable_from_its_start_and_over_at_its_end() {
    let started = at(DELIVERING);
    assert!(started.irrevocable);
    assert_eq!(
        started.over_at, None,
        "it may take longer than the stream remembers"
    );
    assert_eq!(at(DELIVERED).over_at, Some(NOW));
}

#[test]
fn the_owner_is_told_that_the_setting_was_faster() {
    let mut food = Fulfilment::new("order");
    assert_eq!(receive(&mut food, true, NOW), Some(event::ACCEPTED));
    assert_eq!(accept(&mut food, NOW), Err(no::ACCEPTED_BY_ITSELF));
    assert_eq!(receive(&mut food, true, NOW), None);
    assert_eq!(accept_by_itself(&mut food, NOW), None);
}

#[test]
fn the_same_rejection_again_is_no_second_one() {
    let mut food = at(REJECTED);
    let same = reject(&mut food, text("no rice", "쌀 없음"), NOW);
    assert_eq!(same, Ok(None));
}
