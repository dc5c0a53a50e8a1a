//! The calls of the story.

use super::{PRICE, Story};
use crate::fault::Fault;
use crate::rpc::{self, Mesh};
use proto::cinema::booking::v1::booking_service_client::BookingServiceClient;
use proto::cinema::booking::v1::{
    Booking, BookingStatus, CancelBookingRequest, CreateBookingRequest, GetBookingRequest,
};
use proto::cinema::theater::v1::theater_service_client::TheaterServiceClient;
use proto::cinema::theater::v1::{GetSeatMapRequest, HoldSeatsRequest, Screening, SeatState};
use proto::cinema::ticket::v1::PrintTicketRequest;
use proto::cinema::ticket::v1::ticket_service_client::TicketServiceClient;
use proto::mypage::v1::GetMyOrderRequest;
use proto::mypage::v1::my_page_service_client::MyPageServiceClient;
use proto::notification::v1::ListNotificationsRequest;
use proto::notification::v1::notification_service_client::NotificationServiceClient;
use proto::shared::v1::Money;
use tonic::{Response, Status};

/// What a call answered; an empty answer when it was refused: whoever reads looks again until something comes true.
fn read<T: Default>(answer: Result<Response<T>, Status>) -> T {
    answer.map(Response::into_inner).unwrap_or_default()
}

impl Story {
    pub(super) async fn hold(
        &self,
        screening: &Screening,
        seats: &[&str],
    ) -> Result<String, Fault> {
        let request = HoldSeatsRequest {
            screening_id: screening.screening_id.clone(),
            seats: seats.iter().map(|seat| (*seat).to_owned()).collect(),
            request_id: format!("{}-hold", self.run),
            booking: None,
        };
        let held = TheaterServiceClient::new(self.kim.channel())
            .hold_seats(request)
            .await;
        let held = held.map_err(|status| rpc::fault(&status))?.into_inner();
        Ok(held.hold.unwrap_or_default().hold_id)
    }

    pub(super) async fn book(
        &self,
        by: &Mesh,
        screening: &Screening,
        seats: &[&str],
        request: &str,
        hold: &str,
    ) -> Result<Booking, Status> {
        let request = CreateBookingRequest {
            request_id: format!("{}-{request}", self.run),
            screening_id: screening.screening_id.clone(),
            seats: seats.iter().map(|seat| (*seat).to_owned()).collect(),
            expected_total: Some(Money {
                currency: "KRW".to_owned(),
                minor_units: PRICE * seats.len() as i64,
            }),
            payment_method: "pm_demo".to_owned(),
            hold_id: hold.to_owned(),
        };
        let response = BookingServiceClient::new(by.channel())
            .create_booking(request)
            .await?;
        Ok(response.into_inner().booking.unwrap_or_default())
    }

    pub(super) async fn cancel(&self, by: &Mesh, booking_id: &str) -> Result<(), Status> {
        let request = CancelBookingRequest {
            booking_id: booking_id.to_owned(),
        };
        BookingServiceClient::new(by.channel())
            .cancel_booking(request)
            .await
            .map(drop)
    }

    pub(super) async fn status_on_page(&self, by: &Mesh, order_id: &str) -> String {
        let request = GetMyOrderRequest {
            order_id: order_id.to_owned(),
        };
        let answer = MyPageServiceClient::new(by.channel())
            .get_my_order(request)
            .await;
        let status = read(answer).order.and_then(|order| order.status);
        status.map(|status| status.name).unwrap_or_default()
    }

    pub(super) async fn is_refunded(&self, by: &Mesh, booking_id: &str) -> bool {
        let request = GetBookingRequest {
            booking_id: booking_id.to_owned(),
        };
        let answer = BookingServiceClient::new(by.channel())
            .get_booking(request)
            .await;
        let booking = read(answer).booking.unwrap_or_default();
        let refunded = booking
            .timeline
            .iter()
            .filter_map(|entry| entry.status.as_ref())
            .any(|status| status.name == "REFUNDED");
        booking.status() == BookingStatus::Cancelled && refunded
    }

    pub(super) async fn are_free(&self, screening: &Screening, seats: &[&str]) -> bool {
        let request = GetSeatMapRequest {
            screening_id: screening.screening_id.clone(),
        };
        let answer = TheaterServiceClient::new(self.kim.channel())
            .get_seat_map(request)
            .await;
        let map = read(answer).seat_map.unwrap_or_default();
        let is_free = |seat: &&str| {
            map.seats
                .iter()
                .any(|own| own.seat == **seat && own.state() == SeatState::Free)
        };
        seats.iter().all(is_free)
    }

    pub(super) async fn print(&self, booking_id: &str) -> bool {
        let request = PrintTicketRequest {
            booking_id: booking_id.to_owned(),
        };
        TicketServiceClient::new(self.staff.channel())
            .print_ticket(request)
            .await
            .is_ok()
    }

    pub(super) async fn notifications(&self, order_id: &str) -> usize {
        let request = ListNotificationsRequest {
            order_id: order_id.to_owned(),
            ..ListNotificationsRequest::default()
        };
        let answer = NotificationServiceClient::new(self.kim.channel())
            .list_notifications(request)
            .await;
        read(answer).notifications.len()
    }
}
