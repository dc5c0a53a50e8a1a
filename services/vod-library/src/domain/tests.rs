use super::*;

const START: Time = Time(1_750_000_000_000_000);

fn after(seconds: u64) -> Time {
    START.plus(Duration::from_secs(seconds))
}

/// An order whose purchase was sent.
fn sent() -> (Purchase, Fulfilment) {
    let (mut purchase, mut order) = (Purchase::default(), Fulfilment::new("one"));
    assert_eq!(purchase.next(&mut order, START), Next::Buy);
    assert_eq!(order.steps, [(PURCHASING, START)]);
    (purchase, order)
}

#[test]
fn what_was_sent_is_asked_for_and_never_sent_again() {
    let (mut purchase, mut order) = sent();
    let mut second = 0;
    for pause in [1, 1, 2, 4, 8, 10] {
        assert_eq!(purchase.next(&mut order, after(second)), Next::Ask);
        for answer in [Answer::Unsure, Answer::Nothing] {
            purchase.learned(&mut order, answer, after(second));
        }
        let asked_again = Some(Duration::from_secs(pause));
        assert_eq!(purchase.pause(&order, after(second)), asked_again);
        second += pause;
    }
    purchase.learned(&mut order, Answer::Sold, after(29));
    assert!(order.has_reached(PURCHASED));
    assert_eq!(purchase.next(&mut order, after(30)), Next::Nothing);
    assert_eq!(purchase.pause(&order, after(30)), None);
}

#[test]
fn what_never_arrived_is_sent_again() {
    let (mut purchase, mut order) = sent();
    purchase.answered(&mut order, Answer::Nothing, START);
    assert_eq!(purchase.next(&mut order, after(10)), Next::Buy);
    assert_eq!((order.steps.len(), purchase.refusals), (1, 0));
}

#[test]
fn the_fifth_refusal_in_ten_minutes_is_the_last() {
    let (mut purchase, mut order) = sent();
    let mut now = START;
    for pause in [30, 90, 180, 300] {
        purchase.answered(&mut order, Answer::Refused, now);
        let pause = Duration::from_secs(pause);
        assert_eq!(purchase.pause(&order, now), Some(pause));
        assert_eq!(purchase.next(&mut order, now), Next::Nothing);
        assert_eq!(order.failed, None);
        now = now.plus(pause);
        assert_eq!(purchase.next(&mut order, now), Next::Buy);
    }
    assert_eq!(now.since(START), Duration::from_secs(600));
    purchase.answered(&mut order, Answer::Refused, now);
    assert_eq!(order.failed.as_ref().unwrap().0, "LICENCE_REFUSED");
    assert_eq!(purchase.pause(&order, now), None);
}

#[test]
fn a_purchase_that_nobody_has_heard_of_fails_after_half_a_minute_and_one_that_nobody_can_ask_for_waits()
 {
    let (mut purchase, mut order) = sent();
    purchase.learned(&mut order, Answer::Unsure, after(6000));
    assert!(order.is_open());
    purchase.learned(&mut order, Answer::Nothing, after(29));
    assert!(order.is_open());
    purchase.learned(&mut order, Answer::Nothing, after(30));
    assert_eq!(order.failed.as_ref().unwrap().0, "STUDIO_SILENT");
}

#[test]
fn nothing_is_bought_for_a_cancelled_order_and_what_arrives_late_makes_nothing() {
    let (mut purchase, mut order) = sent();
    answer(&mut order, 1, START);
    assert!(order.voided);
    purchase.answered(&mut order, Answer::Sold, START);
    assert!(!order.has_reached(PURCHASED));
    assert_eq!(purchase.next(&mut order, after(10)), Next::Nothing);
    assert_eq!(watch(&mut order, START), Err(no::CANCELLED));
}

#[test]
fn cancelling_is_agreed_to_until_it_is_watched() {
    type Before = fn(&mut Purchase, &mut Fulfilment);
    let so_far: [Before; 3] = [
        |_, _| {},
        |purchase, order| {
            purchase.next(order, START);
        },
        |purchase, order| {
            purchase.next(order, START);
            purchase.answered(order, Answer::Sold, START);
        },
    ];
    for before in so_far {
        let (mut purchase, mut order) = (Purchase::default(), Fulfilment::new("one"));
        before(&mut purchase, &mut order);
        answer(&mut order, 1, START);
        assert!(order.voided);
    }
    let (mut purchase, mut order) = sent();
    assert_eq!(watch(&mut order, START), Err(no::NOT_PURCHASED));
    purchase.answered(&mut order, Answer::Sold, START);
    assert_eq!(watch(&mut order, after(1)), Ok(Some(event::WATCHED)));
    assert_eq!(watch(&mut order, after(2)), Ok(None));
    assert_eq!(order.reached_at(WATCHED), Some(after(1)));
    answer(&mut order, 1, after(3));
    assert!(!order.voided && !order.answer.unwrap().agreed);
}
