//! The outbox: a row per event, written with the state it tells. It is the log; the stream only carries it.

mod heal;
mod insert;
mod loss;
mod marks;
mod patience;
mod publish;
mod recent;
pub(crate) mod relay;
mod sweep;

pub(crate) use insert::insert;
pub use marks::mark;
pub(crate) use recent::Recent;
pub use sweep::sweep;

use crate::clock::Time;
use crate::event::{Cause, Event, STATED};
use crate::schema::outbox;
use crate::store::Db;
use crate::telemetry::trace;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;

/// A row as the relay reads it.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = outbox)]
pub struct Row {
    /// The order of enqueueing in this database.
    pub seq: i64,
    /// `yemae.<context>.<Entity>.<id>`.
    pub subject: String,
    /// The entity's version.
    pub version: i64,
    /// The event's full name.
    pub name: String,
    /// The event.
    pub body: Vec<u8>,
    /// When it was enqueued, µs.
    pub at: i64,
    /// When the entity expires, µs.
    pub expires_at: Option<i64>,
    /// The trace that it is part of, as W3C's `traceparent`; none when nobody records one.
    pub trace: Option<String>,
    /// The `ce-id` of the event that it all began with; none when that is this one.
    pub correlation: Option<String>,
    /// The `ce-id` of the event that was acted on when this one was enqueued; none when somebody asked for it.
    pub causation: Option<String>,
}

impl Row {
    /// What an event is in the outbox, part of the trace that is recorded here. Its number it gets when it is written.
    pub(crate) fn new(subject: String, event: Event, cause: Option<&Cause>, now: Time) -> Self {
        Self {
            seq: 0,
            subject,
            version: event.version,
            name: event.name,
            body: event.body,
            at: now.0,
            expires_at: event.expires_at.map(|at| at.0),
            trace: trace::traceparent(),
            correlation: cause.map(|cause| cause.correlation.clone()),
            causation: cause.map(|cause| cause.causation.clone()),
        }
    }

    /// Whether it says again what was said before so that the stream keeps it for longer.
    fn renews(&self) -> bool {
        self.name == STATED && self.expires_at.is_some()
    }
}

/// How a row was published.
#[derive(Clone, Debug)]
pub struct Published {
    /// The row.
    pub seq: i64,
    /// The stream's creation time, RFC 3339: the stream's identity.
    pub stream_created: String,
    /// The sequence it has in the stream; none when a newer version was there already.
    pub stream_seq: Option<i64>,
}

/// What is known of the message that a row has become.
#[derive(Clone, Debug, Queryable)]
struct Acked {
    subject: String,
    version: i64,
    expires_at: Option<i64>,
    stream_seq: i64,
}

/// Whether a row is the last of its entity, and the entity has not expired at `now`: from such rows a stream that has
/// lost everything is filled again.
fn tells_a_present(now: Time) -> SqlLiteral<Bool> {
    sql(&format!(
        "((expires_at IS NULL OR expires_at > {}) AND NOT EXISTS (SELECT 1 FROM outbox AS later \
         WHERE later.subject = outbox.subject AND (later.version > outbox.version \
         OR (later.version = outbox.version AND later.seq > outbox.seq))))",
        now.0
    ))
}

/// Rows not yet published, oldest first: found by their state, never by a cursor, because rows may commit late.
pub fn unpublished(db: &mut Db, limit: i64) -> QueryResult<Vec<Row>> {
    unpublished_after(db, 0, limit)
}

/// The same, further down: one look at the outbox in more than one step.
pub(crate) fn unpublished_after(db: &mut Db, seq: i64, limit: i64) -> QueryResult<Vec<Row>> {
    outbox::table
        .filter(outbox::published_at.is_null())
        .filter(outbox::seq.gt(seq))
        .order(outbox::seq)
        .limit(limit)
        .select(Row::as_select())
        .load(db)
}

/// The last message of `subject` in the stream made at `stream_created`, as far as this outbox knows: its sequence, its
/// version, and when it expires.
pub(crate) fn last_published(
    db: &mut Db,
    subject: &str,
    stream_created: &str,
) -> QueryResult<Option<(i64, i64, Option<i64>)>> {
    outbox::table
        .filter(outbox::subject.eq(subject))
        .filter(outbox::stream_created.eq(stream_created))
        .filter(outbox::stream_seq.is_not_null())
        .order(outbox::stream_seq.desc())
        .select((
            outbox::stream_seq.assume_not_null(),
            outbox::version,
            outbox::expires_at,
        ))
        .first(db)
        .optional()
}

/// How many rows wait, and since when the oldest does (µs).
pub fn waiting(db: &mut Db) -> QueryResult<(i64, Option<i64>)> {
    let rows = outbox::table.filter(outbox::published_at.is_null());
    Ok((
        rows.count().get_result(db)?,
        rows.select(diesel::dsl::min(outbox::at)).get_result(db)?,
    ))
}

/// An event of an entity, for whoever looks into what happened to it.
#[derive(Clone, Debug)]
pub struct Stated {
    /// When it was enqueued, µs.
    pub at: i64,
    /// The event's full name.
    pub name: String,
    /// The entity's version.
    pub version: i64,
    /// Whether it was published.
    pub published: bool,
}

/// What was stated of the entities with this id and is still kept, oldest first.
pub fn of_entity(db: &mut Db, id: &str) -> QueryResult<Vec<Stated>> {
    let rows: Vec<(i64, String, i64, Option<i64>)> = outbox::table
        .filter(outbox::subject.like(format!("yemae.%.{id}")))
        .order(outbox::seq)
        .select((
            outbox::at,
            outbox::name,
            outbox::version,
            outbox::published_at,
        ))
        .load(db)?;
    let stated = |(at, name, version, published): (i64, String, i64, Option<i64>)| Stated {
        at,
        name,
        version,
        published: published.is_some(),
    };
    Ok(rows.into_iter().map(stated).collect())
}
