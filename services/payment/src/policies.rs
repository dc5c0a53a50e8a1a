//! Whenever an order was cancelled, its payment is owed to the customer.

use crate::store;
use mesh::{Change, Refusal, Tx};
use proto::ordering::v1::{Order, Phase};

/// Owes the refund of a cancelled order. An order that is not its subject's, or that names a payment it never made, is
/// refused, which makes it a dead letter.
pub fn refund_cancelled(tx: &mut Tx<'_>, change: &Change<Order>) -> Result<(), Refusal> {
    let order = &change.entity;
    if order.context != change.context || order.order_id != change.id {
        return Err(Refusal::internal(format!(
            "order {} of {} on the subject of {}/{}",
            order.order_id, order.context, change.context, change.id
        )));
    }
    if order.phase() != Phase::Cancelled || order.payment_id.is_empty() {
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
