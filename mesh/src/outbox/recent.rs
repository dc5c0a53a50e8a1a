//! What was committed a moment ago, handed to the relay as it is: to read it back costs a query for each commit, on a
//! connection whose pages the commit has just made stale.

use super::Row;
use std::mem::take;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The most rows kept here. Who publishes nothing for so long looks into the table.
const MOST: usize = 1024;

/// The rows of this process's last commits, in their order.
#[derive(Default)]
pub(crate) struct Recent {
    rows: Mutex<Rows>,
    changed: Notify,
}

#[derive(Default)]
struct Rows {
    fresh: Vec<Row>,
    /// There may be others, that only the table has.
    missed: bool,
}

impl Recent {
    /// A commit has enqueued these.
    pub(crate) fn add(&self, mut fresh: Vec<Row>) {
        let mut rows = self.rows();
        if rows.missed || rows.fresh.len() + fresh.len() > MOST {
            *rows = Rows {
                fresh: Vec::new(),
                missed: true,
            };
        } else {
            rows.fresh.append(&mut fresh);
        }
        drop(rows);
        self.changed.notify_one();
    }

    /// Somebody else may have enqueued something.
    pub(crate) fn miss(&self) {
        self.rows().missed = true;
        self.changed.notify_one();
    }

    /// Waits until there may be something new since this was last asked.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// What was enqueued since this was last asked; none when only the table knows all of it.
    pub(super) fn take(&self) -> Option<Vec<Row>> {
        let rows = take(&mut *self.rows());
        (!rows.missed).then_some(rows.fresh)
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(seqs: std::ops::Range<i64>) -> Vec<Row> {
        let row = |seq| Row {
            seq,
            subject: format!("yemae.a.B.{seq}"),
            version: 1,
            name: String::new(),
            body: Vec::new(),
            at: 0,
            expires_at: None,
            trace: None,
            correlation: None,
            causation: None,
        };
        seqs.map(row).collect()
    }

    fn seqs(taken: Option<Vec<Row>>) -> Option<Vec<i64>> {
        taken.map(|rows| rows.iter().map(|row| row.seq).collect())
    }

    #[test]
    fn what_was_enqueued_is_taken_once_in_its_order() {
        let recent = Recent::default();
        recent.add(rows(1..3));
        recent.add(rows(3..4));
        assert_eq!(seqs(recent.take()), Some(vec![1, 2, 3]));
        assert_eq!(seqs(recent.take()), Some(vec![]));
    }

    #[test]
    fn too_much_and_what_others_enqueued_is_in_the_table_alone() {
        let recent = Recent::default();
        recent.add(rows(0..MOST as i64));
        recent.add(rows(0..1));
        recent.add(rows(1..2));
        assert_eq!(seqs(recent.take()), None);
        recent.add(rows(2..3));
        assert_eq!(seqs(recent.take()), Some(vec![2]));
        recent.add(rows(3..4));
        recent.miss();
        recent.add(rows(4..5));
        assert_eq!(seqs(recent.take()), None);
    }
}
