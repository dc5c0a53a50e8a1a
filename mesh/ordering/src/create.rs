//! The creating command: written down, paid, placed, in that order; or surely none of it.

use crate::attempt::Ended;
use crate::domain::intent::Repeat;
use crate::intents::{self, Asker, Draft, Intent, Key};
use crate::side::{Orders, Side};
use crate::{pay, price};
use mesh::{Kind, Refusal, Tx, call, fields, id, request, text};
use prost::Message;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Kept back of the caller's time, for writing down how it ended.
pub(crate) const MARGIN: Duration = Duration::from_millis(250);
/// How long a repeat waits for the one before it if its caller has no deadline.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How often a waiting repeat looks although nothing was written here.
const POLL: Duration = Duration::from_millis(500);

/// What the first transaction of a request finds.
enum Begun {
    Placed(Vec<u8>),
    Wait,
    Mine {
        intent: Box<Intent>,
        taken_over: bool,
    },
}

impl<S: Side> Orders<S> {
    /// Creates an order. The same request answers the same bytes for ever.
    pub async fn create(&self, request: S::Request) -> Result<S::Response, Refusal> {
        let user = call::user()?;
        fields::read(|fields| {
            S::check(fields, &request);
            let total = S::expected_total(&request);
            price::check(fields, total, S::payment_method(&request));
        })?;
        let request_id = S::request_id(&request).to_owned();
        let key = Key {
            principal: user.subject.clone(),
            method: S::CREATE,
            bound: request::Key::new(&request_id, &request)?,
            request_id,
        };
        let locale = call::current().map_or_else(|| "ko".to_owned(), |call| call.locale.clone());
        let asker = Asker {
            customer_id: user.subject,
            locale,
        };
        let request = Arc::new(request);
        loop {
            match self.begin(&key, &asker, &request).await? {
                Begun::Placed(answer) => return decode(&answer),
                Begun::Wait => self.wait(&key).await?,
                Begun::Mine { intent, taken_over } => {
                    match self.attempt(*intent, taken_over, &request).await? {
                        Ended::Placed(answer) => return decode(&answer),
                        Ended::Overtaken => {}
                    }
                }
            }
        }
    }

    /// The intent's own transaction.
    async fn begin(
        &self,
        key: &Key,
        asker: &Asker,
        request: &Arc<S::Request>,
    ) -> Result<Begun, Refusal> {
        let (side, asked, asker, request) = (
            self.side.clone(),
            key.clone(),
            asker.clone(),
            request.clone(),
        );
        let (fresh, refused) = (id::new(), asker.clone());
        let order_id = fresh.clone();
        let store = &self.site.store;
        let begun = store.write(key.bound.lane(), move |tx| {
            let Some(found) = intents::by_request(tx.db(), &asked)? else {
                let draft = admit(&*side, tx, &fresh, &request)?;
                return mine(
                    Some(intents::begin(tx, &asked, &fresh, &asker, &draft)?),
                    false,
                );
            };
            asked.bound.is_of(&found.body_hash)?;
            repeat(&*side, tx, found, &asker, &request)
        });
        let begun = begun.await;
        if begun.as_ref().is_err_and(request::was_looked_at) {
            let key = key.clone();
            let bind =
                store.write_regardless(key.bound.lane(), move |tx| {
                    match intents::by_request(tx.db(), &key)? {
                        Some(found) => key.bound.is_of(&found.body_hash),
                        None => intents::bind(tx, &key, &order_id, &refused),
                    }
                });
            bind.await?;
        }
        begun
    }

    /// Waits while somebody else works on the request, at most until the caller's time is nearly up. It only reads: a
    /// write of its own would be a change that wakes whoever waits, itself included.
    async fn wait(&self, key: &Key) -> Result<(), Refusal> {
        let deadline = call::current().and_then(|call| call.deadline);
        let until = deadline.unwrap_or_else(|| Instant::now() + LONGEST_WAIT);
        let mut changes = self.site.store.changes();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let left = left.saturating_sub(MARGIN);
            if left.is_zero() {
                return Err(in_progress());
            }
            changes.mark_unchanged();
            let (key, now) = (key.clone(), self.site.clock.now());
            let read = self
                .site
                .store
                .read(move |db| intents::by_request(db, &key));
            let waits = read.await?.is_some_and(|found| {
                let repeat = found.state.on_repeat(found.attempt, found.lease_until, now);
                repeat == Repeat::Wait
            });
            if !waits {
                return Ok(());
            }
            // A poll behind the signal: the worker may be another replica, or its lease may run out.
            let _ = tokio::time::timeout(left.min(POLL), changes.changed()).await;
        }
    }
}

/// What is ordered, at the price that is expected.
fn admit<S: Side>(
    side: &S,
    tx: &mut Tx<'_>,
    order_id: &str,
    request: &S::Request,
) -> Result<Draft, Refusal> {
    let draft = side.admit(tx, order_id, request)?;
    price::is_expected(S::expected_total(request), &draft.amount)?;
    Ok(draft)
}

/// What a repeat of a request does.
fn repeat<S: Side>(
    side: &S,
    tx: &mut Tx<'_>,
    found: Intent,
    asker: &Asker,
    request: &S::Request,
) -> Result<Begun, Refusal> {
    match found
        .state
        .on_repeat(found.attempt, found.lease_until, tx.now())
    {
        Repeat::Answer => Ok(Begun::Placed(found.answer.unwrap_or_default())),
        Repeat::Wait => Ok(Begun::Wait),
        Repeat::NotYet => Err(pay::unconfirmed()),
        Repeat::TakeOver => {
            let ordered = (found.asker.clone(), found.draft.clone());
            mine(intents::lease(tx, &found, found.attempt, ordered)?, true)
        }
        Repeat::Again(attempt) => {
            let draft = admit(side, tx, &found.order_id, request)?;
            let ordered = (asker.clone(), draft);
            mine(intents::lease(tx, &found, attempt, ordered)?, false)
        }
    }
}

fn in_progress() -> Refusal {
    Refusal::new(
        Kind::Aborted,
        "REQUEST_IN_PROGRESS",
        text(
            "the same request is still being worked on; repeat it",
            "같은 요청이 처리 중입니다. 잠시 후 다시 시도해 주세요.",
        ),
    )
    .retry_after(Duration::from_secs(1))
}

fn mine(leased: Option<Intent>, taken_over: bool) -> Result<Begun, Refusal> {
    leased
        .map(|intent| Begun::Mine {
            intent: Box::new(intent),
            taken_over,
        })
        .ok_or_else(Refusal::conflict)
}

fn decode<R: Message + Default>(answer: &[u8]) -> Result<R, Refusal> {
    R::decode(answer).map_err(Refusal::internal)
}
