//! Where installers have to go. Personal data: kept apart from the jobs, shown to the job's own installer, and gone once the
//! order is over.

use crate::schema::home;
use diesel::prelude::*;
use mesh::{Change, Db, Refusal, Tx};
use proto::iptv::subscription::v1::{Home, Premises};

/// Whenever it is known where a subscription is to be installed, remember it; whenever it is forgotten, forget it.
pub fn premises_changed(tx: &mut Tx<'_>, news: &Change<Premises>) -> Result<(), Refusal> {
    let told = &news.entity;
    diesel::delete(home::table.find(&told.order_id)).execute(tx.db())?;
    if let Some(own) = &told.home {
        diesel::insert_into(home::table)
            .values((
                home::order_id.eq(&told.order_id),
                home::address.eq(&own.address),
                home::phone.eq(&own.phone),
            ))
            .execute(tx.db())?;
    }
    Ok(())
}

/// Where an order is to be installed, if that is known.
pub fn find(db: &mut Db, order_id: &str) -> Result<Option<Home>, Refusal> {
    let found: Option<(String, String)> = home::table
        .find(order_id)
        .select((home::address, home::phone))
        .first(db)
        .optional()?;
    Ok(found.map(|(address, phone)| Home { address, phone }))
}
