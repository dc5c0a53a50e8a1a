//! What an audit compares with what the orders' own contexts say.

use crate::schema::my_order;
use diesel::prelude::*;
use mesh::{Db, Refusal};
use ordering::audit::{Facts, Seen};
use sha2::{Digest, Sha256};

/// How many rows are in memory at once.
const CHUNK: i64 = 1000;

/// What is shown, for the audit.
pub fn facts(db: &mut Db) -> Result<Facts, Refusal> {
    let mut seen = Vec::new();
    each(db, |order_id, version, body| {
        seen.push(Seen {
            order_id: order_id.to_owned(),
            version,
            hash: format!("{:x}", Sha256::digest(body)),
        });
    })?;
    Ok(Facts {
        seen,
        ..Facts::default()
    })
}

/// One SHA-256, in lower-case hex, over every order's id, version and body: two stores with equal hashes show the same.
pub fn content_hash(db: &mut Db) -> Result<String, Refusal> {
    let mut hasher = Sha256::new();
    each(db, |order_id, version, body| {
        // Each part is preceded by its length, so that no two contents read the same.
        for part in [order_id.as_bytes(), &version.to_be_bytes(), body] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
    })?;
    Ok(format!("{:x}", hasher.finalize()))
}

fn each(db: &mut Db, mut tell: impl FnMut(&str, i64, &[u8])) -> Result<(), Refusal> {
    let mut after = String::new();
    loop {
        let rows: Vec<(String, i64, Vec<u8>)> = my_order::table
            .filter(my_order::order_id.gt(&after))
            .order(my_order::order_id)
            .limit(CHUNK)
            .select((my_order::order_id, my_order::version, my_order::body))
            .load(db)?;
        for (order_id, version, body) in &rows {
            tell(order_id, *version, body);
        }
        match rows.into_iter().last() {
            Some((last, ..)) => after = last,
            None => return Ok(()),
        }
    }
}
