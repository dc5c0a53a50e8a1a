//! Mending what the stream has lost: rows that were published are to be published again.

use super::loss::{self, Finding};
use super::publish::Trouble;
use super::{Acked, Row, tells_a_present};
use crate::bus::{Bus, Standing};
use crate::event::Event;
use crate::schema::outbox;
use crate::store::{Db, Store, Tx};
use diesel::dsl::exists;
use diesel::prelude::*;
use futures::stream::{self, StreamExt, TryStreamExt};

/// Rows looked at in one step while searching back, and how many of them at once.
const PAGE: i64 = 256;
const AT_ONCE: usize = 64;
/// Whatever is written of what was published goes one behind the other.
pub(super) const LANE: &str = "outbox";
/// What is published for no other reason than to be found again.
const MARK: &str = "yemae.Mark";

/// The columns of a row that is to be published.
#[derive(Default, AsChangeset)]
#[diesel(table_name = outbox, treat_none_as_null = true)]
struct Unpublished {
    published_at: Option<i64>,
    stream_created: Option<String>,
    stream_seq: Option<i64>,
}

/// What the relay goes on from.
pub(super) struct Ground {
    /// The stream's identity.
    pub(super) created: String,
    /// The highest sequence that this context was given and that is not lost.
    pub(super) highest: u64,
}

/// Looks whether the stream has what it acknowledged, and mends what it has not: to be done before anything is
/// published. `suspected`: there was a sign of loss already.
pub(super) async fn heal(bus: &Bus, store: &Store, suspected: bool) -> Result<Ground, Trouble> {
    let (standing, finding) = loss::look(bus, store).await?;
    let context = store.context();
    match finding {
        Finding::Another => {
            let rows = write(store, restate).await?;
            tracing::warn!(context, rows, "a new stream: every entity is stated again");
        }
        Finding::Lost(why) => search(bus, store, &standing, why).await?,
        Finding::Unproven if !suspected => write(store, mark).await?,
        Finding::Intact if !suspected => {}
        Finding::Intact | Finding::Unproven => {
            search(bus, store, &standing, "it took what it should not").await?;
        }
    }
    let created = standing.created.clone();
    let highest = store.read(move |db| Ok(acked_up_to(db, &created, i64::MAX, 1)?));
    let highest = highest.await.map_err(Trouble::stream)?;
    Ok(Ground {
        created: standing.created,
        highest: highest
            .first()
            .map_or(0, |row| row.stream_seq.unsigned_abs()),
    })
}

/// Searches back for the last row that survives. Those behind it are to be published again; when there is none, every
/// entity is.
async fn search(bus: &Bus, store: &Store, standing: &Standing, why: &str) -> Result<(), Trouble> {
    let survivor = last_survivor(bus, store, standing).await?;
    let created = standing.created.clone();
    let rows = match survivor {
        Some(sequence) => write(store, move |tx| after(tx.db(), &created, sequence)).await?,
        None => write(store, restate).await?,
    };
    let (context, everything) = (store.context(), survivor.is_none());
    tracing::warn!(
        context,
        rows,
        everything,
        why,
        "the stream has lost events: they are published again"
    );
    Ok(())
}

async fn last_survivor(
    bus: &Bus,
    store: &Store,
    standing: &Standing,
) -> Result<Option<i64>, Trouble> {
    let stream = bus.stream().map_err(Trouble::stream)?;
    // What is beyond the stream's end need not be asked for.
    let mut up_to = i64::try_from(standing.last).unwrap_or(i64::MAX);
    loop {
        let created = standing.created.clone();
        let page = store.read(move |db| Ok(acked_up_to(db, &created, up_to, PAGE)?));
        let page = page.await.map_err(Trouble::stream)?;
        let Some(lowest) = page.last().map(|row| row.stream_seq) else {
            return Ok(None);
        };
        let stream = &stream;
        let asked = stream::iter(page).map(|row| async move {
            let survives = loss::survives(stream, &row).await?;
            Ok::<_, Trouble>(survives.then_some(row.stream_seq))
        });
        let survivors: Vec<_> = asked.buffered(AT_ONCE).try_collect().await?;
        if let Some(sequence) = survivors.into_iter().flatten().max() {
            return Ok(Some(sequence));
        }
        up_to = lowest - 1;
    }
}

async fn write<T, F>(store: &Store, query: F) -> Result<T, Trouble>
where
    T: Send + 'static,
    F: Fn(&mut Tx<'_>) -> QueryResult<T> + Send + Sync + 'static,
{
    let written = store.write_regardless(LANE, move |tx| Ok(query(tx)?));
    written.await.map_err(Trouble::stream)
}

/// The rows that the stream made at `created` acknowledged with a sequence up to `sequence`, highest first.
pub(super) fn acked_up_to(
    db: &mut Db,
    created: &str,
    sequence: i64,
    limit: i64,
) -> QueryResult<Vec<Acked>> {
    outbox::table
        .filter(outbox::stream_created.eq(created))
        .filter(outbox::stream_seq.le(sequence))
        .order(outbox::stream_seq.desc())
        .limit(limit)
        .select((
            outbox::subject,
            outbox::version,
            outbox::expires_at,
            outbox::stream_seq.assume_not_null(),
        ))
        .load(db)
}

/// Whether another stream than the one made at `created` acknowledged something.
pub(super) fn acked_elsewhere(db: &mut Db, created: &str) -> QueryResult<bool> {
    let acked = outbox::table.filter(outbox::stream_seq.is_not_null());
    // Not "other than": no index answers that.
    let (before, after) = (
        acked.filter(outbox::stream_created.lt(created)),
        acked.filter(outbox::stream_created.gt(created)),
    );
    Ok(diesel::select(exists(before)).get_result(db)?
        || diesel::select(exists(after)).get_result(db)?)
}

/// What is acknowledged behind `sequence` is to be published again. Answers how many rows.
fn after(db: &mut Db, created: &str, sequence: i64) -> QueryResult<usize> {
    let lost = outbox::table
        .filter(outbox::stream_created.eq(created))
        .filter(outbox::stream_seq.gt(sequence));
    crate::store::update(lost)
        .set(Unpublished::default())
        .execute(db)
}

/// Of one subject, what is newer than `version` is to be published again.
pub(super) fn newer(db: &mut Db, subject: &str, version: i64) -> QueryResult<usize> {
    let lost = outbox::table
        .filter(outbox::subject.eq(subject))
        .filter(outbox::version.gt(version));
    crate::store::update(lost)
        .set(Unpublished::default())
        .execute(db)
}

/// Every entity that has not expired is to be stated again, by its last row: the sweep keeps that. Where the others were
/// is forgotten. All in one transaction, or a crash in the middle would look like a stream in order. Answers how many
/// rows.
fn restate(tx: &mut Tx<'_>) -> QueryResult<usize> {
    tx.db().take_your_time()?;
    let now = tx.now();
    let published = outbox::table.filter(outbox::published_at.is_not_null());
    let stated = crate::store::update(published.filter(tells_a_present(now)))
        .set(Unpublished::default())
        .execute(tx.db())?;
    crate::store::update(outbox::table.filter(outbox::stream_created.is_not_null()))
        .set((
            outbox::stream_created.eq(None::<String>),
            outbox::stream_seq.eq(None::<i64>),
        ))
        .execute(tx.db())?;
    Ok(stated)
}

/// States nothing but that the context was here, so that there is a row again that does not expire. One that waits
/// already will do.
fn mark(tx: &mut Tx<'_>) -> QueryResult<()> {
    let subject = format!("yemae.{}.Relay.mark", tx.context());
    let marks = outbox::table.filter(outbox::subject.eq(&subject));
    let waiting = marks.filter(outbox::published_at.is_null());
    if diesel::select(exists(waiting)).get_result(tx.db())? {
        return Ok(());
    }
    let last: Option<i64> = marks
        .select(diesel::dsl::max(outbox::version))
        .first(tx.db())?;
    let version = last.unwrap_or_default() + 1;
    let event = Event {
        name: MARK.to_owned(),
        entity: None,
        id: "mark".to_owned(),
        version,
        expires_at: None,
        body: Vec::new(),
    };
    let row = Row::new(subject, event, None, tx.now());
    super::insert(tx.db(), &mut [row])
}
