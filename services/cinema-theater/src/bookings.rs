//! Bookings' claims: held for an attempt to book, without a clock; reserved once the order stands; free again when the
//! attempt is dropped or the order cancelled.

use crate::customers::{Ask, seats_taken};
use crate::domain::contest::Wanted;
use crate::domain::seat::{self, Seat};
use crate::holds::{self, Hold, Kept};
use crate::schema::booking;
use crate::screenings::{self, Screening};
use diesel::prelude::*;
use mesh::{Db, Refusal, Time, Tx, text};
use ordering::fulfilments;
use proto::cinema::theater::v1 as wire;

/// The attempt to book that wants seats.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The booking it would become.
    pub booking_id: String,
    /// Its number, from 1.
    pub number: i32,
    /// Who books.
    pub customer_id: String,
    /// The customer's hold that it takes over.
    pub hold_id: Option<String>,
}

/// Holds seats for an attempt to book; the same or a later attempt's again is the same hold. FAILED_PRECONDITION
/// CLAIM_DROPPED, SCREENING_STARTED, SEATS_TAKEN, HOLD_EXPIRED.
pub fn hold(tx: &mut Tx<'_>, attempt: &Attempt, ask: &Ask) -> Result<wire::Hold, Refusal> {
    // Nobody has heard of this booking: it has no order and no hold.
    if make(tx, &attempt.booking_id)? {
        return grant(tx, attempt, ask, None);
    }
    let dropped = lock(tx, &attempt.booking_id)?;
    let fulfilment = fulfilments::find(tx.db(), &attempt.booking_id)?;
    let over = fulfilment.is_some_and(|fulfilment| !fulfilment.is_open());
    if over {
        return Err(dropped_already());
    }
    let kept = holds::kept(tx.db(), &attempt.booking_id)?;
    if let Some(Kept {
        hold: own, seats, ..
    }) = kept.as_ref().filter(|kept| kept.hold.live)
    {
        let same = own.screening_id == ask.screening_id && *seats == ask.seats;
        if own.reserved || (same && own.attempt == attempt.number) {
            return Ok(own.told(seats));
        }
        if own.attempt > attempt.number {
            return Err(dropped_already());
        }
    }
    if dropped >= attempt.number {
        return Err(dropped_already());
    }
    grant(tx, attempt, ask, kept.map(|kept| kept.hold))
}

fn dropped_already() -> Refusal {
    Refusal::precondition(
        "CLAIM_DROPPED",
        text(
            "this attempt to book was given up; its seats are free again",
            "취소된 예매 시도입니다.",
        ),
    )
}

fn grant(
    tx: &mut Tx<'_>,
    attempt: &Attempt,
    ask: &Ask,
    before: Option<Hold>,
) -> Result<wire::Hold, Refusal> {
    leave_other(tx, before.as_ref(), &ask.screening_id)?;
    let screening =
        screenings::find(tx.db(), &ask.screening_id)?.ok_or_else(screenings::not_found)?;
    let now = tx.now();
    screening.must_have(&ask.seats)?;
    screening.must_be_ahead(now)?;
    let hold = Hold {
        attempt: attempt.number,
        ..claim(&attempt.booking_id, &attempt.customer_id, &screening, now)
    };
    let named = attempt.hold_id.is_some();
    let taken_over = take_over(tx, attempt, &screening)?;
    match holds::take(tx, &hold, before.is_none(), &ask.seats, Wanted::Hold)? {
        Ok(()) => Ok(hold.told(&ask.seats)),
        Err(taken) if named && !taken_over => Err(hold_expired(&taken)),
        Err(taken) => Err(seats_taken(&taken)),
    }
}

/// Ends the customer's hold that the attempt names, so that its seats are free for the attempt, which follows in the
/// same transaction. False: it names none that is alive, of this customer and for this screening.
fn take_over(tx: &mut Tx<'_>, attempt: &Attempt, screening: &Screening) -> Result<bool, Refusal> {
    let Some(hold_id) = &attempt.hold_id else {
        return Ok(false);
    };
    let now = tx.now();
    let named = holds::find(tx.db(), hold_id)?.filter(|hold| {
        hold.customer_id == attempt.customer_id
            && hold.screening_id == screening.screening_id
            && hold.expires_at.is_some()
            && !hold.holder().has_expired(now)
    });
    match named {
        Some(hold) => holds::end(tx, &hold.claimant),
        None => Ok(false),
    }
}

fn hold_expired(taken: &[Seat]) -> Refusal {
    Refusal::precondition(
        "HOLD_EXPIRED",
        text(
            format!(
                "the hold has ended and somebody else has {}",
                holds::spoken(taken)
            ),
            format!(
                "좌석 선점 시간이 만료되어 다른 고객이 선택한 좌석입니다: {}",
                holds::spoken(taken)
            ),
        ),
    )
    .with("seats", seat::list(taken))
}

/// A booking's claim that is not reserved yet.
fn claim(booking_id: &str, customer_id: &str, screening: &Screening, now: Time) -> Hold {
    Hold {
        claimant: booking_id.to_owned(),
        screening_id: screening.screening_id.clone(),
        customer_id: customer_id.to_owned(),
        slot: None,
        attempt: 0,
        reserved: false,
        live: true,
        created_at: now.0,
        expires_at: None,
        request_id: None,
    }
}

/// Attempts up to this number came to nothing: what they hold is free, and none of them is granted anything any more.
pub fn drop_attempts(tx: &mut Tx<'_>, booking_id: &str, dropped: i32) -> Result<(), Refusal> {
    if lock(tx, booking_id)? < dropped {
        let now = tx.now().0;
        mesh::update(booking::table.find(booking_id))
            .set((booking::dropped.eq(dropped), booking::dropped_at.eq(now)))
            .execute(tx.db())?;
    }
    let held = live(tx, booking_id)?;
    match held.filter(|held| !held.reserved && held.attempt <= dropped) {
        Some(held) => holds::end(tx, &held.claimant).map(drop),
        None => Ok(()),
    }
}

/// A paid order's claim on its seats.
#[derive(Clone, Debug)]
pub struct Order {
    /// The order.
    pub order_id: String,
    /// Whose it is.
    pub customer_id: String,
    /// Since when it stands.
    pub placed_at: Time,
    /// Its seats.
    pub ask: Ask,
}

/// Reserves an order's seats, whether an attempt held them before or not. Answers when the screening ends; or who has
/// lost, the order, and then it holds nothing: the seats that somebody else has.
pub fn reserve(tx: &mut Tx<'_>, order: &Order) -> Result<Result<Time, Vec<Seat>>, Refusal> {
    lock(tx, &order.order_id)?;
    let ask = &order.ask;
    let kept = holds::kept(tx.db(), &order.order_id)?;
    let is_new = kept.is_none();
    let live = kept.filter(|kept| kept.hold.live);
    let asked =
        |kept: &&Kept| kept.hold.screening_id == ask.screening_id && kept.seats == ask.seats;
    if let Some(held) = live.as_ref().filter(asked) {
        holds::reserve(tx, &held.hold)?;
        return Ok(Ok(held.ends_at));
    }
    let held = live.map(|kept| kept.hold);
    leave_other(tx, held.as_ref(), &ask.screening_id)?;
    let held = held.filter(|held| held.screening_id == ask.screening_id);
    let unknown = || Refusal::internal(format!("{} is of no screening of ours", order.order_id));
    let screening = screenings::find(tx.db(), &ask.screening_id)?.ok_or_else(unknown)?;
    screening.must_have(&ask.seats)?;
    let now = tx.now();
    let held = held.unwrap_or_else(|| claim(&order.order_id, &order.customer_id, &screening, now));
    let reserved = Hold {
        reserved: true,
        ..held
    };
    let wanted = Wanted::Order {
        customer_id: &order.customer_id,
        placed_at: order.placed_at,
    };
    match holds::take(tx, &reserved, is_new, &ask.seats, wanted)? {
        Ok(()) => Ok(Ok(Time(screening.ends_at))),
        Err(taken) => {
            holds::end(tx, &order.order_id)?;
            Ok(Err(taken))
        }
    }
}

/// Frees whatever a cancelled order has. Whether it had its seats reserved.
pub fn release(tx: &mut Tx<'_>, order_id: &str) -> Result<bool, Refusal> {
    lock(tx, order_id)?;
    let Some(held) = live(tx, order_id)? else {
        return Ok(false);
    };
    holds::end(tx, &held.claimant)?;
    Ok(held.reserved)
}

/// Ends a booking's claim that is for another screening than this one.
fn leave_other(tx: &mut Tx<'_>, held: Option<&Hold>, screening_id: &str) -> Result<(), Refusal> {
    match held {
        Some(held) if held.screening_id != screening_id => holds::end(tx, &held.claimant).map(drop),
        _ => Ok(()),
    }
}

fn live(tx: &mut Tx<'_>, booking_id: &str) -> Result<Option<Hold>, Refusal> {
    Ok(holds::find(tx.db(), booking_id)?.filter(|hold| hold.live))
}

/// Takes the right to decide about a booking's claim until the transaction ends: its order, its attempts and what it
/// drops come by different ways. Answers the highest attempt that was dropped.
fn lock(tx: &mut Tx<'_>, booking_id: &str) -> Result<i32, Refusal> {
    let known = mesh::update(booking::table.find(booking_id))
        .set(booking::touched.eq(booking::touched + 1))
        .with(|update| update.returning(booking::dropped))
        .get_result(tx.db())
        .optional()?;
    match known {
        Some(dropped) => Ok(dropped),
        None if make(tx, booking_id)? => Ok(0),
        None => Err(Refusal::conflict()),
    }
}

/// Takes the same right where nobody has heard of the booking before. False: somebody has.
fn make(tx: &mut Tx<'_>, booking_id: &str) -> Result<bool, Refusal> {
    let row = (
        booking::order_id.eq(booking_id),
        booking::dropped.eq(0),
        booking::touched.eq(1i64),
    );
    let made = match tx.db() {
        Db::Sqlite(db) => diesel::insert_into(booking::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(db)?,
        Db::Postgres(db) => diesel::insert_into(booking::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(db)?,
    };
    Ok(made > 0)
}
