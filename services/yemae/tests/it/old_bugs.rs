//! What the systems that this mesh replaces got wrong, each an acceptance test: all contexts in one process, the bus and
//! the clock in the test's hand.

use mesh::Refusal;
use mesh::client::Client;
use ordering::audit::{Facts, judge};
use proto::cinema::booking::v1::booking_service_client::BookingServiceClient;
use proto::cinema::booking::v1::{
    Booking, BookingStatus, CancelBookingRequest, CreateBookingRequest, GetBookingRequest,
};
use proto::cinema::movie::v1::movie_service_client::MovieServiceClient;
use proto::cinema::movie::v1::{Rating, RegisterMovieRequest};
use proto::cinema::theater::v1::theater_service_client::TheaterServiceClient;
use proto::cinema::theater::v1::{
    CreateScreenRequest, GetSeatMapRequest, ScheduleScreeningRequest, SeatState,
};
use proto::cinema::ticket::v1::ticket_service_client::TicketServiceClient;
use proto::cinema::ticket::v1::{PrintTicketRequest, PrintTicketResponse};
use proto::mypage::v1::ListMyOrdersRequest;
use proto::mypage::v1::my_page_service_client::MyPageServiceClient;
use proto::notification::v1::ListNotificationsRequest;
use proto::notification::v1::notification_service_client::NotificationServiceClient;
use proto::payment::v1::simulator_service_client::SimulatorServiceClient;
use proto::payment::v1::{Behavior, SetBehaviorRequest};
use proto::shared::v1::Money;
use std::time::Duration;
use testing::{Caller, World};
use tonic::Status;

type Teller = fn(&mut mesh::Db) -> Result<Facts, Refusal>;

/// Won for one seat.
const PRICE: i64 = 10_000;

/// The cinema, with one screening of four seats.
struct Cinema {
    world: World,
    screening: String,
}

impl Cinema {
    async fn new() -> Self {
        Self::delivering(1).await
    }

    /// Every event comes so many times.
    async fn delivering(times: usize) -> Self {
        let world = World::new()
            .delivering(times)
            .with(cinema_movie::context())
            .with(cinema_theater::context())
            .with(cinema_booking::context())
            .with(cinema_ticket::context())
            .with(payment::simulated(payment::Simulator::new(7)))
            .with(mypage::context())
            .with(notification::context(notification::Settings {
                console: notification::Console::new(std::io::sink()),
                webhooks: notification::Reach::Private,
            }));
        let mut cinema = Self {
            world,
            screening: String::new(),
        };
        cinema.set().await;
        cinema
    }

    async fn set(&mut self) {
        let screen = CreateScreenRequest {
            request_id: "screen".to_owned(),
            theater: "Gangnam".to_owned(),
            name: "1".to_owned(),
            rows: 2,
            columns: 2,
        };
        let screen = TheaterServiceClient::new(self.staff("cinema-theater"))
            .create_screen(screen)
            .await
            .unwrap();
        let movie = RegisterMovieRequest {
            request_id: "movie".to_owned(),
            title: "Soul".to_owned(),
            running_minutes: 100,
            rating: Rating::All.into(),
            ticket_price: Some(Money {
                currency: "KRW".to_owned(),
                minor_units: PRICE,
            }),
            vod_price: None,
        };
        let movie = MovieServiceClient::new(self.staff("cinema-movie"))
            .register_movie(movie)
            .await
            .unwrap();
        self.world.settle().await;
        let screening = ScheduleScreeningRequest {
            request_id: "screening".to_owned(),
            movie_id: movie.into_inner().movie.unwrap().movie_id,
            screen_id: screen.into_inner().screen.unwrap().screen_id,
            starts_at: Some(self.world.now().plus(Duration::from_secs(24 * 3600)).into()),
        };
        let screening = TheaterServiceClient::new(self.staff("cinema-theater"))
            .schedule_screening(screening)
            .await
            .unwrap();
        self.screening = screening.into_inner().screening.unwrap().screening_id;
        self.world.settle().await;
    }

    fn staff(&self, context: &'static str) -> Client {
        self.world
            .client(context, Caller::user("staff", &["staff", "admin"]))
    }

    fn kim(&self, context: &'static str) -> Client {
        self.world.client(context, Caller::customer("kim"))
    }

    async fn book(&self, request: &str, seat: &str) -> Result<Booking, Status> {
        let request = CreateBookingRequest {
            request_id: request.to_owned(),
            screening_id: self.screening.clone(),
            seats: vec![seat.to_owned()],
            expected_total: Some(Money {
                currency: "KRW".to_owned(),
                minor_units: PRICE,
            }),
            payment_method: "pm_test".to_owned(),
            hold_id: String::new(),
        };
        let answer = BookingServiceClient::new(self.kim("cinema-booking"))
            .create_booking(request)
            .await?;
        Ok(answer.into_inner().booking.unwrap())
    }

    async fn cancel(&self, booking_id: &str) -> Result<(), Status> {
        let request = CancelBookingRequest {
            booking_id: booking_id.to_owned(),
        };
        BookingServiceClient::new(self.kim("cinema-booking"))
            .cancel_booking(request)
            .await
            .map(drop)
    }

    async fn booking(&self, booking_id: &str) -> Booking {
        let request = GetBookingRequest {
            booking_id: booking_id.to_owned(),
        };
        let answer = BookingServiceClient::new(self.kim("cinema-booking"))
            .get_booking(request)
            .await;
        answer.unwrap().into_inner().booking.unwrap()
    }

    async fn print(&self, booking_id: &str) -> Result<PrintTicketResponse, Status> {
        let request = PrintTicketRequest {
            booking_id: booking_id.to_owned(),
        };
        let answer = TicketServiceClient::new(self.staff("cinema-ticket"))
            .print_ticket(request)
            .await?;
        Ok(answer.into_inner())
    }

    async fn seat(&self, seat: &str) -> SeatState {
        let request = GetSeatMapRequest {
            screening_id: self.screening.clone(),
        };
        let answer = TheaterServiceClient::new(self.kim("cinema-theater"))
            .get_seat_map(request)
            .await;
        let map = answer.unwrap().into_inner().seat_map.unwrap();
        map.seats
            .iter()
            .find(|own| own.seat == seat)
            .unwrap()
            .state()
    }

    async fn notifications(&self) -> Vec<(String, i32)> {
        let request = ListNotificationsRequest::default();
        let answer = NotificationServiceClient::new(self.kim("notification"))
            .list_notifications(request)
            .await;
        let told = answer.unwrap().into_inner().notifications;
        told.into_iter()
            .map(|told| (told.order_id, told.seq))
            .collect()
    }

    async fn behave(&self, behavior: Behavior) {
        let request = SetBehaviorRequest {
            behavior: Some(behavior),
        };
        SimulatorServiceClient::new(self.staff("payment"))
            .set_behavior(request)
            .await
            .unwrap();
    }

    /// The audit, at rest: no rule is broken.
    async fn is_clean(&self) {
        let mut all = Facts::default();
        let tellers: [(&str, Teller); 6] = [
            ("cinema-theater", cinema_theater::facts),
            ("cinema-booking", cinema_booking::facts),
            ("cinema-ticket", cinema_ticket::facts),
            ("payment", payment::facts::facts),
            ("mypage", mypage::facts),
            ("notification", notification::facts),
        ];
        for (context, facts) in tellers {
            let mut told = self.world.site(context).store.read(facts).await.unwrap();
            told.contexts.push(context.to_owned());
            all.add(told);
        }
        for (rule, verdict) in judge(&all, &all, None, true, self.world.now()) {
            assert_eq!(verdict.breaches, [], "rule {rule}");
        }
    }
}

#[tokio::test]
async fn cancelling_releases_the_seat_and_never_reserves_it_again() {
    let cinema = Cinema::delivering(3).await;
    let booked = cinema.book("one", "1A").await.unwrap();
    cinema.world.settle().await;
    assert_eq!(cinema.seat("1A").await, SeatState::Reserved);
    cinema.cancel(&booked.booking_id).await.unwrap();
    cinema.world.settle().await;
    assert_eq!(cinema.seat("1A").await, SeatState::Free);
    cinema.book("two", "1A").await.unwrap();
    cinema.world.settle().await;
    assert_eq!(cinema.seat("1A").await, SeatState::Reserved);
    cinema.is_clean().await;
}

#[tokio::test]
async fn what_was_rolled_back_is_not_published() {
    let cinema = Cinema::new().await;
    let refused = cinema.book("one", "9Z").await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    cinema
        .behave(Behavior {
            declined_percent: 100,
            ..Behavior::default()
        })
        .await;
    let refused = cinema.book("two", "1A").await.unwrap_err();
    assert_eq!(
        mesh::refusal::reason(&refused).as_deref(),
        Some("PAYMENT_DECLINED")
    );
    cinema.world.settle().await;
    let mine = MyPageServiceClient::new(cinema.kim("mypage"))
        .list_my_orders(ListMyOrdersRequest::default())
        .await;
    assert_eq!(mine.unwrap().into_inner().orders, []);
    assert_eq!(cinema.notifications().await, []);
    assert_eq!(cinema.seat("1A").await, SeatState::Free);
    cinema.is_clean().await;
}

#[tokio::test]
async fn creating_a_booking_cancels_nothing() {
    let cinema = Cinema::new().await;
    let booked = cinema.book("one", "1A").await.unwrap();
    cinema.world.settle().await;
    let booking = cinema.booking(&booked.booking_id).await;
    assert_eq!(booking.status(), BookingStatus::SeatsReserved);
    let names: Vec<_> = booking
        .timeline
        .iter()
        .map(|entry| entry.status.as_ref().unwrap().name.as_str())
        .collect();
    assert_eq!(names, ["BOOKED", "SEATS_RESERVED"]);
    cinema.is_clean().await;
}

#[tokio::test]
async fn a_seat_is_a_seat_of_the_room_and_has_one_booking() {
    let cinema = Cinema::new().await;
    for nonsense in ["", "A1", "1a", "3A", "1C", "seat 5"] {
        let refused = cinema
            .book(&format!("nonsense {nonsense}"), nonsense)
            .await
            .unwrap_err();
        assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{nonsense}");
    }
    cinema.book("one", "1A").await.unwrap();
    let refused = cinema.book("two", "1A").await.unwrap_err();
    assert_eq!(
        mesh::refusal::reason(&refused).as_deref(),
        Some("SEATS_TAKEN")
    );
    cinema.world.settle().await;
    cinema.is_clean().await;
}

#[tokio::test]
async fn a_booking_has_one_ticket_however_often_its_events_come() {
    let cinema = Cinema::delivering(12).await;
    let booked = cinema.book("one", "1A").await.unwrap();
    cinema.world.settle().await;
    let first = cinema.print(&booked.booking_id).await.unwrap();
    assert!(!first.reprint);
    let again = cinema.print(&booked.booking_id).await.unwrap();
    assert!(again.reprint);
    assert_eq!(
        again.ticket.unwrap().printed_at,
        first.ticket.unwrap().printed_at
    );
    cinema.world.settle().await;
    let mut told = cinema.notifications().await;
    told.sort();
    told.dedup();
    assert_eq!(told.len(), 3, "placed, reserved, printed: {told:?}");
    assert_eq!(told.len(), cinema.notifications().await.len());
    cinema.is_clean().await;
}

#[tokio::test]
async fn a_printed_ticket_and_a_cancellation_have_one_winner() {
    let cinema = Cinema::new().await;
    let booked = cinema.book("one", "1A").await.unwrap();
    cinema.world.settle().await;
    // Asked first, printed before the counter has heard of it.
    cinema.cancel(&booked.booking_id).await.unwrap();
    cinema.print(&booked.booking_id).await.unwrap();
    cinema.world.settle().await;
    let booking = cinema.booking(&booked.booking_id).await;
    assert_eq!(booking.status(), BookingStatus::TicketReceived);
    assert!(!booking.cancellable);
    let refused = cinema.cancel(&booked.booking_id).await.unwrap_err();
    assert_eq!(
        mesh::refusal::reason(&refused).as_deref(),
        Some("NOT_CANCELLABLE")
    );
    cinema.is_clean().await;
}

#[tokio::test]
async fn a_payment_that_is_not_confirmed_is_no_booking_and_no_charge() {
    let cinema = Cinema::new().await;
    cinema
        .behave(Behavior {
            reply_lost_percent: 100,
            ..Behavior::default()
        })
        .await;
    let refused = cinema.book("one", "1A").await.unwrap_err();
    assert_eq!(
        mesh::refusal::reason(&refused).as_deref(),
        Some("PAYMENT_UNCONFIRMED")
    );
    cinema.behave(Behavior::default()).await;
    cinema.world.settle().await;
    let booked = cinema.book("one", "1A").await.unwrap();
    assert_eq!(cinema.book("one", "1A").await.unwrap(), booked);
    cinema.world.settle().await;
    cinema.is_clean().await;
}

#[tokio::test]
async fn a_screening_that_may_still_be_on_its_way_is_not_called_unknown() {
    let cinema = Cinema::new().await;
    let known = cinema.screening.clone();
    let unknown = Cinema {
        screening: mesh::id::new(),
        ..cinema
    };
    let refused = unknown.book("one", "1A").await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::NotFound);

    let fresh = World::new().with(cinema_booking::context());
    let loading = Cinema {
        world: fresh,
        screening: known,
    };
    let refused = loading.book("one", "1A").await.unwrap_err();
    assert_eq!(
        mesh::refusal::reason(&refused).as_deref(),
        Some("CATALOGUE_LOADING")
    );
    assert_eq!(refused.code(), tonic::Code::Unavailable);
}
