//! Rows that contexts leave to be written at the end of a transaction, those of all its commands together: on PostgreSQL
//! each statement is a question to the server, and one takes as many rows as there are.

use super::Db;
use super::command::caught;
use super::late::Late;
use super::tx::{Scope, Tx};
use crate::event::Cause;
use crate::refusal::Refusal;
use crate::telemetry::trace;
use std::any::{Any, TypeId};
use std::collections::BTreeMap;

/// What a command leaves with [`Tx::at_end`]. None that runs before the end sees it.
pub trait AtEnd: Sized + Send + 'static {
    /// Writes what was left, in this order. When it fails all is undone, and each command has an end of its own.
    fn write(tx: &mut Tx<'_>, left: Vec<Left<Self>>) -> Result<(), Refusal>;
}

/// What one command has left, and on whose behalf.
pub struct Left<R> {
    /// What it is.
    pub row: R,
    cause: Option<Cause>,
    trace: Option<opentelemetry::Context>,
}

impl<R> Left<R> {
    pub(super) fn new(row: R, cause: Option<Cause>) -> Self {
        Self {
            row,
            cause,
            trace: trace::current(),
        }
    }

    /// Does what follows from it: what that enqueues and puts down has the cause, and is part of the trace, of the command.
    pub fn follow<T>(&self, tx: &mut Tx<'_>, then: impl FnOnce(&mut Tx<'_>, &R) -> T) -> T {
        let _within = trace::enter(&self.trace);
        tx.because(self.cause.clone());
        then(tx, &self.row)
    }
}

/// All that is left of one kind.
trait Pile: Any + Send {
    fn and(&mut self, next: Box<dyn Any>);
    fn write(self: Box<Self>, tx: &mut Tx<'_>) -> Result<(), Refusal>;
}

impl<R: AtEnd> Pile for Vec<Left<R>> {
    fn and(&mut self, next: Box<dyn Any>) {
        self.extend(*next.downcast::<Self>().unwrap_or_default());
    }

    fn write(self: Box<Self>, tx: &mut Tx<'_>) -> Result<(), Refusal> {
        R::write(tx, *self)
    }
}

/// All that is left, of whatever kind.
#[derive(Default)]
pub(super) struct Piles(BTreeMap<TypeId, Box<dyn Pile>>);

impl Piles {
    pub(super) fn add<R: AtEnd>(&mut self, left: Left<R>) {
        self.put(TypeId::of::<R>(), Box::new(vec![left]));
    }

    pub(super) fn and(&mut self, next: Self) {
        next.0
            .into_iter()
            .for_each(|(kind, pile)| self.put(kind, pile));
    }

    fn put(&mut self, kind: TypeId, pile: Box<dyn Pile>) {
        match self.0.get_mut(&kind) {
            Some(own) => own.and(pile),
            None => drop(self.0.insert(kind, pile)),
        }
    }

    /// Writes one pile, and answers what that leaves in its turn, which may be another. None: there is none.
    pub(super) fn write_one(
        &mut self,
        db: &mut Db,
        scope: &Scope,
    ) -> Result<Option<Late>, Refusal> {
        let Some((_, pile)) = self.0.pop_first() else {
            return Ok(None);
        };
        let mut tx = Tx::new(db, scope);
        caught(|| pile.write(&mut tx))?;
        Ok(Some(tx.late))
    }
}
