//! Books a seat, watches the customer's page until the seat is reserved, cancels, and watches until the money is back.
//!
//! SERVER is where the mesh listens (127.0.0.1:50051), TOKEN whose booking it is: `TOKEN=$(yemae token kim) cargo run --bin book`.

use http::HeaderValue;
use http::header::{ACCEPT_LANGUAGE, AUTHORIZATION};
use mesh::Contracts;
use mesh::client::{self, Board, Client, Endpoint};
use proto::cinema::booking::v1::booking_service_client::BookingServiceClient;
use proto::cinema::booking::v1::{CancelBookingRequest, CreateBookingRequest};
use proto::cinema::movie::v1::{GetMovieRequest, movie_service_client::MovieServiceClient};
use proto::cinema::theater::v1::theater_service_client::TheaterServiceClient;
use proto::cinema::theater::v1::{GetSeatMapRequest, ListScreeningsRequest, SeatState};
use proto::mypage::v1::{WatchMyOrdersRequest, my_page_service_client::MyPageServiceClient};
use proto::ordering::v1::Order;
use rand::seq::IndexedRandom;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tonic::{Code, Request, Status};
use tower::ServiceExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = var("SERVER").unwrap_or_else(|| "127.0.0.1:50051".to_owned());
    let mesh = connect(&server, &var("TOKEN").ok_or("TOKEN says who books")?)?;
    let mut bookings = BookingServiceClient::new(mesh.clone());

    let wish = choose(&mesh).await?;
    let made = bookings.create_booking(wish.clone()).await?.into_inner();
    let again = bookings.create_booking(wish.clone()).await?.into_inner();
    assert_eq!(made, again, "the same request again is the same booking");
    let booking = made.booking.unwrap_or_default();
    let seating = booking.seating.unwrap_or_default();
    let (seats, title) = (seating.seats.join(" "), seating.movie_title);
    println!("booked {seats} of {title} as {}", booking.booking_id);

    // Another wish for the same seat is refused, with a reason for programs and a sentence for people.
    let other = CreateBookingRequest {
        request_id: mesh::id::new(),
        ..wish
    };
    let refused = bookings.create_booking(other).await.err();
    let refused = refused.ok_or("the seat was sold twice")?;
    let reason = mesh::refusal::reason(&refused);
    println!("refused: {reason:?} - {}", refused.message());

    let booking_id = booking.booking_id;
    let is_reserved = |order: &Order| status(order).0 == "SEATS_RESERVED";
    until(&mesh, &booking_id, is_reserved).await?;
    let cancel = CancelBookingRequest {
        booking_id: booking_id.clone(),
    };
    bookings.cancel_booking(cancel).await?;
    until(&mesh, &booking_id, |order| order.finished_at.is_some()).await?;
    println!("cancelled, and the money is back");
    Ok(())
}

/// The client stack that the contexts call each other by: deadlines, a breaker, and repeats of what the contract says may be
/// repeated, after the time that a refusal asks for. It reads all of this from the contracts.
fn connect(server: &str, token: &str) -> Result<Client, Box<dyn Error>> {
    let settings = client::Settings {
        total: Duration::from_secs(5),
        attempt: Duration::from_secs(4),
        ..client::Settings::default()
    };
    let stack = client::stack(
        Arc::new(Contracts::load(proto::DESCRIPTORS)?),
        None,
        "the mesh",
        Endpoint::at(&format!("http://{server}"))?,
        &settings,
        &Board::default(),
    );
    let mut bearer = HeaderValue::try_from(format!("Bearer {token}"))?;
    bearer.set_sensitive(true);
    let as_me = move |mut request: client::Request| {
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, bearer.clone());
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static("en"));
        request
    };
    Ok(Client::new(stack.map_request(as_me)))
}

/// A free seat of what is showing next, at its price. The request's id is chosen once per wish, not per try: however often
/// it is sent, it is one booking.
async fn choose(mesh: &Client) -> Result<CreateBookingRequest, Box<dyn Error>> {
    let mut theater = TheaterServiceClient::new(mesh.clone());
    let listed = theater.list_screenings(ListScreeningsRequest::default());
    let screenings = listed.await?.into_inner().screenings;
    let next = screenings.into_iter().next();
    let next = next.ok_or("nothing is showing: `yemae up --demo` fills something in")?;
    let screening_id = next.screening_id.clone();
    let map = theater.get_seat_map(GetSeatMapRequest { screening_id });
    let mut seats = map.await?.into_inner().seat_map.unwrap_or_default().seats;
    seats.retain(|seat| seat.state() == SeatState::Free);
    let seat = seats.choose(&mut rand::rng()).ok_or("it is sold out")?;
    let movie_id = next.movie_id;
    let mut movies = MovieServiceClient::new(mesh.clone());
    let movie = movies.get_movie(GetMovieRequest { movie_id }).await?;
    Ok(CreateBookingRequest {
        request_id: mesh::id::new(),
        screening_id: next.screening_id,
        seats: vec![seat.seat.clone()],
        expected_total: movie.into_inner().movie.unwrap_or_default().ticket_price,
        payment_method: "pm_demo".to_owned(),
        hold_id: String::new(),
    })
}

/// Watches the page: first every order as it stands, then each change.
async fn until(mesh: &Client, id: &str, is_so: impl Fn(&Order) -> bool) -> Result<(), Status> {
    let mut watch = Request::new(WatchMyOrdersRequest::default());
    watch.set_timeout(Duration::from_secs(30));
    let mut page = MyPageServiceClient::new(mesh.clone());
    let mut page = page.watch_my_orders(watch).await?.into_inner();
    while let Some(told) = page.message().await? {
        let Some(order) = told.order.filter(|order| order.order_id == id) else {
            continue;
        };
        let (name, label) = status(&order);
        println!("  page: {name} - {label}");
        if is_so(&order) {
            return Ok(());
        }
    }
    Err(Status::new(Code::Unknown, "the watch ended"))
}

/// Where an order stands, for programs and in Korean.
fn status(order: &Order) -> (&str, &str) {
    let status = order.status.as_ref();
    let label = status.and_then(|status| status.label.as_ref());
    (
        status.map_or("", |status| &status.name),
        label.map_or("", |label| &label.ko),
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "an example has no settings of the mesh's"
)]
fn var(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
