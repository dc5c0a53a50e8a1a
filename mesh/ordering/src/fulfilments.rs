//! Fulfilments in their table: one row per order id, made by whichever message comes first.

use crate::domain::fulfilment::{Decided, Fulfilment};
use crate::schema::fulfilment;
use crate::{rows, wire};
use diesel::prelude::*;
use mesh::{Db, Event, Refusal, Time, Tx};
use proto::ordering::v1::FulfilmentEvent;

/// Reads a fulfilment.
pub fn find(db: &mut Db, order_id: &str) -> Result<Option<Fulfilment>, Refusal> {
    let state: Option<String> = fulfilment::table
        .find(order_id)
        .select(fulfilment::state)
        .first(db)
        .optional()?;
    state.as_deref().map(read).transpose()
}

/// A fulfilment from its column [`fulfilment::state`], for who reads it together with rows of its own.
pub fn read(state: &str) -> Result<Fulfilment, Refusal> {
    serde_json::from_str(state).map_err(Refusal::internal)
}

/// Every fulfilment with the newest version of its order that was seen, for the audit.
pub fn all(db: &mut Db) -> Result<Vec<(Fulfilment, i64)>, Refusal> {
    let rows: Vec<(String, i64)> = fulfilment::table
        .select((fulfilment::state, fulfilment::seen_version))
        .load(db)?;
    rows.into_iter()
        .map(|(state, seen)| Ok((read(&state)?, seen)))
        .collect()
}

/// Decides about a fulfilment in this transaction and states it if its version rose. `seen` is the order's version that led
/// to it, if an order did. Answers the fulfilment as it is then.
pub fn decide(
    tx: &mut Tx<'_>,
    order_id: &str,
    seen: Option<i64>,
    decision: impl FnOnce(&mut Fulfilment, Time) -> Decided,
) -> Result<Fulfilment, Refusal> {
    let found = find(tx.db(), order_id)?;
    let mut fulfilment = found.clone().unwrap_or_else(|| Fulfilment::new(order_id));
    let event = decision(&mut fulfilment, tx.now())?;
    keep(tx, found, &fulfilment, seen, event)?;
    Ok(fulfilment)
}

/// Changes a fulfilment in this transaction and states it if its version rose. `change` answers what came about: the
/// event's full name; it is given a new one when there is none. `seen` is the order's version that led to it, if an
/// order did.
pub fn update<T>(
    tx: &mut Tx<'_>,
    order_id: &str,
    seen: Option<i64>,
    change: impl FnOnce(&mut Fulfilment) -> (T, Option<&'static str>),
) -> Result<T, Refusal> {
    let found = find(tx.db(), order_id)?;
    update_found(tx, order_id, found, seen, change)
}

/// [`update`] of what this transaction has read already, or has not found. ABORTED when it is another by now.
pub fn update_found<T>(
    tx: &mut Tx<'_>,
    order_id: &str,
    found: Option<Fulfilment>,
    seen: Option<i64>,
    change: impl FnOnce(&mut Fulfilment) -> (T, Option<&'static str>),
) -> Result<T, Refusal> {
    let mut fulfilment = found.clone().unwrap_or_else(|| Fulfilment::new(order_id));
    let (answer, event) = change(&mut fulfilment);
    keep(tx, found, &fulfilment, seen, event)?;
    Ok(answer)
}

/// Writes what has become of a fulfilment, and states it if its version rose.
fn keep(
    tx: &mut Tx<'_>,
    found: Option<Fulfilment>,
    fulfilment: &Fulfilment,
    seen: Option<i64>,
    event: Option<&str>,
) -> Result<(), Refusal> {
    let is_new = found.is_none();
    let order_id = fulfilment.order_id.as_str();
    let before = found.unwrap_or_else(|| Fulfilment::new(order_id));
    if *fulfilment != before || seen.is_some() {
        save(tx, fulfilment, &before, seen, is_new)?;
    }
    if fulfilment.version > before.version {
        let name =
            event.ok_or_else(|| Refusal::internal("a fulfilment changed without an event"))?;
        let told = FulfilmentEvent {
            fulfilment: Some(wire::fulfilment(fulfilment, tx.context())),
        };
        tx.enqueue(
            Event::named(name, order_id, fulfilment.version, &told)
                .expires(fulfilment.expires_at()),
        )?;
    }
    Ok(())
}

fn save(
    tx: &mut Tx<'_>,
    fulfilment: &Fulfilment,
    before: &Fulfilment,
    seen: Option<i64>,
    is_new: bool,
) -> Result<(), Refusal> {
    let state = serde_json::to_string(fulfilment).map_err(Refusal::internal)?;
    let written = if is_new {
        diesel::insert_into(fulfilment::table)
            .values((
                fulfilment::order_id.eq(&fulfilment.order_id),
                fulfilment::version.eq(fulfilment.version),
                fulfilment::irrevocable.eq(fulfilment.irrevocable),
                fulfilment::voided.eq(fulfilment.voided),
                fulfilment::seen_version.eq(seen.unwrap_or(0)),
                fulfilment::state.eq(state),
            ))
            .execute(tx.db())
    } else {
        // What was never stated is voided without a new version.
        let row = fulfilment::table
            .find(&fulfilment.order_id)
            .filter(fulfilment::version.eq(before.version))
            .filter(fulfilment::voided.eq(before.voided));
        let own = (
            fulfilment::version.eq(fulfilment.version),
            fulfilment::irrevocable.eq(fulfilment.irrevocable),
            fulfilment::voided.eq(fulfilment.voided),
            fulfilment::state.eq(state),
        );
        match seen {
            Some(seen) => mesh::update(row)
                .set((own, fulfilment::seen_version.eq(seen)))
                .execute(tx.db()),
            None => mesh::update(row).set(own).execute(tx.db()),
        }
    };
    rows::written(written)
}
