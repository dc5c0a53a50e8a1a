//! Rows that one writer at a time makes or changes.

use diesel::prelude::*;
use diesel::query_dsl::methods::ExecuteDsl;
use diesel::result::{DatabaseErrorKind, Error};
use mesh::{Db, Refusal, Tx};

/// Makes a row that is new by `insert`, or else writes it by `update` if it is still as it was found. ABORTED as
/// [`written`] says.
pub fn save(
    tx: &mut Tx<'_>,
    is_new: bool,
    insert: impl RunQueryDsl<Db> + ExecuteDsl<Db>,
    update: impl RunQueryDsl<Db> + ExecuteDsl<Db>,
) -> Result<(), Refusal> {
    written(match is_new {
        true => insert.execute(tx.db()),
        false => update.execute(tx.db()),
    })
}

/// Writes a row by `update` in the place of the one before, or by `insert` if there was none.
pub fn put(
    tx: &mut Tx<'_>,
    update: impl RunQueryDsl<Db> + ExecuteDsl<Db>,
    insert: impl RunQueryDsl<Db> + ExecuteDsl<Db>,
) -> Result<(), Refusal> {
    match update.execute(tx.db())? {
        0 => written(insert.execute(tx.db())),
        _ => Ok(()),
    }
}

/// What came of inserting one row, or of changing it as it was found. ABORTED: somebody else was faster, look again.
pub fn written(written: QueryResult<usize>) -> Result<(), Refusal> {
    all_written(1, written)
}

/// What came of inserting so many rows at once, or of changing them as they were found. ABORTED as [`written`] says.
pub fn all_written(rows: usize, result: QueryResult<usize>) -> Result<(), Refusal> {
    match result {
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
            Err(Refusal::conflict())
        }
        Ok(written) if written < rows => Err(Refusal::conflict()),
        other => Ok(other.map(drop)?),
    }
}
