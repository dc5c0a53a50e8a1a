//! Tasks: a row for a call that leaves our doors (a refund, a void, a message to somebody), worked by a loop with
//! backoff until it is done.

mod changes;
mod run;

pub(crate) use changes::Changes;
pub(crate) use run::run;

use crate::clock::Time;
use crate::context::Site;
use crate::event::Cause;
use crate::refusal::Refusal;
use crate::schema::task;
use crate::store::{Db, Tx};
use crate::telemetry;
use crate::telemetry::catalog::TASK_FAILURES;
use crate::telemetry::trace::{self, Kind, Span};
use diesel::prelude::*;
use futures::future::BoxFuture;
use opentelemetry::KeyValue;
use rand::Rng;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

/// A task to be worked.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = task)]
pub struct Task {
    /// Which handler works it.
    pub kind: String,
    /// What it is about; the key that makes the outside call idempotent.
    pub key: String,
    /// What the handler needs, JSON.
    pub payload: String,
    /// How often it was tried before.
    pub tries: i32,
    /// When it was put down, µs.
    pub created_at: i64,
    /// The trace that it is part of, as W3C's `traceparent`; none when nobody records one.
    pub trace: Option<String>,
    /// The `ce-id` of the event that all of it began with, and of the one that was acted on when it was put down; none when
    /// somebody asked for it.
    correlation: Option<String>,
    causation: Option<String>,
}

impl Task {
    /// The payload it was started with.
    pub fn payload<T: serde::de::DeserializeOwned>(&self) -> Result<T, Refusal> {
        serde_json::from_str(&self.payload).map_err(Refusal::internal)
    }
}

type Write = Box<dyn Fn(&mut Tx<'_>) -> Result<(), Refusal> + Send + Sync>;

/// What a handler leaves to be written in the transaction that ends its task, or puts it off.
pub struct Done {
    write: Write,
    again: Option<Duration>,
}

impl Done {
    /// Nothing to write.
    pub fn nothing() -> Self {
        Self::with(|_| Ok(()))
    }

    /// Writes this.
    pub fn with(
        write: impl Fn(&mut Tx<'_>) -> Result<(), Refusal> + Send + Sync + 'static,
    ) -> Self {
        Self {
            write: Box::new(write),
            again: None,
        }
    }

    /// Nothing went wrong, but it is not done: once more after `after`, to the microsecond and whatever the backoff of
    /// failures is.
    pub fn again(after: Duration) -> Self {
        Self {
            again: Some(after),
            ..Self::nothing()
        }
    }
}

/// Works tasks of one kind. An error means: again, later.
pub type Handler =
    Arc<dyn Fn(Site, Task) -> BoxFuture<'static, Result<Done, Refusal>> + Send + Sync>;

/// How many tasks are still to be done.
pub fn open(db: &mut Db) -> QueryResult<i64> {
    task::table.count().get_result(db)
}

/// How many are due and not done, and since when the longest is (µs).
pub fn waiting(db: &mut Db, now: Time) -> QueryResult<(i64, Option<i64>)> {
    let due = task::table.filter(task::due_at.le(now.0));
    Ok((
        due.count().get_result(db)?,
        due.select(diesel::dsl::min(task::due_at)).get_result(db)?,
    ))
}

/// Tasks that are due, longest waiting first.
pub fn due(db: &mut Db, now: Time, limit: i64) -> QueryResult<Vec<Task>> {
    task::table
        .filter(task::due_at.le(now.0))
        .order(task::due_at)
        .limit(limit)
        .select(Task::as_select())
        .load(db)
}

/// Works one task: ends it, or puts it off with backoff and full jitter.
pub async fn work(site: &Site, handlers: &HashMap<&'static str, Handler>, task: Task) {
    let parent = trace::parse(task.trace.as_deref());
    let span = Span::begin(Kind::Internal, parent, || {
        let attributes = vec![
            KeyValue::new(telemetry::CONTEXT, site.context),
            KeyValue::new("yemae.task.kind", task.kind.clone()),
            KeyValue::new("yemae.task.tries", i64::from(task.tries)),
        ];
        (format!("task {}", task.kind).into(), attributes)
    });
    span.run(work_within(&span, site, handlers, task)).await;
}

async fn work_within(
    span: &Span,
    site: &Site,
    handlers: &HashMap<&'static str, Handler>,
    task: Task,
) {
    let tried = match handlers.get(task.kind.as_str()) {
        Some(handler) => handler(site.clone(), task.clone()).await,
        None => Err(Refusal::internal(format!(
            "no handler for tasks of kind {}",
            task.kind
        ))),
    };
    let (kind, key) = (task.kind.clone(), task.key.clone());
    let cause = Cause::of_row(task.correlation.clone(), task.causation.clone());
    let written = match tried {
        Ok(Done { write, again }) => {
            site.store
                .write(task.key.clone(), move |tx| {
                    tx.because(cause.clone());
                    write(tx)?;
                    match again {
                        None => tx.drop_task(&kind, &key),
                        Some(after) => {
                            let due_at = tx.now().plus(after).0;
                            crate::store::update(task::table.find((&kind, &key)))
                                .set((task::tries.eq(task::tries + 1), task::due_at.eq(due_at)))
                                .execute(tx.db())?;
                        }
                    }
                    Ok(())
                })
                .await
        }
        Err(refusal) => Err(refusal),
    };
    if let Err(refusal) = written {
        span.fail(refusal.kind.name());
        // A kind that nobody works is whatever a row says.
        let kind = handlers.get_key_value(task.kind.as_str());
        let kind = kind.map_or("_OTHER", |(kind, _)| kind);
        TASK_FAILURES.add(
            1,
            &[
                KeyValue::new(telemetry::CONTEXT, site.context),
                KeyValue::new("yemae.task.kind", kind),
            ],
        );
        put_off(site, task, refusal).await;
    }
}

async fn put_off(site: &Site, task: Task, refusal: Refusal) {
    tracing::info!(kind = task.kind, key = task.key, tries = task.tries + 1, %refusal, "task put off");
    let doubled = FIRST_BACKOFF.saturating_mul(2u32.saturating_pow(task.tries.clamp(0, 20) as u32));
    let backoff = doubled
        .min(LONGEST_BACKOFF)
        .mul_f64(rand::rng().random_range(0.5..=1.0));
    let put_off = site.store.write(task.key.clone(), move |tx| {
        let due_at = tx.now().plus(backoff).0;
        crate::store::update(task::table.find((&task.kind, &task.key)))
            .set((
                task::tries.eq(task.tries + 1),
                task::due_at.eq(due_at),
                task::last_error.eq(refusal.to_string()),
            ))
            .execute(tx.db())?;
        Ok(())
    });
    if let Err(refusal) = put_off.await {
        tracing::warn!(%refusal, "a task could not be put off; it is due again at once");
    }
}
