//! What a command may do inside its transaction.

use super::at_end::{AtEnd, Left};
use super::late::Late;
use super::{Db, Setup};
use crate::clock::{Clock, Time};
use crate::contracts::Contracts;
use crate::event::{Cause, Event};
use crate::refusal::Refusal;
use crate::telemetry;
use crate::{inbox, outbox};
use opentelemetry::KeyValue;
use std::sync::Arc;

/// What every transaction of a store knows.
#[derive(Clone)]
pub(super) struct Scope {
    context: Arc<str>,
    clock: Clock,
    contracts: Arc<Contracts>,
}

impl Scope {
    pub(super) fn context(&self) -> &str {
        &self.context
    }

    /// By which its metrics are told apart.
    pub(super) fn label(&self) -> KeyValue {
        KeyValue::new(telemetry::CONTEXT, self.context.clone())
    }

    pub(super) fn new(setup: &Setup) -> Self {
        Self {
            context: setup.context.as_str().into(),
            clock: setup.clock.clone(),
            contracts: setup.contracts.clone(),
        }
    }
}

/// One command's part of a transaction.
pub struct Tx<'a> {
    db: &'a mut Db,
    scope: &'a Scope,
    now: Time,
    cause: Option<Cause>,
    pub(super) late: Late,
}

impl<'a> Tx<'a> {
    pub(super) fn new(db: &'a mut Db, scope: &'a Scope) -> Self {
        let now = scope.clock.now();
        Self {
            db,
            scope,
            now,
            cause: None,
            late: Late::default(),
        }
    }

    /// The connection, for queries. What was enqueued, tasks, and what was left for the end are not to be seen yet: they are
    /// written then, whatever becomes of a transaction within this one.
    pub fn db(&mut self) -> &mut Db {
        self.db
    }

    /// When this command runs; the same for all of it.
    pub fn now(&self) -> Time {
        self.now
    }

    /// The context whose store this is.
    pub fn context(&self) -> &str {
        &self.scope.context
    }

    /// What is enqueued or put down from now on has this cause.
    pub(crate) fn because(&mut self, cause: Option<Cause>) {
        self.cause = cause;
    }

    /// States an entity: the event is published after the commit, or never when there is none.
    pub fn enqueue(&mut self, event: Event) -> Result<(), Refusal> {
        let entity = match event.entity {
            Some(entity) => entity,
            None => self.scope.contracts.entity(&event.name)?,
        };
        if !fits_a_subject(&event.id) {
            return Err(Refusal::internal(format!(
                "no subject can carry the id {:?} of {}",
                event.id, event.name
            )));
        }
        let subject = format!("yemae.{}.{entity}.{}", self.scope.context, event.id);
        let row = outbox::Row::new(subject, event, self.cause.as_ref(), self.now);
        self.late.enqueue(row);
        Ok(())
    }

    /// Whether the context has once acted on everything there was: until then, what it does not know may be on its way.
    pub fn has_caught_up(&mut self) -> Result<bool, Refusal> {
        let context = self.scope.context.clone();
        Ok(inbox::has_caught_up(self.db, &context)?)
    }

    /// Leaves something to be written at the end of the transaction, with all others of its kind.
    pub fn at_end<R: AtEnd>(&mut self, row: R) {
        self.late.leave(Left::new(row, self.cause.clone()));
    }

    /// Puts down a call that must leave our doors, to be worked until done. The same kind and key again is the same
    /// task, and changes nothing.
    pub fn start_task(
        &mut self,
        kind: &str,
        key: &str,
        payload: &impl serde::Serialize,
    ) -> Result<(), Refusal> {
        let payload = serde_json::to_string(payload).map_err(Refusal::internal)?;
        let (cause, now) = (self.cause.as_ref(), self.now);
        self.late.starts().start(kind, key, payload, cause, now);
        Ok(())
    }

    /// Takes a task back that nobody needs any more. One that is being worked at this moment, or is about to be, still
    /// ends, and changes what it then changes.
    pub fn drop_task(&mut self, kind: &str, key: &str) {
        self.late.ends().end(kind, key);
    }
}

/// Whether a subject can end with `id`: a NATS server would refuse it for ever.
fn fits_a_subject(id: &str) -> bool {
    let fine = |c: char| c.is_ascii_graphic() && !matches!(c, '*' | '>');
    id.split('.')
        .all(|token| !token.is_empty() && token.chars().all(fine))
}

#[cfg(test)]
mod tests {
    use super::fits_a_subject;

    #[test]
    fn an_id_is_one_or_more_tokens_without_wildcards_or_spaces() {
        for id in ["0197a6d2-0c3e-7000-8000-000000000000", "a.b", "a:b/c"] {
            assert!(fits_a_subject(id), "{id}");
        }
        for id in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "*",
            "a.>",
            "a b",
            "a\r\nb: c",
            "예매",
        ] {
            assert!(!fits_a_subject(id), "{id}");
        }
    }
}
