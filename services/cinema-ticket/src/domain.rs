//! A ticket's life, decided on its booking's fulfilment. Nothing is kept beside it that could disagree with it.

use mesh::{Time, text};
use ordering::domain::fulfilment::Fulfilment;

/// Step: can be printed.
pub const WAITING: i32 = 1;
/// Step: printed; the booking can't be cancelled any more.
pub const PRINTED: i32 = 2;
/// Step: the screening was over before it was printed.
pub const MISSED: i32 = 3;
/// No step, only shown: the booking was cancelled.
pub const VOIDED: i32 = 9;

/// What came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A ticket waits to be printed.
    Issued,
    /// It was printed.
    Printed,
    /// The screening ended first.
    Missed,
    /// A request to cancel was answered.
    Answered,
    /// The booking was cancelled unasked.
    Voided,
}

/// What printing came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Print {
    /// The first print, or one more of what was printed before.
    Done {
        /// It had been printed before.
        again: bool,
    },
    /// There is no ticket yet.
    NotIssued,
    /// The booking was cancelled.
    Voided,
    /// The screening is over.
    Missed,
}

/// Where a ticket stands; 0 while there is none.
pub fn status(ticket: &Fulfilment) -> i32 {
    [PRINTED, MISSED]
        .into_iter()
        .find(|step| ticket.has_reached(*step))
        .or(ticket.voided.then_some(VOIDED))
        .or(ticket.has_reached(WAITING).then_some(WAITING))
        .unwrap_or(0)
}

/// Issues the ticket of a booking that is known and has its seats.
pub fn issue(ticket: &mut Fulfilment, now: Time) -> Option<Change> {
    ticket.reach(WAITING, now).then_some(Change::Issued)
}

/// Once the screening is over, what waits to be printed is missed.
pub fn miss(ticket: &mut Fulfilment, ends_at: Option<Time>, now: Time) -> Option<Change> {
    let over = ends_at.is_some_and(|end| now >= end);
    (over && status(ticket) == WAITING && ticket.reach_for_good(MISSED, now))
        .then_some(Change::Missed)
}

/// Prints it. It is missed first, should the clock's job be late.
pub fn print(ticket: &mut Fulfilment, ends_at: Option<Time>, now: Time) -> (Print, Option<Change>) {
    let missed = miss(ticket, ends_at, now);
    match status(ticket) {
        WAITING => {
            let printed = ticket.reach_for_good(PRINTED, now);
            (
                Print::Done { again: false },
                printed.then_some(Change::Printed),
            )
        }
        PRINTED => (Print::Done { again: true }, None),
        MISSED => (Print::Missed, missed),
        VOIDED => (Print::Voided, None),
        _ => (Print::NotIssued, None),
    }
}

/// Answers request `number`: yes while there is no ticket or it waits, no once it is printed or missed.
pub fn answer(
    ticket: &mut Fulfilment,
    number: i32,
    ends_at: Option<Time>,
    now: Time,
) -> Option<Change> {
    let missed = miss(ticket, ends_at, now);
    let why = if ticket.has_reached(PRINTED) {
        text("the ticket was printed", "이미 티켓을 수령하셨습니다.")
    } else {
        text("the screening is over", "상영이 종료되었습니다.")
    };
    let answered = ticket.answer(number, why, now);
    answered.then_some(Change::Answered).or(missed)
}

/// The booking was cancelled.
pub fn void(ticket: &mut Fulfilment, now: Time) -> Option<Change> {
    ticket.void(now).then_some(Change::Voided)
}
