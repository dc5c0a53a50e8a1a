//! What the commands of a transaction leave to be written at its end: their events and tasks, which none of them reads, and
//! what contexts leave. On PostgreSQL each statement is a question to the server, and one takes all rows there are.

use super::Db;
use super::at_end::{AtEnd, Left, Piles};
use super::tx::Scope;
use crate::refusal::Refusal;
use crate::{outbox, tasks};

/// What is to be written, and whom the commit then wakes.
#[derive(Default)]
pub(super) struct Late {
    /// What was enqueued, in this order.
    outbox: Vec<outbox::Row>,
    /// The first so many are written.
    written: usize,
    tasks: tasks::Changes,
    piles: Piles,
    /// A task is due.
    wakes_tasks: bool,
}

impl Late {
    pub(super) fn enqueue(&mut self, row: outbox::Row) {
        self.outbox.push(row);
    }

    /// Tasks, to put some down.
    pub(super) fn starts(&mut self) -> &mut tasks::Changes {
        self.wakes_tasks = true;
        &mut self.tasks
    }

    /// Tasks, to end some.
    pub(super) fn ends(&mut self) -> &mut tasks::Changes {
        &mut self.tasks
    }

    /// What a context leaves.
    pub(super) fn leave<R: AtEnd>(&mut self, left: Left<R>) {
        self.piles.add(left);
    }

    /// And what the next command leaves: both are written, or none is.
    pub(super) fn and(&mut self, mut next: Self) {
        self.outbox.append(&mut next.outbox);
        self.written += next.written;
        self.tasks.and(next.tasks);
        self.piles.and(next.piles);
        self.wakes_tasks |= next.wakes_tasks;
    }

    /// Writes what is not written yet.
    pub(super) fn write(&mut self, db: &mut Db, scope: &Scope) -> Result<(), Refusal> {
        while let Some(led_to) = self.piles.write_one(db, scope)? {
            self.and(led_to);
        }
        outbox::insert(db, &mut self.outbox[self.written..])?;
        self.written = self.outbox.len();
        Ok(self.tasks.write(db)?)
    }

    /// The rows that were enqueued, and whether a task is due.
    pub(super) fn woken(self) -> (Vec<outbox::Row>, bool) {
        (self.outbox, self.wakes_tasks)
    }
}
