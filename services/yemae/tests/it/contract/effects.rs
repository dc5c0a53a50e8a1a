//! What a mesh has done, beside what it answered.

use crate::stores::{CONTEXTS, open};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use tokio::time::sleep;

/// What a mesh has written down for others to hear or to be done: its effects.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, QueryableByName)]
pub struct Effect {
    #[diesel(sql_type = Text)]
    pub what: String,
    #[diesel(sql_type = BigInt)]
    number: i64,
}

fn effects(data: &Path) -> BTreeSet<(&'static str, Effect)> {
    let mut all = BTreeSet::new();
    for context in CONTEXTS {
        let query = "SELECT subject || ' ' || name AS what, version AS number FROM outbox \
                     UNION ALL SELECT kind || ' ' || key, 0 FROM task";
        let found = sql_query(query)
            .load::<Effect>(&mut open(data, context))
            .unwrap();
        all.extend(found.into_iter().map(|effect| (context, effect)));
    }
    all
}

/// What is there once nothing has been added for a while.
pub async fn at_rest(data: &Path) -> BTreeSet<(&'static str, Effect)> {
    let (mut before, mut same) = (effects(data), 0);
    while same < 4 {
        sleep(Duration::from_millis(300)).await;
        let now = effects(data);
        same = if now == before { same + 1 } else { 0 };
        before = now;
    }
    before
}
