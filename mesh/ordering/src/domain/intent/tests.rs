//! What a repeat finds in each state.

use super::*;

#[test]
fn every_state_against_a_repeat() {
    let (before, lease, after) = (Time(99), Time(100), Time(101));
    let table = [
        (State::Pending, before, Repeat::Wait),
        (State::Pending, lease, Repeat::TakeOver),
        (State::Pending, after, Repeat::TakeOver),
        (State::Placed, before, Repeat::Answer),
        (State::Placed, after, Repeat::Answer),
        (State::Refused, before, Repeat::Again(4)),
        (State::Refused, after, Repeat::Again(4)),
        (State::Voiding, before, Repeat::NotYet),
        (State::Voiding, after, Repeat::NotYet),
    ];
    for (state, now, expected) in table {
        assert_eq!(
            state.on_repeat(3, lease, now),
            expected,
            "{state:?} at {now:?}"
        );
    }
}

#[test]
fn states_are_read_as_they_are_written() {
    for state in [
        State::Pending,
        State::Placed,
        State::Refused,
        State::Voiding,
    ] {
        assert_eq!(State::from_name(state.name()), Some(state));
    }
    assert_eq!(State::from_name("pending"), None);
}

#[test]
fn the_charge_key_is_the_attempts_own() {
    assert_eq!(charge_key("1", 2), "charge:1:2");
}
