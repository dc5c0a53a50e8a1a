//! What a database's no is to who asked: a lost race, a store that is away, or our bug.

use crate::refusal::{Refusal, text};
use diesel::QueryResult;

impl From<diesel::result::Error> for Refusal {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::DatabaseErrorKind::{
            ClosedConnection, ReadOnlyTransaction, SerializationFailure,
        };
        use diesel::result::Error::{BrokenTransactionManager, DatabaseError, NotFound};
        match &error {
            NotFound => Self::not_found("row"),
            DatabaseError(SerializationFailure, _) => Self::conflict(),
            DatabaseError(_, info) if is_lost_race(info.message()) => Self::conflict(),
            // A PostgreSQL that is being failed over is read-only for a while.
            DatabaseError(ClosedConnection | ReadOnlyTransaction, _) | BrokenTransactionManager => {
                store_unavailable(&error)
            }
            DatabaseError(_, info) if is_database_trouble(info.message()) => {
                store_unavailable(&error)
            }
            _ => Self::internal(error),
        }
    }
}

/// The row that a query was to find. NOT_FOUND in the name of `what` when there is none, or none that is for this caller.
pub fn found<R>(row: QueryResult<R>, what: &str) -> Result<R, Refusal> {
    match row {
        Err(diesel::result::Error::NotFound) => Err(Refusal::not_found(what)),
        other => Ok(other?),
    }
}

/// PostgreSQL tells by its message alone that two commands wait for each other, or one too long for another.
fn is_lost_race(message: &str) -> bool {
    ["deadlock detected", "due to lock timeout"]
        .iter()
        .any(|sign| message.contains(sign))
}

fn is_database_trouble(message: &str) -> bool {
    [
        "database is locked",
        "disk is full",
        "disk I/O error",
        "unable to open",
        "server closed",
        "terminating connection",
        "no connection",
        "No space left on device",
        "the database system is",
        "due to statement timeout",
    ]
    .iter()
    .any(|sign| message.contains(sign))
}

/// The database cannot be used now.
pub(crate) fn store_unavailable(why: impl std::fmt::Display) -> Refusal {
    tracing::warn!(%why, "store unavailable");
    Refusal::unavailable(
        "STORE_UNAVAILABLE",
        text(
            "the store cannot be written or read now; try again",
            "저장소를 사용할 수 없습니다. 잠시 후 다시 시도해 주세요.",
        ),
    )
}
