//! Whenever the catalogue has changed, homes do; whenever a booking stands, its seats are reserved; whenever it is
//! cancelled or an attempt to book dropped, they are free.

use crate::customers::Ask;
use crate::domain::seat;
use crate::{bookings, holds, homes, movies, screens};
use mesh::{Change, Refusal, Tx, id, text};
use ordering::domain::fulfilment::Fulfilment;
use ordering::{fulfilments, wire};
use proto::cinema::booking::v1::{Claim, Seating};
use proto::cinema::movie::v1::Movie;
use proto::cinema::theater::v1::TheaterStep;
use proto::ordering::v1::{Order, Phase};

const RESERVED: &str = "yemae.cinema.theater.v1.SeatsReserved";
const TAKEN: &str = "yemae.cinema.theater.v1.SeatsTaken";
const RELEASED: &str = "yemae.cinema.theater.v1.SeatsReleased";

/// The catalogue says what a movie is now.
pub fn movie(tx: &mut Tx<'_>, change: &Change<Movie>) -> Result<(), Refusal> {
    let movie = movies::Movie::from(&change.entity);
    movies::save(tx.db(), &movie)?;
    // A closed movie's home is looked for under the lock: a screen may just be given to it.
    let settled = movie.wants_home() && screens::is_home(tx.db(), &movie.movie_id)?;
    if movie.theatrical && !settled {
        homes::catalogue_changed(tx)?;
    }
    Ok(())
}

/// Booking says where a booking stands. What was done about it is for good, so an older word of it changes nothing.
pub fn order(tx: &mut Tx<'_>, change: &Change<Order>) -> Result<(), Refusal> {
    let order = wire::own_order(change)?;
    match order.phase() {
        Phase::Unspecified => Err(Refusal::internal("an order in no phase that is known")),
        Phase::Cancelled => cancelled(tx, order, change.version),
        // Seats stay reserved while a cancellation is only asked for.
        Phase::Placed | Phase::InProgress | Phase::Cancelling | Phase::Fulfilled => {
            stands(tx, order, change.version)
        }
    }
}

fn stands(tx: &mut Tx<'_>, order: &Order, seen: i64) -> Result<(), Refusal> {
    let order_id = &order.order_id;
    let reserved = TheaterStep::SeatsReserved as i32;
    let found = fulfilments::find(tx.db(), order_id)?;
    let is_done = |found: &Fulfilment| !found.is_open() || found.has_reached(reserved);
    if found.as_ref().is_some_and(is_done) {
        return Ok(());
    }
    let won = bookings::reserve(tx, &read(order)?)?;
    let now = tx.now();
    fulfilments::update_found(tx, order_id, found, Some(seen), |fulfilment| match won {
        Ok(ends_at) => {
            fulfilment.over_at = Some(ends_at);
            fulfilment.reach(reserved, now);
            ((), Some(RESERVED))
        }
        Err(taken) => {
            let seats = holds::spoken(&taken);
            let reason = text(
                format!("somebody else has the seats {seats}"),
                format!("선택하신 좌석({seats})을 다른 고객이 먼저 선택하였습니다."),
            );
            fulfilment.fail("SEATS_TAKEN", reason, now);
            ((), Some(TAKEN))
        }
    })
}

fn cancelled(tx: &mut Tx<'_>, order: &Order, seen: i64) -> Result<(), Refusal> {
    let order_id = &order.order_id;
    let had_seats = bookings::release(tx, order_id)?;
    let found = fulfilments::find(tx.db(), order_id)?;
    if !had_seats && found.as_ref().is_some_and(|found| !found.is_open()) {
        return Ok(());
    }
    let now = tx.now();
    fulfilments::update_found(tx, order_id, found, Some(seen), |fulfilment| {
        if had_seats {
            fulfilment.reach(TheaterStep::SeatsReleased as i32, now);
        }
        // One that failed has nothing to give back, and has said its last.
        if fulfilment.is_open() {
            fulfilment.void(now);
        }
        ((), Some(RELEASED))
    })
}

fn read(order: &Order) -> Result<bookings::Order, Refusal> {
    let seating: Seating = wire::detail(order)?;
    let placed_at = order
        .placed_at
        .ok_or_else(|| Refusal::internal("an order without a time"))?;
    Ok(bookings::Order {
        order_id: order.order_id.clone(),
        customer_id: order.customer_id.clone(),
        placed_at: placed_at.into(),
        ask: Ask {
            screening_id: id::parse("screening_id", &seating.screening_id)
                .map_err(|wrong| Refusal::internal(wrong.description))?,
            seats: seat::wanted(&seating.seats)
                .ok_or_else(|| Refusal::internal("an order of what are no seats"))?,
        },
    })
}

/// Booking says which attempts to book came to nothing.
pub fn claim(tx: &mut Tx<'_>, change: &Change<Claim>) -> Result<(), Refusal> {
    bookings::drop_attempts(tx, &change.entity.order_id, change.entity.dropped)
}
