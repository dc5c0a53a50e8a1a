//! What the kitchen and the courier watch: a store's queue.

use crate::queue;
use mesh::watch::{Changed, Since, Watched, Written};
use mesh::{Clock, Db, Refusal};
use proto::food::store::v1::QueuedOrder;

/// The orders of one store.
#[derive(Clone)]
pub struct Queue {
    /// The store.
    pub store_id: String,
    /// Tells how old an order is.
    pub clock: Clock,
}

impl Watched for Queue {
    type Entry = QueuedOrder;

    fn changed(&self, db: &mut Db, since: &Since) -> Result<Changed, Refusal> {
        let newest = queue::newest(db, &self.store_id)?;
        // A watch begins with what is to be done.
        let over_since = since.began();
        let rows = queue::written_since(db, &self.store_id, since.of(0), over_since)?;
        Ok(Changed {
            generation: 0,
            rows,
            newest,
        })
    }

    fn read(&self, db: &mut Db, order_id: &str) -> Result<Option<(QueuedOrder, Written)>, Refusal> {
        let Some(row) = queue::find(db, order_id)? else {
            return Ok(None);
        };
        let written = row.written();
        Ok(Some((row.show(self.clock.now())?, written)))
    }
}
