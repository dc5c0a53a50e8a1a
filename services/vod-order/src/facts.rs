//! What the order side tells the audit.

use crate::words::SYSTEM;
use mesh::{Db, Refusal};
use ordering::audit::{self, Facts};

/// The order side's facts: each order that stands wants its licence held.
pub fn facts(db: &mut Db) -> Result<Facts, Refusal> {
    audit::order_side(db, &SYSTEM, |order| {
        Ok(vec![format!("licence:{}", order.id)])
    })
}
