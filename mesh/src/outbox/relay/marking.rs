//! Marking what was published: a little later, and many rows in one commit.

use super::Relay;
use crate::outbox::{Published, heal, mark, patience};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What was published is marked so late.
const LATER: Duration = Duration::from_millis(50);
/// So many rows are marked at once at most.
pub(super) const MOST: usize = 256;

impl Relay<'_> {
    /// These are to be marked. Until it is done they are remembered, or they would be published again.
    pub(super) fn remember_published(&mut self, published: Vec<Published>) {
        if self.unmarked.is_empty() {
            self.mark_at = Instant::now() + LATER;
        }
        self.unmarked
            .extend(published.into_iter().map(|row| (row.seq, row)));
    }

    /// Marks them.
    pub(super) async fn mark(&mut self) {
        if self.unmarked.is_empty() {
            return;
        }
        let mut published: Vec<Published> = self.unmarked.values().cloned().collect();
        published.sort_unstable_by_key(|row| row.seq);
        let published = Arc::new(published);
        let mut tries = 0;
        loop {
            let published = published.clone();
            let marked = self.store.write_regardless(heal::LANE, move |tx| {
                let now = tx.now();
                Ok(mark(tx.db(), &published, now)?)
            });
            let Err(why) = marked.await else {
                return self.unmarked.clear();
            };
            if tries == 0 {
                tracing::warn!(%why, "published events cannot be marked so");
            }
            tries += 1;
            tokio::time::sleep(patience::pause(tries)).await;
        }
    }
}
