//! Taking money: write down that it is about to be asked for, ask the provider, write down what it said, answer. In this
//! order, so that whoever dies in between leaves a row that is looked after.

mod in_hand;

use crate::domain::{Answer, Ask, Next, Payment, unconfirmed};
use crate::provider::{self, Method, Provider};
use crate::store::{self, Stored};
use in_hand::InHand;
use mesh::{Refusal, Site, Tx, call, id};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

/// The longest that a provider is waited for while an order side waits: it gives one attempt 1.2 s.
const ATTEMPT: Duration = Duration::from_secs(1);
/// Kept of the caller's time for writing down what the provider said.
const MARGIN: Duration = Duration::from_millis(100);
/// With less time than this the provider is not called: it would only make an unknown outcome.
const LEAST: Duration = Duration::from_millis(100);
/// How long a caller waits that names no deadline; the contract's own.
const USUAL: Duration = Duration::from_secs(3);
/// How often a call of another process is looked after. In this process nobody polls.
const POLL: Duration = Duration::from_millis(100);
/// A charge of this age that is in no hand here was lost with its process: none is with the provider for so long.
const LOST_AFTER: Duration = Duration::from_secs(10);
/// How many lost charges are taken care of at once.
const AT_ONCE: i64 = 100;

/// The charges of this process. Cheap to clone.
#[derive(Clone)]
pub struct Charges {
    provider: Arc<dyn Provider>,
    in_hand: InHand,
}

impl Charges {
    /// Charges at this provider.
    pub fn new(provider: Arc<dyn Provider>) -> Self {
        Self {
            provider,
            in_hand: InHand::default(),
        }
    }

    /// Who moves the money.
    pub fn provider(&self) -> &dyn Provider {
        &*self.provider
    }

    /// Charges once under the key that `ask` names, or tells what became of the charge.
    pub async fn approve(&self, site: &Site, ask: Ask, method: Method) -> Result<Payment, Refusal> {
        let deadline = call::current().and_then(|call| call.deadline);
        let until = deadline.unwrap_or_else(|| Instant::now() + USUAL) - MARGIN;
        let key = ask.charge_key.clone();
        loop {
            let hold = match self.in_hand.take(&key) {
                Ok(hold) => hold,
                Err(other) => {
                    let ended = timeout_at(until, other.ended());
                    ended.await.map_err(|_| unconfirmed())?;
                    continue;
                }
            };
            let (stored, next) = begin(site, &ask).await?;
            let answer = match next {
                Next::Approved => return Ok(stored.payment),
                Next::Charge => self.send(site, &stored.payment, &method, until).await,
                Next::Enquire => self.ask(site, &key, until).await,
                Next::Wait => {
                    drop(hold);
                    let next = Instant::now() + POLL;
                    if next >= until {
                        return Err(unconfirmed());
                    }
                    sleep_until(next).await;
                    continue;
                }
            };
            // The provider has spoken: not writing that down because the caller is out of time would lose it.
            let heard = move |payment: &mut Payment, tx: &Tx<'_>| payment.learn(answer, tx.now());
            let written = change(site, &key, Some(stored), heard).await;
            let payment = written.map_err(|why| {
                tracing::warn!(%why, "what the provider said could not be written down");
                unconfirmed()
            })?;
            return payment.answer().map(|()| payment);
        }
    }

    async fn send(
        &self,
        site: &Site,
        payment: &Payment,
        method: &Method,
        until: Instant,
    ) -> Answer {
        let Some(patience) = patience(until) else {
            return Answer::Nothing;
        };
        let charge = provider::Charge {
            key: payment.charge_key.clone(),
            amount: payment.amount.clone(),
            method: method.clone(),
        };
        let answer = timeout(patience, self.provider.charge(site, &charge));
        answer.await.unwrap_or(Answer::Unsure)
    }

    async fn ask(&self, site: &Site, key: &str, until: Instant) -> Answer {
        let Some(patience) = patience(until) else {
            return Answer::Unsure;
        };
        let answer = timeout(patience, self.provider.enquire(site, key));
        answer.await.unwrap_or(Answer::Unsure)
    }

    /// Finds charges whose process is gone, so that the provider is asked about them.
    pub async fn find_lost(&self, site: &Site) -> Result<(), Refusal> {
        let before = site.clock.now().minus(LOST_AFTER);
        let keys = site
            .store
            .read(move |db| store::charging_since(db, before, AT_ONCE))
            .await?;
        for key in keys.into_iter().filter(|key| !self.in_hand.has(key)) {
            let lost = move |payment: &mut Payment, tx: &Tx<'_>| payment.lost(before, tx.now());
            change(site, &key, None, lost).await?;
        }
        Ok(())
    }
}

fn patience(until: Instant) -> Option<Duration> {
    let left = until.saturating_duration_since(Instant::now()).min(ATTEMPT);
    (left >= LEAST).then_some(left)
}

async fn begin(site: &Site, ask: &Ask) -> Result<(Stored, Next), Refusal> {
    let ask = ask.clone();
    let fresh = id::new();
    site.store
        .write(ask.charge_key.clone(), move |tx| {
            let now = tx.now();
            let first = Payment::charge(fresh.clone(), ask.clone(), now);
            if let Some(stored) = store::first(tx, first)? {
                return Ok((stored, Next::Charge));
            }
            let mut stored = known(store::by_key(tx.db(), &ask.charge_key)?)?;
            let next = stored.payment.repeat(&ask, now)?;
            store::update(tx, &stored)?;
            Ok((stored.written(), next))
        })
        .await
}

/// Writes down what the provider said of a charge, whoever still waits for it.
pub async fn learn(site: &Site, key: &str, answer: Answer) -> Result<Payment, Refusal> {
    let heard = move |payment: &mut Payment, tx: &Tx<'_>| payment.learn(answer, tx.now());
    change(site, key, None, heard).await
}

/// Changes the payment of `key`, without reading it if it still is as it was `seen`: what is written finds that out.
async fn change(
    site: &Site,
    key: &str,
    seen: Option<Stored>,
    change: impl Fn(&mut Payment, &Tx<'_>) + Send + Sync + 'static,
) -> Result<Payment, Refusal> {
    let key = key.to_owned();
    site.store
        .write_regardless(key.clone(), move |tx| {
            if let Some(mut seen) = seen.clone() {
                change(&mut seen.payment, tx);
                if seen.is_changed() && store::update_unchanged(tx, &seen)? {
                    return Ok(seen.payment);
                }
            }
            let mut stored = known(store::by_key(tx.db(), &key)?)?;
            change(&mut stored.payment, tx);
            store::update(tx, &stored)?;
            Ok(stored.payment)
        })
        .await
}

/// The payment, which was there before and is never deleted.
pub fn known(stored: Option<Stored>) -> Result<Stored, Refusal> {
    stored.ok_or_else(|| Refusal::internal("a payment has vanished"))
}
