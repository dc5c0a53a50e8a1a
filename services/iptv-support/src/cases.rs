//! Cases in their table: the queue.

use crate::domain::{self, Case, Change, Verdict};
use crate::schema::support_case;
use diesel::prelude::*;
use mesh::{Db, Event, Page, Refusal, Time, Tx};
use ordering::domain::fulfilment::Fulfilment;
use ordering::{fulfilments, rows, wire};
use proto::iptv::subscription::v1::Service;
use proto::iptv::support::v1::{self, CancelRequest, CaseChanged, QueuedCase};
use std::time::Duration;

/// How long an installer may take to answer before both queues say so.
pub const PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// What the queue is listed by: since when a case has waited, then its order.
pub type Key = (i64, String);

/// A case's row. The order makes it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = support_case, treat_none_as_null = true)]
pub struct Row {
    order_id: String,
    /// One more with each change, each of which is stated; 0 when it has not been written yet.
    version: i64,
    status: i32,
    plan_name: String,
    pub region: String,
    wished_on: String,
    installer_id: Option<String>,
    waiting_since: i64,
    /// Since when the installer has owed an answer.
    asked_at: Option<i64>,
    state: String,
}

impl Row {
    /// A case of an order that was not heard of before.
    pub fn new(order_id: &str, service: Service, placed_at: Time) -> Result<Self, Refusal> {
        Ok(Self {
            order_id: order_id.to_owned(),
            version: 0,
            status: 0,
            plan_name: service.plan_name,
            region: service.region,
            wished_on: service.wished_on,
            installer_id: None,
            waiting_since: placed_at.0,
            asked_at: None,
            state: encode(&Case::default())?,
        })
    }

    /// What it is listed by.
    pub fn key(&self) -> Key {
        (self.waiting_since, self.order_id.clone())
    }

    fn case(&self) -> Result<Case, Refusal> {
        serde_json::from_str(&self.state).map_err(Refusal::internal)
    }

    /// The row once this has become of the case.
    fn after(&self, case: &Case, done: &Fulfilment, now: Time) -> Result<Self, Refusal> {
        let mut after = self.clone();
        after.status = domain::status(case, done);
        after.installer_id.clone_from(&case.installer_id);
        after.asked_at = case.asked_at().map(|at| at.0);
        after.state = encode(case)?;
        // What was just placed has waited since then.
        if self.version > 0 && after != *self {
            after.waiting_since = now.0;
        }
        Ok(after)
    }

    /// The case as others hear of it.
    fn told(&self, case: &Case) -> v1::Case {
        v1::Case {
            order_id: self.order_id.clone(),
            version: self.version,
            status: self.status,
            installer_id: self.installer_id.clone().unwrap_or_default(),
            question: case.question,
            asked_at: self.asked_at.map(|at| Time(at).into()),
            refused: case.refused,
        }
    }

    /// The case as a rep sees it now.
    pub fn show(self, now: Time) -> Result<QueuedCase, Refusal> {
        let case = self.case()?;
        let age = now.since(Time(self.waiting_since)).try_into();
        Ok(QueuedCase {
            case: Some(self.told(&case)),
            waiting_since: Some(Time(self.waiting_since).into()),
            age: Some(age.map_err(Refusal::internal)?),
            unanswered: self.asked_at.is_some_and(|at| at <= now.minus(PATIENCE).0),
            plan_name: self.plan_name,
            region: self.region,
            wished_on: self.wished_on,
            request: case.request.map(|own| CancelRequest {
                number: own.number,
                why: own.why.as_ref().map(wire::text),
                answer: own.answer.as_ref().map(verdict),
                decision: own.decision.as_ref().map(|(_, decided)| verdict(decided)),
            }),
        })
    }
}

fn encode(case: &Case) -> Result<String, Refusal> {
    serde_json::to_string(case).map_err(Refusal::internal)
}

fn verdict(verdict: &Verdict) -> v1::Verdict {
    v1::Verdict {
        agreed: verdict.agreed,
        reason: verdict.reason.as_ref().map(wire::text),
    }
}

/// Takes a decision on a case: `decision` changes what people decided and how far it came, and both are stated. `seen` is
/// the order's version that led to it, if an order did. Answers also the case's row as it is then.
pub fn decide<T>(
    tx: &mut Tx<'_>,
    row: &Row,
    seen: Option<i64>,
    decision: impl FnOnce(&mut Case, &mut Fulfilment) -> (T, Option<Change>),
) -> Result<(T, Row), Refusal> {
    let mut case = row.case()?;
    let (answer, done) = fulfilments::update(tx, &row.order_id, seen, |done| {
        let (answer, change) = decision(&mut case, done);
        let event = change.map(|change| match change {
            Change::Opened => "yemae.iptv.support.v1.CaseOpened",
            Change::Assigned => "yemae.iptv.support.v1.CaseAssigned",
            Change::Installed => "yemae.iptv.support.v1.CaseInstalled",
            Change::Activated => "yemae.iptv.support.v1.CaseActivated",
            Change::Answered => "yemae.iptv.support.v1.CancellationAnswered",
            Change::Voided => "yemae.iptv.support.v1.CaseVoided",
        });
        ((answer, done.clone()), event)
    })?;
    let now = tx.now();
    let mut after = row.after(&case, &done, now)?;
    if after != *row || row.version == 0 {
        save(tx, row.version, &mut after)?;
        let changed = CaseChanged {
            case: Some(after.told(&case)),
        };
        let event = Event::new(&after.order_id, after.version, &changed);
        tx.enqueue(event.expires(done.expires_at()))?;
    }
    Ok((answer, after))
}

/// Writes what has become of a row. ABORTED when it is another by now.
fn save(tx: &mut Tx<'_>, before: i64, row: &mut Row) -> Result<(), Refusal> {
    row.version = before + 1;
    let written = if before == 0 {
        diesel::insert_into(support_case::table)
            .values(&*row)
            .execute(tx.db())
    } else {
        let unchanged = support_case::table
            .find(&row.order_id)
            .filter(support_case::version.eq(before));
        mesh::update(unchanged).set(&*row).execute(tx.db())
    };
    rows::written(written)
}

/// A case that there is.
pub fn find(db: &mut Db, order_id: &str) -> Result<Option<Row>, Refusal> {
    Ok(support_case::table
        .find(order_id)
        .select(Row::as_select())
        .first(db)
        .optional()?)
}

/// The same for who asks for it.
pub fn read(db: &mut Db, order_id: &str) -> Result<Row, Refusal> {
    find(db, order_id)?.ok_or_else(|| Refusal::not_found("case"))
}

/// Cases of these statuses, who has waited longest first; only those whose installer was asked before `asked_before`, if
/// that is said.
pub fn list(
    db: &mut Db,
    page: &Page<Key>,
    statuses: &[i32],
    asked_before: Option<Time>,
) -> Result<Vec<Row>, Refusal> {
    let mut query = support_case::table
        .filter(support_case::status.eq_any(statuses.to_vec()))
        .order((support_case::waiting_since, support_case::order_id))
        .limit(page.limit())
        .select(Row::as_select())
        .into_boxed();
    if let Some(before) = asked_before {
        query = query.filter(support_case::asked_at.le(before.0));
    }
    if let Some((at, id)) = page.after.clone() {
        let same_time = support_case::waiting_since
            .eq(at)
            .and(support_case::order_id.gt(id));
        query = query.filter(support_case::waiting_since.gt(at).or(same_time));
    }
    Ok(query.load(db)?)
}
