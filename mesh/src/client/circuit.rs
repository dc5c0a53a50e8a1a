//! Leaves an endpoint alone while it keeps failing: a gate that asks the [`Breaker`] and does what it says.

use super::around::{Hop, send};
use super::breaker::{Breaker, Generation, Outcome};
use super::deadline;
use super::reply::{self, Own};
use super::trip::Trip;
use super::{Reply, Request, Standing, State};
use crate::telemetry::Reading;
use crate::telemetry::catalog::{BREAKER_OPENED, BREAKER_STATE};
use crate::telemetry::rpc::Line;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tonic::Code;

/// The breaker of one endpoint.
#[derive(Debug)]
pub(super) struct Circuit {
    line: Line,
    endpoint: String,
    breaker: Mutex<Breaker>,
}

impl Circuit {
    pub(super) fn new(line: Line, endpoint: &str, longest: Duration) -> Self {
        Self {
            line,
            endpoint: endpoint.to_owned(),
            breaker: Mutex::new(Breaker::new(longest, Instant::now())),
        }
    }

    pub(super) fn standing(&self) -> Standing {
        let breaker = self.breaker();
        Standing {
            peer: self.line.peer.to_string(),
            endpoint: self.endpoint.clone(),
            state: breaker.state(),
            consecutive_failures: breaker.consecutive_failures(),
        }
    }

    pub(super) fn reading(&self) -> Vec<Reading> {
        let state = match self.breaker().state() {
            State::Closed => 0.0,
            State::Probing => 1.0,
            State::Open => 2.0,
        };
        self.line.reading(&BREAKER_STATE, state)
    }

    /// Whether a call would be let through.
    pub(super) fn admits(&self, now: Instant) -> bool {
        self.breaker().admits(now)
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn judge(&self, call: Generation, outcome: Outcome) {
        let (before, after) = {
            let mut breaker = self.breaker();
            let before = breaker.state();
            breaker.judge(call, outcome, Instant::now(), rand::random());
            (before, breaker.state())
        };
        match (before, after) {
            (State::Closed, State::Open) => {
                BREAKER_OPENED.add(1, &self.line.attributes());
                tracing::warn!(
                    peer = self.line.peer.as_str(),
                    endpoint = self.endpoint,
                    "circuit opened"
                );
            }
            (State::Probing, State::Closed) => {
                tracing::info!(
                    peer = self.line.peer.as_str(),
                    endpoint = self.endpoint,
                    "circuit closed"
                );
            }
            _ => {}
        }
    }
}

/// Passes a call through while the circuit is closed. It refuses in a reply, never by not being ready: callers drop a
/// service that is not.
pub(super) async fn guard(
    (circuit, attempt): (Arc<Circuit>, Duration),
    next: impl Hop,
    request: Request,
) -> Reply {
    let now = Instant::now();
    let admitted = circuit.breaker().admit(now);
    let call = match admitted {
        Ok(call) => call,
        Err(wait) => return reply::circuit_open(circuit.line.peer.as_str(), wait),
    };
    // Whoever leaves less than half of an attempt cannot tell a peer that is silent from one that is at work.
    let is_hurried = Trip::of(&request).is_unary()
        && deadline::of(&request).is_some_and(|until| until < now + attempt / 2);
    let silence = match is_hurried {
        true => Outcome::Nothing,
        false => Outcome::Failure,
    };
    let mut pass = Pass {
        circuit,
        call,
        outcome: silence,
    };
    let reply = send(next, request).await;
    pass.outcome = outcome(&reply, silence);
    reply
}

/// A call let through: judged when it ends, and by its silence when it ends without an answer.
struct Pass {
    circuit: Arc<Circuit>,
    call: Generation,
    outcome: Outcome,
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.circuit.judge(self.call, self.outcome);
    }
}

/// What a reply says about the peer's health, by the codes that linkerd takes for failures: a refusal is none, nor is what
/// the peer says of somebody whom it waits for itself.
fn outcome(reply: &Reply, silence: Outcome) -> Outcome {
    match (reply::code(reply), reply::own(reply)) {
        (_, Some(Own::Refused)) => Outcome::Nothing,
        (_, Some(Own::Silent)) | (Code::DeadlineExceeded, _) => silence,
        (Code::Unavailable, None) if reply::waits(reply) => Outcome::Success,
        (Code::Unknown | Code::Internal | Code::Unavailable | Code::DataLoss, _) => {
            Outcome::Failure
        }
        _ => Outcome::Success,
    }
}
