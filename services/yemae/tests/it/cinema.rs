//! The cinema in one process: every context, with the bus and the clock in the test's hand.

use crate::shared::{Teller, is_clean, with_shared};
use mesh::client::Client;
use proto::cinema::booking::v1::booking_service_client::BookingServiceClient;
use proto::cinema::booking::v1::{
    Booking, CancelBookingRequest, CreateBookingRequest, GetBookingRequest,
};
use proto::cinema::movie::v1::movie_service_client::MovieServiceClient;
use proto::cinema::movie::v1::{Rating, RegisterMovieRequest};
use proto::cinema::theater::v1::theater_service_client::TheaterServiceClient;
use proto::cinema::theater::v1::{
    CreateScreenRequest, GetSeatMapRequest, ScheduleScreeningRequest, SeatState,
};
use proto::cinema::ticket::v1::ticket_service_client::TicketServiceClient;
use proto::cinema::ticket::v1::{PrintTicketRequest, PrintTicketResponse};
use proto::mypage::v1::GetMyOrderRequest;
use proto::mypage::v1::my_page_service_client::MyPageServiceClient;
use proto::notification::v1::ListNotificationsRequest;
use proto::notification::v1::notification_service_client::NotificationServiceClient;
use proto::ordering::v1::Order;
use proto::payment::v1::simulator_service_client::SimulatorServiceClient;
use proto::payment::v1::{Behavior, SetBehaviorRequest};
use proto::shared::v1::Money;
use std::time::Duration;
use testing::{Caller, World};
use tonic::Status;

/// Won for one seat.
pub const PRICE: i64 = 10_000;

/// The cinema, with one screening of four seats.
pub struct Cinema {
    pub world: World,
    pub screening: String,
}

impl Cinema {
    pub async fn new() -> Self {
        Self::delivering(1).await
    }

    /// Every event comes so many times.
    pub async fn delivering(times: usize) -> Self {
        let world = World::new()
            .delivering(times)
            .with(cinema_movie::context())
            .with(cinema_theater::context())
            .with(cinema_booking::context())
            .with(cinema_ticket::context());
        let world = with_shared(world);
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

    pub fn staff(&self, context: &'static str) -> Client {
        self.world
            .client(context, Caller::user("staff", &["staff", "admin"]))
    }

    pub fn kim(&self, context: &'static str) -> Client {
        self.world.client(context, Caller::customer("kim"))
    }

    pub async fn book(&self, request: &str, seat: &str) -> Result<Booking, Status> {
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

    pub async fn cancel(&self, booking_id: &str) -> Result<(), Status> {
        let request = CancelBookingRequest {
            booking_id: booking_id.to_owned(),
        };
        BookingServiceClient::new(self.kim("cinema-booking"))
            .cancel_booking(request)
            .await
            .map(drop)
    }

    pub async fn booking(&self, booking_id: &str) -> Booking {
        let request = GetBookingRequest {
            booking_id: booking_id.to_owned(),
        };
        let answer = BookingServiceClient::new(self.kim("cinema-booking"))
            .get_booking(request)
            .await;
        answer.unwrap().into_inner().booking.unwrap()
    }

    /// The order as Kim's page shows it.
    pub async fn page(&self, order_id: &str) -> Order {
        let request = GetMyOrderRequest {
            order_id: order_id.to_owned(),
        };
        let answer = MyPageServiceClient::new(self.kim("mypage"))
            .get_my_order(request)
            .await;
        answer.unwrap().into_inner().order.unwrap()
    }

    pub async fn print(&self, booking_id: &str) -> Result<PrintTicketResponse, Status> {
        let request = PrintTicketRequest {
            booking_id: booking_id.to_owned(),
        };
        let answer = TicketServiceClient::new(self.staff("cinema-ticket"))
            .print_ticket(request)
            .await?;
        Ok(answer.into_inner())
    }

    pub async fn seat(&self, seat: &str) -> SeatState {
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

    pub async fn notifications(&self) -> Vec<(String, i32)> {
        let request = ListNotificationsRequest::default();
        let answer = NotificationServiceClient::new(self.kim("notification"))
            .list_notifications(request)
            .await;
        let told = answer.unwrap().into_inner().notifications;
        told.into_iter()
            .map(|told| (told.order_id, told.seq))
            .collect()
    }

    pub async fn behave(&self, behavior: Behavior) {
        let request = SetBehaviorRequest {
            behavior: Some(behavior),
        };
        SimulatorServiceClient::new(self.staff("payment"))
            .set_behavior(request)
            .await
            .unwrap();
    }

    /// The audit, at rest: no rule is broken.
    pub async fn is_clean(&self) {
        let own: [(&str, Teller); 3] = [
            ("cinema-theater", cinema_theater::facts),
            ("cinema-booking", cinema_booking::facts),
            ("cinema-ticket", cinema_ticket::facts),
        ];
        is_clean(&self.world, &own).await;
    }
}
