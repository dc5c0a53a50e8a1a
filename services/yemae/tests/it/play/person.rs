//! What somebody at the door does, each call one try.

use super::{Bearer, Show};
use crate::rig::PATIENCE;
use proto::cinema::booking::v1::booking_service_client::BookingServiceClient;
use proto::cinema::booking::v1::{Booking, CreateBookingRequest, GetBookingRequest};
use proto::cinema::movie::v1::GetMovieRequest;
use proto::cinema::movie::v1::movie_service_client::MovieServiceClient;
use proto::cinema::theater::v1::theater_service_client::TheaterServiceClient;
use proto::cinema::theater::v1::{GetSeatMapRequest, ListScreeningsRequest, SeatState};
use proto::mypage::v1::my_page_service_client::MyPageServiceClient;
use proto::payment::v1::payment_service_client::PaymentServiceClient;
use proto::payment::v1::simulator_service_client::SimulatorServiceClient;
use proto::payment::v1::{Behavior, ListPaymentsRequest, Payment, SetBehaviorRequest};
use proto::shared::v1::Money;
use std::time::{Duration, Instant};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Status};

/// Somebody at the door.
#[derive(Clone)]
pub struct Person(pub(super) InterceptedService<Channel, Bearer>);
impl Person {
    /// What `up --demo` filled in first: 10 rows of 12 seats.
    pub async fn show(&self) -> Show {
        let listed = TheaterServiceClient::new(self.0.clone())
            .list_screenings(ListScreeningsRequest::default())
            .await;
        let screening = listed.unwrap().into_inner().screenings.swap_remove(0);
        let asked = GetMovieRequest {
            movie_id: screening.movie_id,
        };
        let movie = MovieServiceClient::new(self.0.clone())
            .get_movie(asked)
            .await;
        let price = movie.unwrap().into_inner().movie.unwrap().ticket_price;
        Show {
            screening_id: screening.screening_id,
            price: price.unwrap().minor_units,
        }
    }

    pub fn bookings(&self) -> BookingServiceClient<InterceptedService<Channel, Bearer>> {
        BookingServiceClient::new(self.0.clone())
    }

    pub fn theater(&self) -> TheaterServiceClient<InterceptedService<Channel, Bearer>> {
        TheaterServiceClient::new(self.0.clone())
    }

    pub fn page(&self) -> MyPageServiceClient<InterceptedService<Channel, Bearer>> {
        MyPageServiceClient::new(self.0.clone())
    }

    /// One try at booking seats: "1A 1B".
    pub async fn book(
        &self,
        show: &Show,
        seats: &str,
        request_id: &str,
    ) -> Result<Booking, Status> {
        let seats: Vec<String> = seats.split(' ').map(str::to_owned).collect();
        let request = CreateBookingRequest {
            request_id: request_id.to_owned(),
            screening_id: show.screening_id.clone(),
            expected_total: Some(Money {
                currency: "KRW".to_owned(),
                minor_units: show.price * seats.len() as i64,
            }),
            seats,
            payment_method: "pm_test".to_owned(),
            hold_id: String::new(),
        };
        let answer = self.bookings().create_booking(request).await?;
        Ok(answer.into_inner().booking.unwrap())
    }

    /// Tries with the same request_id until there is a yes, or a no that a repeat would not change.
    pub async fn book_at_last(
        &self,
        show: &Show,
        seats: &str,
        request_id: &str,
    ) -> Result<Booking, Status> {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.book(show, seats, request_id).await {
                Err(status) if is_passing(&status) && Instant::now() < end => {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                answer => return answer,
            }
        }
    }

    pub async fn booking(&self, booking_id: &str) -> Result<Booking, Status> {
        let request = GetBookingRequest {
            booking_id: booking_id.to_owned(),
        };
        let answer = self.bookings().get_booking(request).await?;
        Ok(answer.into_inner().booking.unwrap())
    }

    pub async fn seat(&self, show: &Show, seat: &str) -> SeatState {
        let request = GetSeatMapRequest {
            screening_id: show.screening_id.clone(),
        };
        let map = self.theater().get_seat_map(request).await;
        let map = map.unwrap().into_inner().seat_map.unwrap();
        let own = map.seats.iter().find(|own| own.seat == seat);
        own.unwrap().state()
    }

    /// Every payment there ever was; of one order, or of all.
    pub async fn payments(&self, order_id: &str) -> Vec<Payment> {
        let mut all = Vec::new();
        let mut request = ListPaymentsRequest {
            page_size: 200,
            order_id: order_id.to_owned(),
            ..ListPaymentsRequest::default()
        };
        loop {
            let page = PaymentServiceClient::new(self.0.clone())
                .list_payments(request.clone())
                .await;
            let page = page.unwrap().into_inner();
            all.extend(page.payments);
            if page.next_page_token.is_empty() {
                return all;
            }
            request.page_token = page.next_page_token;
        }
    }

    /// Tells the simulated provider how to be from now on.
    pub async fn provider(&self, behavior: Behavior) {
        let behavior = Some(behavior);
        SimulatorServiceClient::new(self.0.clone())
            .set_behavior(SetBehaviorRequest { behavior })
            .await
            .unwrap();
    }
}

/// Whether the same request may end differently a moment later.
pub fn is_passing(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable
            | Code::ResourceExhausted
            | Code::Aborted
            | Code::DeadlineExceeded
            | Code::Cancelled
            | Code::Unknown
    )
}
