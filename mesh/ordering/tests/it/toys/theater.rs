//! Seats: held for an attempt, reserved for an order that stands, free again when either comes to nothing. Some belong
//! to somebody who holds them for ever.

use super::{Bug, Toys};
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use mesh::{Change, Context, Db, Refusal, Site, Tx, text};
use ordering::{fulfilments, is_own_word};
use prost::Message;
use proto::cinema::booking::v1::{Claim, Seating};
use proto::cinema::theater::v1::theater_service_server::{TheaterService, TheaterServiceServer};
use proto::cinema::theater::v1::*;
use proto::ordering::v1::{Order, Phase};
use std::pin::Pin;
use tonic::{Request, Response, Status};

pub const THEATER: &str = "cinema-theater";
pub const RESERVED: i32 = 1;
const RELEASED: i32 = 2;
const EVENT: &str = "yemae.cinema.theater.v1.SeatsReserved";
const TABLES: EmbeddedMigrations = embed_migrations!("tests/it/toys/theater-tables");

diesel::table! {
    seat (resource) {
        resource -> Text,
        order_id -> Text,
        attempt -> Integer,
        standing -> Bool,
    }
}

diesel::table! {
    dropped (order_id) {
        order_id -> Text,
        attempt -> Integer,
    }
}

pub fn context(toys: &Toys) -> Context {
    let forgets = toys.has(Bug::GrantsDropped);
    ordering::fulfilling_side(Context::new(THEATER))
        .migrations(TABLES)
        .follows("bookings", "cinema-booking", booking_changed)
        .follows("claims", "cinema-booking", claim_dropped)
        .serves(move |site| {
            TheaterServiceServer::new(Toy {
                site: site.clone(),
                forgets,
            })
        })
}

/// A seat as booking and theater both call it.
pub fn resource(screening: &str, seat: &str) -> String {
    format!("{screening}/{seat}")
}

/// Every seat that is not free: which, whose, and whether an order's that stands.
pub fn all(db: &mut Db) -> QueryResult<Vec<(String, String, bool)>> {
    seat::table
        .order(seat::resource)
        .select((seat::resource, seat::order_id, seat::standing))
        .load(db)
}

/// Gives a seat to somebody who is no order.
pub fn give_away(db: &mut Db, resource: &str) -> QueryResult<usize> {
    diesel::insert_into(seat::table)
        .values((
            seat::resource.eq(resource),
            seat::order_id.eq("somebody"),
            seat::attempt.eq(0),
            seat::standing.eq(false),
        ))
        .execute(db)
}

/// Takes all of the seats for an order, or none. False: another has one.
fn take(
    tx: &mut Tx<'_>,
    order_id: &str,
    resources: &[String],
    attempt: i32,
    standing: bool,
) -> Result<bool, Refusal> {
    let of_others = seat::table
        .filter(seat::resource.eq_any(resources))
        .filter(seat::order_id.ne(order_id));
    if of_others.count().get_result::<i64>(tx.db())? > 0 {
        return Ok(false);
    }
    release(tx, order_id, i32::MAX)?;
    for resource in resources {
        let row = (
            seat::resource.eq(resource),
            seat::order_id.eq(order_id),
            seat::attempt.eq(attempt),
            seat::standing.eq(standing),
        );
        diesel::insert_into(seat::table)
            .values(row)
            .execute(tx.db())?;
    }
    Ok(true)
}

fn release(tx: &mut Tx<'_>, order_id: &str, up_to: i32) -> Result<(), Refusal> {
    let held = seat::table
        .filter(seat::order_id.eq(order_id))
        .filter(seat::attempt.le(up_to));
    diesel::delete(held).execute(tx.db())?;
    Ok(())
}

fn booking_changed(tx: &mut Tx<'_>, change: &Change<Order>) -> Result<(), Refusal> {
    let order = &change.entity;
    is_own_word(&order.context, &change.context)?;
    let now = tx.now();
    let known = fulfilments::find(tx.db(), &order.order_id)?.unwrap_or_default();
    let (mut reserved, mut released) = (None, false);
    if order.phase() == Phase::Cancelled {
        release(tx, &order.order_id, i32::MAX)?;
        released = true;
    } else if known.is_open() && !known.has_reached(RESERVED) {
        let detail = order.detail.clone().unwrap_or_default();
        let seating = Seating::decode(detail.value.as_slice()).map_err(Refusal::internal)?;
        let seats: Vec<_> = seating
            .seats
            .iter()
            .map(|seat| resource(&seating.screening_id, seat))
            .collect();
        reserved = Some(take(tx, &order.order_id, &seats, i32::MAX, true)?);
    }
    fulfilments::update(tx, &order.order_id, Some(order.version), |seats| {
        match reserved {
            Some(true) => seats.reach(RESERVED, now),
            Some(false) => seats.fail(
                "SEATS_TAKEN",
                text("the seats were taken", "이미 예매된 좌석입니다."),
                now,
            ),
            None => false,
        };
        if released {
            let _ = seats.version > 0 && seats.reach(RELEASED, now);
            seats.void(now);
        }
        ((), Some(EVENT))
    })
}

fn claim_dropped(tx: &mut Tx<'_>, change: &Change<Claim>) -> Result<(), Refusal> {
    let claim = &change.entity;
    diesel::delete(dropped::table.find(&claim.order_id)).execute(tx.db())?;
    diesel::insert_into(dropped::table)
        .values((
            dropped::order_id.eq(&claim.order_id),
            dropped::attempt.eq(claim.dropped),
        ))
        .execute(tx.db())?;
    release(tx, &claim.order_id, claim.dropped)
}

struct Toy {
    site: Site,
    forgets: bool,
}

#[tonic::async_trait]
impl TheaterService for Toy {
    type WatchSeatMapStream =
        Pin<Box<dyn futures::Stream<Item = Result<WatchSeatMapResponse, Status>> + Send>>;

    async fn hold_seats(
        &self,
        request: Request<HoldSeatsRequest>,
    ) -> Result<Response<HoldSeatsResponse>, Status> {
        let (request, forgets) = (request.into_inner(), self.forgets);
        let write = self.site.store.write((), move |tx| {
            let claim = request.booking.clone().unwrap_or_default();
            let gone: Option<i32> = dropped::table
                .find(&claim.booking_id)
                .select(dropped::attempt)
                .first(tx.db())
                .optional()?;
            let is_dropped = gone.is_some_and(|gone| gone >= claim.attempt) && !forgets;
            // What stands already has its seats; an order that was cancelled gets none any more.
            let known = fulfilments::find(tx.db(), &claim.booking_id)?;
            let seats: Vec<_> = request
                .seats
                .iter()
                .map(|seat| resource(&request.screening_id, seat))
                .collect();
            if is_dropped
                || known.is_some()
                || !take(tx, &claim.booking_id, &seats, claim.attempt, false)?
            {
                return Err(Refusal::precondition(
                    "SEATS_TAKEN",
                    text("taken", "이미 예매된 좌석입니다."),
                ));
            }
            Ok(HoldSeatsResponse::default())
        });
        Ok(Response::new(write.await?))
    }

    async fn create_screen(
        &self,
        _: Request<CreateScreenRequest>,
    ) -> Result<Response<CreateScreenResponse>, Status> {
        Err(no_toy())
    }

    async fn list_screens(
        &self,
        _: Request<ListScreensRequest>,
    ) -> Result<Response<ListScreensResponse>, Status> {
        Err(no_toy())
    }

    async fn schedule_screening(
        &self,
        _: Request<ScheduleScreeningRequest>,
    ) -> Result<Response<ScheduleScreeningResponse>, Status> {
        Err(no_toy())
    }

    async fn list_screenings(
        &self,
        _: Request<ListScreeningsRequest>,
    ) -> Result<Response<ListScreeningsResponse>, Status> {
        Err(no_toy())
    }

    async fn get_seat_map(
        &self,
        _: Request<GetSeatMapRequest>,
    ) -> Result<Response<GetSeatMapResponse>, Status> {
        Err(no_toy())
    }

    async fn watch_seat_map(
        &self,
        _: Request<WatchSeatMapRequest>,
    ) -> Result<Response<Self::WatchSeatMapStream>, Status> {
        Err(no_toy())
    }

    async fn release_hold(
        &self,
        _: Request<ReleaseHoldRequest>,
    ) -> Result<Response<ReleaseHoldResponse>, Status> {
        Err(no_toy())
    }
}

fn no_toy() -> Status {
    Status::unimplemented("no toy for this")
}
