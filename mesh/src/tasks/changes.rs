//! Which tasks the commands of a transaction put down and end: written at its end, all at once.

use crate::clock::Time;
use crate::event::Cause;
use crate::schema::task;
use crate::store::{Column, Db, Many, write_all};
use crate::telemetry::trace;
use diesel::prelude::*;

/// What is still to be written. Of what is put down and ended in one transaction only the end is.
#[derive(Default)]
pub(crate) struct Changes {
    started: Vec<New>,
    ended: Vec<Name>,
}

/// A task that is put down.
#[derive(Insertable)]
#[diesel(table_name = task, treat_none_as_default_value = false)]
struct New {
    kind: String,
    key: String,
    payload: String,
    tries: i32,
    due_at: i64,
    created_at: i64,
    last_error: &'static str,
    trace: Option<String>,
    correlation: Option<String>,
    causation: Option<String>,
}

struct Name {
    kind: String,
    key: String,
}

impl Name {
    fn is_of(&self, new: &New) -> bool {
        self.kind == new.kind && self.key == new.key
    }
}

impl Changes {
    /// Puts a task down, due at once. The same kind and key again is the same task.
    pub(crate) fn start(
        &mut self,
        kind: &str,
        key: &str,
        payload: String,
        cause: Option<&Cause>,
        now: Time,
    ) {
        self.started.push(New {
            kind: kind.to_owned(),
            key: key.to_owned(),
            payload,
            tries: 0,
            due_at: now.0,
            created_at: now.0,
            last_error: "",
            trace: trace::traceparent(),
            correlation: cause.map(|cause| cause.correlation.clone()),
            causation: cause.map(|cause| cause.causation.clone()),
        });
    }

    /// Ends a task, if there is one.
    pub(crate) fn end(&mut self, kind: &str, key: &str) {
        let name = Name {
            kind: kind.to_owned(),
            key: key.to_owned(),
        };
        self.started.retain(|new| !name.is_of(new));
        self.ended.push(name);
    }

    /// And what another command changes after it.
    pub(crate) fn and(&mut self, other: Self) {
        self.started
            .retain(|new| !other.ended.iter().any(|name| name.is_of(new)));
        self.ended.extend(other.ended);
        self.started.extend(other.started);
    }

    /// Writes it, and forgets it.
    pub(crate) fn write(&mut self, db: &mut Db) -> QueryResult<()> {
        let Self { started, ended } = std::mem::take(self);
        // In this order, because one that is ended may be put down anew.
        write_all(db, &ended, end_all, end)?;
        write_all(db, &started, start_all, start)?;
        Ok(())
    }
}

fn end(db: &mut Db, name: &Name) -> QueryResult<usize> {
    let row = task::table.find((&name.kind, &name.key));
    diesel::delete(row).execute(db)
}

fn start(db: &mut Db, new: &New) -> QueryResult<usize> {
    let inserted = diesel::insert_into(task::table).values(new);
    match db {
        Db::Sqlite(db) => inserted.on_conflict_do_nothing().execute(db),
        Db::Postgres(db) => inserted.on_conflict_do_nothing().execute(db),
    }
}

fn end_all(ended: &[Name]) -> Many<'_> {
    let ended = || ended.iter();
    Many::new(
        "DELETE FROM task USING",
        vec![
            Column::Text(ended().map(|name| &*name.kind).collect()),
            Column::Text(ended().map(|name| &*name.key).collect()),
        ],
        "AS ended (kind, key) WHERE task.kind = ended.kind AND task.key = ended.key",
    )
}

fn start_all(started: &[New]) -> Many<'_> {
    let started = || started.iter();
    Many::new(
        "INSERT INTO task (kind, key, payload, tries, due_at, created_at, last_error, trace, correlation, causation) \
         SELECT kind, key, payload, 0, due_at, due_at, '', trace, correlation, causation FROM",
        vec![
            Column::Text(started().map(|new| &*new.kind).collect()),
            Column::Text(started().map(|new| &*new.key).collect()),
            Column::Text(started().map(|new| &*new.payload).collect()),
            Column::Number(started().map(|new| new.due_at).collect()),
            Column::TextOrNull(started().map(|new| new.trace.as_deref()).collect()),
            Column::TextOrNull(started().map(|new| new.correlation.as_deref()).collect()),
            Column::TextOrNull(started().map(|new| new.causation.as_deref()).collect()),
        ],
        "AS started (kind, key, payload, due_at, trace, correlation, causation) ON CONFLICT DO NOTHING",
    )
}
