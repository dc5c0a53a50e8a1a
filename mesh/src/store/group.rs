//! The commands of one transaction. They run one after the other with nothing between them: to mark where each begins
//! costs two statements, and on SQLite a copy of every page that the command touches. Only when one fails that has others
//! before it, all are undone, and run again with marks.

use super::command::{Did, Job};
use super::late::Late;
use super::trouble::store_unavailable;
use super::tx::Scope;
use super::{Db, Signals, failures};
use crate::refusal::Refusal;
use crate::telemetry::catalog::{STORE_COMMIT, STORE_GROUP};
use tokio::time::Instant;

/// After a group that had to run again so many are marked from the beginning: failures come together, as when many want
/// one seat.
const WARY: u32 = 32;

/// What a writer learns from one group for the next.
#[derive(Default)]
pub(super) struct Habit {
    /// So many groups are still to be marked from the beginning.
    wary: u32,
}

/// Runs commands in the transaction that was begun, ends it, and answers them. False: the connection is not to be used
/// again.
pub(super) fn run(
    db: &mut Db,
    scope: &Scope,
    signals: &Signals,
    habit: &mut Habit,
    jobs: impl Iterator<Item = Box<dyn Job>>,
) -> bool {
    // Another transaction's failure is not this one's.
    failures::take();
    let mut group = Group {
        db,
        scope,
        ran: Vec::new(),
        marked: habit.wary > 0,
        kept: 0,
        late: Late::default(),
        lost: false,
    };
    for job in jobs {
        // Dropped unrun, its caller hears UNAVAILABLE.
        if !group.lost {
            group.add(job);
        }
    }
    let committed = group.commit();
    habit.wary = match habit.wary {
        0 if group.marked => WARY,
        wary => wary.saturating_sub(1),
    };
    if committed.is_ok() && group.kept > 0 {
        signals.committed(group.late);
    }
    for job in group.ran {
        job.answer(committed.clone());
    }
    committed.is_ok()
}

struct Group<'a> {
    db: &'a mut Db,
    scope: &'a Scope,
    ran: Vec<Box<dyn Job>>,
    /// Each command begins with a mark, so that it can be undone alone.
    marked: bool,
    /// Commands of which something is to be committed.
    kept: usize,
    late: Late,
    /// The transaction, and with it all of the group.
    lost: bool,
}

impl Group<'_> {
    fn add(&mut self, mut job: Box<dyn Job>) {
        let did = job.run(self.db, self.scope, self.marked);
        self.ran.push(job);
        self.judge(did);
    }

    fn judge(&mut self, did: Did) {
        match did {
            Did::Nothing => {}
            Did::Well(late) => {
                self.kept += 1;
                self.late.and(late);
            }
            Did::Fail if self.marked => self.lost = self.db.lost_transaction(),
            Did::Fail if self.kept == 0 => self.lost = !self.afresh(),
            Did::Fail => self.with_marks(),
        }
    }

    /// Undoes everything, and runs whatever ran again.
    fn with_marks(&mut self) {
        (self.marked, self.kept, self.late) = (true, 0, Late::default());
        self.lost = !self.afresh();
        for place in 0..self.ran.len() {
            if self.lost {
                return;
            }
            let did = self.ran[place].run(self.db, self.scope, true);
            self.judge(did);
        }
    }

    fn afresh(&mut self) -> bool {
        failures::take();
        self.db.rollback().is_ok() && self.db.begin().is_ok()
    }

    /// Writes what was left to be written at the end. True: that, or anything before it, spoilt the transaction. On
    /// PostgreSQL a statement that failed does, though its command took no notice; and `COMMIT` then succeeds, and rolls
    /// back.
    fn is_spoilt(&mut self) -> bool {
        let written = self.late.write(self.db, self.scope);
        written.is_err() || (failures::take() && self.db.lost_transaction())
    }

    fn commit(&mut self) -> Result<(), Refusal> {
        // With marks each command has written its own, and its own end fails.
        if !self.marked && self.kept > 0 && !self.lost && self.is_spoilt() {
            self.with_marks();
        }
        // With a savepoint still open the commit would release that, and nothing more.
        if self.lost || self.db.depth() != 1 {
            let _ = self.db.rollback();
            return Err(store_unavailable(
                "the database rolled the whole group back",
            ));
        }
        if self.kept == 0 {
            return self.db.rollback().map_err(store_unavailable);
        }
        let begun = Instant::now();
        let committed = self.db.commit().map_err(store_unavailable);
        let label = [self.scope.label()];
        STORE_COMMIT.record(begun.elapsed().as_secs_f64(), &label);
        STORE_GROUP.record(self.ran.len() as f64, &label);
        committed
    }
}
