//! Where to install, and whom to call first. Personal data: in a table of its own, never in the order, and in no event before
//! the order stands. Who installs is told; once the order is over, everybody forgets.

use diesel::prelude::*;
use mesh::{Change, Event, Refusal, Tx};
use ordering::domain::order::KEPT_AFTER_END;
use ordering::wire;
use proto::iptv::subscription::v1::{Home, Premises, PremisesForgotten, PremisesStated};
use proto::ordering::v1::{Order, Phase};

diesel::table! {
    premises (order_id) {
        order_id -> Text,
        address -> Text,
        phone -> Text,
        is_stated -> Bool,
    }
}

/// Keeps where an order is to be installed, should it be placed.
pub(crate) fn keep(tx: &mut Tx<'_>, order_id: &str, home: &Home) -> Result<(), Refusal> {
    forget(tx, order_id)?;
    diesel::insert_into(premises::table)
        .values((
            premises::order_id.eq(order_id),
            premises::address.eq(&home.address),
            premises::phone.eq(&home.phone),
            premises::is_stated.eq(false),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// Forgets it. True: it was known.
pub(crate) fn forget(tx: &mut Tx<'_>, order_id: &str) -> Result<bool, Refusal> {
    let forgotten = diesel::delete(premises::table.find(order_id)).execute(tx.db())?;
    Ok(forgotten > 0)
}

/// Whenever a subscription stands, who installs is told where; whenever it is over, it is forgotten, in the stream too.
pub(crate) fn order_changed(tx: &mut Tx<'_>, change: &Change<Order>) -> Result<(), Refusal> {
    let order = wire::own_order(change)?;
    if matches!(order.phase(), Phase::Cancelled | Phase::Fulfilled) {
        if forget(tx, &order.order_id)? {
            let premises = Some(told(&order.order_id, 2, None));
            let event = Event::new(&order.order_id, 2, &PremisesForgotten { premises });
            let expires = tx.now().plus(KEPT_AFTER_END);
            tx.enqueue(event.expires(Some(expires)))?;
        }
        return Ok(());
    }
    let unstated = premises::table
        .find(&order.order_id)
        .filter(premises::is_stated.eq(false));
    let kept: Option<(String, String)> = unstated
        .select((premises::address, premises::phone))
        .first(tx.db())
        .optional()?;
    let Some((address, phone)) = kept else {
        return Ok(());
    };
    mesh::update(premises::table.find(&order.order_id))
        .set(premises::is_stated.eq(true))
        .execute(tx.db())?;
    let premises = Some(told(&order.order_id, 1, Some(Home { address, phone })));
    tx.enqueue(Event::new(&order.order_id, 1, &PremisesStated { premises }))
}

fn told(order_id: &str, version: i64, home: Option<Home>) -> Premises {
    Premises {
        order_id: order_id.to_owned(),
        version,
        home,
    }
}
