//! The cinema's story: two people want the same seat, one cancels, the other prints a ticket.

use super::until_told;
use super::{Cast, answered, check, refused_for, say, until, until_refunded, until_shown};
use crate::fault::Fault;
use crate::rpc::Mesh;
use crate::stage::{self, won};
use proto::cinema::booking::v1::booking_service_client::BookingServiceClient;
use proto::cinema::booking::v1::{
    BookingStatus, CancelBookingRequest, CancelBookingResponse, CreateBookingRequest,
    CreateBookingResponse,
};
use proto::cinema::theater::v1::theater_service_client::TheaterServiceClient;
use proto::cinema::theater::v1::{GetSeatMapRequest, HoldSeatsRequest, Screening, SeatState};
use proto::cinema::ticket::v1::PrintTicketRequest;
use proto::cinema::ticket::v1::ticket_service_client::TicketServiceClient;
use tonic::{Response, Status};

/// Won for one seat.
const PRICE: i64 = 14_000;

/// Tells it.
pub(crate) async fn tell(cast: &Cast) -> Result<(), Fault> {
    say("A movie is registered; the theater gives it a screen and schedules it.");
    let screening = stage::cinema::screening(&cast.staff, &cast.run, "Soul", PRICE, 5, 8).await?;

    say("Kim holds seats 1A and 1B, and books them. She pays before the booking exists.");
    let hold = hold(cast, &screening, &["1A", "1B"]).await?;
    let kims = request(cast.request("kim-1"), &screening, &["1A", "1B"], &hold);
    let booked = answered(book(&cast.kim, &kims).await)?;
    let booked = booked.booking.unwrap_or_default();
    let is_booked = booked.status() == BookingStatus::Booked;
    check(is_booked, "the booking is BOOKED")?;
    let again = answered(book(&cast.kim, &kims).await)?;
    let is_same = again.booking.as_ref() == Some(&booked);
    check(is_same, "the same request again is the same booking")?;

    let lee = cast.somebody("lee", &["customer"])?;
    say("Lee wants 1B too, and is refused before any payment.");
    let lees = request(cast.request("lee-1"), &screening, &["1B"], "");
    refused_for("SEATS_TAKEN", book(&lee, &lees).await)?;

    say("The theater reserves the seats; Kim sees it on her page.");
    let id = &booked.booking_id;
    until_shown(&cast.kim, id, "SEATS_RESERVED").await?;

    say(
        "Kim cancels. The ticket counter agrees, the seats are free again, and the money goes back.",
    );
    answered(cancel(&cast.kim, id).await)?;
    until_refunded(&cast.kim, id).await?;
    until("seats 1A and 1B are free", async || {
        are_free(&cast.kim, &screening, &["1A", "1B"]).await
    })
    .await?;

    say("Lee books 1B and prints the ticket; after that it can't be cancelled.");
    let again = request(cast.request("lee-2"), &screening, &["1B"], "");
    let lees = answered(book(&lee, &again).await)?;
    let lees = lees.booking.unwrap_or_default().booking_id;
    until("the ticket is printed", async || {
        let request = PrintTicketRequest {
            booking_id: lees.clone(),
        };
        let mut counter = TicketServiceClient::new(cast.staff.channel());
        counter.print_ticket(request).await.is_ok()
    })
    .await?;
    until_shown(&lee, &lees, "TICKET_RECEIVED").await?;
    refused_for("NOT_CANCELLABLE", cancel(&lee, &lees).await)?;

    say("Kim was told every step, in her language.");
    until_told(&cast.kim, id, 5).await
}

fn names(seats: &[&str]) -> Vec<String> {
    seats.iter().map(|seat| (*seat).to_owned()).collect()
}

fn request(
    request_id: String,
    screening: &Screening,
    seats: &[&str],
    hold: &str,
) -> CreateBookingRequest {
    CreateBookingRequest {
        request_id,
        screening_id: screening.screening_id.clone(),
        seats: names(seats),
        expected_total: Some(won(PRICE * seats.len() as i64)),
        payment_method: "pm_demo".to_owned(),
        hold_id: hold.to_owned(),
    }
}

async fn book(
    by: &Mesh,
    request: &CreateBookingRequest,
) -> Result<Response<CreateBookingResponse>, Status> {
    BookingServiceClient::new(by.channel())
        .create_booking(request.clone())
        .await
}

async fn cancel(by: &Mesh, booking_id: &str) -> Result<Response<CancelBookingResponse>, Status> {
    let request = CancelBookingRequest {
        booking_id: booking_id.to_owned(),
    };
    BookingServiceClient::new(by.channel())
        .cancel_booking(request)
        .await
}

/// Kim's hold.
async fn hold(cast: &Cast, screening: &Screening, seats: &[&str]) -> Result<String, Fault> {
    let request = HoldSeatsRequest {
        screening_id: screening.screening_id.clone(),
        seats: names(seats),
        request_id: cast.request("hold"),
        booking: None,
    };
    let held = TheaterServiceClient::new(cast.kim.channel())
        .hold_seats(request)
        .await;
    Ok(answered(held)?.hold.unwrap_or_default().hold_id)
}

async fn are_free(by: &Mesh, screening: &Screening, seats: &[&str]) -> bool {
    let request = GetSeatMapRequest {
        screening_id: screening.screening_id.clone(),
    };
    let answer = TheaterServiceClient::new(by.channel())
        .get_seat_map(request)
        .await;
    let map = answered(answer).unwrap_or_default();
    let map = map.seat_map.unwrap_or_default();
    let is_free = |seat: &&str| {
        let mut all = map.seats.iter();
        all.any(|own| own.seat == **seat && own.state() == SeatState::Free)
    };
    seats.iter().all(is_free)
}
