//! One command on its way through a writer.

use super::late::Late;
use super::tx::{Scope, Tx};
use super::{Db, out_of_time};
use crate::refusal::Refusal;
use crate::telemetry::trace;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// What a writer takes: a command of whatever type.
pub(super) trait Job: Send {
    /// Runs it, once more if it ran before. With a mark what it did is undone when it fails; without one it is for the
    /// writer to undo.
    fn run(&mut self, db: &mut Db, scope: &Scope, marked: bool) -> Did;

    /// Tells its caller what it came to, now that the fate of the transaction is known.
    fn answer(self: Box<Self>, committed: Result<(), Refusal>);
}

/// What running a command did.
pub(super) enum Did {
    /// It was too late to begin.
    Nothing,
    /// What it was to do.
    Well(Late),
    /// Whatever it did is not to stay.
    Fail,
}

/// A command and its caller.
pub(super) struct Command<T, F> {
    command: Arc<F>,
    deadline: Option<Instant>,
    /// What it enqueues is part of the trace of who waits for it, on whatever thread it runs.
    trace: Option<opentelemetry::Context>,
    /// Its place in the queue, until it runs.
    place: Option<Arc<()>>,
    tell: oneshot::Sender<Result<T, Refusal>>,
    result: Result<T, Refusal>,
}

impl<T, F> Command<T, F> {
    pub(super) fn new(
        command: Arc<F>,
        deadline: Option<Instant>,
        place: Option<Arc<()>>,
    ) -> (Self, oneshot::Receiver<Result<T, Refusal>>) {
        let (tell, told) = oneshot::channel();
        let command = Self {
            command,
            deadline,
            trace: trace::current(),
            place,
            tell,
            result: Err(out_of_time()),
        };
        (command, told)
    }
}

impl<T, F> Job for Command<T, F>
where
    T: Send,
    F: Fn(&mut Tx<'_>) -> Result<T, Refusal> + Send + Sync,
{
    fn run(&mut self, db: &mut Db, scope: &Scope, marked: bool) -> Did {
        self.place = None;
        let _within = trace::enter(&self.trace);
        if self
            .deadline
            .is_some_and(|deadline| Instant::now() >= deadline)
        {
            self.result = Err(out_of_time());
            return Did::Nothing;
        }
        let (result, late) = match marked {
            true => guarded(db, scope, &*self.command),
            false => bare(db, scope, &*self.command),
        };
        self.result = result;
        match self.result {
            Ok(_) => Did::Well(late),
            Err(_) => Did::Fail,
        }
    }

    fn answer(self: Box<Self>, committed: Result<(), Refusal>) {
        let _ = self.tell.send(committed.and(self.result));
    }
}

/// Runs it where it stands. A panic inside it is its own failure, nobody else's.
fn bare<T>(
    db: &mut Db,
    scope: &Scope,
    command: &impl Fn(&mut Tx<'_>) -> Result<T, Refusal>,
) -> (Result<T, Refusal>, Late) {
    let outside = db.depth();
    let mut tx = Tx::new(db, scope);
    let result = caught(|| command(&mut tx));
    let late = tx.late;
    // A panic leaves the savepoints open that the command itself had made, and an open one would swallow the commit
    // of everybody else.
    db.unwind_to(outside);
    (result, late)
}

/// Runs it in a savepoint of its own.
fn guarded<T>(
    db: &mut Db,
    scope: &Scope,
    command: &impl Fn(&mut Tx<'_>) -> Result<T, Refusal>,
) -> (Result<T, Refusal>, Late) {
    if let Err(why) = db.mark() {
        return (Err(why.into()), Late::default());
    }
    let (result, mut late) = bare(db, scope, command);
    let result = result.and_then(|answer| {
        late.write(db, scope)?;
        db.keep()?;
        Ok(answer)
    });
    if result.is_err() {
        // Where that fails the group is lost, which is looked at after every command that failed.
        let _ = db.undo();
    }
    (result, late)
}

/// What it answers; a panic is a refusal.
pub(super) fn caught<T>(work: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panicked(&*panic)))
}

fn panicked(panic: &(dyn Any + Send)) -> Refusal {
    let said = panic.downcast_ref::<&str>().copied();
    let said = said.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Refusal::internal(format!(
        "a command panicked: {}",
        said.unwrap_or("it did not say why")
    ))
}
