//! Every state of a fulfilment against everything that may be done to it.

use super::*;
use mesh::text;

const NOW: Time = Time(10);
const LATER: Time = Time(20);

fn reason() -> Text {
    text("no", "아니요")
}

fn after(acts: &[fn(&mut Fulfilment, Time) -> bool]) -> Fulfilment {
    let mut fulfilment = Fulfilment::new("1");
    for act in acts {
        assert!(act(&mut fulfilment, NOW));
    }
    fulfilment
}

const REACH: fn(&mut Fulfilment, Time) -> bool = |f, now| f.reach(1, now);
const END: fn(&mut Fulfilment, Time) -> bool = |f, now| f.reach_for_good(2, now);
const FAIL: fn(&mut Fulfilment, Time) -> bool = |f, now| f.fail("GONE", reason(), now);
const ANSWER_1: fn(&mut Fulfilment, Time) -> bool = |f, now| f.answer(1, reason(), now);
const ANSWER_2: fn(&mut Fulfilment, Time) -> bool = |f, now| f.answer(2, reason(), now);
const VOID: fn(&mut Fulfilment, Time) -> bool = |f, now| f.void(now);

/// What came of it: "-" nothing, else what it is then; stated when its version rose, by one.
fn done(fulfilment: &mut Fulfilment, act: fn(&mut Fulfilment, Time) -> bool) -> String {
    let before = fulfilment.clone();
    if !act(fulfilment, LATER) {
        assert_eq!(*fulfilment, before, "no news changes nothing");
        return "-".to_owned();
    }
    let stated = fulfilment.version - before.version;
    assert!((0..=1).contains(&stated));
    let answered = fulfilment.answer != before.answer;
    let is = match (
        &fulfilment.answer,
        fulfilment.irrevocable,
        &fulfilment.failed,
    ) {
        (Some(answer), ..) if answered && answer.agreed => "yes",
        (Some(_), ..) if answered => "no",
        _ if fulfilment.voided != before.voided => "void",
        (_, true, _) if !before.irrevocable => "final",
        (_, _, Some(_)) if before.failed.is_none() => "failed",
        _ => "further",
    };
    let silently = if stated == 0 { " unstated" } else { "" };
    format!("{is}{silently}")
}

#[test]
fn every_state_against_everything_that_may_be_done() {
    let acts = [REACH, END, FAIL, ANSWER_1, ANSWER_2, VOID];
    let table = [
        (
            "new",
            after(&[]),
            ["further", "final", "failed", "yes", "yes", "void unstated"],
        ),
        (
            "under way",
            after(&[REACH]),
            ["-", "final", "failed", "yes", "yes", "void"],
        ),
        (
            "final",
            after(&[REACH, END]),
            ["-", "-", "-", "no", "no", "-"],
        ),
        (
            "final, asked",
            after(&[END, ANSWER_1]),
            ["further", "-", "-", "-", "no", "-"],
        ),
        (
            "failed",
            after(&[FAIL]),
            ["-", "-", "-", "yes", "yes", "void unstated"],
        ),
        (
            "agreed",
            after(&[REACH, ANSWER_1]),
            ["-", "-", "-", "-", "yes", "-"],
        ),
        ("voided", after(&[VOID]), ["-", "-", "-", "yes", "yes", "-"]),
        (
            "voided under way",
            after(&[REACH, VOID]),
            ["-", "-", "-", "yes", "yes", "-"],
        ),
    ];
    for (name, state, expected) in table {
        let found = acts.map(|act| done(&mut state.clone(), act));
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn steps_keep_when_they_were_first_reached() {
    let mut fulfilment = after(&[REACH]);
    assert!(!fulfilment.reach(1, LATER));
    assert_eq!(fulfilment.reached_at(1), Some(NOW));
    assert!(fulfilment.has_reached(1) && !fulfilment.has_reached(2));
    assert_eq!(fulfilment.reached_at(2), None);
}

#[test]
fn an_older_request_is_not_answered_after_a_newer() {
    let mut fulfilment = after(&[END, ANSWER_2]);
    assert!(!fulfilment.answer(1, reason(), LATER));
    let answer = fulfilment.answer.unwrap();
    assert_eq!((answer.number, answer.agreed), (2, false));
    assert_eq!(answer.reason, Some(reason()));
}

#[test]
fn it_is_over_once_it_is_final_failed_or_voided() {
    assert_eq!(after(&[REACH]).expires_at(), None);
    let kept = Some(NOW.plus(KEPT_AFTER_END));
    for over in [
        after(&[END]),
        after(&[FAIL]),
        after(&[ANSWER_1]),
        after(&[VOID]),
        after(&[REACH, VOID]),
    ] {
        assert_eq!(over.expires_at(), kept, "{over:?}");
    }
    assert!(
        !after(&[ANSWER_1]).is_open() && !after(&[FAIL]).is_open() && !after(&[VOID]).is_open()
    );
    assert!(
        after(&[END]).is_open(),
        "what is final goes on: delivering, then delivered"
    );
}

#[test]
fn what_is_told_of_a_step_is_stated_once_for_each_text() {
    let refs = |value: &str| vec![(text("Driver", "기사"), value.to_owned())];
    let mut fulfilment = after(&[REACH]);
    assert!(fulfilment.tell(1, reason(), refs("Kim"), LATER));
    assert_eq!(fulfilment.steps, [(1, NOW)], "reached once");
    assert!(!fulfilment.tell(1, reason(), refs("Kim"), LATER));
    assert!(fulfilment.tell(1, reason(), refs("Lee"), LATER));
    assert!(fulfilment.tell(2, text("yes", "네"), refs("Lee"), LATER));
    assert_eq!(fulfilment.steps, [(1, NOW), (2, LATER)]);
    assert_eq!(fulfilment.reason(1), Some(&reason()));
    assert_eq!(fulfilment.version, 4);
    assert!(VOID(&mut fulfilment, LATER));
    assert!(!fulfilment.tell(1, reason(), refs("Cho"), LATER));
    assert_eq!(fulfilment.refs, refs("Lee"));
}

#[test]
fn a_row_that_was_written_before_it_could_say_more_is_read() {
    let old = r#"{"order_id":"1","version":1,"steps":[[1,10]],"irrevocable":false,"failed":null,
        "answer":null,"voided":false,"over_at":null}"#;
    let read: Fulfilment = serde_json::from_str(old).unwrap();
    assert_eq!(read, after(&[REACH]));
}
