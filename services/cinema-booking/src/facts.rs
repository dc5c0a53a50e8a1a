//! What booking tells the audit.

use crate::selling::resource;
use crate::words::SYSTEM;
use mesh::{Db, Refusal};
use ordering::audit::{self, Facts};
use prost::Message;
use proto::cinema::booking::v1::Seating;

/// Booking's facts.
pub fn facts(db: &mut Db) -> Result<Facts, Refusal> {
    audit::order_side(db, &SYSTEM, |order| {
        let seating = Seating::decode(&*order.detail).map_err(Refusal::internal)?;
        Ok(seating
            .seats
            .iter()
            .map(|seat| resource(&seating.screening_id, seat))
            .collect())
    })
}
