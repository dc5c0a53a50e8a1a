use super::*;

const NOW: Time = Time(1);

fn case(question: i32, refused: i32) -> Case {
    Case {
        installer_id: "park".to_owned(),
        question,
        asked_at: (question > 0).then_some(NOW),
        refused,
    }
}

fn said(number: i32, agreed: bool) -> Answer {
    Answer {
        number,
        agreed,
        reason: None,
    }
}

fn requested() -> (Job, Fulfilment) {
    let (mut job, mut done) = (Job::default(), Fulfilment::new("order"));
    let change = hear(&mut job, &mut done, case(0, 0), NOW);
    assert_eq!(change, Some(event::REQUESTED));
    (job, done)
}

fn accepted() -> (Job, Fulfilment) {
    let (job, mut done) = requested();
    let change = accept(&job, &mut done, NOW);
    assert_eq!(change, Ok(Some(event::ACCEPTED)));
    (job, done)
}

#[test]
fn a_job_is_requested_accepted_and_completed_once() {
    let (mut job, mut done) = requested();
    let early = complete(&mut job, &mut done, NOW);
    assert_eq!(early, Err(no::NOT_ACCEPTED));
    accept(&job, &mut done, NOW).unwrap();
    assert_eq!(accept(&job, &mut done, NOW), Ok(None));
    assert!(!done.irrevocable);
    let completed = complete(&mut job, &mut done, NOW);
    assert_eq!(completed, Ok(Some(event::COMPLETED)));
    assert!(done.irrevocable && done.over_at.is_some());
    assert_eq!(complete(&mut job, &mut done, NOW), Ok(None));
    assert_eq!(accept(&job, &mut done, NOW), Ok(None));
}

#[test]
fn a_yes_locks_until_the_refusal() {
    for (mut job, mut done) in [requested(), accepted()] {
        let before = status(&done);
        hear(&mut job, &mut done, case(1, 0), NOW);
        assert_eq!(job.question(), Some((1, NOW)));
        answer(&mut job, &done, said(1, true)).unwrap();
        assert!(job.is_locked());
        assert_eq!(job.question(), None);
        if before == REQUESTED {
            assert_eq!(accept(&job, &mut done, NOW), Err(no::LOCKED));
        }
        assert_eq!(complete(&mut job, &mut done, NOW), Err(no::LOCKED));
        hear(&mut job, &mut done, case(1, 1), NOW);
        assert!(!job.is_locked());
        accept(&job, &mut done, NOW).unwrap();
        let completed = complete(&mut job, &mut done, NOW);
        assert_eq!(completed, Ok(Some(event::COMPLETED)));
    }
}

#[test]
fn a_no_locks_nothing() {
    let (mut job, mut done) = accepted();
    hear(&mut job, &mut done, case(1, 0), NOW);
    answer(&mut job, &done, said(1, false)).unwrap();
    assert!(!job.is_locked());
    let completed = complete(&mut job, &mut done, NOW);
    assert_eq!(completed, Ok(Some(event::COMPLETED)));
    assert_eq!(job.answer, Some(said(1, false)));
}

#[test]
fn what_is_completed_answers_no_by_itself_whichever_comes_first() {
    for question_first in [true, false] {
        let (mut job, mut done) = accepted();
        if question_first {
            hear(&mut job, &mut done, case(1, 0), NOW);
            complete(&mut job, &mut done, NOW).unwrap();
        } else {
            complete(&mut job, &mut done, NOW).unwrap();
            hear(&mut job, &mut done, case(1, 0), NOW);
        }
        let given = job.answer.clone().unwrap();
        assert!(!given.agreed && given.number == 1 && given.reason.is_some());
        let late = answer(&mut job, &done, said(1, true));
        assert_eq!(late, Err(no::ANSWERED));
    }
}

#[test]
fn only_the_open_question_is_answered_and_only_once() {
    let (mut job, mut done) = requested();
    let early = answer(&mut job, &done, said(1, true));
    assert_eq!(early, Err(no::NOT_ASKED));
    hear(&mut job, &mut done, case(2, 1), NOW);
    let old = answer(&mut job, &done, said(1, true));
    assert_eq!(old, Err(no::NOT_ASKED));
    answer(&mut job, &done, said(2, true)).unwrap();
    assert_eq!(answer(&mut job, &done, said(2, true)), Ok(()));
    let other = answer(&mut job, &done, said(2, false));
    assert_eq!(other, Err(no::ANSWERED));
}

#[test]
fn a_yes_to_an_old_request_answers_no_later_one() {
    let (mut job, mut done) = requested();
    hear(&mut job, &mut done, case(1, 0), NOW);
    answer(&mut job, &done, said(1, true)).unwrap();
    hear(&mut job, &mut done, case(2, 1), NOW);
    assert_eq!(job.question(), Some((2, NOW)));
    assert!(!job.is_locked());
    // A repeat of the old answer changes nothing.
    assert_eq!(answer(&mut job, &done, said(1, true)), Ok(()));
    assert_eq!(job.question(), Some((2, NOW)));
}

#[test]
fn the_question_may_come_first() {
    let (mut job, mut done) = (Job::default(), Fulfilment::new("order"));
    let change = hear(&mut job, &mut done, case(1, 0), NOW);
    assert_eq!(change, Some(event::REQUESTED));
    assert_eq!(job.question(), Some((1, NOW)));
}

#[test]
fn a_cancelled_job_stays_so() {
    let (mut job, mut done) = accepted();
    hear(&mut job, &mut done, case(1, 0), NOW);
    answer(&mut job, &done, said(1, true)).unwrap();
    assert_eq!(void(&mut done, NOW), Some(event::CANCELLED));
    assert_eq!(status(&done), CANCELLED);
    assert_eq!(accept(&job, &mut done, NOW), Err(no::CANCELLED));
    assert_eq!(complete(&mut job, &mut done, NOW), Err(no::CANCELLED));
    assert_eq!(answer(&mut job, &done, said(1, true)), Ok(()));
    let mut unknown = Fulfilment::new("order");
    void(&mut unknown, NOW);
    let late = hear(&mut Job::default(), &mut unknown, case(1, 0), NOW);
    assert_eq!((late, unknown.version), (None, 0));
}
