//! What the kitchen and the courier watch: a store's queue.

use crate::queue::{self, Row};
use mesh::watch::{Since, Watched, Written};
use mesh::{Clock, Db, Refusal};
use proto::food::store::v1::QueuedOrder;

/// The orders of one store.
#[derive(Clone)]
pub struct Queue {
    /// The store.
    pub store_id: String,
    /// What was over before this is left out, µs: a new watch begins with what is to be done.
    pub over_since: i64,
    /// Tells how old an order is.
    pub clock: Clock,
}

impl Watched for Queue {
    type Entry = QueuedOrder;

    fn changed(&self, db: &mut Db, since: Since) -> Result<(i64, Vec<Written>), Refusal> {
        let rows = queue::written_since(db, &self.store_id, since.of(0), self.over_since)?;
        Ok((0, rows.iter().map(Row::written).collect()))
    }

    fn read(&self, db: &mut Db, order_id: &str) -> Result<Option<(QueuedOrder, Written)>, Refusal> {
        let Some(row) = queue::find(db, order_id)? else {
            return Ok(None);
        };
        let written = row.written();
        Ok(Some((row.show(self.clock.now())?, written)))
    }
}
