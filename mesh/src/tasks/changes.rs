//! Which tasks the commands of a transaction put down and end: written at its end, all at once.

use crate::clock::Time;
use crate::event::Cause;
use crate::schema::task;
use crate::store::Db;
use crate::telemetry::trace;
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Nullable, Text};

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
        if !ended.is_empty() {
            end(db, &ended)?;
        }
        if !started.is_empty() {
            start(db, started)?;
        }
        Ok(())
    }
}

fn end(db: &mut Db, ended: &[Name]) -> QueryResult<()> {
    match db {
        Db::Postgres(db) => End::new(ended).execute(db).map(drop),
        db @ Db::Sqlite(_) => ended.iter().try_for_each(|name| {
            let row = task::table.find((&name.kind, &name.key));
            diesel::delete(row).execute(db).map(drop)
        }),
    }
}

fn start(db: &mut Db, started: Vec<New>) -> QueryResult<()> {
    match db {
        Db::Postgres(db) => Start::new(&started).execute(db).map(drop),
        Db::Sqlite(db) => started.into_iter().try_for_each(|new| {
            let inserted = diesel::insert_into(task::table).values(new);
            inserted.on_conflict_do_nothing().execute(db).map(drop)
        }),
    }
}

/// One statement for all, because each is a question to the server.
struct End<'a> {
    kinds: Vec<&'a str>,
    keys: Vec<&'a str>,
}

impl<'a> End<'a> {
    fn new(ended: &'a [Name]) -> Self {
        Self {
            kinds: ended.iter().map(|name| &*name.kind).collect(),
            keys: ended.iter().map(|name| &*name.key).collect(),
        }
    }
}

impl QueryFragment<Pg> for End<'_> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        pass.push_sql("DELETE FROM task USING unnest(");
        pass.push_bind_param::<Array<Text>, _>(&self.kinds)?;
        pass.push_sql(", ");
        pass.push_bind_param::<Array<Text>, _>(&self.keys)?;
        pass.push_sql(
            ") AS ended (kind, key) WHERE task.kind = ended.kind AND task.key = ended.key",
        );
        Ok(())
    }
}

impl QueryId for End<'_> {
    type QueryId = End<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<PgConnection> for End<'_> {}

/// The same.
#[derive(Default)]
struct Start<'a> {
    kinds: Vec<&'a str>,
    keys: Vec<&'a str>,
    payloads: Vec<&'a str>,
    due_at: Vec<i64>,
    traces: Vec<Option<&'a str>>,
    correlations: Vec<Option<&'a str>>,
    causations: Vec<Option<&'a str>>,
}

impl<'a> Start<'a> {
    fn new(started: &'a [New]) -> Self {
        let mut all = Self::default();
        for new in started {
            all.kinds.push(&new.kind);
            all.keys.push(&new.key);
            all.payloads.push(&new.payload);
            all.due_at.push(new.due_at);
            all.traces.push(new.trace.as_deref());
            all.correlations.push(new.correlation.as_deref());
            all.causations.push(new.causation.as_deref());
        }
        all
    }
}

impl QueryFragment<Pg> for Start<'_> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        pass.push_sql(
            "INSERT INTO task (kind, key, payload, tries, due_at, created_at, last_error, trace, correlation, causation) \
             SELECT kind, key, payload, 0, due_at, due_at, '', trace, correlation, causation FROM unnest(",
        );
        for texts in [&self.kinds, &self.keys, &self.payloads] {
            pass.push_bind_param::<Array<Text>, _>(texts)?;
            pass.push_sql(", ");
        }
        pass.push_bind_param::<Array<BigInt>, _>(&self.due_at)?;
        for texts in [&self.traces, &self.correlations, &self.causations] {
            pass.push_sql(", ");
            pass.push_bind_param::<Array<Nullable<Text>>, _>(texts)?;
        }
        pass.push_sql(
            ") AS started (kind, key, payload, due_at, trace, correlation, causation) ON CONFLICT DO NOTHING",
        );
        Ok(())
    }
}

impl QueryId for Start<'_> {
    type QueryId = Start<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<PgConnection> for Start<'_> {}
