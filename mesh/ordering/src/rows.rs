//! Rows that one writer at a time makes or changes.

use diesel::QueryResult;
use diesel::result::{DatabaseErrorKind, Error};
use mesh::Refusal;

/// What came of inserting one row, or of changing it as it was found. ABORTED: somebody else was faster, look again.
pub fn written(written: QueryResult<usize>) -> Result<(), Refusal> {
    match written {
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) | Ok(0) => {
            Err(Refusal::conflict())
        }
        other => Ok(other.map(drop)?),
    }
}
