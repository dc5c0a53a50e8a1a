//! What booking adds to the lifecycle: what seats cost, whose they are, and the hold asked of theater before the charge.

use crate::{grpc, seats, words};
use futures::future::BoxFuture;
use mesh::{Event, Kind, Refusal, Site, Text, Time, Tx, Violation, refusal, text};
use ordering::domain::order::Order;
use ordering::{Draft, Intent, Money, Side, System, catalogue, claims, not_sold};
use prost::Message;
use proto::cinema::booking::v1::{
    Claim, ClaimDropped, CreateBookingRequest, CreateBookingResponse, Seating,
};
use proto::cinema::movie::v1::{Movie, MovieStatus};
use proto::cinema::theater::v1::theater_service_client::TheaterServiceClient;
use proto::cinema::theater::v1::{BookingClaim, HoldSeatsRequest, Screening};
use proto::shared::v1 as shared;
use std::time::Duration;
use tonic::{Code, Status};

/// The context that knows whose a seat is.
pub(crate) const THEATER: &str = "cinema-theater";
/// How long the stream keeps word of a dropped attempt: as long as a context may be away and still hear of everything. A
/// theater that missed it would keep those seats for ever.
const CLAIM_KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

/// The order side of the cinema.
#[derive(Clone, Copy)]
pub(crate) struct Selling;

impl Side for Selling {
    type Request = CreateBookingRequest;
    type Response = CreateBookingResponse;

    const SYSTEM: &'static System = &words::SYSTEM;
    const CREATE: &'static str = "CreateBooking";

    fn request_id(request: &CreateBookingRequest) -> &str {
        &request.request_id
    }

    fn payment_method(request: &CreateBookingRequest) -> &str {
        &request.payment_method
    }

    fn expected_total(request: &CreateBookingRequest) -> Option<&shared::Money> {
        request.expected_total.as_ref()
    }

    fn admit(
        &self,
        tx: &mut Tx<'_>,
        order_id: &str,
        request: &CreateBookingRequest,
    ) -> Result<Draft, Refusal> {
        let Some((screening, movie)) = showing(tx, &request.screening_id)? else {
            return Err(not_sold(tx, "screening")?);
        };
        if tx.now() >= starts_at(&screening) {
            return Err(Refusal::precondition(
                "SCREENING_STARTED",
                text("the screening has started", "상영이 이미 시작되었습니다."),
            ));
        }
        let is_open = movie.status() == MovieStatus::Open;
        let price = movie.ticket_price.filter(|_| is_open).ok_or_else(|| {
            Refusal::precondition(
                "MOVIE_NOT_OPEN",
                text(
                    "the movie is not showing",
                    "현재 상영 중인 영화가 아닙니다.",
                ),
            )
        })?;
        let wanted = seats::sorted(&request.seats);
        let outside: Vec<Violation> = wanted
            .iter()
            .filter(|seat| !seat.is_in(screening.rows, screening.columns))
            .map(|seat| Violation::new("seats", format!("the screen has no seat {seat}")))
            .collect();
        if !outside.is_empty() {
            return Err(Refusal::invalid(outside));
        }
        let seats: Vec<String> = wanted.iter().map(ToString::to_string).collect();
        let amount = Money {
            currency: price.currency,
            minor_units: price.minor_units.saturating_mul(seats.len() as i64),
        };

        let resources: Vec<String> = seats
            .iter()
            .map(|seat| resource(&request.screening_id, seat))
            .collect();
        if let Err(taken) = claims::take(tx, order_id, &resources)? {
            let taken: Vec<&str> = taken
                .iter()
                .filter_map(|resource| Some(resource.rsplit_once('/')?.1))
                .collect();
            return Err(seats_taken(&taken.join(",")));
        }
        Ok(draft(screening, movie.title, seats, amount))
    }

    fn response(&self, order: &Order) -> Result<CreateBookingResponse, Refusal> {
        Ok(CreateBookingResponse {
            booking: Some(grpc::booking(order)?),
        })
    }

    /// Asks theater for the seats. It goes on without an answer only when theater is unreachable or silent; what that
    /// leaves open, theater settles on hearing of the order.
    fn before_charge<'a>(
        &'a self,
        site: &'a Site,
        intent: &'a Intent,
        request: &'a CreateBookingRequest,
    ) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(async move {
            let hold = HoldSeatsRequest {
                screening_id: request.screening_id.clone(),
                seats: request.seats.clone(),
                request_id: String::new(),
                booking: Some(BookingClaim {
                    booking_id: intent.order_id.clone(),
                    attempt: intent.attempt,
                    customer_id: intent.asker.customer_id.clone(),
                    hold_id: request.hold_id.clone(),
                }),
            };
            match TheaterServiceClient::new(site.peers.to(THEATER))
                .hold_seats(hold)
                .await
            {
                Ok(_) => Ok(()),
                Err(status) => no_hold(&status),
            }
        })
    }

    fn undo(&self, tx: &mut Tx<'_>, order_id: &str, attempt: i32) -> Result<(), Refusal> {
        let claim = Claim {
            order_id: order_id.to_owned(),
            version: attempt.into(),
            dropped: attempt,
        };
        let expires = tx.now().plus(CLAIM_KEPT);
        tx.enqueue(
            Event::new(
                order_id,
                attempt.into(),
                &ClaimDropped { claim: Some(claim) },
            )
            .expires(Some(expires)),
        )
    }
}

/// What a seat is called among booking's own claims.
pub(crate) fn resource(screening_id: &str, seat: &str) -> String {
    format!("{screening_id}/{seat}")
}

/// What is sold as this screening, and the movie it shows.
fn showing(tx: &mut Tx<'_>, screening_id: &str) -> Result<Option<(Screening, Movie)>, Refusal> {
    let Some(screening) = catalogue::find::<Screening>(tx, screening_id)? else {
        return Ok(None);
    };
    let movie = catalogue::find::<Movie>(tx, &screening.movie_id)?;
    Ok(movie.map(|movie| (screening, movie)))
}

fn starts_at(screening: &Screening) -> Time {
    screening.starts_at.unwrap_or_default().into()
}

fn draft(screening: Screening, movie_title: String, seats: Vec<String>, amount: Money) -> Draft {
    let list = seats.join(" ");
    let title = format!("{movie_title}, {list}");
    let not_from = Some(starts_at(&screening));
    let screen = format!("{} {}", screening.theater, screening.screen_name);
    let seating = Seating {
        screening_id: screening.screening_id,
        movie_id: screening.movie_id,
        movie_title,
        theater: screening.theater,
        screen_name: screening.screen_name,
        starts_at: screening.starts_at,
        seats,
        ends_at: screening.ends_at,
    };
    Draft {
        title: text(title.clone(), title),
        amount,
        refs: vec![
            (text("Seats", "관람관 좌석"), list),
            (text("Screen", "상영관"), screen),
        ],
        not_from,
        detail: seating.encode_to_vec(),
    }
}

fn seats_taken(seats: &str) -> Refusal {
    Refusal::precondition(
        "SEATS_TAKEN",
        text(
            format!("taken: {seats}"),
            format!("이미 예매된 좌석입니다: {seats}"),
        ),
    )
    .with("seats", seats)
}

/// Theater did not grant the hold. A definite no ends the attempt; whatever leaves it open is passed over like silence,
/// and so is UNIMPLEMENTED, which a mesh without theater answers.
fn no_hold(status: &Status) -> Result<(), Refusal> {
    let reason = refusal::reason(status).unwrap_or_default();
    match status.code() {
        Code::FailedPrecondition => Err(Refusal::precondition(reason, told(status))),
        Code::InvalidArgument | Code::NotFound => Err(Refusal::new(
            Kind::Precondition,
            "SEATS_NOT_HELD",
            told(status),
        )),
        Code::ResourceExhausted
        | Code::Aborted
        | Code::PermissionDenied
        | Code::Unauthenticated => Err(Refusal::unavailable(
            "THEATER_BUSY",
            text(
                "theater is busy; nothing was charged",
                "예매가 몰리고 있습니다. 잠시 후 다시 시도해 주세요.",
            ),
        )
        .waits_for("cinema-theater")),
        _ => {
            tracing::info!(
                reason,
                "theater did not answer; booking goes on without a hold"
            );
            Ok(())
        }
    }
}

/// The peer's own words, for the customer.
fn told(status: &Status) -> Text {
    use tonic_types::StatusExt;
    let localized = status
        .get_details_localized_message()
        .map(|told| told.message);
    text(
        status.message().to_owned(),
        localized.unwrap_or_else(|| status.message().to_owned()),
    )
}
