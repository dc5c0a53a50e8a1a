//! The write-ahead intent: what stands written before any money moves. It is not an order; no list, view or event shows
//! it.
//!
//! PENDING(attempt n, lease) → PLACED | REFUSED | VOIDING(n) → REFUSED, always by compare-and-set on what is here.

use mesh::Time;
use std::time::Duration;

/// How long an attempt belongs to whoever works on it.
pub const LEASE: Duration = Duration::from_secs(15);
/// How long a refused intent keeps its request_id.
pub const KEPT_REFUSED: Duration = Duration::from_secs(7 * 24 * 3600);

/// Where an intent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Somebody works on this attempt while the lease lasts.
    Pending,
    /// It became an order.
    Placed,
    /// The attempt came to nothing and surely took no money; the same request may try again.
    Refused,
    /// The customer was told that it did not happen, and what may have been charged is being voided.
    Voiding,
}

/// What a repeat of the request finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// The order as placed.
    Answer,
    /// Somebody is working on it: wait.
    Wait,
    /// Whoever worked on it is gone: repeat the same attempt.
    TakeOver,
    /// A new attempt, with this number.
    Again(i32),
    /// Not before the void is through.
    NotYet,
}

impl State {
    /// As it is written in its row.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Placed => "PLACED",
            Self::Refused => "REFUSED",
            Self::Voiding => "VOIDING",
        }
    }

    /// As it was written.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Pending, Self::Placed, Self::Refused, Self::Voiding]
            .into_iter()
            .find(|state| state.name() == name)
    }

    /// What a repeat of the same request does. The number rises only from REFUSED, where the attempt before is known to
    /// have taken nothing.
    pub fn on_repeat(self, attempt: i32, lease_until: Time, now: Time) -> Repeat {
        match self {
            Self::Placed => Repeat::Answer,
            Self::Pending if now < lease_until => Repeat::Wait,
            Self::Pending => Repeat::TakeOver,
            Self::Refused => Repeat::Again(attempt + 1),
            Self::Voiding => Repeat::NotYet,
        }
    }
}

/// The key of an attempt's charge: the same for every try of it.
pub fn charge_key(order_id: &str, attempt: i32) -> String {
    format!("charge:{order_id}:{attempt}")
}

#[cfg(test)]
mod tests;
