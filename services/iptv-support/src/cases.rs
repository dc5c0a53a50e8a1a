//! Cases in their table: the queue.

use crate::domain::{self, Case, Verdict};
use crate::schema::support_case;
use diesel::prelude::*;
use mesh::{Db, Event, Page, Refusal, Time, Tx, page};
use ordering::domain::fulfilment::{Decided, Fulfilment};
use ordering::{fulfilments, rows, wire};
use proto::iptv::subscription::v1::Service;
use proto::iptv::support::v1::{self, CancelRequest, CaseChanged, QueuedCase};
use proto::ordering::v1::Order;
use std::time::Duration;

/// How long an installer may take to answer before both queues say so.
pub const PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// A case's row. The order makes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, HasQuery, Insertable, AsChangeset)]
#[diesel(table_name = support_case, treat_none_as_default_value = false, treat_none_as_null = true)]
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
    pub fn new(order: &Order) -> Result<Self, Refusal> {
        let service = wire::detail::<Service>(order)?;
        Ok(Self {
            order_id: order.order_id.clone(),
            plan_name: service.plan_name,
            region: service.region,
            wished_on: service.wished_on,
            waiting_since: wire::placed_at(order).0,
            state: encode(&Case::default())?,
            ..Self::default()
        })
    }

    /// What it is listed by.
    pub fn key(&self) -> page::Key {
        (self.waiting_since, self.order_id.clone())
    }

    fn case(&self) -> Result<Case, Refusal> {
        serde_json::from_str(&self.state).map_err(Refusal::internal)
    }

    /// Keeps what has become of the case.
    fn follow(&mut self, case: &Case, done: &Fulfilment) -> Result<(), Refusal> {
        self.status = domain::status(case, done);
        self.installer_id.clone_from(&case.installer_id);
        self.asked_at = case.asked_at().map(|at| at.0);
        self.state = encode(case)?;
        Ok(())
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
        let waiting_since = Time(self.waiting_since);
        Ok(QueuedCase {
            case: Some(self.told(&case)),
            waiting_since: Some(waiting_since.into()),
            age: Some(waiting_since.age(now)),
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

/// Takes a decision on a case: what people decided and how far it came, and both are stated. `seen` is the order's version
/// that led to it, if an order did. Answers the case's row as it is then. ABORTED when it is another by now.
pub fn decide(
    tx: &mut Tx<'_>,
    before: Row,
    seen: Option<i64>,
    decision: impl FnOnce(&mut Case, &mut Fulfilment, Time) -> Decided,
) -> Result<Row, Refusal> {
    let mut case = before.case()?;
    let done = fulfilments::decide(tx, &before.order_id, seen, |done, now| {
        decision(&mut case, done, now)
    })?;
    let mut row = before.clone();
    row.follow(&case, &done)?;
    let is_new = before.version == 0;
    if row == before && !is_new {
        return Ok(row);
    }
    row.version += 1;
    // What was just placed has waited since then.
    if !is_new {
        row.waiting_since = tx.now().0;
    }
    let insert = diesel::insert_into(support_case::table).values(&row);
    let unchanged = support_case::table
        .find(&row.order_id)
        .filter(support_case::version.eq(before.version));
    rows::save(tx, is_new, insert, mesh::update(unchanged).set(&row))?;
    let changed = CaseChanged {
        case: Some(row.told(&case)),
    };
    let event = Event::new(&row.order_id, row.version, &changed);
    tx.enqueue(event.expires(done.expires_at()))?;
    Ok(row)
}

/// A case that there is.
pub fn find(db: &mut Db, order_id: &str) -> Result<Option<Row>, Refusal> {
    Ok(Row::query().find(order_id).first(db).optional()?)
}

/// The same for who asks for it.
pub fn read(db: &mut Db, order_id: &str) -> Result<Row, Refusal> {
    mesh::found(Row::query().find(order_id).first(db), "case")
}

/// Cases of these statuses, who has waited longest first; only those whose installer was asked before `asked_before`, if
/// that is said.
pub fn list(
    db: &mut Db,
    page: &Page,
    statuses: &[i32],
    asked_before: Option<Time>,
) -> Result<Vec<Row>, Refusal> {
    let mut cases = Row::query()
        .filter(support_case::status.eq_any(statuses.to_vec()))
        .into_boxed();
    if let Some(before) = asked_before {
        cases = cases.filter(support_case::asked_at.le(before.0));
    }
    let listed = page.oldest_first(cases, support_case::waiting_since, support_case::order_id);
    Ok(listed.load(db)?)
}
