//! What a booking says about itself.

use crate::selling::THEATER;
use ordering::{Progress, Status, System};
use proto::cinema::booking::v1::BookingStatus;
use proto::cinema::theater::v1::TheaterStep;
use proto::cinema::ticket::v1::TicketStatus;

/// The context that decides.
const TICKET: &str = "cinema-ticket";

const BOOKED: Status = word(BookingStatus::Booked, "BOOKED", "Booked", "예매완료");

/// The words and wiring of cinema bookings.
pub static SYSTEM: System = System {
    context: "cinema-booking",
    name: "cinema",
    events: "yemae.cinema.booking.v1.Booking",
    detail: "yemae.cinema.booking.v1.Seating",
    noun: "booking",
    progress: &[
        Progress::placed(BOOKED),
        Progress::by(
            THEATER,
            TheaterStep::SeatsReserved as i32,
            word(
                BookingStatus::SeatsReserved,
                "SEATS_RESERVED",
                "Seats reserved",
                "좌석예매",
            ),
        ),
        Progress::by(
            TICKET,
            TicketStatus::Printed as i32,
            word(
                BookingStatus::TicketReceived,
                "TICKET_RECEIVED",
                "Ticket received",
                "티켓수령",
            ),
        )
        .last(),
        Progress::by(TICKET, TicketStatus::Missed as i32, BOOKED)
            .because(
                "the screening ended before the ticket was printed",
                "티켓을 수령하지 않은 채 상영이 끝났습니다.",
            )
            .last(),
    ],
    cancelling: word(
        BookingStatus::Cancelling,
        "CANCELLING",
        "Cancellation requested",
        "취소접수",
    ),
    cancelled: word(
        BookingStatus::Cancelled,
        "CANCELLED",
        "Cancelled",
        "예매취소",
    ),
    fulfilled_by: &[THEATER, TICKET],
    decider: TICKET,
};

const fn word(of: BookingStatus, name: &'static str, en: &'static str, ko: &'static str) -> Status {
    Status::new(of as i32, name, en, ko)
}
