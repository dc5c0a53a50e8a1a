use super::*;

const NOW: Time = Time(1);

fn opened() -> (Case, Fulfilment) {
    let (case, mut done) = (Case::default(), Fulfilment::new("order"));
    assert_eq!(open(&mut done, NOW), Some(event::OPENED));
    (case, done)
}

fn assigned() -> (Case, Fulfilment) {
    let (mut case, mut done) = opened();
    let change = assign(&mut case, &mut done, "rep", ("installer", "Kim"), NOW);
    assert_eq!(change, Ok(Some(event::ASSIGNED)));
    (case, done)
}

fn checking() -> (Case, Fulfilment) {
    let (mut case, mut done) = assigned();
    ask(&mut case, &mut done, 1, None, NOW);
    receive(&mut case, "rep", 1, NOW).unwrap();
    (case, done)
}

fn said(agreed: bool) -> Verdict {
    let reason = (!agreed).then(|| text("no", "불가"));
    Verdict { agreed, reason }
}

fn why(agreed: bool, reason: Option<&'static str>) -> Verdict {
    let reason = reason.map(|reason| text(reason, reason));
    Verdict { agreed, reason }
}

#[test]
fn a_case_goes_from_open_to_active() {
    let (mut case, mut done) = assigned();
    assert_eq!(status(&case, &done), ASSIGNED);
    let early = complete(&mut case, &mut done, "rep", NOW);
    assert_eq!(early, Err(no::NOT_INSTALLED));
    let installed = hear(&mut case, &mut done, true, None, NOW);
    assert_eq!(installed, Some(event::INSTALLED));
    assert!(done.irrevocable && done.over_at.is_none());
    let completed = complete(&mut case, &mut done, "rep", NOW);
    assert_eq!(completed, Ok(Some(event::ACTIVATED)));
    assert_eq!(status(&case, &done), ACTIVE);
    assert!(done.over_at.is_some());
}

#[test]
fn a_repeat_is_fine_and_another_rep_is_late() {
    let (mut case, mut done) = assigned();
    let mut again = |rep, installer| assign(&mut case, &mut done, rep, (installer, "Kim"), NOW);
    assert_eq!(again("rep", "installer"), Ok(None));
    assert_eq!(again("other", "installer"), Err(no::ASSIGNED));
    assert_eq!(again("rep", "another"), Err(no::ASSIGNED));
    ask(&mut case, &mut done, 1, None, NOW);
    assert_eq!(receive(&mut case, "rep", 1, NOW), Ok(()));
    assert_eq!(receive(&mut case, "rep", 1, NOW), Ok(()));
    assert_eq!(receive(&mut case, "other", 1, NOW), Err(no::RECEIVED));
    hear(&mut case, &mut done, false, Some((1, said(true))), NOW);
    let mut decided = |rep, verdict| decide(&mut case, &mut done, rep, 1, verdict, NOW);
    let refused = why(false, Some("too late"));
    let first = decided("rep", refused.clone());
    assert_eq!(first, Ok(Some(event::ANSWERED)));
    assert_eq!(decided("rep", refused.clone()), Ok(None));
    assert_eq!(decided("rep", said(true)), Err(no::DECIDED));
    assert_eq!(decided("rep", why(false, Some("no"))), Err(no::DECIDED));
    assert_eq!(decided("other", refused), Err(no::DECIDED));
    hear(&mut case, &mut done, true, None, NOW);
    let mut completed = |rep| complete(&mut case, &mut done, rep, NOW);
    assert_eq!(completed("rep"), Ok(Some(event::ACTIVATED)));
    assert_eq!(completed("rep"), Ok(None));
    assert_eq!(completed("other"), Err(no::COMPLETED));
}

#[test]
fn from_the_request_on_nothing_else_is_done() {
    let (mut case, mut done) = opened();
    ask(&mut case, &mut done, 1, None, NOW);
    assert_eq!(status(&case, &done), CANCEL_ASKED);
    let refused = assign(&mut case, &mut done, "rep", ("installer", "Kim"), NOW);
    assert_eq!(refused, Err(no::CANCELLATION_OPEN));
    let (mut case, mut done) = assigned();
    hear(&mut case, &mut done, true, None, NOW);
    ask(&mut case, &mut done, 1, None, NOW);
    for received in [false, true] {
        if received {
            receive(&mut case, "rep", 1, NOW).unwrap();
            assert_eq!(status(&case, &done), CHECKING);
        }
        let refused = complete(&mut case, &mut done, "rep", NOW);
        assert_eq!(refused, Err(no::CANCELLATION_OPEN));
    }
}

#[test]
fn a_rep_decides_only_what_was_taken_up_and_answered() {
    let (mut case, mut done) = assigned();
    let decided = |case: &mut Case, done: &mut Fulfilment| {
        decide(case, done, "rep", 1, why(false, Some("x")), NOW)
    };
    assert_eq!(decided(&mut case, &mut done), Err(no::NOT_RECEIVED));
    assert_eq!(receive(&mut case, "rep", 1, NOW), Err(no::NOT_ASKED));
    ask(&mut case, &mut done, 1, None, NOW);
    assert_eq!(decided(&mut case, &mut done), Err(no::NOT_RECEIVED));
    assert_eq!(receive(&mut case, "rep", 2, NOW), Err(no::NOT_ASKED));
    // An answer to what was not asked yet is none.
    hear(&mut case, &mut done, false, Some((1, said(true))), NOW);
    receive(&mut case, "rep", 1, NOW).unwrap();
    assert_eq!(case.question, 1);
    assert_eq!(case.asked_at(), Some(NOW));
    assert_eq!(decided(&mut case, &mut done), Err(no::UNANSWERED));
    hear(&mut case, &mut done, false, Some((1, said(true))), NOW);
    assert_eq!(case.asked_at(), None);
    assert_eq!(decided(&mut case, &mut done), Ok(Some(event::ANSWERED)));
}

#[test]
fn after_a_yes_it_is_cancelled_or_refused_for_a_reason() {
    let (mut case, mut done) = checking();
    hear(&mut case, &mut done, false, Some((1, said(true))), NOW);
    let mut without = decide(&mut case, &mut done, "rep", 1, why(false, None), NOW);
    assert_eq!(without, Err(no::reason_required()));
    without = decide(&mut case, &mut done, "rep", 1, why(true, None), NOW);
    assert_eq!(without, Ok(Some(event::ANSWERED)));
    assert!(done.voided && done.answer.as_ref().unwrap().agreed);
    assert_eq!((status(&case, &done), case.refused), (CANCELLED, 0));
    let late = hear(&mut case, &mut done, true, None, NOW);
    assert_eq!((late, done.irrevocable), (None, false));
}

#[test]
fn after_a_no_it_is_never_cancelled_and_refused_for_the_installers_reason() {
    let (mut case, mut done) = checking();
    hear(&mut case, &mut done, false, Some((1, said(false))), NOW);
    let never = decide(&mut case, &mut done, "rep", 1, why(true, None), NOW);
    assert_eq!(never, Err(no::INSTALLER_REFUSED));
    let refused = decide(&mut case, &mut done, "rep", 1, why(false, None), NOW);
    assert_eq!(refused, Ok(Some(event::ANSWERED)));
    let answer = done.answer.clone().unwrap();
    assert_eq!((answer.agreed, answer.reason), (false, said(false).reason));
    assert_eq!((status(&case, &done), case.refused), (ASSIGNED, 1));
    // It may be asked again, and the old answer answers nothing.
    ask(&mut case, &mut done, 2, None, NOW);
    receive(&mut case, "rep", 2, NOW).unwrap();
    hear(&mut case, &mut done, false, Some((1, said(true))), NOW);
    let stale = decide(&mut case, &mut done, "rep", 2, why(true, None), NOW);
    assert_eq!(stale, Err(no::UNANSWERED));
}

#[test]
fn nobody_assigned_answers_yes_by_itself_and_the_rep_decides() {
    let (mut case, mut done) = opened();
    ask(&mut case, &mut done, 1, None, NOW);
    receive(&mut case, "rep", 1, NOW).unwrap();
    assert_eq!((case.question, case.asked_at()), (0, None));
    assert!(!done.voided);
    let decided = decide(&mut case, &mut done, "rep", 1, why(true, None), NOW);
    assert_eq!(decided, Ok(Some(event::ANSWERED)));
    assert_eq!(status(&case, &done), CANCELLED);
}

#[test]
fn what_is_active_answers_no_by_itself() {
    let (mut case, mut done) = assigned();
    hear(&mut case, &mut done, true, None, NOW);
    complete(&mut case, &mut done, "rep", NOW).unwrap();
    let answered = ask(&mut case, &mut done, 1, None, NOW);
    assert_eq!(answered, Some(event::ANSWERED));
    assert!(!done.answer.as_ref().unwrap().agreed);
    assert_eq!(status(&case, &done), ACTIVE);
    assert_eq!(ask(&mut case, &mut done, 1, None, NOW), None);
}

#[test]
fn what_was_cancelled_unasked_makes_nothing() {
    let (mut case, mut done) = assigned();
    assert_eq!(void(&mut done, NOW), Some(event::VOIDED));
    assert_eq!(status(&case, &done), CANCELLED);
    let late = assign(&mut case, &mut done, "rep", ("installer", "Kim"), NOW);
    assert_eq!(late, Err(no::CANCELLED));
    let late = complete(&mut case, &mut done, "rep", NOW);
    assert_eq!(late, Err(no::CANCELLED));
    let mut unknown = Fulfilment::new("order");
    void(&mut unknown, NOW);
    assert_eq!((open(&mut unknown, NOW), unknown.version), (None, 0));
}
