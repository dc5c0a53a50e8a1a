//! What a client saw of one call.

use mesh::Clock;
use ordering::audit::{Outcome, Record};
use tokio::time::Instant;
use tonic::{Code, Status};

/// The reason of a no after a charge that may yet turn out to have been made; it is undone then.
pub(super) const UNSURE: &str = "PAYMENT_UNCONFIRMED";

/// One call as it was seen.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// Of which system; empty where nobody asks.
    pub(super) system: &'static str,
    pub(super) record: Record,
    pub(super) code: Code,
    /// Refused for now: the same request may go through a moment later.
    pub(super) is_shed: bool,
}

impl Seen {
    /// `op` is what was asked for, the answer an order's id.
    pub(super) fn new(
        op: &str,
        answer: &Result<String, Status>,
        request_id: &str,
        begun: Instant,
        clock: &Clock,
    ) -> Self {
        let (outcome, order_id, reason, code) = match answer {
            Ok(order_id) => (Outcome::Ok, order_id.clone(), String::new(), Code::Ok),
            Err(status) => {
                let outcome = if is_definite(status) {
                    Outcome::Refused
                } else {
                    Outcome::Unknown
                };
                let code = status.code();
                let reason = mesh::refusal::reason(status).unwrap_or_else(|| format!("{code:?}"));
                (outcome, String::new(), reason, code)
            }
        };
        let is_shed = outcome == Outcome::Refused
            && reason != UNSURE
            && answer.as_ref().is_err_and(|status| !is_final(status));
        Self {
            system: "",
            record: Record {
                op: op.to_owned(),
                outcome,
                order_id,
                request_id: request_id.to_owned(),
                reason,
                at: clock.now().0,
                took: i64::try_from(begun.elapsed().as_micros()).unwrap_or(i64::MAX),
            },
            code,
            is_shed,
        }
    }

    /// The same, of this system.
    pub(super) fn of(self, system: &'static str) -> Self {
        Self { system, ..self }
    }
}

/// Whether repeating the request changes nothing.
pub(super) fn is_final(status: &Status) -> bool {
    !matches!(
        status.code(),
        Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::ResourceExhausted
            | Code::Cancelled
            | Code::Unknown
            | Code::Internal
    )
}

/// Whether the mesh itself said no: then it did not happen.
pub(super) fn is_definite(status: &Status) -> bool {
    is_final(status)
        || matches!(
            mesh::refusal::reason(status).as_deref(),
            Some("PAYMENT_BUSY" | UNSURE | "OVERLOADED" | "THEATER_BUSY" | "CATALOGUE_LOADING")
        )
}
