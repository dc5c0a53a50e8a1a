//! Intents in their table. Every change is a compare-and-set on state, attempt and lease.

mod sweep;

pub use sweep::sweep;

use crate::domain::Money;
use crate::domain::intent::{LEASE, State};
use crate::rows;
use crate::schema::intent;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use mesh::{Db, Refusal, Text, Time, Tx, request};

/// What a context has decided that is ordered: everything needed to place it after a crash.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Draft {
    /// What is ordered, for a list.
    pub title: Text,
    /// What it costs.
    pub amount: Money,
    /// What else a person wants to see of it.
    pub refs: Vec<(Text, String)>,
    /// From when on it makes no sense any more to place it: the occasion begins. None: never.
    pub not_from: Option<Time>,
    /// The context's own message about it, encoded.
    #[serde(skip)]
    pub detail: Vec<u8>,
}

impl Draft {
    /// Whether it is too late to place it.
    pub fn has_begun(&self, now: Time) -> bool {
        self.not_from.is_some_and(|from| now >= from)
    }
}

/// Who orders, and by which request.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Asker {
    /// The subject of the customer's token.
    pub customer_id: String,
    /// "ko" or "en".
    pub locale: String,
}

/// An intent's row.
#[derive(Clone, Debug)]
pub struct Intent {
    /// The order it would become.
    pub order_id: String,
    /// Where it stands.
    pub state: State,
    /// Which attempt, from 1.
    pub attempt: i32,
    /// Until when the attempt belongs to who works on it; also what tells the workers apart.
    pub lease_until: Time,
    /// The hash of the request it was made by.
    pub body_hash: Vec<u8>,
    /// Who orders.
    pub asker: Asker,
    /// What is ordered.
    pub draft: Draft,
    /// The answer, once placed.
    pub answer: Option<Vec<u8>>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = intent)]
struct Row {
    order_id: String,
    state: String,
    attempt: i32,
    lease_until: i64,
    body_hash: Vec<u8>,
    draft: String,
    detail: Vec<u8>,
    answer: Option<Vec<u8>>,
}

impl Row {
    fn read(self) -> Result<Intent, Refusal> {
        let (asker, mut draft): (Asker, Draft) =
            serde_json::from_str(&self.draft).map_err(Refusal::internal)?;
        draft.detail = self.detail;
        let state = State::from_name(&self.state)
            .ok_or_else(|| Refusal::internal(format!("intent in state {}", self.state)))?;
        Ok(Intent {
            order_id: self.order_id,
            state,
            attempt: self.attempt,
            lease_until: Time(self.lease_until),
            body_hash: self.body_hash,
            asker,
            draft,
            answer: self.answer,
        })
    }
}

/// What tells a creating request from all others.
#[derive(Clone, Debug)]
pub struct Key {
    /// The customer.
    pub principal: String,
    /// The method's name.
    pub method: &'static str,
    /// Chosen by the client.
    pub request_id: String,
    /// What binds the id to its body.
    pub bound: request::Key,
}

/// The intent of a request.
pub fn by_request(db: &mut Db, key: &Key) -> Result<Option<Intent>, Refusal> {
    let row = intent::table
        .filter(intent::principal.eq(&key.principal))
        .filter(intent::method.eq(key.method))
        .filter(intent::request_id.eq(&key.request_id))
        .select(Row::as_select())
        .first(db)
        .optional()?;
    row.map(Row::read).transpose()
}

/// The intent of an order.
pub fn find(db: &mut Db, order_id: &str) -> Result<Option<Intent>, Refusal> {
    let row = intent::table
        .find(order_id)
        .select(Row::as_select())
        .first(db)
        .optional()?;
    row.map(Row::read).transpose()
}

/// Writes a new intent, PENDING attempt 1.
pub fn begin(
    tx: &mut Tx<'_>,
    key: &Key,
    order_id: &str,
    asker: &Asker,
    draft: &Draft,
) -> Result<Intent, Refusal> {
    let intent = Intent {
        order_id: order_id.to_owned(),
        state: State::Pending,
        attempt: 1,
        lease_until: tx.now().plus(LEASE),
        body_hash: key.bound.body_hash().to_owned(),
        asker: asker.clone(),
        draft: draft.clone(),
        answer: None,
    };
    insert(tx, key, &intent)?;
    Ok(intent)
}

/// Binds a request that was refused at the door to its body: REFUSED, before its first attempt.
pub fn bind(tx: &mut Tx<'_>, key: &Key, order_id: &str, asker: &Asker) -> Result<(), Refusal> {
    let nothing = Draft {
        title: mesh::text("", ""),
        amount: Money::default(),
        refs: Vec::new(),
        not_from: None,
        detail: Vec::new(),
    };
    let refused = Intent {
        order_id: order_id.to_owned(),
        state: State::Refused,
        attempt: 0,
        lease_until: tx.now(),
        body_hash: key.bound.body_hash().to_owned(),
        asker: asker.clone(),
        draft: nothing,
        answer: None,
    };
    insert(tx, key, &refused)
}

fn insert(tx: &mut Tx<'_>, key: &Key, new: &Intent) -> Result<(), Refusal> {
    let now = tx.now();
    let inserted = diesel::insert_into(intent::table)
        .values((
            (
                intent::order_id.eq(&new.order_id),
                intent::principal.eq(&key.principal),
                intent::method.eq(key.method),
                intent::request_id.eq(&key.request_id),
                intent::body_hash.eq(&new.body_hash),
                intent::state.eq(new.state.name()),
                intent::attempt.eq(new.attempt),
            ),
            (
                intent::lease_until.eq(new.lease_until.0),
                intent::draft.eq(encode(&new.asker, &new.draft)?),
                intent::detail.eq(&new.draft.detail),
                intent::created_at.eq(now.0),
                intent::changed_at.eq(now.0),
            ),
        ))
        .execute(tx.db());
    // The same request in another writer lane may have been faster: run again, and find it.
    rows::written(inserted)
}

/// Leases an intent anew as attempt `attempt`, with what is ordered now and by whom. None: somebody else was faster.
pub fn lease(
    tx: &mut Tx<'_>,
    found: &Intent,
    attempt: i32,
    (asker, draft): (Asker, Draft),
) -> Result<Option<Intent>, Refusal> {
    let now = tx.now();
    let lease_until = now.plus(LEASE);
    let leased = mesh::update(unchanged(found))
        .set((
            intent::state.eq(State::Pending.name()),
            intent::attempt.eq(attempt),
            intent::lease_until.eq(lease_until.0),
            intent::draft.eq(encode(&asker, &draft)?),
            intent::detail.eq(&draft.detail),
            intent::changed_at.eq(now.0),
        ))
        .execute(tx.db())?;
    Ok((leased > 0).then(|| Intent {
        state: State::Pending,
        attempt,
        lease_until,
        asker,
        draft,
        ..found.clone()
    }))
}

/// Moves an intent on. False: it is not any more as it was found.
pub fn advance(
    tx: &mut Tx<'_>,
    found: &Intent,
    to: State,
    answer: Option<&[u8]>,
) -> Result<bool, Refusal> {
    let now = tx.now();
    let moved = mesh::update(unchanged(found))
        .set((
            intent::state.eq(to.name()),
            intent::answer.eq(answer),
            intent::changed_at.eq(now.0),
        ))
        .execute(tx.db())?;
    Ok(moved > 0)
}

/// The row, if nobody has touched it since it was found.
#[diesel::dsl::auto_type(no_type_alias)]
fn unchanged<'a>(found: &'a Intent) -> _ {
    let order_id: &'a str = &found.order_id;
    let state: &'static str = found.state.name();
    let attempt: i32 = found.attempt;
    let lease_until: i64 = found.lease_until.0;
    intent::table
        .find(order_id)
        .filter(intent::state.eq(state))
        .filter(intent::attempt.eq(attempt))
        .filter(intent::lease_until.eq(lease_until))
}

fn encode(asker: &Asker, draft: &Draft) -> Result<String, Refusal> {
    serde_json::to_string(&(asker, draft)).map_err(Refusal::internal)
}

/// As its index says it, word by word: of a value that is bound SQLite does not know whether that index has it.
const UNSETTLED: &str = "state IN ('PENDING', 'VOIDING')";

/// PENDING intents whose worker is gone.
pub fn abandoned(db: &mut Db, now: Time, limit: i64) -> Result<Vec<Intent>, Refusal> {
    let rows = intent::table
        .filter(sql::<Bool>(UNSETTLED))
        .filter(intent::state.eq(State::Pending.name()))
        .filter(intent::lease_until.le(now.0))
        .order(intent::lease_until)
        .limit(limit)
        .select(Row::as_select())
        .load(db)?;
    rows.into_iter().map(Row::read).collect()
}

/// How many intents are not settled: PENDING or VOIDING.
pub fn unsettled(db: &mut Db) -> Result<i64, Refusal> {
    Ok(intent::table
        .filter(sql::<Bool>(UNSETTLED))
        .count()
        .get_result(db)?)
}
