//! The booking service.

use crate::selling::Selling;
use crate::words::SYSTEM;
use mesh::{Page, Refusal, call, fields};
use ordering::domain::order::Order;
use ordering::{Orders, wire};
use prost::Message;
use proto::cinema::booking::v1::booking_service_server::BookingService;
use proto::cinema::booking::v1::{
    Booking as Told, BookingStatus, CancelBookingRequest, CancelBookingResponse,
    CreateBookingRequest, CreateBookingResponse, GetBookingRequest, GetBookingResponse,
    ListBookingsRequest, ListBookingsResponse, Seating, SystemCancelBookingRequest,
    SystemCancelBookingResponse,
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
        let user = call::user()?;
        let id = booking_id(&request.into_inner().booking_id)?;
        let any = user.is("staff") || user.is("admin");
        let order = self
            .orders
            .get(&id, (!any).then_some(user.subject.as_str()))
            .await?;
        Ok(Response::new(GetBookingResponse {
            booking: Some(booking(&order)?),
        }))
    }

    async fn list_bookings(
        &self,
        request: Request<ListBookingsRequest>,
    ) -> Result<Response<ListBookingsResponse>, Status> {
        let user = call::user()?;
        let request = request.into_inner();
        let page: Page<String> =
            fields::read(|fields| Page::read(fields, request.page_size, &request.page_token))?;
        let mut orders = self
            .orders
            .list(&user.subject, page.after.clone(), page.limit())
            .await?;
        let next_page_token = page.cut(&mut orders, |order| order.id.clone());
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
        let user = call::user()?;
        let id = booking_id(&request.into_inner().booking_id)?;
        let order = self.orders.cancel(&id, Some(&user.subject), None).await?;
        Ok(Response::new(CancelBookingResponse {
            booking: Some(booking(&order)?),
        }))
    }

    async fn system_cancel_booking(
        &self,
        request: Request<SystemCancelBookingRequest>,
    ) -> Result<Response<SystemCancelBookingResponse>, Status> {
        let request = request.into_inner();
        let reason = request.reason.unwrap_or_default();
        let id = fields::read(|fields| {
            for (field, said) in [("reason.en", &reason.en), ("reason.ko", &reason.ko)] {
                fields.take(fields::line(field, said, 500));
            }
            fields.take(mesh::id::parse("booking_id", &request.booking_id))
        })?;
        let order = self
            .orders
            .cancel(&id, None, Some(wire::read_text(reason)))
            .await?;
        Ok(Response::new(SystemCancelBookingResponse {
            booking: Some(booking(&order)?),
        }))
    }
}

fn booking_id(text: &str) -> Result<String, Refusal> {
    mesh::id::parse("booking_id", text).map_err(|violation| Refusal::invalid(vec![violation]))
}

/// A booking on the wire.
pub(crate) fn booking(order: &Order) -> Result<Told, Refusal> {
    let status =
        BookingStatus::try_from(order.status(&SYSTEM).code).unwrap_or(BookingStatus::Unspecified);
    Ok(Told {
        booking_id: order.id.clone(),
        customer_id: order.customer_id.clone(),
        version: order.version,
        status: status.into(),
        seating: Some(Seating::decode(&*order.detail).map_err(Refusal::internal)?),
        total: Some(wire::money(&order.amount)),
        placed_at: Some(order.placed_at.into()),
        changed_at: Some(order.changed_at.into()),
        cancellable: order.is_cancellable(&SYSTEM),
        cancellation: Some(wire::cancellation(&order.cancellation)),
        timeline: wire::timeline(order, &SYSTEM),
    })
}
