//! Claims on seats in their tables: a hold per claimant, a customer's or a booking's, and a row for each of its seats.
//! Seats have one live claim at most; all seats of a claim are taken or none.

use crate::changes;
use crate::domain::contest::{Holder, Wanted};
use crate::domain::seat::{self, Seat};
use crate::schema::{hold, screening, seat_claim};
use diesel::prelude::*;
use mesh::{Db, Refusal, Time, Tx};
use proto::cinema::theater::v1 as wire;
use std::collections::BTreeSet;

/// A hold's row.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = hold, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct Hold {
    /// The customer's hold's id, or the booking's.
    pub claimant: String,
    /// The screening.
    pub screening_id: String,
    /// Whose it is.
    pub customer_id: String,
    /// Which of a customer's holds it is, from 1. None: a booking's.
    pub slot: Option<i32>,
    /// The booking's attempt; 0 when no attempt asked for it.
    pub attempt: i32,
    /// A standing booking's.
    pub reserved: bool,
    /// It has its seats.
    pub live: bool,
    /// Since when, µs.
    pub created_at: i64,
    /// When it ends by itself, µs. None: a booking's.
    pub expires_at: Option<i64>,
    /// What its customer asked for it by. None: a booking's.
    pub request_id: Option<String>,
}

impl Hold {
    /// The contestant for a seat that it is.
    pub fn holder(&self) -> Holder {
        Holder {
            customer_id: self.customer_id.clone(),
            created_at: Time(self.created_at),
            expires_at: self.expires_at.map(Time),
        }
    }

    /// It, with these seats, on the wire.
    pub fn told(&self, seats: &[Seat]) -> wire::Hold {
        wire::Hold {
            hold_id: self.claimant.clone(),
            screening_id: self.screening_id.clone(),
            seats: seats.iter().map(Seat::to_string).collect(),
            expires_at: self.expires_at.map(|at| Time(at).into()),
        }
    }
}

/// Reads a hold, live or not.
pub fn find(db: &mut Db, claimant: &str) -> Result<Option<Hold>, Refusal> {
    Ok(hold::table
        .find(claimant)
        .select(Hold::as_select())
        .first(db)
        .optional()?)
}

/// A hold as it was made, the seats that it has now, in order, and when its screening ends.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The hold, live or not.
    pub hold: Hold,
    /// Its seats.
    pub seats: Vec<Seat>,
    /// When its screening ends.
    pub ends_at: Time,
}

/// Reads a hold with its seats.
pub fn kept(db: &mut Db, claimant: &str) -> Result<Option<Kept>, Refusal> {
    let own = seat_claim::claimant
        .eq(hold::claimant)
        .and(seat_claim::live);
    let rows: Vec<(Hold, i64, Option<String>)> = hold::table
        .find(claimant)
        .inner_join(screening::table.on(screening::screening_id.eq(hold::screening_id)))
        .left_join(seat_claim::table.on(own))
        .select((
            Hold::as_select(),
            screening::ends_at,
            seat_claim::seat.nullable(),
        ))
        .load(db)?;
    let mut seats = rows
        .iter()
        .filter_map(|(_, _, seat)| Some(read(seat.as_ref()?)))
        .collect::<Result<Vec<_>, _>>()?;
    seats.sort_unstable();
    Ok(rows.into_iter().next().map(|(hold, ends_at, _)| Kept {
        hold,
        seats,
        ends_at: Time(ends_at),
    }))
}

/// Every live claim of a screening, as seat and hold.
pub fn live(db: &mut Db, screening_id: &str) -> Result<Vec<(Seat, Hold)>, Refusal> {
    let claims = seat_claim::table
        .inner_join(hold::table)
        .filter(seat_claim::screening_id.eq(screening_id))
        .filter(seat_claim::live)
        .select((seat_claim::seat, Hold::as_select()));
    read_all(claims.load(db)?)
}

/// The live claims of these seats, one by one: a list of seats would be another statement for each length of it, and
/// none of them stays prepared.
fn live_on(db: &mut Db, screening_id: &str, seats: &[Seat]) -> Result<Vec<(Seat, Hold)>, Refusal> {
    let mut live = Vec::new();
    for seat in seats {
        let claim = seat_claim::table
            .inner_join(hold::table)
            .filter(seat_claim::screening_id.eq(screening_id))
            .filter(seat_claim::seat.eq(seat.to_string()))
            .filter(seat_claim::live)
            .select(Hold::as_select());
        let holder: Option<Hold> = claim.first(db).optional()?;
        live.extend(holder.map(|hold| (*seat, hold)));
    }
    Ok(live)
}

fn read_all(rows: Vec<(String, Hold)>) -> Result<Vec<(Seat, Hold)>, Refusal> {
    rows.into_iter()
        .map(|(seat, hold)| Ok((read(&seat)?, hold)))
        .collect()
}

fn read(text: &str) -> Result<Seat, Refusal> {
    Seat::parse(text).ok_or_else(|| Refusal::internal(format!("a claim of seat {text:?}")))
}

/// Gives `to` exactly `seats`, all of them, and ends whoever loses one to it; or changes nothing and answers the seats
/// that are kept from it. `is_new`: the claimant has had no hold yet. The unique index stands behind it.
pub fn take(
    tx: &mut Tx<'_>,
    to: &Hold,
    is_new: bool,
    seats: &[Seat],
    wanted: Wanted<'_>,
) -> Result<Result<(), Vec<Seat>>, Refusal> {
    let now = tx.now();
    let mut others = live_on(tx.db(), &to.screening_id, seats)?;
    others.retain(|(_, hold)| hold.claimant != to.claimant);
    let kept = |(_, hold): &&(Seat, Hold)| hold.holder().keeps_from(wanted, now);
    let mut taken: Vec<Seat> = others.iter().filter(kept).map(|(seat, _)| *seat).collect();
    if !taken.is_empty() {
        taken.sort_unstable();
        return Ok(Err(taken));
    }
    let losers: BTreeSet<&str> = others.iter().map(|(_, hold)| &*hold.claimant).collect();
    for loser in losers {
        end(tx, loser)?;
    }
    if is_new {
        let made = diesel::insert_into(hold::table).values(to);
        crate::unless_taken(made.execute(tx.db()))?;
    } else {
        let again = mesh::update(hold::table.find(&to.claimant)).set(to);
        crate::unless_taken(again.execute(tx.db()))?;
    }
    seat_rows(tx.db(), to, is_new, seats)?;
    changes::note(tx, &to.screening_id);
    Ok(Ok(()))
}

/// Makes a held claim a standing booking's.
pub fn reserve(tx: &mut Tx<'_>, held: &Hold) -> Result<(), Refusal> {
    let live = hold::table.find(&held.claimant).filter(hold::live);
    let reserved = mesh::update(live).set(hold::reserved.eq(true));
    if reserved.execute(tx.db())? == 0 {
        return Err(Refusal::conflict());
    }
    changes::note(tx, &held.screening_id);
    Ok(())
}

/// Makes the live rows of a hold be of `seats`, in order.
fn seat_rows(db: &mut Db, hold: &Hold, is_new: bool, seats: &[Seat]) -> Result<(), Refusal> {
    if !is_new {
        let own = seat_claim::table.filter(seat_claim::claimant.eq(&hold.claimant));
        mesh::update(own.filter(seat_claim::live))
            .set(seat_claim::live.eq(false))
            .execute(db)?;
    }
    for seat in seats {
        let seat = seat.to_string();
        let row = seat_claim::table.find((&hold.claimant, &hold.screening_id, &seat));
        let again = if is_new {
            0
        } else {
            let again = mesh::update(row).set(seat_claim::live.eq(true)).execute(db);
            crate::unless_taken(again)?
        };
        if again == 0 {
            let first = diesel::insert_into(seat_claim::table)
                .values((
                    seat_claim::claimant.eq(&hold.claimant),
                    seat_claim::screening_id.eq(&hold.screening_id),
                    seat_claim::seat.eq(&seat),
                    seat_claim::live.eq(true),
                ))
                .execute(db);
            crate::unless_taken(first)?;
        }
    }
    Ok(())
}

/// Ends a hold: its seats are free. False: it had ended before, and nothing changed.
pub fn end(tx: &mut Tx<'_>, claimant: &str) -> Result<bool, Refusal> {
    let own = hold::table.find(claimant).filter(hold::live);
    let ended: Option<String> = mesh::update(own)
        .set((hold::live.eq(false), hold::reserved.eq(false)))
        .with(|update| update.returning(hold::screening_id))
        .get_result(tx.db())
        .optional()?;
    let Some(screening_id) = ended else {
        return Ok(false);
    };
    let seats = seat_claim::table.filter(seat_claim::claimant.eq(claimant));
    mesh::update(seats.filter(seat_claim::live))
        .set(seat_claim::live.eq(false))
        .execute(tx.db())?;
    changes::note(tx, &screening_id);
    Ok(true)
}

/// Customers' holds that have run out by `now`, of one customer if it is named: the longest ago first.
pub fn expired(db: &mut Db, now: Time, of: Option<&str>, limit: i64) -> Result<Vec<Hold>, Refusal> {
    let mut holds = hold::table
        .filter(hold::live)
        .filter(hold::expires_at.le(now.0))
        .into_boxed();
    if let Some(customer_id) = of {
        holds = holds.filter(hold::customer_id.eq(customer_id.to_owned()));
    }
    Ok(holds
        .order(hold::expires_at)
        .limit(limit)
        .select(Hold::as_select())
        .load(db)?)
}

/// Ends those of `holds` that have not ended meanwhile.
pub fn end_all(tx: &mut Tx<'_>, holds: &[Hold]) -> Result<(), Refusal> {
    for hold in holds {
        end(tx, &hold.claimant)?;
    }
    Ok(())
}

/// The places of a customer's live holds.
pub fn slots(db: &mut Db, customer_id: &str) -> Result<Vec<i32>, Refusal> {
    let slots: Vec<Option<i32>> = hold::table
        .filter(hold::customer_id.eq(customer_id))
        .filter(hold::live)
        .filter(hold::slot.is_not_null())
        .select(hold::slot)
        .load(db)?;
    Ok(slots.into_iter().flatten().collect())
}

/// Seats for people: "1A, 1B".
pub fn spoken(seats: &[Seat]) -> String {
    seat::list(seats).replace(',', ", ")
}
