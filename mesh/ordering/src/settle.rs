//! Settling what did not end in one go: voids, crashed attempts, old requests.

use crate::attempt::Ended;
use crate::domain::intent::State;
use crate::intents::{self, Intent};
use crate::pay::{self, Known};
use crate::side::{Orders, Side};
use futures::stream::{self, TryStreamExt};
use mesh::{Done, Refusal, Site, Task, Tx};
use std::time::Duration;

/// The kind of the task that voids a charge; its key is the charge's.
pub const VOID: &str = "void";
/// How many abandoned intents one round takes up.
const ROUND: i64 = 64;

/// Writes this, however long the store cannot: whoever waits must not hear a no before it is written.
pub(crate) async fn until_written<T, F>(site: &Site, key: &str, command: F) -> T
where
    T: Send + 'static,
    F: Fn(&mut Tx<'_>) -> Result<T, Refusal> + Send + Sync + Clone + 'static,
{
    let mut pause = Duration::from_millis(50);
    loop {
        match site
            .store
            .write_regardless(key.to_owned(), command.clone())
            .await
        {
            Ok(written) => return written,
            Err(refusal) => tracing::warn!(%refusal, key, "not written; trying again"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(2));
    }
}

/// So many abandoned attempts are finished at once: a payment that is slow must not keep the rest of them waiting.
const TOGETHER: usize = 8;

impl<S: Side> Orders<S> {
    /// Works a void: VOIDING becomes REFUSED once payment has it.
    pub(crate) async fn void_charge(&self, task: Task) -> Result<Done, Refusal> {
        let order_id: String = task.payload()?;
        pay::void(self.payment(), &task.key, &order_id)
            .await
            .map_err(|status| {
                Refusal::unavailable(
                    "PAYMENT_UNREACHABLE",
                    mesh::text(
                        status.message().to_owned(),
                        "결제 서비스에 연결할 수 없습니다.",
                    ),
                )
            })?;
        Ok(Done::with(move |tx| {
            if let Some(intent) =
                intents::find(tx.db(), &order_id)?.filter(|intent| intent.state == State::Voiding)
            {
                intents::advance(tx, &intent, State::Refused, None)?;
            }
            Ok(())
        }))
    }

    /// Takes up every attempt whose worker is gone. Nobody was answered, so an approved one is finished, unless its
    /// occasion has begun; every other one comes to nothing.
    pub(crate) async fn recover(&self) -> Result<(), Refusal> {
        let now = self.site.clock.now();
        let abandoned = self
            .site
            .store
            .read(move |db| intents::abandoned(db, now, ROUND))
            .await?;
        stream::iter(abandoned.into_iter().map(Ok))
            .try_for_each_concurrent(TOGETHER, |intent| self.take_up(intent))
            .await
    }

    async fn take_up(&self, intent: Intent) -> Result<(), Refusal> {
        // Each may wait for payment; whoever leads next takes up the rest.
        if self.site.stop.is_cancelled() {
            return Ok(());
        }
        let key = intent.order_id.clone();
        let leased = self.site.store.write(key, move |tx| {
            let ordered = (intent.asker.clone(), intent.draft.clone());
            intents::lease(tx, &intent, intent.attempt, ordered)
        });
        if let Some(intent) = leased.await? {
            self.finish(intent).await;
        }
        Ok(())
    }

    async fn finish(&self, intent: Intent) {
        let known = if intent.draft.amount.is_free() {
            Ok(Known::Approved(String::new()))
        } else {
            pay::known(self.payment(), &intent).await
        };
        // Only now: payment may have taken its time.
        let begun = intent.draft.has_begun(self.site.clock.now());
        let known = match known {
            Ok(Known::Approved(_)) if begun && intent.draft.amount.is_free() => Ok(Known::Declined),
            known => known,
        };
        let ended = match known {
            Ok(Known::Approved(payment_id)) if !begun => {
                self.place(&intent, Some(payment_id).filter(|id| !id.is_empty()))
                    .await
            }
            Ok(Known::Declined) => self.refuse(&intent, pay::unconfirmed(), true).await,
            Ok(Known::Approved(_) | Known::Otherwise) => self.void(&intent).await,
            // Taken up again when this lease is over.
            Err(status) => Err(pay::unconfirmed().with("payment", status.code())),
        };
        match ended {
            Ok(Ended::Placed(_)) => tracing::info!(
                order_id = intent.order_id,
                "an approved intent was finished after a crash"
            ),
            Ok(Ended::Overtaken) => {}
            Err(refusal) => {
                tracing::info!(order_id = intent.order_id, %refusal, "an abandoned intent was given up or put off")
            }
        }
    }
}
