//! What an audit compares with what the orders' own contexts say.

use crate::schema::my_order;
use diesel::prelude::*;
use mesh::{Db, Refusal};
use sha2::{Digest, Sha256};

/// How many rows are in memory at once.
const CHUNK: i64 = 1000;

/// An order as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The order.
    pub order_id: String,
    /// At which version.
    pub version: i64,
    /// SHA-256 of the encoded `Order`, in lower-case hex.
    pub hash: String,
}

/// Every order that is shown, by id.
pub fn seen(db: &mut Db) -> Result<Vec<Seen>, Refusal> {
    let mut all = Vec::new();
    each(db, |order_id, version, body| {
        all.push(Seen {
            order_id: order_id.to_owned(),
            version,
            hash: format!("{:x}", Sha256::digest(body)),
        });
    })?;
    Ok(all)
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
