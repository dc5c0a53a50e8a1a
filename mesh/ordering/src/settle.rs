//! Settling what did not end in one go: voids, crashed attempts, old requests.

use crate::attempt::Ended;
use crate::domain::intent::State;
use crate::intents::{self, Intent};
use crate::pay::{self, Known};
use crate::side::{Orders, Side};
use mesh::{Done, Refusal, Site, Task, Time, Tx};
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
        for intent in abandoned {
            // Each may wait for payment; whoever leads next takes up the rest.
            if self.site.stop.is_cancelled() {
                return Ok(());
            }
            let found = intent.clone();
            let leased = self
                .site
                .store
                .write(intent.order_id.clone(), move |tx| {
                    let ordered = (found.asker.clone(), found.draft.clone());
                    intents::lease(tx, &found, found.attempt, ordered)
                })
                .await?;
            if let Some(intent) = leased {
                self.finish(intent, now).await;
            }
        }
        Ok(())
    }

    async fn finish(&self, intent: Intent, now: Time) {
        let begun = intent.draft.has_begun(now);
        let known = if intent.draft.amount.is_free() {
            Ok(if begun {
                Known::Declined
            } else {
                Known::Approved(String::new())
            })
        } else {
            pay::known(self.payment(), &intent).await
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
