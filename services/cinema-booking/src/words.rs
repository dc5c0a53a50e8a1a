//! What a booking says about itself.

use ordering::{Progress, Status, System};
use proto::cinema::booking::v1::BookingStatus;
use proto::cinema::theater::v1::TheaterStep;
use proto::cinema::ticket::v1::TicketStatus;

const BOOKED: Status = Status {
    code: BookingStatus::Booked as i32,
    name: "BOOKED",
    en: "Booked",
    ko: "예매완료",
};

/// The words and wiring of cinema bookings.
pub(crate) static SYSTEM: System = System {
    context: "cinema-booking",
    name: "cinema",
    events: "yemae.cinema.booking.v1.Booking",
    detail: "yemae.cinema.booking.v1.Seating",
    noun: "booking",
    progress: &[
        Progress {
            status: BOOKED,
            by: None,
            last: false,
            reason: None,
        },
        Progress {
            status: Status {
                code: BookingStatus::SeatsReserved as i32,
                name: "SEATS_RESERVED",
                en: "Seats reserved",
                ko: "좌석예매",
            },
            by: Some(("cinema-theater", TheaterStep::SeatsReserved as i32)),
            last: false,
            reason: None,
        },
        Progress {
            status: Status {
                code: BookingStatus::TicketReceived as i32,
                name: "TICKET_RECEIVED",
                en: "Ticket received",
                ko: "티켓수령",
            },
            by: Some(("cinema-ticket", TicketStatus::Printed as i32)),
            last: true,
            reason: None,
        },
        Progress {
            status: BOOKED,
            by: Some(("cinema-ticket", TicketStatus::Missed as i32)),
            last: true,
            reason: Some((
                "the screening ended before the ticket was printed",
                "티켓을 수령하지 않은 채 상영이 끝났습니다.",
            )),
        },
    ],
    cancelling: Status {
        code: BookingStatus::Cancelling as i32,
        name: "CANCELLING",
        en: "Cancellation requested",
        ko: "취소접수",
    },
    cancelled: Status {
        code: BookingStatus::Cancelled as i32,
        name: "CANCELLED",
        en: "Cancelled",
        ko: "예매취소",
    },
    fulfilled_by: &["cinema-theater", "cinema-ticket"],
    decider: "cinema-ticket",
};
