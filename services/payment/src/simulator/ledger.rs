//! The simulator's own book: what it captured, reversed and refunded, by key. It knows nothing of payment's rows, and is
//! written whatever the deadline of the call that led to it.

use crate::domain::{Answer, Reversal};
use crate::provider::{Charge, Refund};
use crate::schema::{simulator_ledger, simulator_refund};
use diesel::prelude::*;
use mesh::{Db, Refusal, Site, Tx};

/// Takes the money, or declines to, unless the key's fate was sealed before.
pub async fn charge(site: &Site, charge: Charge, take: bool) -> Result<Answer, Refusal> {
    let key = charge.key.clone();
    site.store
        .write_regardless(key, move |tx| {
            let drawn = (take, false);
            if insert(tx, &charge.key, Some(&charge), drawn)? {
                return Ok(answer(drawn));
            }
            let before = find(tx.db(), &charge.key)?;
            Ok(before.map_or(Answer::Unsure, answer))
        })
        .await
}

/// What became of a key.
pub async fn enquire(site: &Site, key: &str) -> Result<Answer, Refusal> {
    let key = key.to_owned();
    let found = site.store.read(move |db| Ok(find(db, &key)?)).await?;
    Ok(found.map_or(Answer::Unsure, answer))
}

/// Gives back what was captured under a key and blocks it for ever.
pub async fn reverse(site: &Site, key: &str) -> Result<Reversal, Refusal> {
    let key = key.to_owned();
    site.store
        .write_regardless(key.clone(), move |tx| match find(tx.db(), &key)? {
            Some((captured, _)) => {
                mesh::update(simulator_ledger::table.find(&key))
                    .set(simulator_ledger::reversed.eq(true))
                    .execute(tx.db())?;
                Ok(if captured {
                    Reversal::Undone
                } else {
                    Reversal::Blocked
                })
            }
            None if insert(tx, &key, None, (false, true))? => Ok(Reversal::Blocked),
            None => Err(Refusal::conflict()),
        })
        .await
}

/// Refunds once a refund key. It makes a second refund of a charge under another key: keeping refunds single is
/// payment's duty, and the audit must be able to see it fail.
pub async fn refund(site: &Site, refund: &Refund) -> Result<(), Refusal> {
    let refund = refund.clone();
    site.store
        .write_regardless(refund.charge_key.clone(), move |tx| {
            if find(tx.db(), &refund.charge_key)? != Some((true, false)) {
                return Err(Refusal::internal("the simulator holds no such money"));
            }
            let now = tx.now().0;
            let known = simulator_refund::table.find(&refund.key);
            if diesel::select(diesel::dsl::exists(known)).get_result(tx.db())? {
                return Ok(());
            }
            diesel::insert_into(simulator_refund::table)
                .values((
                    simulator_refund::refund_key.eq(&refund.key),
                    simulator_refund::charge_key.eq(&refund.charge_key),
                    simulator_refund::minor_units.eq(refund.amount.minor_units),
                    simulator_refund::currency.eq(&refund.amount.currency),
                    simulator_refund::at.eq(now),
                ))
                .execute(tx.db())?;
            Ok(())
        })
        .await
}

/// Whether a key has captured, and whether it was reversed.
fn find(db: &mut Db, key: &str) -> QueryResult<Option<(bool, bool)>> {
    simulator_ledger::table
        .find(key)
        .select((simulator_ledger::captured, simulator_ledger::reversed))
        .first(db)
        .optional()
}

fn answer(before: (bool, bool)) -> Answer {
    match before {
        (true, false) => Answer::Captured,
        (false, false) => Answer::Declined,
        (_, true) => Answer::Nothing,
    }
}

/// Seals a key's fate. False: it was sealed before.
fn insert(
    tx: &mut Tx<'_>,
    key: &str,
    charge: Option<&Charge>,
    (captured, reversed): (bool, bool),
) -> QueryResult<bool> {
    let amount = charge
        .map(|charge| charge.amount.clone())
        .unwrap_or_default();
    let row = (
        simulator_ledger::charge_key.eq(key),
        simulator_ledger::minor_units.eq(amount.minor_units),
        simulator_ledger::currency.eq(amount.currency),
        simulator_ledger::captured.eq(captured),
        simulator_ledger::reversed.eq(reversed),
        simulator_ledger::at.eq(tx.now().0),
    );
    let written = match tx.db() {
        Db::Sqlite(db) => diesel::insert_into(simulator_ledger::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(db)?,
        Db::Postgres(db) => diesel::insert_into(simulator_ledger::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(db)?,
    };
    Ok(written > 0)
}
