//! The toy's words and wiring.

use super::BOOKING;
use crate::toys::theater::{RESERVED, THEATER};
use crate::toys::ticket::{PRINTED, TICKET};
use ordering::{Progress, Status, System};

const fn word(code: i32, name: &'static str) -> Status {
    Status::new(code, name, name, name)
}

pub const SYSTEM: System = System {
    context: BOOKING,
    name: "cinema",
    events: "yemae.cinema.booking.v1.Booking",
    detail: "yemae.cinema.booking.v1.Seating",
    noun: "booking",
    progress: &[
        Progress::placed(word(1, "BOOKED")),
        Progress::by(THEATER, RESERVED, word(4, "SEATS_RESERVED")),
        Progress::by(TICKET, PRINTED, word(2, "TICKET_RECEIVED")).last(),
    ],
    cancelling: word(3, "CANCELLING"),
    cancelled: word(9, "CANCELLED"),
    fulfilled_by: &[THEATER, TICKET],
    decider: TICKET,
};
