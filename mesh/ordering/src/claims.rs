//! What an order side's standing orders and live intents claim for themselves: a resource has one claimant.

use crate::schema::claim;
use diesel::prelude::*;
use mesh::{Db, Refusal, Tx};

/// Claims all of `resources` for an order, which has claimed nothing yet, or none: then the ones that somebody else has.
pub fn take(
    tx: &mut Tx<'_>,
    order_id: &str,
    resources: &[String],
) -> Result<Result<(), Vec<String>>, Refusal> {
    let mut wanted = resources.to_vec();
    wanted.sort();
    let mut taken = Vec::new();
    for resource in wanted {
        // One by one: a list would be another statement for each length of it, and none of them stays prepared. Another
        // lane's claim is waited for.
        if !insert(tx, order_id, &resource)? && !has(tx, order_id, &resource)? {
            taken.push(resource);
        }
    }
    if taken.is_empty() {
        return Ok(Ok(()));
    }
    release(tx, order_id)?;
    Ok(Err(taken))
}

fn insert(tx: &mut Tx<'_>, order_id: &str, resource: &str) -> QueryResult<bool> {
    let row = (claim::resource.eq(resource), claim::order_id.eq(order_id));
    let claimed = match tx.db() {
        Db::Sqlite(db) => diesel::insert_into(claim::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(db)?,
        Db::Postgres(db) => diesel::insert_into(claim::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(db)?,
    };
    Ok(claimed > 0)
}

fn has(tx: &mut Tx<'_>, order_id: &str, resource: &str) -> QueryResult<bool> {
    let own = claim::table
        .find(resource)
        .filter(claim::order_id.eq(order_id));
    diesel::select(diesel::dsl::exists(own)).get_result(tx.db())
}

/// Releases whatever an order claims.
pub fn release(tx: &mut Tx<'_>, order_id: &str) -> Result<(), Refusal> {
    diesel::delete(claim::table.filter(claim::order_id.eq(order_id))).execute(tx.db())?;
    Ok(())
}

/// Every claim, as resource and order: for the audit.
pub fn all(db: &mut Db) -> Result<Vec<(String, String)>, Refusal> {
    Ok(claim::table
        .select((claim::resource, claim::order_id))
        .load(db)?)
}
