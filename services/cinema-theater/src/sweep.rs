//! What ended long ago goes: customers' holds with the request ids that made them, and attempts to book that came to
//! nothing. What an order has or had stays as long as the order.

use crate::holds::{self, Hold};
use crate::schema::{booking, hold, seat_claim};
use diesel::dsl::not;
use diesel::prelude::*;
use mesh::schema::request;
use mesh::{Db, Refusal, Site, Time, Tx};
use ordering::fulfilments;
use std::time::Duration;

/// As long as an order side keeps a refused intent: until then an attempt may be made again, and may ask for its hold.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);
/// So many go in one transaction, so that no command waits long behind it.
const AT_ONCE: i64 = 256;
/// Whose request ids go with what they made.
const HOLD_SEATS: &str = "/yemae.cinema.theater.v1.TheaterService/HoldSeats";

/// Deletes what ended more than 7 days ago.
pub async fn sweep(site: Site) -> Result<(), Refusal> {
    let before = site.clock.now().minus(KEPT);
    rounds(&site, before, ended, forget_hold).await?;
    rounds(&site, before, dropped, forget_attempts).await
}

async fn rounds<T: Send + Sync + 'static>(
    site: &Site,
    before: Time,
    find: fn(&mut Db, Time) -> QueryResult<Vec<T>>,
    forget: fn(&mut Tx<'_>, &T) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    loop {
        let found = site.store.read(move |db| Ok(find(db, before)?)).await?;
        let is_last = (found.len() as i64) < AT_ONCE;
        let forgotten = site.store.write("sweep", move |tx| {
            found.iter().try_for_each(|found| forget(tx, found))
        });
        forgotten.await?;
        if is_last || site.stop.is_cancelled() {
            return Ok(());
        }
    }
}

fn ended(db: &mut Db, before: Time) -> QueryResult<Vec<Hold>> {
    hold::table
        .filter(not(hold::live))
        .filter(hold::expires_at.lt(before.0))
        .order(hold::expires_at)
        .limit(AT_ONCE)
        .select(Hold::as_select())
        .load(db)
}

fn forget_hold(tx: &mut Tx<'_>, hold: &Hold) -> Result<(), Refusal> {
    forget_claim(tx.db(), &hold.claimant)?;
    let principal = format!("user:{}", hold.customer_id);
    let asked_by = request::table.find((
        HOLD_SEATS,
        principal,
        hold.request_id.as_deref().unwrap_or_default(),
    ));
    diesel::delete(asked_by).execute(tx.db())?;
    Ok(())
}

fn forget_claim(db: &mut Db, claimant: &str) -> QueryResult<()> {
    let seats = seat_claim::table.filter(seat_claim::claimant.eq(claimant));
    diesel::delete(seats).execute(db)?;
    diesel::delete(hold::table.find(claimant)).execute(db)?;
    Ok(())
}

fn dropped(db: &mut Db, before: Time) -> QueryResult<Vec<(String, Option<i64>)>> {
    booking::table
        .filter(booking::dropped_at.lt(before.0))
        .order(booking::dropped_at)
        .limit(AT_ONCE)
        .select((booking::order_id, booking::dropped_at))
        .load(db)
}

/// Forgets a booking whose attempts all came to nothing. One that became an order, or has a later attempt that is not
/// decided yet, stays, and is not looked at again before something else of it is dropped.
fn forget_attempts(tx: &mut Tx<'_>, found: &(String, Option<i64>)) -> Result<(), Refusal> {
    let (booking_id, dropped_at) = found;
    let unchanged = booking::table
        .find(booking_id)
        .filter(booking::dropped_at.eq(dropped_at));
    let locked = mesh::update(unchanged)
        .set(booking::dropped_at.eq(None::<i64>))
        .execute(tx.db())?;
    let held = holds::find(tx.db(), booking_id)?;
    let stays =
        fulfilments::find(tx.db(), booking_id)?.is_some() || held.is_some_and(|held| held.live);
    if locked == 0 || stays {
        return Ok(());
    }
    forget_claim(tx.db(), booking_id)?;
    diesel::delete(booking::table.find(booking_id)).execute(tx.db())?;
    Ok(())
}
