//! Whenever an order stands, its licence is bought; whenever a cancellation is asked for, it is answered; whenever it is
//! cancelled, the licence goes back.

use crate::domain::{self, PURCHASED, PURCHASING};
use crate::{licences, tasks};
use mesh::{Change, Refusal, Tx};
use ordering::fulfilments;
use ordering::wire::{self, Wish};
use proto::ordering::v1::Order;
use proto::vod::order::v1::Title;

/// An order was placed, moved on, is to be cancelled or was.
pub fn order_changed(tx: &mut Tx<'_>, news: &Change<Order>) -> Result<(), Refusal> {
    let order = wire::own_order(news)?;
    let (title, wish) = (wire::detail::<Title>(order)?, wire::wish(order));
    let order_id = &order.order_id;
    let returned = licences::know(tx, order_id, &order.customer_id, &title.movie_id)?;
    let done = fulfilments::decide(tx, order_id, Some(order.version), |done, now| {
        Ok(match wish {
            Wish::Fulfil => None,
            Wish::Answer(number) => domain::answer(done, number, now),
            Wish::Void => domain::void(done, now),
        })
    })?;
    match wish {
        Wish::Fulfil if done.is_open() && !done.has_reached(PURCHASED) => {
            tx.start_task(tasks::PURCHASE, &licences::key(order_id), order_id)
        }
        // Whatever was sent may still arrive: the key is closed even if nothing is known to be bought. What was watched
        // is kept, and what is back stays there: a refund is one more version of a cancelled order.
        Wish::Void if done.has_reached(PURCHASING) && !done.irrevocable && !returned => {
            tx.start_task(tasks::RETURN, &licences::key(order_id), order_id)
        }
        Wish::Fulfil | Wish::Answer(_) | Wish::Void => Ok(()),
    }
}
