use super::*;

const LONGEST: Duration = Duration::from_secs(10);

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn fail(breaker: &mut Breaker, now: Instant) {
    let call = breaker.admit(now).unwrap();
    breaker.judge(call, Outcome::Failure, now, 0.0);
}

fn succeed(breaker: &mut Breaker, now: Instant) {
    let call = breaker.admit(now).unwrap();
    breaker.judge(call, Outcome::Success, now, 0.0);
}

/// Open since `now`, for a second.
fn opened(now: Instant) -> Breaker {
    let mut breaker = Breaker::new(LONGEST, now);
    for _ in 0..CONSECUTIVE {
        fail(&mut breaker, now);
    }
    assert_eq!(breaker.state(), State::Open);
    breaker
}

#[test]
fn seven_failures_in_a_row_open_it() {
    let now = Instant::now();
    let mut breaker = Breaker::new(LONGEST, now);
    for _ in 0..3 {
        for _ in 0..6 {
            fail(&mut breaker, now);
        }
        assert_eq!(breaker.consecutive_failures(), 6);
        // Enough successes that the rate stays low.
        for _ in 0..20 {
            succeed(&mut breaker, now);
        }
    }
    assert_eq!(breaker.state(), State::Closed);
    for _ in 0..7 {
        fail(&mut breaker, now);
    }
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(breaker.consecutive_failures(), 7);
    assert_eq!(breaker.admit(now), Err(seconds(1.0)));
}

#[test]
fn every_second_call_failing_opens_it_when_there_were_twenty() {
    let now = Instant::now();
    let mut breaker = Breaker::new(LONGEST, now);
    for _ in 0..9 {
        succeed(&mut breaker, now);
        fail(&mut breaker, now);
    }
    succeed(&mut breaker, now);
    assert_eq!(breaker.state(), State::Closed, "9 of 19");
    fail(&mut breaker, now);
    assert_eq!(breaker.state(), State::Open, "10 of 20");
}

#[test]
fn fewer_than_every_second_call_failing_does_not() {
    let now = Instant::now();
    let mut breaker = Breaker::new(LONGEST, now);
    succeed(&mut breaker, now);
    for _ in 0..200 {
        succeed(&mut breaker, now);
        fail(&mut breaker, now);
    }
    assert_eq!(breaker.state(), State::Closed, "200 of 401");
}

#[test]
fn what_happened_ten_seconds_ago_is_forgotten() {
    for (after, state) in [
        (0.0, State::Open),
        (9.9, State::Open),
        (10.0, State::Closed),
        (13.5, State::Closed),
        (100.0, State::Closed),
    ] {
        let start = Instant::now();
        let mut breaker = Breaker::new(LONGEST, start);
        for _ in 0..9 {
            succeed(&mut breaker, start);
            fail(&mut breaker, start);
        }
        let later = start + seconds(after);
        succeed(&mut breaker, later);
        fail(&mut breaker, later);
        assert_eq!(breaker.state(), state, "after {after} s");
    }
}

#[test]
fn one_probe_goes_through_and_closes_it() {
    let start = Instant::now();
    let mut breaker = opened(start);
    assert_eq!(
        breaker.admit(start + seconds(0.9)),
        Err(seconds(1.0) - seconds(0.9))
    );
    let now = start + seconds(1.0);
    let probe = breaker.admit(now).unwrap();
    assert_eq!(breaker.state(), State::Probing);
    assert!(breaker.admit(now).is_err(), "one probe is enough");
    breaker.judge(probe, Outcome::Success, now, 0.0);
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!(breaker.consecutive_failures(), 0);
    assert!(breaker.admit(now).is_ok() && breaker.admit(now).is_ok());
}

#[test]
fn a_failed_probe_opens_it_for_twice_as_long_up_to_the_longest() {
    let mut now = Instant::now();
    let mut breaker = opened(now);
    let mut waits = Vec::new();
    for _ in 0..6 {
        let wait = breaker.admit(now).unwrap_err();
        waits.push(wait.as_millis());
        now += wait;
        fail(&mut breaker, now);
    }
    // The last is the longest less the room for jitter.
    assert_eq!(waits, [1000, 2000, 4000, 6666, 6666, 6666]);
    now += breaker.admit(now).unwrap_err();
    succeed(&mut breaker, now);
    for _ in 0..CONSECUTIVE {
        fail(&mut breaker, now);
    }
    assert_eq!(
        breaker.admit(now),
        Err(seconds(1.0)),
        "closed, it begins anew"
    );
}

#[test]
fn jitter_makes_it_longer_by_half_at_most_and_never_longer_than_the_longest() {
    let start = Instant::now();
    for (longest, first) in [(10.0, 1.5), (2.0, 1.5), (1.2, 1.2), (0.0, 0.0)] {
        let mut now = start;
        let mut breaker = Breaker::new(seconds(longest), now);
        for opening in 0..8 {
            let failures = if opening == 0 { CONSECUTIVE } else { 1 };
            for _ in 0..failures {
                let call = breaker.admit(now).unwrap();
                breaker.judge(call, Outcome::Failure, now, 1.0);
            }
            let wait = breaker.admit(now).err().unwrap_or_default();
            if opening == 0 {
                assert_eq!((wait.as_secs_f64() * 1000.0).round(), first * 1000.0);
            }
            assert!(wait <= seconds(longest + 1e-6), "{wait:?} of {longest} s");
            now += wait;
        }
    }
}

#[test]
fn answers_of_an_earlier_generation_are_ignored() {
    let start = Instant::now();
    let mut breaker = Breaker::new(LONGEST, start);
    let early: Vec<_> = (0..3).map(|_| breaker.admit(start).unwrap()).collect();
    for _ in 0..CONSECUTIVE {
        fail(&mut breaker, start);
    }
    breaker.judge(early[0], Outcome::Success, start, 0.0);
    assert_eq!(
        breaker.state(),
        State::Open,
        "a late success is not a probe's"
    );
    let now = start + seconds(1.0);
    let probe = breaker.admit(now).unwrap();
    breaker.judge(early[1], Outcome::Success, now, 0.0);
    assert_eq!(breaker.state(), State::Probing);
    breaker.judge(probe, Outcome::Success, now, 0.0);
    breaker.judge(early[2], Outcome::Failure, now, 0.0);
    assert_eq!(breaker.consecutive_failures(), 0, "nor a late failure ours");
}

#[test]
fn a_probe_that_was_not_made_leaves_the_probe_to_the_next() {
    let start = Instant::now();
    let mut breaker = opened(start);
    let now = start + seconds(1.0);
    let probe = breaker.admit(now).unwrap();
    breaker.judge(probe, Outcome::Nothing, now, 0.0);
    assert_eq!(breaker.state(), State::Open);
    let probe = breaker.admit(now).unwrap();
    breaker.judge(probe, Outcome::Success, now, 0.0);
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn a_probe_of_which_nothing_is_heard_is_replaced() {
    let start = Instant::now();
    let mut breaker = opened(start);
    let lost = breaker.admit(start + seconds(1.0)).unwrap();
    assert!(breaker.admit(start + seconds(1.9)).is_err());
    let now = start + seconds(2.0);
    let probe = breaker.admit(now).unwrap();
    breaker.judge(lost, Outcome::Failure, now, 0.0);
    assert_eq!(breaker.state(), State::Probing);
    breaker.judge(probe, Outcome::Success, now, 0.0);
    assert_eq!(breaker.state(), State::Closed);
}

#[test]
fn a_call_that_was_not_made_counts_neither_way() {
    let now = Instant::now();
    let mut breaker = Breaker::new(LONGEST, now);
    for _ in 0..6 {
        fail(&mut breaker, now);
    }
    let call = breaker.admit(now).unwrap();
    breaker.judge(call, Outcome::Nothing, now, 0.0);
    assert_eq!(breaker.consecutive_failures(), 6);
}
