//! How often a message was tried alone: the count that makes it a dead letter in the end.

use crate::clock::Time;
use crate::schema::delivery;
use crate::store::Db;
use diesel::prelude::*;

/// Counts one more try of a message; answers the count.
pub(crate) fn count_try(db: &mut Db, message: &str, now: Time) -> QueryResult<i32> {
    let counted = crate::store::update(delivery::table.find(message))
        .set(delivery::tries.eq(delivery::tries + 1))
        .execute(db)?;
    if counted == 0 {
        diesel::insert_into(delivery::table)
            .values((
                delivery::message.eq(message),
                delivery::tries.eq(1),
                delivery::at.eq(now.0),
            ))
            .execute(db)?;
    }
    delivery::table
        .find(message)
        .select(delivery::tries)
        .first(db)
}

/// The message is done with, one way or the other.
pub(crate) fn forget(db: &mut Db, message: &str) -> QueryResult<()> {
    diesel::delete(delivery::table.find(message))
        .execute(db)
        .map(drop)
}

/// Forgets counts begun before `before`: their messages were overtaken, or expired, and never came again.
pub(crate) fn forget_tries(db: &mut Db, before: Time) -> QueryResult<()> {
    diesel::delete(delivery::table.filter(delivery::at.lt(before.0)))
        .execute(db)
        .map(drop)
}
