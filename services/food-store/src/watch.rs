//! What the kitchen and the courier watch: a store's queue.

use crate::schema::queued_order;
use crate::{domain, queue};
use diesel::prelude::*;
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
        let to_do = queued_order::status.eq_any(domain::TO_DO);
        let orders = queued_order::table
            .filter(queued_order::store_id.eq(&self.store_id))
            .filter(to_do.or(queued_order::written_at.ge(since.began())))
            .select((
                queued_order::order_id,
                queued_order::version,
                queued_order::written_at,
            ))
            .into_boxed();
        let wanted = since.page(0, orders, queued_order::written_at, queued_order::order_id);
        Ok(Changed {
            generation: 0,
            rows: wanted.load(db)?,
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
