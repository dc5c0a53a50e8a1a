//! Whenever an order was cancelled, its payment is owed to the customer.

use crate::store;
use mesh::{Change, Refusal, Tx};
use proto::ordering::v1::{Order, Phase};

/// Most orders stand, and lead to nothing here; what is nobody's word must be heard to be refused.
pub fn may_owe(change: &Change<Order>) -> bool {
    is_foreign(change) || change.entity.phase() == Phase::Cancelled
}

/// An order on the subject of another context or another order.
fn is_foreign(change: &Change<Order>) -> bool {
    change.entity.context != change.context || change.entity.order_id != change.id
}

/// Owes the refund of a cancelled order. An order that is not its subject's, or that names a payment it never made, is
/// refused, which makes it a dead letter.
pub fn refund_cancelled(tx: &mut Tx<'_>, change: &Change<Order>) -> Result<(), Refusal> {
    let order = &change.entity;
    if is_foreign(change) {
        return Err(Refusal::internal(format!(
            "order {} of {} on the subject of {}/{}",
            order.order_id, order.context, change.context, change.id
        )));
    }
    if order.payment_id.is_empty() {
        return Ok(());
    }
    let Some(mut stored) = store::by_id(tx.db(), &order.payment_id)? else {
        return Err(Refusal::internal(format!(
            "order {} names payment {}, which does not exist",
            order.order_id, order.payment_id
        )));
    };
    let now = tx.now();
    stored
        .payment
        .cancelled(&order.context, &order.order_id, now)?;
    store::update(tx, &stored)
}
