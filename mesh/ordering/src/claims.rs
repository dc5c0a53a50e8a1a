//! What an order side's standing orders and live intents claim for themselves: a resource has one claimant.

use crate::schema::claim;
use diesel::prelude::*;
use mesh::{Refusal, Tx};

/// Claims all of `resources` for an order, or none: then the ones that somebody else has.
pub fn take(
    tx: &mut Tx<'_>,
    order_id: &str,
    resources: &[String],
) -> Result<Result<(), Vec<String>>, Refusal> {
    let taken: Vec<String> = claim::table
        .filter(claim::resource.eq_any(resources))
        .filter(claim::order_id.ne(order_id))
        .select(claim::resource)
        .order(claim::resource)
        .load(tx.db())?;
    if !taken.is_empty() {
        return Ok(Err(taken));
    }
    let mut wanted = resources.to_vec();
    wanted.sort();
    release(tx, order_id)?;
    for resource in &wanted {
        let row = (claim::resource.eq(resource), claim::order_id.eq(order_id));
        match diesel::insert_into(claim::table)
            .values(row)
            .execute(tx.db())
        {
            Err(diesel::result::Error::DatabaseError(
                diesel::result::DatabaseErrorKind::UniqueViolation,
                _,
            )) => {
                // Another writer lane was faster: run again, and see whose it is.
                return Err(Refusal::new(
                    mesh::Kind::Aborted,
                    "CONFLICT",
                    mesh::text("claimed at the same moment", "동시에 요청되었습니다."),
                ));
            }
            other => other?,
        };
    }
    Ok(Ok(()))
}

/// Releases whatever an order claims.
pub fn release(tx: &mut Tx<'_>, order_id: &str) -> Result<(), Refusal> {
    diesel::delete(claim::table.filter(claim::order_id.eq(order_id))).execute(tx.db())?;
    Ok(())
}

/// Every claim, as resource and order: for the audit.
pub fn all(db: &mut mesh::Db) -> Result<Vec<(String, String)>, Refusal> {
    Ok(claim::table
        .select((claim::resource, claim::order_id))
        .load(db)?)
}
