//! A watch of one customer's orders, read from the page's own rows. When the page was rebuilt it begins again with the
//! present orders.

use crate::store;
use mesh::watch::{Changed, Since, Watched, Written};
use mesh::{Db, Refusal};
use proto::ordering::v1::Order;

/// One customer's orders.
#[derive(Clone)]
pub struct OrdersOf(pub String);

impl Watched for OrdersOf {
    type Entry = Order;

    fn changed(&self, db: &mut Db, since: &Since) -> Result<Changed, Refusal> {
        let shown = store::generations(db)?.shown;
        let newest = store::newest(db, shown, &self.0)?;
        let rows = store::written_since(db, shown, &self.0, since)?;
        Ok(Changed {
            generation: shown,
            rows,
            newest,
        })
    }

    fn read(&self, db: &mut Db, order_id: &str) -> Result<Option<(Order, Written)>, Refusal> {
        let found = store::find(db, order_id, Some(&self.0))?;
        Ok(found.map(|(order, written_at)| {
            let written = Written {
                id: order_id.to_owned(),
                version: order.version,
                written_at,
            };
            (order, written)
        }))
    }
}
