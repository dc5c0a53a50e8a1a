//! Jobs in their table: each installer's queue.

use crate::domain::{self, Job};
use crate::homes;
use crate::schema::job;
use diesel::prelude::*;
use mesh::{Db, Event, Page, Refusal, Time, Tx, page};
use ordering::domain::fulfilment::{Decided, Fulfilment};
use ordering::{fulfilments, rows, wire};
use proto::iptv::installation::v1::{self, JobChanged, QueuedJob};
use proto::iptv::subscription::v1::Service;
use std::time::Duration;

/// How long an answer may take before both queues say so; and how long a cancelled job stays in its installer's.
pub const DAY: Duration = Duration::from_secs(24 * 3600);

/// A job's row. Whichever message about it comes first makes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, HasQuery, Insertable, AsChangeset)]
#[diesel(table_name = job, treat_none_as_default_value = false, treat_none_as_null = true)]
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
    fn new(order_id: &str) -> Self {
        Self {
            order_id: order_id.to_owned(),
            ..Self::default()
        }
    }

    /// What it is listed by.
    pub fn key(&self) -> page::Key {
        (self.waiting_since, self.order_id.clone())
    }

    /// Keeps what is to be installed, as its order says.
    fn know(&mut self, service: Service) {
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
        let waiting_since = Time(self.waiting_since);
        Ok(QueuedJob {
            job: Some(self.told(&job)),
            home: homes::find(db, &self.order_id)?.filter(|_| !is_over),
            waiting_since: Some(waiting_since.into()),
            age: Some(waiting_since.age(now)),
            question: question.map_or(0, |(number, _)| number),
            unanswered: question.is_some_and(|(_, asked_at)| asked_at <= now.minus(DAY)),
            locked: job.is_locked() && !is_over,
            plan_name: self.plan_name,
            region: self.region,
            wished_on: self.wished_on,
        })
    }
}

/// Takes a decision on a job: what was answered and how far it came, and both are stated. `order` is what led to it, if an
/// order did: its version, and what is to be installed. Answers the job's row as it is then. ABORTED when it is another by
/// now.
pub fn decide(
    tx: &mut Tx<'_>,
    before: Row,
    order: Option<(i64, Service)>,
    decision: impl FnOnce(&mut Job, &mut Fulfilment, Time) -> Decided,
) -> Result<Row, Refusal> {
    let mut job = before.job()?;
    let (seen, service) = order.unzip();
    let done = fulfilments::decide(tx, &before.order_id, seen, |done, now| {
        decision(&mut job, done, now)
    })?;
    let mut row = before.clone();
    if let Some(service) = service {
        row.know(service);
    }
    row.follow(&job, &done)?;
    if row == before {
        return Ok(row);
    }
    row.version += 1;
    let has_moved = row.status != before.status || row.state != before.state;
    if has_moved {
        row.waiting_since = tx.now().0;
    }
    let insert = diesel::insert_into(job::table).values(&row);
    let unchanged = job::table
        .find(&row.order_id)
        .filter(job::version.eq(before.version));
    let update = mesh::update(unchanged).set(&row);
    rows::save(tx, before.version == 0, insert, update)?;
    if has_moved && row.installer_id.is_some() {
        let changed = JobChanged {
            job: Some(row.told(&job)),
        };
        let event = Event::new(&row.order_id, row.version, &changed);
        tx.enqueue(event.expires(done.expires_at()))?;
    }
    Ok(row)
}

/// What is known of a job: nothing of one that was not heard of before.
pub fn find(db: &mut Db, order_id: &str) -> Result<Row, Refusal> {
    let found = Row::query().find(order_id).first(db).optional()?;
    Ok(found.unwrap_or_else(|| Row::new(order_id)))
}

/// A job of this installer's; another's is not found.
pub fn own(db: &mut Db, order_id: &str, installer_id: &str) -> Result<Row, Refusal> {
    let own = Row::query()
        .find(order_id)
        .filter(job::installer_id.eq(installer_id));
    mesh::found(own.first(db), "job")
}

/// An installer's jobs of these statuses, who has waited longest first; none: those to be done, and those that were
/// cancelled at `since` or later.
pub fn list(
    db: &mut Db,
    installer_id: &str,
    page: &Page,
    statuses: &[i32],
    since: Time,
) -> Result<Vec<Row>, Refusal> {
    let own = Row::query()
        .filter(job::installer_id.eq(installer_id))
        .into_boxed();
    let jobs = if statuses.is_empty() {
        let news = job::status
            .eq(domain::CANCELLED)
            .and(job::waiting_since.ge(since.0));
        own.filter(job::status.eq_any(domain::TO_DO.to_vec()).or(news))
    } else {
        own.filter(job::status.eq_any(statuses.to_vec()))
    };
    let listed = page.oldest_first(jobs, job::waiting_since, job::order_id);
    Ok(listed.load(db)?)
}
