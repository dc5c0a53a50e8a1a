//! Jobs in their table: each installer's queue.

use crate::domain::{self, Change, Job};
use crate::homes;
use crate::schema::job;
use diesel::prelude::*;
use mesh::{Db, Event, Page, Refusal, Time, Tx};
use ordering::domain::fulfilment::Fulfilment;
use ordering::{fulfilments, rows, wire};
use proto::iptv::installation::v1::{self, JobChanged, QueuedJob};
use proto::iptv::subscription::v1::Service;
use std::time::Duration;

/// How long an answer may take before both queues say so; and how long a cancelled job stays in its installer's.
pub const DAY: Duration = Duration::from_secs(24 * 3600);

/// What a queue is listed by: since when a job has waited, then its order.
pub type Key = (i64, String);

/// A job's row. Whichever message about it comes first makes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = job, treat_none_as_null = true)]
pub struct Row {
    order_id: String,
    /// One more with each change; 0 when it has not been written yet.
    version: i64,
    status: i32,
    installer_id: Option<String>,
    plan_name: String,
    region: String,
    wished_on: String,
    waiting_since: i64,
    state: String,
}

impl Row {
    /// A job that was not heard of before.
    pub fn new(order_id: &str) -> Self {
        Self {
            order_id: order_id.to_owned(),
            ..Self::default()
        }
    }

    /// What it is listed by.
    pub fn key(&self) -> Key {
        (self.waiting_since, self.order_id.clone())
    }

    /// Keeps what is to be installed, as its order says.
    pub fn know(&mut self, service: Service) {
        self.plan_name = service.plan_name;
        self.region = service.region;
        self.wished_on = service.wished_on;
    }

    fn job(&self) -> Result<Job, Refusal> {
        match self.state.as_str() {
            "" => Ok(Job::default()),
            state => serde_json::from_str(state).map_err(Refusal::internal),
        }
    }

    /// Keeps what has become of the job.
    fn follow(&mut self, job: &Job, done: &Fulfilment) -> Result<(), Refusal> {
        self.status = domain::status(done);
        self.installer_id.clone_from(&job.installer_id);
        self.state = serde_json::to_string(job).map_err(Refusal::internal)?;
        Ok(())
    }

    /// The job as others hear of it.
    fn told(&self, job: &Job) -> v1::Job {
        let answer = job.answer.as_ref();
        v1::Job {
            order_id: self.order_id.clone(),
            version: self.version,
            status: self.status,
            installer_id: self.installer_id.clone().unwrap_or_default(),
            answered: answer.map_or(0, |answer| answer.number),
            agreed: answer.is_some_and(|answer| answer.agreed),
            reason: answer.and_then(|answer| answer.reason.as_ref().map(wire::text)),
        }
    }

    /// The job as its installer sees it now.
    pub fn show(self, db: &mut Db, now: Time) -> Result<QueuedJob, Refusal> {
        let job = self.job()?;
        let is_over = self.status == domain::CANCELLED;
        let question = job.question().filter(|_| !is_over);
        let age = now.since(Time(self.waiting_since)).try_into();
        Ok(QueuedJob {
            job: Some(self.told(&job)),
            home: homes::find(db, &self.order_id)?.filter(|_| !is_over),
            waiting_since: Some(Time(self.waiting_since).into()),
            age: Some(age.map_err(Refusal::internal)?),
            question: question.map_or(0, |(number, _)| number),
            unanswered: question.is_some_and(|(_, asked_at)| asked_at <= now.minus(DAY)),
            locked: job.is_locked() && !is_over,
            plan_name: self.plan_name,
            region: self.region,
            wished_on: self.wished_on,
        })
    }
}

/// Takes a decision on a job: `learn` adds what is known of its order, then `decision` changes what was answered and how
/// far it came, and both are stated. `seen` is the order's version that led to it, if an order did. Answers also the job's
/// row as it is then.
pub fn decide<T>(
    tx: &mut Tx<'_>,
    row: &Row,
    seen: Option<i64>,
    learn: impl FnOnce(&mut Row),
    decision: impl FnOnce(&mut Job, &mut Fulfilment) -> (T, Option<Change>),
) -> Result<(T, Row), Refusal> {
    let mut job = row.job()?;
    let (answer, done) = fulfilments::update(tx, &row.order_id, seen, |done| {
        let (answer, change) = decision(&mut job, done);
        let event = change.map(|change| match change {
            Change::Requested => "yemae.iptv.installation.v1.JobRequested",
            Change::Accepted => "yemae.iptv.installation.v1.JobAccepted",
            Change::Completed => "yemae.iptv.installation.v1.JobCompleted",
            Change::Cancelled => "yemae.iptv.installation.v1.JobCancelled",
        });
        ((answer, done.clone()), event)
    })?;
    let mut after = row.clone();
    learn(&mut after);
    after.follow(&job, &done)?;
    if after != *row {
        let has_moved = after.status != row.status || after.state != row.state;
        if has_moved {
            after.waiting_since = tx.now().0;
        }
        save(tx, row.version, &mut after)?;
        if has_moved && after.installer_id.is_some() {
            let changed = JobChanged {
                job: Some(after.told(&job)),
            };
            let event = Event::new(&after.order_id, after.version, &changed);
            tx.enqueue(event.expires(done.expires_at()))?;
        }
    }
    Ok((answer, after))
}

/// Writes what has become of a row. ABORTED when it is another by now.
fn save(tx: &mut Tx<'_>, before: i64, row: &mut Row) -> Result<(), Refusal> {
    row.version = before + 1;
    let written = if before == 0 {
        diesel::insert_into(job::table)
            .values(&*row)
            .execute(tx.db())
    } else {
        let unchanged = job::table
            .find(&row.order_id)
            .filter(job::version.eq(before));
        mesh::update(unchanged).set(&*row).execute(tx.db())
    };
    rows::written(written)
}

/// A job that was heard of.
pub fn find(db: &mut Db, order_id: &str) -> Result<Option<Row>, Refusal> {
    Ok(job::table
        .find(order_id)
        .select(Row::as_select())
        .first(db)
        .optional()?)
}

/// A job of this installer's; another's is not found.
pub fn own(db: &mut Db, order_id: &str, installer_id: &str) -> Result<Row, Refusal> {
    let found: Option<Row> = job::table
        .find(order_id)
        .filter(job::installer_id.eq(installer_id))
        .select(Row::as_select())
        .first(db)
        .optional()?;
    found.ok_or_else(|| Refusal::not_found("job"))
}

/// An installer's jobs of these statuses, who has waited longest first; none: those to be done, and those that were
/// cancelled at `since` or later.
pub fn list(
    db: &mut Db,
    installer_id: &str,
    page: &Page<Key>,
    statuses: &[i32],
    since: Time,
) -> Result<Vec<Row>, Refusal> {
    let mut query = job::table
        .filter(job::installer_id.eq(installer_id))
        .order((job::waiting_since, job::order_id))
        .limit(page.limit())
        .select(Row::as_select())
        .into_boxed();
    if statuses.is_empty() {
        let news = job::status
            .eq(domain::CANCELLED)
            .and(job::waiting_since.ge(since.0));
        query = query.filter(job::status.eq_any(domain::TO_DO.to_vec()).or(news));
    } else {
        query = query.filter(job::status.eq_any(statuses.to_vec()));
    }
    if let Some((at, id)) = page.after.clone() {
        let same_time = job::waiting_since.eq(at).and(job::order_id.gt(id));
        query = query.filter(job::waiting_since.gt(at).or(same_time));
    }
    Ok(query.load(db)?)
}
