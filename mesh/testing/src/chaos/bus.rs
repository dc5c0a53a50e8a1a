//! The bus: at least once, in no order, sometimes much later; an event may be skipped when a newer one of its entity is
//! there.

use super::process::{Process, spawn};
use super::{Chaos, lock};
use mesh::policy::{Delivery, Policy};
use mesh::schema::inbox;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::sleep;

use diesel::prelude::*;

/// When what was not acknowledged is delivered again.
const REDELIVERY: Duration = Duration::from_secs(30);

#[derive(Default)]
pub(super) struct Bus {
    log: Mutex<Vec<Arc<Delivery>>>,
    newest: Mutex<HashMap<String, i64>>,
    under_way: AtomicUsize,
}

impl Bus {
    pub(super) fn is_idle(&self) -> bool {
        self.under_way.load(Ordering::SeqCst) == 0
    }

    pub(super) fn published(&self) -> Vec<Arc<Delivery>> {
        lock(&self.log).clone()
    }

    /// Whether an event is taken: a stale one is not, as the relay expects the subject's last message to be older.
    fn take(&self, delivery: &Arc<Delivery>) -> bool {
        let mut newest = lock(&self.newest);
        let known = newest.entry(delivery.subject.clone()).or_default();
        if *known > delivery.version {
            return false;
        }
        *known = delivery.version;
        lock(&self.log).push(delivery.clone());
        true
    }

    fn has_newer(&self, delivery: &Delivery) -> bool {
        lock(&self.newest)
            .get(&delivery.subject)
            .is_some_and(|newest| *newest > delivery.version)
    }
}

impl Chaos {
    /// Publishes an event to everybody who follows it.
    pub(super) fn publish(&self, delivery: Delivery) {
        let delivery = Arc::new(delivery);
        if !self.0.bus.take(&delivery) {
            return;
        }
        self.say(|| format!("published {} {}", short(&delivery), delivery.version));
        for process in self.processes() {
            for policy in process
                .policies()
                .iter()
                .filter(|policy| policy.follows(&delivery))
            {
                let copies = if self.strikes(|f| f.duplicated) {
                    2 + self.dice().below(2)
                } else {
                    1
                };
                for _ in 0..copies {
                    self.0.bus.under_way.fetch_add(1, Ordering::SeqCst);
                    let bring =
                        self.clone()
                            .bring(process.clone(), policy.clone(), delivery.clone());
                    spawn(bring);
                }
            }
        }
    }

    async fn bring(self, to: Arc<Process>, policy: Policy, delivery: Arc<Delivery>) {
        let delay = if self.strikes(|f| f.dropped) {
            REDELIVERY
        } else if self.strikes(|f| f.late) {
            self.dice().millis(20, 5_000)
        } else {
            self.dice().millis(1, 10)
        };
        sleep(delay).await;
        let may_skip = self.0.bus.has_newer(&delivery) && self.dice().chance(0.1);
        while !may_skip && !self.apply(&to, &policy, &delivery).await {
            // A context that is back does not wait for what it had not acknowledged as long as for a lost message.
            sleep(self.dice().millis(100, 2_000)).await;
        }
        self.0.bus.under_way.fetch_sub(1, Ordering::SeqCst);
    }

    /// False: it has to come again.
    async fn apply(&self, to: &Process, policy: &Policy, delivery: &Arc<Delivery>) -> bool {
        let Some(life) = to.life() else { return false };
        let (store, forgets) = (life.site().store.clone(), self.0.forgets_inbox);
        let (then, event) = (policy.clone(), delivery.clone());
        let applied = life.fate().spawn(async move {
            let write = store.write((), move |tx| {
                if forgets {
                    let seen = inbox::table.find((then.name(), &event.subject));
                    diesel::delete(seen).execute(tx.db())?;
                }
                then.apply(tx, &event)
            });
            write.await
        });
        match applied.await {
            Ok(Ok(())) => {
                self.say(|| {
                    format!(
                        "{} heard {} {}",
                        to.name(),
                        short(delivery),
                        delivery.version
                    )
                });
                true
            }
            Ok(Err(refusal)) if refusal.is_passing() => false,
            Ok(Err(refusal)) => {
                self.is_wrong(format!(
                    "{} can't apply {}: {refusal}",
                    to.name(),
                    short(delivery)
                ));
                true
            }
            Err(_crashed) => false,
        }
    }
}

fn short(delivery: &Delivery) -> String {
    format!(
        "{} {}",
        delivery.name.rsplit('.').next().unwrap_or_default(),
        delivery.subject
    )
}
