//! The booking service.

use crate::selling::Selling;
use crate::words::SYSTEM;
use mesh::Refusal;
use ordering::domain::order::Order;
use ordering::{Orders, wire};
use proto::cinema::booking::v1::booking_service_server::BookingService;
use proto::cinema::booking::v1::{
    Booking as Told, CancelBookingRequest, CancelBookingResponse, CreateBookingRequest,
    CreateBookingResponse, GetBookingRequest, GetBookingResponse, ListBookingsRequest,
    ListBookingsResponse, Seating, SystemCancelBookingRequest, SystemCancelBookingResponse,
};
use tonic::{Request, Response, Status};

/// Serves bookings.
pub(crate) struct Booking {
    pub(crate) orders: Orders<Selling>,
}

#[tonic::async_trait]
impl BookingService for Booking {
    async fn create_booking(
        &self,
        request: Request<CreateBookingRequest>,
    ) -> Result<Response<CreateBookingResponse>, Status> {
        Ok(Response::new(
            self.orders.create(request.into_inner()).await?,
        ))
    }

    async fn get_booking(
        &self,
        request: Request<GetBookingRequest>,
    ) -> Result<Response<GetBookingResponse>, Status> {
        let order = self.orders.read(&request.into_inner().booking_id).await?;
        Ok(Response::new(GetBookingResponse {
            booking: Some(booking(&order)?),
        }))
    }

    async fn list_bookings(
        &self,
        request: Request<ListBookingsRequest>,
    ) -> Result<Response<ListBookingsResponse>, Status> {
        let request = request.into_inner();
        let page = self.orders.page(request.page_size, &request.page_token);
        let (orders, next_page_token) = page.await?;
        let bookings = orders.iter().map(booking).collect::<Result<_, _>>()?;
        Ok(Response::new(ListBookingsResponse {
            bookings,
            next_page_token,
        }))
    }

    async fn cancel_booking(
        &self,
        request: Request<CancelBookingRequest>,
    ) -> Result<Response<CancelBookingResponse>, Status> {
        let order = self.orders.cancel(&request.into_inner().booking_id).await?;
        Ok(Response::new(CancelBookingResponse {
            booking: Some(booking(&order)?),
        }))
    }

    async fn system_cancel_booking(
        &self,
        request: Request<SystemCancelBookingRequest>,
    ) -> Result<Response<SystemCancelBookingResponse>, Status> {
        let request = request.into_inner();
        let (id, reason) = (request.booking_id, request.reason);
        let order = self.orders.system_cancel(&id, reason).await?;
        Ok(Response::new(SystemCancelBookingResponse {
            booking: Some(booking(&order)?),
        }))
    }
}

/// A booking on the wire.
pub(crate) fn booking(order: &Order) -> Result<Told, Refusal> {
    let told = wire::order(order, &SYSTEM);
    Ok(Told {
        seating: Some(wire::detail::<Seating>(&told)?),
        booking_id: told.order_id,
        customer_id: told.customer_id,
        version: told.version,
        status: told.status.unwrap_or_default().code,
        total: told.amount,
        placed_at: told.placed_at,
        changed_at: told.changed_at,
        cancellable: told.cancellable,
        cancellation: told.cancellation,
        timeline: told.timeline,
    })
}
