//! One ticket per booking, one winner per race.

use crate::world::Cinema;
use mesh::id;
use proto::cinema::ticket::v1::TicketStatus;
use proto::ordering::v1::Phase;

const WAITING: i32 = 1;
const PRINTED: i32 = 2;
const MISSED: i32 = 3;

#[tokio::test]
async fn a_ticket_is_issued_whichever_message_comes_first() {
    for order_first in [true, false] {
        let cinema = Cinema::delivering(3);
        let booking = id::new();
        if order_first {
            cinema.booking(&booking, 1, Phase::Placed, 0).await;
            assert_eq!(cinema.no_print(&booking).await, "NOT_FOUND");
            cinema.reserved(&booking).await;
        } else {
            cinema.reserved(&booking).await;
            assert_eq!(cinema.no_print(&booking).await, "NOT_FOUND");
            cinema.booking(&booking, 1, Phase::Placed, 0).await;
        }
        cinema.booking(&booking, 2, Phase::InProgress, 0).await;
        assert_eq!(cinema.steps(&booking).await, [WAITING]);
        assert_eq!(cinema.stated(&booking).await, ["TicketIssued"]);
    }
}

#[tokio::test]
async fn what_theater_said_before_it_reserved_the_seats_takes_none_of_them_back() {
    let cinema = Cinema::new();
    let booking = id::new();
    cinema.theater_says(&booking, 2, &[1]).await;
    cinema.theater_says(&booking, 1, &[]).await;
    cinema.booking(&booking, 1, Phase::Placed, 0).await;
    assert_eq!(cinema.steps(&booking).await, [WAITING]);
}

#[tokio::test]
async fn printing_again_answers_the_first_print() {
    let cinema = Cinema::new();
    let booking = cinema.waiting().await;
    let first = cinema.print(&booking).await.unwrap();
    cinema.world.advance(std::time::Duration::from_secs(60));
    let again = cinema.print(&booking).await.unwrap();
    assert!(!first.reprint && again.reprint);
    assert_eq!(first.ticket, again.ticket);
    let ticket = first.ticket.unwrap();
    assert_eq!(ticket.status(), TicketStatus::Printed);
    assert_eq!(ticket.seats, ["1A", "1B"]);
    assert!(ticket.printed_at.is_some());
    assert!(cinema.fulfilment(&booking).await.irrevocable);
    let stated = cinema.stated(&booking).await;
    assert_eq!(stated, ["TicketIssued", "TicketPrinted"]);
}

#[tokio::test]
async fn a_cancellation_that_comes_first_leaves_nothing_to_print() {
    // Before its seats are reserved; before anything else is known of it; while it waits.
    for before in ["the reservation", "the order", "the print"] {
        let cinema = Cinema::delivering(3);
        let booking = id::new();
        match before {
            "the reservation" => cinema.booking(&booking, 1, Phase::Placed, 0).await,
            "the order" => {}
            _ => {
                cinema.booking(&booking, 1, Phase::Placed, 0).await;
                cinema.reserved(&booking).await;
            }
        }
        cinema.booking(&booking, 2, Phase::Cancelling, 1).await;
        assert_eq!(cinema.answer(&booking).await, Some((1, true)), "{before}");
        cinema.reserved(&booking).await;
        cinema.booking(&booking, 3, Phase::Cancelled, 1).await;
        assert_eq!(cinema.no_print(&booking).await, "TICKET_VOIDED", "{before}");
        assert!(!cinema.steps(&booking).await.contains(&PRINTED));
        cinema.end_screening(true).await;
        assert!(!cinema.steps(&booking).await.contains(&MISSED));
        let stated = cinema.stated(&booking).await;
        assert_eq!(stated.last().unwrap(), "CancellationAnswered", "{before}");
    }
}

#[tokio::test]
async fn a_reservation_before_a_cancelled_order_makes_nothing() {
    let cinema = Cinema::new();
    let booking = id::new();
    cinema.reserved(&booking).await;
    cinema.booking(&booking, 2, Phase::Cancelling, 1).await;
    assert_eq!(cinema.answer(&booking).await, Some((1, true)));
    assert_eq!(cinema.no_print(&booking).await, "TICKET_VOIDED");
    assert_eq!(cinema.steps(&booking).await, [0; 0]);
}

#[tokio::test]
async fn a_print_that_comes_first_refuses_every_cancellation() {
    let cinema = Cinema::delivering(3);
    let booking = cinema.waiting().await;
    cinema.print(&booking).await.unwrap();
    cinema.booking(&booking, 2, Phase::Cancelling, 1).await;
    assert_eq!(cinema.answer(&booking).await, Some((1, false)));
    cinema.booking(&booking, 4, Phase::Cancelling, 2).await;
    assert_eq!(cinema.answer(&booking).await, Some((2, false)));
    assert!(cinema.print(&booking).await.unwrap().reprint);
    let answered = cinema.fulfilment(&booking).await.answer.unwrap();
    assert_eq!(answered.reason.unwrap().en, "the ticket was printed");
    assert_eq!(cinema.stated(&booking).await.len(), 4);
}

#[tokio::test]
async fn an_older_request_is_not_answered_again() {
    let cinema = Cinema::new();
    let booking = cinema.waiting().await;
    cinema.print(&booking).await.unwrap();
    cinema.booking(&booking, 4, Phase::Cancelling, 2).await;
    cinema.booking(&booking, 2, Phase::Cancelling, 1).await;
    cinema.booking(&booking, 5, Phase::Cancelling, 2).await;
    assert_eq!(cinema.answer(&booking).await, Some((2, false)));
    let stated = cinema.stated(&booking).await;
    assert_eq!(
        stated,
        ["TicketIssued", "TicketPrinted", "CancellationAnswered"]
    );
}

#[tokio::test]
async fn what_is_unprinted_when_the_screening_ends_is_missed() {
    let cinema = Cinema::new();
    let (unprinted, printed) = (cinema.waiting().await, cinema.waiting().await);
    let unreserved = id::new();
    cinema.booking(&unreserved, 1, Phase::Placed, 0).await;
    cinema.print(&printed).await.unwrap();
    cinema.end_screening(true).await;
    assert_eq!(cinema.steps(&unprinted).await, [WAITING, MISSED]);
    assert_eq!(cinema.steps(&printed).await, [WAITING, PRINTED]);
    assert_eq!(cinema.steps(&unreserved).await, [0; 0]);
    assert!(cinema.fulfilment(&unprinted).await.irrevocable);
    assert_eq!(cinema.no_print(&unprinted).await, "TICKET_MISSED");
    assert!(cinema.print(&printed).await.unwrap().reprint);
    cinema.booking(&unprinted, 2, Phase::Cancelling, 1).await;
    assert_eq!(cinema.answer(&unprinted).await, Some((1, false)));
    // Theater was away all the time: the ticket exists, and is missed at once.
    cinema.reserved(&unreserved).await;
    cinema.world.tick().await;
    assert_eq!(cinema.steps(&unreserved).await, [WAITING, MISSED]);
}

#[tokio::test]
async fn the_end_counts_even_when_the_clocks_job_is_late() {
    let cinema = Cinema::new();
    let (printed, asked) = (cinema.waiting().await, cinema.waiting().await);
    cinema.end_screening(false).await;
    assert_eq!(cinema.no_print(&printed).await, "TICKET_MISSED");
    cinema.booking(&asked, 2, Phase::Cancelling, 1).await;
    assert_eq!(cinema.answer(&asked).await, Some((1, false)));
    for booking in [&printed, &asked] {
        assert_eq!(cinema.steps(booking).await, [WAITING, MISSED]);
    }
    cinema.world.tick().await;
    assert_eq!(cinema.stated(&printed).await.len(), 2);
    assert_eq!(cinema.stated(&asked).await.len(), 2);
}

#[tokio::test]
async fn a_cancellation_before_the_end_is_not_missed() {
    let cinema = Cinema::new();
    let booking = cinema.waiting().await;
    cinema.booking(&booking, 2, Phase::Cancelling, 1).await;
    cinema.end_screening(true).await;
    assert_eq!(cinema.answer(&booking).await, Some((1, true)));
    assert_eq!(cinema.no_print(&booking).await, "TICKET_VOIDED");
    assert_eq!(cinema.steps(&booking).await, [WAITING]);
}

#[tokio::test]
async fn a_booking_that_the_system_cancelled_is_void_and_stated_only_if_it_was() {
    let cinema = Cinema::new();
    let (known, unknown) = (cinema.waiting().await, id::new());
    for booking in [&known, &unknown] {
        cinema.booking(booking, 5, Phase::Cancelled, 0).await;
        // Late: nobody waits for this answer any more.
        cinema.booking(booking, 2, Phase::Cancelling, 1).await;
        cinema.reserved(booking).await;
        assert_eq!(cinema.no_print(booking).await, "TICKET_VOIDED");
    }
    assert_eq!(
        cinema.stated(&known).await,
        ["TicketIssued", "TicketVoided"]
    );
    assert_eq!(cinema.stated(&unknown).await, [""; 0]);
}
