//! Who lives in the world, and what people are told there.

use crate::shared::{Resident, Teller};
use mesh::{Time, refusal};
use ordering::audit::{Facts, Outcome, Record};
use proto::payment::v1::simulator_service_client::SimulatorServiceClient;
use proto::payment::v1::{Behavior, SetBehaviorRequest};
use std::sync::Mutex;
use std::time::Duration;
use testing::Caller;
use testing::chaos::{Chaos, Make};
use tokio::time::sleep;
use tonic::{Code, Response, Status};

/// Who tells the audit what.
pub type Tellers = Vec<(&'static str, Teller)>;

/// Moves them in.
pub fn settle<'a>(
    residents: impl Iterator<Item = &'a Resident>,
    seed: u64,
) -> (Vec<Make>, Tellers) {
    residents
        .map(|resident| {
            let make: Make = (resident.make)(seed).into();
            (make, (resident.name, resident.facts))
        })
        .unzip()
}

/// What they all tell, as their databases are now.
pub fn facts(world: &Chaos, tellers: &Tellers) -> Facts {
    let mut all = Facts::default();
    for (context, tell) in tellers {
        let mut told = world.read(context, |db| tell(db).unwrap());
        told.contexts.push((*context).to_owned());
        all.add(told);
    }
    all
}

/// The people's side of a world: what they call, and what they are told.
pub struct Town {
    pub world: Chaos,
    history: Mutex<Vec<Record>>,
}

impl Town {
    pub fn new(world: &Chaos) -> Self {
        Self {
            world: world.clone(),
            history: Mutex::default(),
        }
    }

    /// To call a context as a customer.
    pub fn customer(&self, name: &str, context: &'static str) -> mesh::client::Client {
        self.world.client(context, Caller::customer(name))
    }

    /// To call a context as somebody who works.
    pub fn worker(&self, name: &str, role: &str, context: &'static str) -> mesh::client::Client {
        self.world.client(context, Caller::user(name, &[role]))
    }

    /// Whoever takes the money may have a bad day, which lasts.
    pub async fn give_payment_a_mood(&self) {
        let dice = self.world.dice();
        let behavior = Behavior {
            declined_percent: *dice.pick(&[0, 0, 10]),
            failed_percent: *dice.pick(&[0, 0, 10]),
            reply_lost_percent: *dice.pick(&[0, 0, 20]),
            hanging_percent: *dice.pick(&[0, 0, 10]),
            ..Behavior::default()
        };
        let request = SetBehaviorRequest {
            behavior: Some(behavior),
        };
        let mut simulator = SimulatorServiceClient::new(self.worker("root", "admin", "payment"));
        simulator.set_behavior(request).await.unwrap();
    }

    /// Waits until something is there.
    pub async fn until<T>(&self, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Asks for an order until it is known what became of it, or out of patience. Answers its id.
    pub async fn order(
        &self,
        request_id: &str,
        mut ask: impl AsyncFnMut() -> Result<String, Status>,
    ) -> Option<String> {
        let dice = self.world.dice();
        sleep(dice.millis(0, 3_000)).await;
        for _ in 0..6 {
            let begun = self.world.now();
            let told = ask().await;
            let patience = match self.note("create", request_id, begun, &told) {
                Outcome::Ok => return told.ok(),
                Outcome::Refused => 0.3,
                Outcome::Unknown => 0.85,
            };
            if !dice.chance(patience) {
                return None;
            }
            let pause = *dice.pick(&[100, 3_000, 20_000]);
            sleep(dice.millis(1, pause)).await;
        }
        None
    }

    /// Something is done about an order: a "cancel", or a "progress" that can't be undone.
    pub async fn deed<R>(
        &self,
        op: &str,
        order_id: &str,
        call: impl Future<Output = Result<Response<R>, Status>>,
    ) {
        let begun = self.world.now();
        let told = call.await.map(|_| order_id.to_owned());
        self.note(op, "", begun, &told);
    }

    /// A while, short or long.
    pub async fn pause(&self) {
        let dice = self.world.dice();
        let longest = *dice.pick(&[30, 500, 5_000]);
        sleep(dice.millis(1, longest)).await;
    }

    fn note(
        &self,
        op: &str,
        request_id: &str,
        begun: Time,
        told: &Result<String, Status>,
    ) -> Outcome {
        let reason = told.as_ref().err().and_then(refusal::reason);
        let reason = reason.unwrap_or_default();
        let outcome = match told {
            Ok(_) => Outcome::Ok,
            Err(status) => outcome(status, &reason),
        };
        self.world
            .say(|| format!("{op} {request_id} {outcome:?} {told:?}"));
        let now = self.world.now();
        self.history.lock().unwrap().push(Record {
            op: op.to_owned(),
            outcome,
            order_id: told.clone().unwrap_or_default(),
            request_id: request_id.to_owned(),
            reason,
            at: now.0,
            took: now.0 - begun.0,
        });
        outcome
    }

    /// What everybody was told.
    pub fn history(&self) -> Vec<Record> {
        self.history.lock().unwrap().clone()
    }

    pub fn commands(&self) -> usize {
        self.history.lock().unwrap().len()
    }

    pub fn placed(&self) -> usize {
        let history = self.history.lock().unwrap();
        let placed = |record: &&Record| record.op == "create" && record.outcome == Outcome::Ok;
        history.iter().filter(placed).count()
    }
}

fn outcome(status: &Status, reason: &str) -> Outcome {
    let is_no = match status.code() {
        Code::Unavailable => matches!(reason, "PAYMENT_BUSY" | "PAYMENT_UNCONFIRMED"),
        Code::Aborted | Code::DeadlineExceeded | Code::Cancelled => false,
        _ => true,
    };
    if is_no {
        Outcome::Refused
    } else {
        Outcome::Unknown
    }
}
