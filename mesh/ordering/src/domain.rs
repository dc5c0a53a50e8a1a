//! The lifecycle as pure decisions: no clock, no database, no network.

pub mod fulfilment;
pub mod intent;
pub mod order;
mod system;

pub use system::{Progress, Status, System};

/// An amount of money in minor units of an ISO 4217 currency.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Money {
    /// "KRW".
    pub currency: String,
    /// Won for KRW, cents for USD. Never negative.
    pub minor_units: i64,
}

impl Money {
    /// Whether nothing is to be paid.
    pub fn is_free(&self) -> bool {
        self.minor_units == 0
    }
}
