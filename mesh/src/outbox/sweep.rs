//! What was published long ago goes.

use super::tells_a_present;
use crate::clock::Time;
use crate::dead_letter;
use crate::refusal::Refusal;
use crate::request;
use crate::schema::outbox;
use crate::store::{Db, Store};
use diesel::dsl::not;
use diesel::prelude::*;
use std::sync::Arc;
use std::time::Duration;

/// As long as a published row is kept, to be published again should the stream lose it; the last row of an entity longer,
/// until the entity expires.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);
/// So many rows go in one transaction, so that no command waits long behind it.
const AT_ONCE: i64 = 500;

/// Deletes what was published more than 7 days ago, but never the last row of an entity that has not expired: a stream
/// that has lost everything is filled again from these. Nor the row with the highest sequence of each stream: by it one
/// sees whether the stream has lost its end. Also the counts of tries and the ids of refused requests that are as
/// old. Answers how many events went.
pub async fn sweep(store: &Store) -> Result<usize, Refusal> {
    let now = store.clock().now();
    let before = now.minus(KEPT);
    store
        .write_regardless("outbox", move |tx| {
            Ok(dead_letter::forget_tries(tx.db(), before)?)
        })
        .await?;
    forget_requests(store, before).await?;
    let highest = Arc::new(store.read(|db| Ok(highest(db)?)).await?);
    let (mut gone, mut after) = (0, 0);
    loop {
        let highest = highest.clone();
        let rows = store.read(move |db| Ok(old(db, before, now, after, &highest)?));
        let rows = rows.await?;
        let last = (rows.len() as i64) < AT_ONCE;
        // What is kept is not looked at once for every step.
        after = rows.last().copied().unwrap_or(after);
        let rows = Arc::new(rows);
        gone += store
            .write_regardless("outbox", move |tx| {
                let mut gone = 0;
                for seq in rows.iter() {
                    gone += diesel::delete(outbox::table.find(seq)).execute(tx.db())?;
                }
                Ok(gone)
            })
            .await?;
        if last {
            return Ok(gone);
        }
    }
}

/// Forgets the ids of requests that were refused before `before`.
async fn forget_requests(store: &Store, before: Time) -> Result<(), Refusal> {
    loop {
        let ids = store.read(move |db| Ok(request::refused(db, before, AT_ONCE)?));
        let ids = Arc::new(ids.await?);
        let last = (ids.len() as i64) < AT_ONCE;
        store
            .write_regardless("outbox", move |tx| {
                for id in ids.iter() {
                    request::forget_refused(tx.db(), id)?;
                }
                Ok(())
            })
            .await?;
        if last {
            return Ok(());
        }
    }
}

/// The highest sequence of each stream.
fn highest(db: &mut Db) -> QueryResult<Vec<Option<i64>>> {
    outbox::table
        .filter(outbox::stream_seq.is_not_null())
        .group_by(outbox::stream_created)
        .select(diesel::dsl::max(outbox::stream_seq))
        .load(db)
}

/// What may go, behind the row `after`.
fn old(
    db: &mut Db,
    before: Time,
    now: Time,
    after: i64,
    highest: &[Option<i64>],
) -> QueryResult<Vec<i64>> {
    // Room for those that are kept, of which there are as many as there were streams.
    let limit = AT_ONCE + highest.len() as i64;
    let rows: Vec<(i64, Option<i64>)> = outbox::table
        .filter(outbox::seq.gt(after))
        .filter(outbox::published_at.lt(before.0))
        .filter(not(tells_a_present(now)))
        .order(outbox::seq)
        .limit(limit)
        .select((outbox::seq, outbox::stream_seq))
        .load(db)?;
    let kept = |seq: &Option<i64>| seq.is_some() && highest.contains(seq);
    let old = rows.into_iter().filter(|(_, sequence)| !kept(sequence));
    Ok(old.map(|(seq, _)| seq).take(AT_ONCE as usize).collect())
}
