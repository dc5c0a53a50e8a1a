//! Every state and every input.

use super::*;
use mesh::Kind;

const SENT: Time = Time(1_000_000_000);
const NOW: Time = Time(1_005_000_000);

/// What each input makes of each state: the next state, `.` for the same, or `!` and the reason of the refusal. `old` marks
/// inputs that come when the charge was sent long enough ago.
const TABLE: &str = "
input           IDLE      CHARGING  UNKNOWN   APPROVED  REFUNDING REFUNDED  DECLINED  VOIDING   REVERSING VOIDED
repeat          CHARGING  .         .         .         .         !REFUNDED !DECLINED !VOIDED   !VOIDED   !VOIDED
captured        APPROVED  APPROVED  APPROVED  .         .         .         .         REVERSING .         REVERSING
declined        .         DECLINED  VOIDED    .         .         .         .         VOIDED    .         .
nothing         .         IDLE      VOIDED    .         .         .         .         VOIDED    .         .
unsure          .         UNKNOWN   .         .         .         .         .         .         .         .
lost            .         .         .         .         .         .         .         .         .         .
lost-old        .         UNKNOWN   .         .         .         .         .         .         .         .
give-up         .         .         .         .         .         .         .         .         .         .
give-up-old     .         .         VOIDING   .         .         .         .         .         .         .
void            VOIDED    VOIDING   VOIDING   REVERSING !REFUNDED !REFUNDED .         .         .         .
undone          .         .         .         .         .         .         .         VOIDED    VOIDED    .
blocked         .         .         .         .         .         .         .         VOIDED    .         .
not-found       .         .         .         .         .         .         .         .         .         .
not-found-old   .         .         .         .         .         .         .         VOIDED    .         .
cancelled       !INTERNAL !INTERNAL !INTERNAL REFUNDING .         .         !INTERNAL !INTERNAL !INTERNAL !INTERNAL
refunded        .         .         .         .         REFUNDED  .         .         .         .         .
";

fn ask() -> Ask {
    Ask {
        charge_key: "charge:a:1".to_owned(),
        order_id: "a".to_owned(),
        context: "cinema-booking".to_owned(),
        amount: Some(Amount {
            minor_units: 15_000,
            currency: "KRW".to_owned(),
        }),
    }
}

fn payment(state: State) -> Payment {
    Payment {
        state,
        ..Payment::charge("p".to_owned(), ask(), SENT)
    }
}

fn apply(payment: &mut Payment, input: &str) -> Result<(), Refusal> {
    let late = SENT.plus(ASKED_FOR);
    match input {
        "repeat" => payment.repeat(&ask(), NOW).map(drop)?,
        "captured" => payment.learn(Answer::Captured, NOW),
        "declined" => payment.learn(Answer::Declined, NOW),
        "nothing" => payment.learn(Answer::Nothing, NOW),
        "unsure" => payment.learn(Answer::Unsure, NOW),
        "lost" => payment.lost(Time(SENT.0 - 1), NOW),
        "lost-old" => payment.lost(SENT, NOW),
        "give-up" => payment.give_up(Time(late.0 - 1)),
        "give-up-old" => payment.give_up(late),
        "void" => payment.void(
            &Ask {
                amount: None,
                ..ask()
            },
            NOW,
        )?,
        "undone" => payment.reversed(Reversal::Undone, NOW),
        "blocked" => payment.reversed(Reversal::Blocked, NOW),
        "not-found" => payment.reversed(Reversal::NotFound, Time(late.0 - 1)),
        "not-found-old" => payment.reversed(Reversal::NotFound, late),
        "cancelled" => payment.cancelled("cinema-booking", "a", NOW)?,
        "refunded" => drop(payment.refunded(NOW)),
        other => panic!("no input {other}"),
    }
    Ok(())
}

#[test]
fn every_input_in_every_state() {
    let mut lines = TABLE.trim().lines().map(str::split_whitespace);
    let states: Vec<_> = lines
        .next()
        .into_iter()
        .flatten()
        .skip(1)
        .map(|name| State::named(name).unwrap())
        .collect();
    assert_eq!(states.len(), State::ALL.len());
    let mut cells = 0;
    for mut line in lines {
        let input = line.next().unwrap();
        for (state, expected) in states.iter().zip(line.by_ref()) {
            let mut it = payment(*state);
            let refused = apply(&mut it, input).err().map(|no| no.reason);
            let next = match expected.strip_prefix('!') {
                Some(reason) => {
                    let full = refused.clone().unwrap_or_default();
                    assert!(full.ends_with(reason), "{input} in {state:?}: {refused:?}");
                    *state
                }
                None => {
                    assert_eq!(refused, None, "{input} in {state:?}");
                    State::named(expected).unwrap_or(*state)
                }
            };
            assert_eq!(it.state, next, "{input} in {state:?}");
            let news = i64::from(state.shown() != next.shown());
            assert_eq!(it.version, 1 + news, "{input} in {state:?}");
            assert_eq!(it.changed_at != SENT, news == 1, "{input} in {state:?}");
            cells += 1;
        }
    }
    assert_eq!(cells, 16 * State::ALL.len());
}

#[test]
fn what_is_owed_follows_from_the_state_alone() {
    for state in State::ALL {
        let owed = match state {
            State::Unknown => Some(Owed::Enquiry),
            State::Voiding | State::Reversing => Some(Owed::Reversal),
            State::Refunding => Some(Owed::Refund),
            _ => None,
        };
        assert_eq!(payment(state).owes(), owed, "{state:?}");
    }
}

#[test]
fn a_repeat_is_told_what_is_to_be_done() {
    for (state, next) in [
        (State::Idle, Next::Charge),
        (State::Charging, Next::Wait),
        (State::Unknown, Next::Enquire),
        (State::Approved, Next::Approved),
        (State::Refunding, Next::Approved),
    ] {
        assert_eq!(payment(state).repeat(&ask(), NOW), Ok(next), "{state:?}");
    }
}

#[test]
fn a_fresh_try_is_counted_and_dated() {
    let mut it = payment(State::Idle);
    it.repeat(&ask(), NOW).unwrap();
    assert_eq!((it.tries, it.sent_at), (2, Some(NOW)));
}

#[test]
fn the_order_side_is_answered_by_the_state() {
    for (state, reason) in [
        (State::Idle, "PAYMENT_BUSY"),
        (State::Charging, "PAYMENT_UNCONFIRMED"),
        (State::Unknown, "PAYMENT_UNCONFIRMED"),
        (State::Declined, "PAYMENT_DECLINED"),
        (State::Voiding, "PAYMENT_VOIDED"),
        (State::Reversing, "PAYMENT_VOIDED"),
        (State::Voided, "PAYMENT_VOIDED"),
        (State::Refunded, "PAYMENT_REFUNDED"),
    ] {
        let no = payment(state).answer().unwrap_err();
        assert_eq!(no.reason, reason, "{state:?}");
        assert_eq!(no.retry_after.is_some(), no.kind == Kind::Unavailable);
    }
    assert_eq!(payment(State::Approved).answer(), Ok(()));
    assert_eq!(payment(State::Refunding).answer(), Ok(()));
}

#[test]
fn the_same_key_is_the_same_charge() {
    let other = Ask {
        order_id: "b".to_owned(),
        amount: Some(Amount {
            minor_units: 1,
            currency: "KRW".to_owned(),
        }),
        ..ask()
    };
    for state in State::ALL {
        let no = payment(state).repeat(&other, NOW).unwrap_err();
        let fields: Vec<_> = no.violations.iter().map(|it| &*it.field).collect();
        assert_eq!(fields, ["order_id", "amount"], "{state:?}");
        let no = payment(state).void(&other, NOW).unwrap_err();
        assert_eq!(no.kind, Kind::Invalid, "{state:?}");
        let foreign = Ask {
            context: "food-order".to_owned(),
            ..ask()
        };
        let no = payment(state).repeat(&foreign, NOW).unwrap_err();
        assert_eq!(no.kind, Kind::Denied, "{state:?}");
        let no = payment(state).void(&foreign, NOW).unwrap_err();
        assert_eq!(no.kind, Kind::Denied, "{state:?}");
    }
}

#[test]
fn a_tombstone_knows_no_amount_and_takes_none() {
    let ask_void = Ask {
        amount: None,
        ..ask()
    };
    let mut it = Payment::tombstone("p".to_owned(), ask_void, NOW);
    assert_eq!((it.state, it.version), (State::Voided, 1));
    let no = it.repeat(&ask(), NOW).unwrap_err();
    assert_eq!(no.reason, "PAYMENT_VOIDED");
    let other = Ask {
        order_id: "b".to_owned(),
        ..ask()
    };
    assert_eq!(it.repeat(&other, NOW).unwrap_err().kind, Kind::Invalid);
}

#[test]
fn an_order_is_refunded_by_the_payment_it_made() {
    for (context, order_id) in [("food-order", "a"), ("cinema-booking", "b")] {
        for state in State::ALL {
            let mut it = payment(state);
            assert!(it.cancelled(context, order_id, NOW).is_err(), "{state:?}");
            assert_eq!(it.state, state);
        }
    }
}

#[test]
fn questions_are_asked_after_1_2_4_to_60_seconds_until_15_minutes() {
    let it = payment(State::Unknown);
    let mut now = SENT;
    let mut pauses = Vec::new();
    for n in 1..100 {
        let pause = it.pause(n, now);
        if pause.is_zero() {
            break;
        }
        pauses.push(pause.as_secs());
        now = now.plus(pause);
    }
    assert_eq!(pauses[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
    assert_eq!(pauses.iter().sum::<u64>(), ASKED_FOR.as_secs());
    assert!(pauses[6..pauses.len() - 1].iter().all(|it| *it == 60));
}
