//! How many calls are let in at once, per context and class of method, over all connections.

use super::next::{Incoming, Next, layer as layer_of};
use crate::contracts::{Load, Method};
use crate::refusal::{Kind, Refusal, text};
use crate::telemetry::catalog::{LIMIT_CALLS, LIMIT_IN_USE};
use crate::telemetry::rpc::shed;
use crate::telemetry::{CONTEXT, Reading, glance};
use opentelemetry::KeyValue;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// When a shed caller is told to come back: about the time a full house takes to empty once.
const COME_BACK: Duration = Duration::from_millis(250);

/// How many calls are let in at once, for each context and [`Load`]. The rest is shed, not queued: a queue only adds
/// waiting to what is late already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// So many in all.
    pub calls: usize,
    /// So many of them only for reserved methods: cancel, confirm, refund.
    pub reserve: usize,
}

impl Default for Limits {
    /// 200, a fifth of it in reserve (reliability.md, Calls).
    fn default() -> Self {
        Self {
            calls: 200,
            reserve: 40,
        }
    }
}

/// A place below the limit, given back when dropped.
pub(super) struct Permit(Arc<AtomicUsize>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Who is in, by context and class.
pub(super) struct Gates {
    limits: Limits,
    inside: HashMap<String, HashMap<Load, Arc<AtomicUsize>>>,
}

impl Gates {
    pub(super) fn new<'a>(limits: Limits, methods: impl Iterator<Item = &'a Arc<Method>>) -> Self {
        let mut inside: HashMap<String, HashMap<Load, _>> = HashMap::new();
        for method in methods {
            let of_context = inside.entry(method.context.clone()).or_default();
            of_context.entry(method.load).or_default();
        }
        Self { limits, inside }
    }

    fn enter(&self, method: &Method) -> Result<Permit, Refusal> {
        let inside = self
            .inside
            .get(&method.context)
            .and_then(|of_context| of_context.get(&method.load))
            .ok_or_else(|| Refusal::internal("a method without a limit"))?;
        let most = if method.reserved {
            self.limits.calls
        } else {
            self.limits.calls.saturating_sub(self.limits.reserve)
        };
        inside
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| {
                (n < most).then_some(n + 1)
            })
            .map(|_| Permit(inside.clone()))
            .map_err(|_| {
                shed(method, "OVERLOADED");
                overloaded()
            })
    }

    /// How many are let in, and are in, by context and class.
    fn readings(&self) -> Vec<Reading> {
        let mut readings = Vec::new();
        for (context, of_context) in &self.inside {
            for (load, inside) in of_context {
                let inside = inside.load(Ordering::Acquire);
                for (metric, value) in [(&LIMIT_CALLS, self.limits.calls), (&LIMIT_IN_USE, inside)]
                {
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
