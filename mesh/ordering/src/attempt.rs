//! One attempt of a creating command: paid, then placed; or surely none of it.

use crate::create::MARGIN;
use crate::domain::intent::{LEASE, State, charge_key};
use crate::domain::order::{Actor, Cancellation, Entry, Happened, Order};
use crate::intents::Intent;
use crate::pay::{self, Charged};
use crate::side::{Orders, Side};
use crate::{claims, intents, orders, settle};
use mesh::{Refusal, Tx, telemetry, text};
use prost::Message;
use std::collections::BTreeMap;

/// How an attempt ended.
pub(crate) enum Ended {
    Placed(Vec<u8>),
    /// It is not ours any more: somebody else settled it.
    Overtaken,
}

impl<S: Side> Orders<S> {
    /// One attempt, by whoever holds its lease.
    pub(crate) async fn attempt(
        &self,
        intent: Intent,
        taken_over: bool,
        request: &S::Request,
    ) -> Result<Ended, Refusal> {
        let free = intent.draft.amount.is_free();
        if taken_over && intent.draft.has_begun(self.site.clock.now()) {
            return self.give_up(&intent).await;
        }
        match self.side.before_charge(&self.site, &intent, request).await {
            // Whoever worked on it before may have come further than this step, and charged.
            Err(_) if taken_over => return self.give_up(&intent).await,
            Err(refusal) => return self.refuse(&intent, refusal, false).await,
            Ok(()) if free => return self.place(&intent, None).await,
            Ok(()) => {}
        }
        match pay::charge(self.payment(), &intent, S::payment_method(request), MARGIN).await {
            Charged::Approved(payment_id) => self.place(&intent, Some(payment_id)).await,
            Charged::Declined(refusal) => self.refuse(&intent, refusal, true).await,
            // Whoever worked on it before may have sent it.
            Charged::NeverSent if !taken_over => self.refuse(&intent, pay::busy(), true).await,
            Charged::NeverSent | Charged::Unknown => self.void(&intent).await,
        }
    }

    /// Approved: the order is placed, unless the attempt was given up meanwhile.
    pub(crate) async fn place(
        &self,
        intent: &Intent,
        payment_id: Option<String>,
    ) -> Result<Ended, Refusal> {
        let (side, found, paid) = (self.side.clone(), intent.clone(), payment_id.clone());
        let placed = self
            .site
            .store
            .write(intent.order_id.clone(), move |tx| {
                let order = placed_order(&found, paid.clone(), tx);
                let answer = side.response(&order)?.encode_to_vec();
                if !intents::advance(tx, &found, State::Placed, Some(&answer))? {
                    return Ok(Ended::Overtaken);
                }
                orders::place(tx, S::SYSTEM, &order)?;
                Ok(Ended::Placed(answer))
            })
            .await;
        match placed {
            Ok(ended) => {
                if matches!(ended, Ended::Placed(_)) {
                    self.tell(intent, "placed", "");
                }
                Ok(ended)
            }
            // The caller will hear that it did not happen, so what was charged must go back.
            Err(refusal) if payment_id.is_some() => {
                tracing::warn!(%refusal, "a paid order could not be placed; it is voided");
                self.void(intent).await
            }
            Err(refusal) => self.refuse(intent, refusal, true).await,
        }
    }

    /// The attempt surely took no money.
    pub(crate) async fn refuse(
        &self,
        intent: &Intent,
        refusal: Refusal,
        undo: bool,
    ) -> Result<Ended, Refusal> {
        let (side, found) = (self.side.clone(), intent.clone());
        let refused = settle::until_written(&self.site, &intent.order_id, move |tx| {
            let moved = intents::advance(tx, &found, State::Refused, None)?;
            if moved {
                claims::release(tx, &found.order_id)?;
                if undo {
                    side.undo(tx, &found.order_id, found.attempt)?;
                }
            }
            Ok(moved)
        });
        if refused.await {
            self.tell(intent, "refused", &refusal.reason);
            Err(refusal)
        } else {
            Ok(Ended::Overtaken)
        }
    }

    /// An attempt that somebody else began comes to nothing.
    async fn give_up(&self, intent: &Intent) -> Result<Ended, Refusal> {
        if intent.draft.amount.is_free() {
            return self.refuse(intent, pay::unconfirmed(), true).await;
        }
        self.void(intent).await
    }

    /// It may have been charged, and the caller is about to hear that it did not happen: that is made true first.
    pub(crate) async fn void(&self, intent: &Intent) -> Result<Ended, Refusal> {
        let (side, found) = (self.side.clone(), intent.clone());
        let voiding = settle::until_written(&self.site, &intent.order_id, move |tx| {
            let moved = intents::advance(tx, &found, State::Voiding, None)?;
            if moved {
                // Nothing can make this attempt an order any more, so what it claims is free at once.
                claims::release(tx, &found.order_id)?;
                side.undo(tx, &found.order_id, found.attempt)?;
                tx.start_task(
                    settle::VOID,
                    &charge_key(&found.order_id, found.attempt),
                    &found.order_id,
                )?;
            }
            Ok(moved)
        });
        if voiding.await {
            self.tell(intent, "voided", "");
            Err(pay::unconfirmed())
        } else {
            Ok(Ended::Overtaken)
        }
    }

    /// Counts how it ended, and how long whoever held its lease last took.
    fn tell(&self, intent: &Intent, outcome: &'static str, reason: &str) {
        let took = self.site.clock.now().since(intent.lease_until.minus(LEASE));
        telemetry::ended(self.site.context, outcome, reason, took);
    }
}

fn placed_order(intent: &Intent, payment_id: Option<String>, tx: &Tx<'_>) -> Order {
    let now = tx.now();
    let paid = payment_id.is_some();
    Order {
        id: intent.order_id.clone(),
        customer_id: intent.asker.customer_id.clone(),
        locale: intent.asker.locale.clone(),
        version: 1,
        title: intent.draft.title.clone(),
        amount: intent.draft.amount.clone(),
        payment_id,
        placed_at: now,
        changed_at: now,
        finished_at: None,
        progress: 0,
        irrevocable: false,
        cancellation: Cancellation::default(),
        refunded: false,
        refs: intent.draft.refs.clone(),
        fulfilling_refs: BTreeMap::new(),
        heard: BTreeMap::new(),
        timeline: vec![Entry {
            at: now,
            happened: Happened::Progress(0),
            reason: paid.then(|| text("payment approved", "결제승인")),
            actor: Actor::Customer,
        }],
        detail: intent.draft.detail.clone(),
    }
}
