//! What a customer may and may not do with bookings, refusal by refusal.

use crate::cinema::{Cinema, PRICE};
use mesh::client::Client;
use mesh::refusal::reason;
use proto::cinema::booking::v1::booking_service_client::BookingServiceClient;
use proto::cinema::booking::v1::{
    BookingStatus, CancelBookingRequest, CreateBookingRequest, GetBookingRequest,
    ListBookingsRequest, SystemCancelBookingRequest,
};
use proto::cinema::movie::v1::movie_service_client::MovieServiceClient;
use proto::cinema::movie::v1::{CloseMovieRequest, ListMoviesRequest};
use proto::ordering::v1::cancellation::Cause;
use proto::shared::v1::{Money, Text};
use std::time::Duration;
use testing::Caller;
use tonic::{Code, Status};
use tonic_types::StatusExt;

fn request(cinema: &Cinema) -> CreateBookingRequest {
    CreateBookingRequest {
        request_id: "one".to_owned(),
        screening_id: cinema.screening.clone(),
        seats: vec!["1A".to_owned()],
        expected_total: Some(Money {
            currency: "KRW".to_owned(),
            minor_units: PRICE,
        }),
        payment_method: "pm_test".to_owned(),
        hold_id: String::new(),
    }
}

async fn create(client: Client, request: CreateBookingRequest) -> Result<String, Status> {
    let answer = BookingServiceClient::new(client)
        .create_booking(request)
        .await?;
    Ok(answer.into_inner().booking.unwrap().booking_id)
}

fn lee(cinema: &Cinema) -> Client {
    cinema
        .world
        .client("cinema-booking", Caller::customer("lee"))
}

#[tokio::test]
async fn every_wrong_field_is_told_at_once() {
    let cinema = Cinema::new().await;
    let refused = create(
        cinema.kim("cinema-booking"),
        CreateBookingRequest::default(),
    )
    .await
    .unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let wrong = refused.get_details_bad_request().unwrap().field_violations;
    let mut fields: Vec<_> = wrong.iter().map(|wrong| wrong.field.as_str()).collect();
    fields.sort_unstable();
    // Whether a payment method is needed depends on the price, so that the context tells it once the rest is right.
    let expected = ["expected_total", "request_id", "screening_id", "seats"];
    assert_eq!(fields, expected);
}

#[tokio::test]
async fn a_price_that_has_changed_is_told_before_any_payment() {
    let cinema = Cinema::new().await;
    let mut cheaper = request(&cinema);
    cheaper.expected_total.as_mut().unwrap().minor_units = PRICE - 1;
    let refused = create(cinema.kim("cinema-booking"), cheaper)
        .await
        .unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("PRICE_CHANGED"));
    let info = refused.get_details_error_info().unwrap();
    assert_eq!(info.metadata["current_total"], PRICE.to_string());
    // The id was bound at first sight, though nothing was made: what the customer now wants is another request.
    let refused = create(cinema.kim("cinema-booking"), request(&cinema))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let wrong = refused.get_details_bad_request().unwrap().field_violations;
    assert_eq!(wrong[0].field, "request_id");
    let another = CreateBookingRequest {
        request_id: "at-todays-price".to_owned(),
        ..request(&cinema)
    };
    create(cinema.kim("cinema-booking"), another).await.unwrap();
    cinema.world.settle().await;
    cinema.is_clean().await;
}

#[tokio::test]
async fn a_request_refused_at_the_door_may_try_again_as_it_was_and_only_so() {
    let cinema = Cinema::new().await;
    let first = cinema.book("first", "1A").await.unwrap();
    for _ in 0..2 {
        let refused = cinema.book("mine", "1A").await.unwrap_err();
        assert_eq!(reason(&refused).as_deref(), Some("SEATS_TAKEN"));
    }
    let refused = cinema.book("mine", "2B").await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    cinema.cancel(&first.booking_id).await.unwrap();
    cinema.world.settle().await;
    cinema.book("mine", "1A").await.unwrap();
    cinema.world.settle().await;
    cinema.is_clean().await;
}

#[tokio::test]
async fn a_request_id_means_one_request() {
    let cinema = Cinema::new().await;
    let first = create(cinema.kim("cinema-booking"), request(&cinema))
        .await
        .unwrap();
    assert_eq!(
        create(cinema.kim("cinema-booking"), request(&cinema))
            .await
            .unwrap(),
        first
    );
    let mut other = request(&cinema);
    other.seats = vec!["2B".to_owned()];
    let refused = create(cinema.kim("cinema-booking"), other.clone())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    // Another customer's id is another id.
    let lees = create(lee(&cinema), other).await.unwrap();
    assert_ne!(lees, first);
}

#[tokio::test]
async fn a_started_screening_and_a_closed_movie_are_not_sold_and_standing_bookings_stand() {
    let cinema = Cinema::new().await;
    let booked = cinema.book("stands", "1A").await.unwrap();
    let movies = MovieServiceClient::new(cinema.staff("cinema-movie"))
        .list_movies(ListMoviesRequest::default())
        .await;
    let movie_id = movies.unwrap().into_inner().movies[0].movie_id.clone();
    let close = CloseMovieRequest { movie_id };
    MovieServiceClient::new(cinema.staff("cinema-movie"))
        .close_movie(close)
        .await
        .unwrap();
    cinema.world.settle().await;
    let refused = cinema.book("closed", "1B").await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("MOVIE_NOT_OPEN"));
    cinema.world.advance(Duration::from_secs(24 * 3600));
    let refused = cinema.book("started", "1B").await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("SCREENING_STARTED"));
    let stands = cinema.booking(&booked.booking_id).await;
    assert_eq!(stands.status(), BookingStatus::SeatsReserved);
    cinema.is_clean().await;
}

#[tokio::test]
async fn anothers_booking_is_not_found() {
    let cinema = Cinema::new().await;
    let booking_id = cinema.book("one", "1A").await.unwrap().booking_id;
    let mut lees = BookingServiceClient::new(lee(&cinema));
    let read = lees
        .get_booking(GetBookingRequest {
            booking_id: booking_id.clone(),
        })
        .await
        .unwrap_err();
    assert_eq!(read.code(), Code::NotFound);
    let cancelled = lees
        .cancel_booking(CancelBookingRequest {
            booking_id: booking_id.clone(),
        })
        .await
        .unwrap_err();
    assert_eq!(cancelled.code(), Code::NotFound);
    let listed = lees
        .list_bookings(ListBookingsRequest::default())
        .await
        .unwrap();
    assert_eq!(listed.into_inner().bookings, []);
    let mut staff = BookingServiceClient::new(cinema.staff("cinema-booking"));
    assert!(
        staff
            .get_booking(GetBookingRequest { booking_id })
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn bookings_are_listed_newest_first_page_by_page() {
    let cinema = Cinema::new().await;
    let mut made = Vec::new();
    for (number, seat) in ["1A", "1B", "2A"].into_iter().enumerate() {
        made.push(
            cinema
                .book(&format!("{number}"), seat)
                .await
                .unwrap()
                .booking_id,
        );
    }
    made.reverse();
    let mut client = BookingServiceClient::new(cinema.kim("cinema-booking"));
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let page = client
            .list_bookings(ListBookingsRequest {
                page_size: 2,
                page_token,
            })
            .await;
        let page = page.unwrap().into_inner();
        seen.extend(page.bookings.into_iter().map(|booking| booking.booking_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, made);
}

#[tokio::test]
async fn an_administrator_cancels_for_a_reason_that_the_customer_reads() {
    let cinema = Cinema::new().await;
    let booking_id = cinema.book("one", "1A").await.unwrap().booking_id;
    cinema.world.settle().await;
    let reason = Text {
        en: "the projector is broken".to_owned(),
        ko: "영사기 고장".to_owned(),
    };
    let cancel = SystemCancelBookingRequest {
        booking_id: booking_id.clone(),
        reason: Some(reason.clone()),
    };
    BookingServiceClient::new(cinema.staff("cinema-booking"))
        .system_cancel_booking(cancel)
        .await
        .unwrap();
    cinema.world.settle().await;
    let booking = cinema.booking(&booking_id).await;
    assert_eq!(booking.status(), BookingStatus::Cancelled);
    let cancellation = booking.cancellation.unwrap();
    assert_eq!(cancellation.cause(), Cause::Admin);
    assert_eq!(cancellation.reason, Some(reason));
    cinema.is_clean().await;
}
