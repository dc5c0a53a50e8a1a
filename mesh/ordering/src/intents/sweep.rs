//! What was refused long ago goes.

use crate::domain::intent::{KEPT_REFUSED, State};
use crate::schema::intent;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use mesh::{Refusal, Store};

/// So many go in one transaction, so that no command waits long behind it.
const AT_ONCE: i64 = 500;

/// Forgets refused intents whose request_id need not be kept any more. Answers how many.
pub async fn sweep(store: &Store) -> Result<usize, Refusal> {
    let before = store.clock().now().minus(KEPT_REFUSED).0;
    let mut gone = 0;
    loop {
        let some = store.write((), move |tx| {
            let old = intent::table
                .filter(sql::<Bool>("state = 'REFUSED'"))
                .filter(intent::changed_at.lt(before))
                .order(intent::changed_at)
                .limit(AT_ONCE)
                .select(intent::order_id);
            let old: Vec<String> = old.load(tx.db())?;
            for order_id in &old {
                let refused = intent::table
                    .find(order_id)
                    .filter(intent::state.eq(State::Refused.name()));
                diesel::delete(refused).execute(tx.db())?;
            }
            Ok(old.len())
        });
        let some = some.await?;
        gone += some;
        if (some as i64) < AT_ONCE {
            return Ok(gone);
        }
    }
}
