//! What the audit asks theater: who has which seat.

use crate::schema::{hold, seat_claim};
use diesel::prelude::*;
use mesh::{Db, Refusal};
use ordering::audit::{self, Facts};

/// A booking's claim on a seat. Customers' own holds are nobody's order and are left out.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Held {
    /// The screening.
    pub screening_id: String,
    /// The seat: "1A".
    pub seat: String,
    /// The booking that claims it, or did.
    pub order_id: String,
    /// It does so now.
    pub live: bool,
    /// It is reserved for an order that stands, not only held for an attempt.
    pub reserved: bool,
}

/// Every claim that a booking has or had.
pub fn held(db: &mut Db) -> Result<Vec<Held>, Refusal> {
    Ok(seat_claim::table
        .inner_join(hold::table)
        .filter(hold::expires_at.is_null())
        .order((
            seat_claim::screening_id,
            seat_claim::seat,
            seat_claim::claimant,
        ))
        .select((
            seat_claim::screening_id,
            seat_claim::seat,
            seat_claim::claimant,
            seat_claim::live,
            hold::reserved,
        ))
        .load(db)?)
}

/// Theater's facts: its fulfilments, and who has which seat.
pub fn facts(db: &mut Db) -> Result<Facts, Refusal> {
    let held = held(db)?.into_iter().map(|held| audit::Held {
        resource: format!("{}/{}", held.screening_id, held.seat),
        order_id: held.order_id,
        live: held.live,
    });
    Ok(Facts {
        held: held.collect(),
        ..audit::fulfilling_side(db, "cinema-theater")?
    })
}
