//! What the library tells the audit.

use crate::domain::PURCHASED;
use crate::{NAME, licences, simulator};
use mesh::{Db, Refusal};
use ordering::audit::{self, Facts, Held};
use ordering::fulfilments;

/// The library's facts. What is held is the simulated studio's to say, where it has heard of it.
pub fn facts(db: &mut Db) -> Result<Facts, Refusal> {
    let mut facts = audit::fulfilling_side(db, NAME)?;
    for row in licences::all(db)? {
        let resource = licences::key(&row.order_id);
        let live = match simulator::book(db, &resource)? {
            Some(book) => book.is_sold,
            None => {
                let done = fulfilments::find(db, &row.order_id)?;
                !row.returned && done.is_some_and(|done| done.has_reached(PURCHASED))
            }
        };
        facts.held.push(Held {
            resource,
            order_id: row.order_id,
            live,
        });
    }
    Ok(facts)
}
