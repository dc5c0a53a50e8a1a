//! What an audit compares with what the orders' own contexts say.

use crate::schema::my_order;
use crate::store::is_shown;
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

/// One SHA-256, in lower-case hex, over every shown order's id, version and body: two stores with equal hashes show the
/// same.
pub fn content_hash(db: &mut Db) -> Result<String, Refusal> {
    let mut hash = ContentHash::default();
    each(db, |order_id, version, body| {
        hash.add(order_id, version, body)
    })?;
    Ok(hash.finish())
}

/// What [`content_hash`] is made of: orders by their id.
#[derive(Default)]
pub(crate) struct ContentHash(Sha256);

impl ContentHash {
    /// Each part is preceded by its length, so that no two contents read the same.
    pub(crate) fn add(&mut self, order_id: &str, version: i64, body: &[u8]) {
        for part in [order_id.as_bytes(), &version.to_be_bytes(), body] {
            self.0.update((part.len() as u64).to_be_bytes());
            self.0.update(part);
        }
    }

    pub(crate) fn finish(self) -> String {
        format!("{:x}", self.0.finalize())
    }
}

fn each(db: &mut Db, mut tell: impl FnMut(&str, i64, &[u8])) -> Result<(), Refusal> {
    let mut after = String::new();
    loop {
        let rows: Vec<(String, i64, Vec<u8>)> = my_order::table
            .filter(is_shown())
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
