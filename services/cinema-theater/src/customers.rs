//! Customers' own holds: a few seats for a few minutes.

use crate::domain::contest::{HOLD_LASTS, MOST_HOLDS, Wanted};
use crate::domain::seat::{self, Seat};
use crate::holds::{self, Hold};
use crate::screenings;
use mesh::{Refusal, Site, Tx, id, text};
use proto::cinema::theater::v1 as wire;
use std::collections::BTreeMap;

/// How many holds that ran out one round ends.
const ROUND: i64 = 256;

/// Seats of a screening, as they are asked for.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The screening.
    pub screening_id: String,
    /// The seats, in order.
    pub seats: Vec<Seat>,
}

/// Holds seats for a customer, who asks by `request_id`. FAILED_PRECONDITION SCREENING_STARTED, HOLD_LIMIT, SEATS_TAKEN.
pub fn hold(
    tx: &mut Tx<'_>,
    customer_id: &str,
    request_id: &str,
    ask: &Ask,
) -> Result<wire::Hold, Refusal> {
    let now = tx.now();
    let slot = free_slot(tx, customer_id)?;
    let screening =
        screenings::find(tx.db(), &ask.screening_id)?.ok_or_else(screenings::not_found)?;
    screening.must_have(&ask.seats)?;
    screening.must_be_ahead(now)?;
    let hold = Hold {
        claimant: id::new(),
        screening_id: screening.screening_id,
        customer_id: customer_id.to_owned(),
        slot: Some(slot.ok_or_else(limit)?),
        attempt: 0,
        reserved: false,
        live: true,
        created_at: now.0,
        expires_at: Some(now.plus(HOLD_LASTS).0),
        request_id: Some(request_id.to_owned()),
    };
    holds::take(tx, &hold, true, &ask.seats, Wanted::Hold)?.map_err(|taken| seats_taken(&taken))?;
    Ok(hold.told(&ask.seats))
}

/// A place among the customer's holds that is free once those that ran out have ended. A unique index stands behind it.
fn free_slot(tx: &mut Tx<'_>, customer_id: &str) -> Result<Option<i32>, Refusal> {
    let now = tx.now();
    let expired = holds::expired(tx.db(), now, Some(customer_id), ROUND)?;
    holds::end_all(tx, &expired)?;
    let slots = holds::slots(tx.db(), customer_id)?;
    Ok((1..=MOST_HOLDS).find(|slot| !slots.contains(slot)))
}

fn limit() -> Refusal {
    Refusal::precondition(
        "HOLD_LIMIT",
        text(
            format!("a customer has at most {MOST_HOLDS} holds at a time"),
            format!("좌석 선점은 동시에 {MOST_HOLDS}건까지 가능합니다."),
        ),
    )
}

/// Somebody else has these seats.
pub fn seats_taken(taken: &[Seat]) -> Refusal {
    let seats = holds::spoken(taken);
    Refusal::precondition(
        "SEATS_TAKEN",
        text(
            format!("these seats are taken: {seats}"),
            format!("이미 선택된 좌석입니다: {seats}"),
        ),
    )
    .with("seats", seat::list(taken))
}

/// Gives a customer's own hold back; another's is NOT_FOUND. One that has ended stays as it is.
pub fn release(tx: &mut Tx<'_>, customer_id: &str, hold_id: &str) -> Result<(), Refusal> {
    let hold = holds::find(tx.db(), hold_id)?
        .filter(|hold| hold.customer_id == customer_id && hold.expires_at.is_some())
        .ok_or_else(|| Refusal::not_found("hold"))?;
    holds::end(tx, &hold.claimant)?;
    Ok(())
}

/// Ends customers' holds that have run out.
pub async fn end_expired(site: Site) -> Result<(), Refusal> {
    let now = site.clock.now();
    let expired = site
        .store
        .read(move |db| holds::expired(db, now, None, ROUND))
        .await?;
    let mut by_screening = BTreeMap::<String, Vec<Hold>>::new();
    for hold in expired {
        let screening = hold.screening_id.clone();
        by_screening.entry(screening).or_default().push(hold);
    }
    for (screening_id, holds) in by_screening {
        site.store
            .write(screening_id, move |tx| holds::end_all(tx, &holds))
            .await?;
    }
    Ok(())
}
