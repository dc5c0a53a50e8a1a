//! How many calls are let in at once, per context and class of method, over all connections.

mod aimd;

use super::next::{Incoming, Next, layer as layer_of};
use crate::call::Crowded;
use crate::contracts::{Load, Method};
use crate::refusal::{Kind, Refusal, text};
use crate::telemetry::catalog::{LIMIT_CALLS, LIMIT_IN_USE};
use crate::telemetry::rpc::shed;
use crate::telemetry::{CONTEXT, Reading, glance};
use aimd::Aimd;
use opentelemetry::KeyValue;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tonic::Code;

/// When a shed caller is told to come back: about the time a full house takes to empty once.
const COME_BACK: Duration = Duration::from_millis(250);

/// How many calls are let in at once, for each context and [`Load`]. The rest is shed, not queued: a queue only adds
/// waiting to what is late already. It becomes more while all are answered in time and some are shed, and less when
/// many are late, or find whom they need full ([`crate::call::crowded`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// So many at first.
    pub calls: usize,
    /// It never becomes less.
    pub least: usize,
    /// It never becomes more.
    pub most: usize,
    /// Percent of them only for reserved methods: cancel, confirm, refund.
    pub reserve: usize,
}

impl Limits {
    /// So many, whatever happens; of them the reserve, percent.
    pub const fn fixed(calls: usize, reserve: usize) -> Self {
        Self {
            calls,
            least: calls,
            most: calls,
            reserve,
        }
    }
}

impl Default for Limits {
    /// 200 at first, then 32 to 1000, a fifth of it in reserve (reliability.md, Calls).
    fn default() -> Self {
        Self {
            calls: 200,
            least: 32,
            most: 1000,
            reserve: 20,
        }
    }
}

/// A place below the limit, given back when dropped. By how it was used the limit learns.
pub(super) struct Permit {
    gate: Arc<Gate>,
    began: Instant,
    /// From when on it is late; none for a stream, that takes as long as it takes.
    target: Option<Duration>,
    is_reserved: bool,
    used: Use,
}

/// What became of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// It was refused at a door further in.
    None,
    /// The handler did not come to its end, or to no good one.
    Begun,
    Answered,
    /// Who it needed was full.
    Crowded,
}

impl Permit {
    /// The handler begins.
    pub(super) fn begin(&mut self) {
        self.used = Use::Begun;
    }

    /// The handler has answered so, and found whom it needed full or not. What was done all the same was no waste.
    pub(super) fn answered(&mut self, code: Code, crowded: &Crowded) {
        self.used = match code {
            Code::Ok => Use::Answered,
            _ if crowded.is_noted() => Use::Crowded,
            _ => Use::Begun,
        };
    }

    /// Whether the call went badly; none when it says nothing: a refusal is quick however busy we are.
    fn is_bad(&self, now: Instant) -> Option<bool> {
        let is_late = now.saturating_duration_since(self.began) > self.target?;
        match self.used {
            Use::None => None,
            Use::Begun => is_late.then_some(true),
            Use::Answered => Some(is_late),
            Use::Crowded => Some(true),
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let inside = self.gate.leave(self.is_reserved);
        let now = Instant::now();
        if let Some(is_bad) = self.is_bad(now) {
            let mut aimd = self.gate.aimd();
            aimd.ended(self.began, is_bad, inside, now);
            self.gate.limit.store(aimd.limit(), Ordering::Release);
        }
    }
}

/// The limit of one class of one context.
struct Gate {
    inside: AtomicUsize,
    /// Those of them that are reserved.
    reserved: AtomicUsize,
    limit: AtomicUsize,
    aimd: Mutex<Aimd>,
}

impl Gate {
    fn new(limits: Limits) -> Self {
        let aimd = Aimd::new(limits.calls, limits.least, limits.most);
        Self {
            inside: AtomicUsize::new(0),
            reserved: AtomicUsize::new(0),
            limit: AtomicUsize::new(limits.calls),
            aimd: Mutex::new(aimd),
        }
    }

    /// Takes a place. What is reserved has the reserve to itself, also while more are in than the limit, that has just
    /// become less, allows.
    fn enter(&self, is_reserved: bool, reserve: usize) -> bool {
        let limit = self.limit.load(Ordering::Acquire);
        let reserve = (limit * reserve / 100).min(limit);
        if !is_reserved {
            return up_to(&self.inside, limit - reserve);
        }
        let in_reserve = self.reserved.fetch_add(1, Ordering::AcqRel) < reserve;
        if !in_reserve && !up_to(&self.inside, limit) {
            self.reserved.fetch_sub(1, Ordering::AcqRel);
            return false;
        }
        if in_reserve {
            self.inside.fetch_add(1, Ordering::AcqRel);
        }
        true
    }

    /// Gives it back, and answers how many are still in.
    fn leave(&self, is_reserved: bool) -> usize {
        self.reserved
            .fetch_sub(usize::from(is_reserved), Ordering::AcqRel);
        self.inside.fetch_sub(1, Ordering::AcqRel) - 1
    }

    fn aimd(&self) -> MutexGuard<'_, Aimd> {
        self.aimd.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn up_to(count: &AtomicUsize, most: usize) -> bool {
    count
        .fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| {
            (n < most).then_some(n + 1)
        })
        .is_ok()
}

/// Who is in, by context and class.
pub(super) struct Gates {
    reserve: usize,
    gates: HashMap<String, HashMap<Load, Arc<Gate>>>,
}

impl Gates {
    pub(super) fn new<'a>(limits: Limits, methods: impl Iterator<Item = &'a Arc<Method>>) -> Self {
        let mut gates: HashMap<String, HashMap<Load, _>> = HashMap::new();
        for method in methods {
            let of_context = gates.entry(method.context.clone()).or_default();
            of_context
                .entry(method.load)
                .or_insert_with(|| Arc::new(Gate::new(limits)));
        }
        Self {
            reserve: limits.reserve,
            gates,
        }
    }

    fn enter(&self, method: &Method) -> Result<Permit, Refusal> {
        let gate = self
            .gates
            .get(&method.context)
            .and_then(|of_context| of_context.get(&method.load))
            .ok_or_else(|| Refusal::internal("a method without a limit"))?;
        if !gate.enter(method.reserved, self.reserve) {
            gate.aimd().shed();
            shed(method, "OVERLOADED");
            return Err(overloaded());
        }
        Ok(Permit {
            gate: gate.clone(),
            began: Instant::now(),
            target: method.unary.then(|| aimd::target(method.deadline)),
            is_reserved: method.reserved,
            used: Use::None,
        })
    }

    /// How many are let in, and are in, by context and class.
    fn readings(&self) -> Vec<Reading> {
        let mut readings = Vec::new();
        for (context, of_context) in &self.gates {
            for (load, gate) in of_context {
                let limit = gate.limit.load(Ordering::Acquire);
                let inside = gate.inside.load(Ordering::Acquire);
                for (metric, value) in [(&LIMIT_CALLS, limit), (&LIMIT_IN_USE, inside)] {
                    let attributes = vec![
                        KeyValue::new(CONTEXT, context.clone()),
                        KeyValue::new("yemae.load", load.name()),
                    ];
                    readings.push(Reading {
                        metric,
                        value: value as f64,
                        attributes,
                    });
                }
            }
        }
        readings
    }
}

pub(super) fn layer(gates: Gates) -> impl Fn(Next) -> Next + Clone {
    let gates = Arc::new(gates);
    let seen = Arc::downgrade(&gates);
    glance(move || Some(seen.upgrade()?.readings()));
    layer_of(move |next: Next, mut incoming: Incoming| {
        let gates = gates.clone();
        async move {
            // Health and reflection have no contract: who is overloaded must still be able to say that it lives.
            if let Some(method) = &incoming.method {
                incoming.permit = Some(gates.enter(method)?);
            }
            next.call(incoming).await
        }
    })
}

fn overloaded() -> Refusal {
    Refusal::new(
        Kind::Exhausted,
        "OVERLOADED",
        text(
            "too many calls at once; try again",
            "요청이 많습니다. 잠시 후 다시 시도해 주세요.",
        ),
    )
    .retry_after(COME_BACK)
}
