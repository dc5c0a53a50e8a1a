//! The order side: seats of a screening, claimed for itself, held at theater before the charge.

mod system;

pub use system::SYSTEM;

use super::theater::{THEATER, resource};
use super::{Bug, Toys};
use futures::future::BoxFuture;
use mesh::{Context, Event, Refusal, Site, Time, Tx, client, refusal, text};
use ordering::domain::order::Order;
use ordering::{Draft, Intent, Orders, Side, System, claims, wire};
use prost::Message;
use proto::cinema::booking::v1::booking_service_server::{BookingService, BookingServiceServer};
use proto::cinema::booking::v1::*;
use proto::cinema::theater::v1::theater_service_client::TheaterServiceClient;
use proto::cinema::theater::v1::{BookingClaim, HoldSeatsRequest};
use proto::shared::v1::Money;
use std::sync::Arc;
use std::time::Duration;
use tonic::{Code, Request, Response, Status};

pub const BOOKING: &str = "cinema-booking";
/// What a seat costs.
pub const PRICE: i64 = 10_000;

pub fn context(toys: &Toys) -> Context {
    let side = Arc::new(Seats { toys: toys.clone() });
    let toys = toys.clone();
    let hold = client::Settings {
        total: Duration::from_millis(500),
        attempt: Duration::from_millis(500),
        attempts: 1,
        ..client::Settings::default()
    };
    ordering::order_side(Context::new(BOOKING), &side)
        .calls(THEATER, hold)
        .serves(move |site| {
            BookingServiceServer::new(Toy {
                orders: Orders::new(site, Seats { toys: toys.clone() }),
                toys,
            })
        })
}

struct Seats {
    toys: Toys,
}

/// The id of a screening that the tests call "free", "far" or "soon:<seconds>".
pub fn screening(name: &str) -> String {
    let number = match name.split_once(':') {
        Some((_, seconds)) => format!("5{seconds:0>11}"),
        None if name == "free" => "f".repeat(12),
        None => "a".repeat(12),
    };
    format!("00000000-0000-7000-8000-{number}")
}

/// When a screening starts that is called "soon:<seconds>" after the beginning of the world.
fn starts_at(screening: &str) -> Option<Time> {
    let seconds: u64 = screening
        .strip_prefix("00000000-0000-7000-8000-5")?
        .parse()
        .ok()?;
    Some(Time(1_750_000_000_000_000).plus(Duration::from_secs(seconds)))
}

impl Side for Seats {
    type Request = CreateBookingRequest;
    type Response = CreateBookingResponse;

    const SYSTEM: &'static System = &SYSTEM;
    const CREATE: &'static str = "CreateBooking";

    fn request_id(request: &CreateBookingRequest) -> &str {
        &request.request_id
    }

    fn payment_method(request: &CreateBookingRequest) -> &str {
        &request.payment_method
    }

    fn expected_total(request: &CreateBookingRequest) -> Option<&Money> {
        request.expected_total.as_ref()
    }

    fn admit(
        &self,
        tx: &mut Tx<'_>,
        order_id: &str,
        request: &CreateBookingRequest,
    ) -> Result<Draft, Refusal> {
        let not_from = starts_at(&request.screening_id);
        if not_from.is_some_and(|start| tx.now() >= start) {
            return Err(Refusal::precondition(
                "SCREENING_STARTED",
                text("started", "상영 중"),
            ));
        }
        let seats: Vec<_> = request
            .seats
            .iter()
            .map(|seat| resource(&request.screening_id, seat))
            .collect();
        if claims::take(tx, order_id, &seats)?.is_err() {
            return Err(Refusal::precondition(
                "SEATS_TAKEN",
                text("taken", "이미 예매된 좌석입니다."),
            ));
        }
        let price = if request.screening_id == screening("free") {
            0
        } else {
            PRICE
        };
        let seating = Seating {
            screening_id: request.screening_id.clone(),
            seats: request.seats.clone(),
            ..Seating::default()
        };
        Ok(Draft {
            title: text("Soul", "소울"),
            amount: ordering::Money {
                currency: "KRW".to_owned(),
                minor_units: price * request.seats.len() as i64,
            },
            refs: Vec::new(),
            not_from,
            detail: seating.encode_to_vec(),
        })
    }

    fn response(&self, order: &Order) -> Result<CreateBookingResponse, Refusal> {
        Ok(CreateBookingResponse {
            booking: Some(show(order)?),
        })
    }

    fn before_charge<'a>(
        &'a self,
        site: &'a Site,
        intent: &'a Intent,
        request: &'a CreateBookingRequest,
    ) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(async move {
            let mut theater = TheaterServiceClient::new(site.peers.to(THEATER));
            let hold = HoldSeatsRequest {
                screening_id: request.screening_id.clone(),
                seats: request.seats.clone(),
                request_id: String::new(),
                booking: Some(BookingClaim {
                    booking_id: intent.order_id.clone(),
                    attempt: intent.attempt,
                    customer_id: "whoever".to_owned(),
                    ..BookingClaim::default()
                }),
            };
            match theater.hold_seats(hold).await {
                Err(no) if no.code() == Code::FailedPrecondition => {
                    let reason = refusal::reason(&no).unwrap_or_default();
                    Err(Refusal::precondition(
                        reason,
                        text("taken", "이미 예매된 좌석입니다."),
                    ))
                }
                // It is booked while theater is away.
                _ => Ok(()),
            }
        })
    }

    fn undo(&self, tx: &mut Tx<'_>, order_id: &str, attempt: i32) -> Result<(), Refusal> {
        if self.toys.has(Bug::ClaimKept) {
            let _ = claims::take(tx, order_id, &[format!("kept/{order_id}")])?;
        }
        if self.toys.has(Bug::NoUndo) {
            return Ok(());
        }
        let claim = Claim {
            order_id: order_id.to_owned(),
            version: attempt.into(),
            dropped: attempt,
        };
        tx.enqueue(Event::new(
            order_id,
            attempt.into(),
            &ClaimDropped { claim: Some(claim) },
        ))
    }
}

fn show(order: &Order) -> Result<Booking, Refusal> {
    Ok(Booking {
        booking_id: order.id.clone(),
        customer_id: order.customer_id.clone(),
        version: order.version,
        status: order.status(&SYSTEM).code,
        seating: Some(Seating::decode(order.detail.as_slice()).map_err(Refusal::internal)?),
        total: Some(wire::money(&order.amount)),
        placed_at: Some(order.placed_at.into()),
        cancellation: Some(wire::cancellation(&order.cancellation)),
        ..Booking::default()
    })
}

struct Toy {
    orders: Orders<Seats>,
    toys: Toys,
}

impl Toy {
    async fn create(
        &self,
        request: CreateBookingRequest,
    ) -> Result<CreateBookingResponse, Refusal> {
        if !self.toys.has(Bug::NoVoiding) {
            return self.orders.create(request).await;
        }
        let orders = self.orders.clone();
        let going_on = mesh::task::detach(async move { orders.create(request).await });
        match tokio::time::timeout(Duration::from_millis(200), going_on).await {
            Ok(Ok(created)) => created,
            _ => Err(Refusal::unavailable(
                "PAYMENT_UNCONFIRMED",
                text("unconfirmed", "지연"),
            )),
        }
    }
}

#[tonic::async_trait]
impl BookingService for Toy {
    async fn create_booking(
        &self,
        request: Request<CreateBookingRequest>,
    ) -> Result<Response<CreateBookingResponse>, Status> {
        let mut created = self.create(request.into_inner()).await?;
        if self.toys.has(Bug::AnswersAnew) {
            let id = created.booking.unwrap_or_default().booking_id;
            created.booking = Some(show(&self.orders.read(&id).await?)?);
        }
        Ok(Response::new(created))
    }

    async fn cancel_booking(
        &self,
        request: Request<CancelBookingRequest>,
    ) -> Result<Response<CancelBookingResponse>, Status> {
        let order = self.orders.cancel(&request.into_inner().booking_id).await?;
        Ok(Response::new(CancelBookingResponse {
            booking: Some(show(&order)?),
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
            booking: Some(show(&order)?),
        }))
    }

    async fn get_booking(
        &self,
        _: Request<GetBookingRequest>,
    ) -> Result<Response<GetBookingResponse>, Status> {
        Err(Status::unimplemented("no toy for this"))
    }

    async fn list_bookings(
        &self,
        _: Request<ListBookingsRequest>,
    ) -> Result<Response<ListBookingsResponse>, Status> {
        Err(Status::unimplemented("no toy for this"))
    }
}
