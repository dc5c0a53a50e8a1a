//! The work of a rebuild: reading the stream, then comparing with what is shown.

use super::rows::{self, Claimed, Progress, lost};
use crate::facts::ContentHash;
use crate::policies;
use crate::schema::my_order;
use crate::store;
use diesel::prelude::*;
use futures::future::join_all;
use mesh::bus::{Bus, Fault};
use mesh::{Change, Db, Refusal, Site, text};
use proto::mypage::v1::RebuildState;
use proto::ordering::v1::Order;
use std::time::Duration;

/// How many rows of both generations are in memory at once.
const CHUNK: i64 = 1000;

/// Reads every order that the stream has into the generation that is built.
pub async fn read(site: &Site, bus: &Bus, claimed: &Claimed) -> Result<(), Refusal> {
    let mut replay = bus.replay::<Order>("*").await.map_err(unreadable)?;
    let total = i64::try_from(replay.total()).unwrap_or(i64::MAX);
    let (mut seen, mut refused) = (0, 0);
    loop {
        let progress = Progress {
            state: Some(RebuildState::Reading.into()),
            seen: Some(seen),
            // Orders that were placed meanwhile may be among them.
            total: Some(total.max(seen)),
            refused: Some(refused),
            ..Progress::default()
        };
        rows::tell(site, claimed, progress).await?;
        let Some(batch) = replay.next().await.map_err(unreadable)? else {
            return Ok(());
        };
        let written = batch.into_iter().map(|change| put(site, claimed, change));
        for written in join_all(written).await {
            seen += 1;
            refused += i64::from(!written?);
        }
    }
}

/// Waits until what is shown has all that was read: compared before, it would only be late, and look wrong. One message that
/// the page cannot take must not put the rebuild off that may be what mends it.
pub async fn await_page(site: &Site, bus: &Bus, patience: Duration) -> Result<(), Refusal> {
    let caught_up = bus.caught_up(site.context, patience).await;
    if !caught_up.map_err(unreadable)? {
        tracing::warn!("the page is behind the stream; the rebuild compares it as it is");
    }
    Ok(())
}

/// False: it is none, and the page that is shown does without it too.
async fn put(
    site: &Site,
    claimed: &Claimed,
    change: Result<Change<Order>, Refusal>,
) -> Result<bool, Refusal> {
    let written = match change {
        Ok(change) => {
            let generation = claimed.generation;
            let written = site.store.write(change.id.clone(), move |tx| {
                policies::rebuilt(tx, generation, &change)
            });
            written.await
        }
        Err(refusal) => Err(refusal),
    };
    match written {
        Ok(true) => Ok(true),
        Ok(false) => Err(lost()),
        Err(refusal) if refusal.is_passing() => Err(refusal),
        Err(refusal) => {
            tracing::warn!(%refusal, "a rebuild leaves a message out");
            Ok(false)
        }
    }
}

fn unreadable(fault: Fault) -> Refusal {
    let text = text(
        format!("the stream cannot be read: {fault}"),
        "이벤트를 읽을 수 없습니다.",
    );
    Refusal::unavailable("STREAM_UNREADABLE", text)
}

/// An order in one of the two generations.
#[derive(Queryable, Selectable)]
#[diesel(table_name = my_order)]
struct Shown {
    order_id: String,
    generation: i64,
    context: String,
    version: i64,
    body: Vec<u8>,
}

/// Goes through both generations, and takes over from the one that is shown what the other has not, or only older.
/// Since changes go to both, what is left of differences is what the rebuild mends. Answers what to write down last.
pub async fn compare(site: &Site, claimed: &Claimed) -> Result<Progress, Refusal> {
    let (mut before, mut after) = (ContentHash::default(), ContentHash::default());
    let (mut behind, mut carried) = (String::new(), 0);
    loop {
        let progress = Progress {
            state: Some(RebuildState::Comparing.into()),
            carried: Some(carried),
            ..Progress::default()
        };
        rows::tell(site, claimed, progress.clone()).await?;
        let (built, from) = (claimed.generation, behind.clone());
        let both = site.store.read(move |db| Ok(chunk(db, built, &from)?));
        let (both, next) = both.await?;
        let missing = missing(&both, built);
        if !missing.is_empty() {
            // Then the chunk is looked at once more, so that it is compared as it stands.
            carried += missing.len() as i64;
            let written = missing.into_iter().map(|order| carry(site, built, order));
            join_all(written)
                .await
                .into_iter()
                .collect::<Result<(), _>>()?;
            continue;
        }
        for order in &both {
            let hash = if order.generation == built {
                &mut after
            } else {
                &mut before
            };
            hash.add(&order.order_id, order.version, &order.body);
        }
        let Some(next) = next else {
            return Ok(Progress {
                hash_before: Some(before.finish()),
                hash_after: Some(after.finish()),
                ..progress
            });
        };
        behind = next;
    }
}

/// The next orders of both generations by their id, whole pairs of them, as of one moment; and behind which to go on,
/// if there are more at this moment: orders that are placed meanwhile go to both, and need not be waited for.
fn chunk(db: &mut Db, built: i64, behind: &str) -> QueryResult<(Vec<Shown>, Option<String>)> {
    // Asked for these generations, SQLite would sort all of them for each chunk.
    let mut rows: Vec<Shown> = my_order::table
        .filter(my_order::order_id.gt(behind))
        .order((my_order::order_id, my_order::generation))
        .limit(CHUNK)
        .select(Shown::as_select())
        .load(db)?;
    let mut next = None;
    if rows.len() as i64 == CHUNK
        && let Some(last) = rows.pop()
    {
        rows.retain(|row| row.order_id != last.order_id);
        next = rows.last().map(|row| row.order_id.clone());
    }
    rows.retain(|row| row.generation == built || row.generation == built - 1);
    Ok((rows, next))
}

fn missing(both: &[Shown], built: i64) -> Vec<String> {
    let pairs = both.chunk_by(|one, next| one.order_id == next.order_id);
    let missing = pairs.filter_map(|pair| match pair {
        [old] if old.generation != built => Some(old),
        [old, new] if old.context == new.context && old.version > new.version => Some(old),
        _ => None,
    });
    missing.map(|old| old.order_id.clone()).collect()
}

async fn carry(site: &Site, built: i64, order_id: String) -> Result<(), Refusal> {
    let carried = site.store.write(order_id.clone(), move |tx| {
        if store::generations(tx.db())?.built != Some(built) {
            return Err(lost());
        }
        let old = store::row(tx.db(), &order_id, built - 1)?;
        store::put(tx.db(), built, &old)
    });
    carried.await
}
