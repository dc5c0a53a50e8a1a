//! A provider that lives in this process. Its book is durable before it answers; how it misbehaves is set at run time.
//!
//! Like a real one it goes on with a charge whose caller left, so a charge may be captured after payment gave it up.

mod behavior;
mod grpc;
mod ledger;

use crate::domain::{Answer, Reversal};
use crate::provider::{Charge, Provider, Refund, Silence};
use behavior::{Behavior, Fate};
use futures::future::BoxFuture;
use mesh::{Site, task};
use ordering::simulated::Mood;
use proto::payment::v1;
use rand::rngs::StdRng;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The simulated provider. Cheap to clone; every clone is the same one.
#[derive(Clone)]
pub struct Simulator(Arc<Mood<Line>>);

/// The line in which charges wait for their turn.
struct Line {
    behavior: Behavior,
    /// When the next charge has its turn, if the line is not empty by then.
    next_turn: Instant,
}

impl Line {
    /// One that nobody stands in.
    fn new(behavior: Behavior) -> Self {
        Self {
            behavior,
            next_turn: Instant::now(),
        }
    }

    /// What becomes of a charge that comes now, and when.
    fn draw(&mut self, random: &mut StdRng) -> (Fate, Instant) {
        let (fate, latency) = self.behavior.draw(random);
        let mut turn = Instant::now();
        if let Some(capacity) = self.behavior.capacity {
            turn = turn.max(self.next_turn);
            self.next_turn = turn + Duration::from_secs(1) / capacity.get();
        }
        (fate, turn + latency)
    }
}

impl Simulator {
    /// One that captures everything at once until it is told otherwise. The same seed draws the same fates.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mood::new(Line::new(Behavior::default()), seed)))
    }

    /// Behaves so from now on, with nobody in line.
    fn behave(&self, behavior: Behavior) {
        self.0.with(|line, _| *line = Line::new(behavior));
    }

    /// How an admin has told it to behave.
    fn told(&self) -> v1::Behavior {
        self.0.with(|line, _| line.behavior.told)
    }

    fn is_up(&self) -> Result<(), Silence> {
        if self.told().down {
            return Err(Silence("the simulator is down".to_owned()));
        }
        Ok(())
    }
}

impl Provider for Simulator {
    fn charge<'a>(&'a self, site: &'a Site, charge: &'a Charge) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            // Down is a door that stays shut: the charge surely never arrived.
            if self.is_up().is_err() {
                return Answer::Nothing;
            }
            let (fate, at) = self.0.with(Line::draw);
            let (site, charge) = (site.clone(), charge.clone());
            let done = task::detach(async move {
                if at > Instant::now() {
                    sleep_until(at).await;
                }
                match fate {
                    Fate::Captured | Fate::ReplyLost => ledger::charge(&site, charge, true).await,
                    Fate::Declined => ledger::charge(&site, charge, false).await,
                    Fate::Failed | Fate::Hanging => Ok(Answer::Nothing),
                }
            });
            let answer = done.await;
            if matches!(fate, Fate::Hanging | Fate::ReplyLost) {
                std::future::pending::<()>().await;
            }
            match answer {
                Ok(Ok(answer)) => answer,
                Ok(Err(_)) | Err(_) => Answer::Unsure,
            }
        })
    }

    fn enquire<'a>(&'a self, site: &'a Site, key: &'a str) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            if self.is_up().is_err() {
                return Answer::Unsure;
            }
            ledger::enquire(site, key).await.unwrap_or(Answer::Unsure)
        })
    }

    fn reverse<'a>(
        &'a self,
        site: &'a Site,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Reversal, Silence>> {
        Box::pin(async move {
            self.is_up()?;
            ledger::reverse(site, key)
                .await
                .map_err(|why| Silence(why.to_string()))
        })
    }

    fn refund<'a>(
        &'a self,
        site: &'a Site,
        refund: &'a Refund,
    ) -> BoxFuture<'a, Result<(), Silence>> {
        Box::pin(async move {
            self.is_up()?;
            ledger::refund(site, refund)
                .await
                .map_err(|why| Silence(why.to_string()))
        })
    }
}
