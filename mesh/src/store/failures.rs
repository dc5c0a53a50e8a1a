//! Statements that failed in PostgreSQL. One spoils its transaction although the command that said it may take no notice, and
//! `COMMIT` then succeeds and rolls back. To ask the server before each would be a question more for every transaction.

use diesel::connection::{Instrumentation, InstrumentationEvent};
use std::cell::Cell;

thread_local! {
    /// A transaction is run by one thread.
    static FAILED: Cell<bool> = const { Cell::new(false) };
}

/// Listens to a connection.
pub(super) struct Failures;

impl Instrumentation for Failures {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::FinishQuery { error: Some(_), .. } = event {
            FAILED.set(true);
        }
    }
}

/// Whether a statement failed on this thread since this was last asked.
pub(super) fn take() -> bool {
    FAILED.replace(false)
}
