//! The toy's words and wiring.

use super::BOOKING;
use crate::toys::theater::{RESERVED, THEATER};
use crate::toys::ticket::{PRINTED, TICKET};
use ordering::{Progress, Status, System};

const fn word(code: i32, name: &'static str) -> Status {
    Status {
        code,
        name,
        en: name,
        ko: name,
    }
}

const fn step(status: Status, by: Option<(&'static str, i32)>, last: bool) -> Progress {
    Progress {
        status,
        by,
        last,
        reason: None,
    }
}

pub const SYSTEM: System = System {
    context: BOOKING,
    name: "cinema",
    events: "yemae.cinema.booking.v1.Booking",
    detail: "yemae.cinema.booking.v1.Seating",
    noun: "booking",
    progress: &[
        step(word(1, "BOOKED"), None, false),
        step(word(4, "SEATS_RESERVED"), Some((THEATER, RESERVED)), false),
        step(word(2, "TICKET_RECEIVED"), Some((TICKET, PRINTED)), true),
    ],
    cancelling: word(3, "CANCELLING"),
    cancelled: word(9, "CANCELLED"),
    fulfilled_by: &[THEATER, TICKET],
    decider: TICKET,
};
