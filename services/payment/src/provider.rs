//! The port to whoever moves the money.

use crate::domain::{Amount, Answer, Reversal};
use futures::future::BoxFuture;
use mesh::{Refusal, Site, text};

/// Moves the money. Every call is keyed: the same key again is the same charge, reversal or refund, and moves nothing
/// twice. No call is bounded in time here: its caller is only so patient, and drops it. The site is lent for its clock,
/// and for its store to a provider that keeps its book there.
pub trait Provider: Send + Sync + 'static {
    /// Takes the money. After [`Answer::Nothing`] the same key may be charged again.
    fn charge<'a>(&'a self, site: &'a Site, charge: &'a Charge) -> BoxFuture<'a, Answer>;

    /// What became of a charge.
    fn enquire<'a>(&'a self, site: &'a Site, key: &'a str) -> BoxFuture<'a, Answer>;

    /// Gives back what a charge captured and, if the provider can, keeps it from capturing anything later.
    fn reverse<'a>(
        &'a self,
        site: &'a Site,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Reversal, Silence>>;

    /// Gives all of a captured charge back to the customer.
    fn refund<'a>(
        &'a self,
        site: &'a Site,
        refund: &'a Refund,
    ) -> BoxFuture<'a, Result<(), Silence>>;
}

/// What to take.
#[derive(Clone, Debug)]
pub struct Charge {
    /// Its key, for ever.
    pub key: String,
    /// How much.
    pub amount: Amount,
    /// From whom.
    pub method: Method,
}

/// What to give back.
#[derive(Clone, Debug)]
pub struct Refund {
    /// Its own key: "refund:{payment_id}".
    pub key: String,
    /// The charge it is of.
    pub charge_key: String,
    /// All that was charged.
    pub amount: Amount,
}

/// The provider's token for a customer's card or account. It is passed on and kept nowhere; its Debug hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Method(pub String);

impl std::fmt::Debug for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// The provider did not answer, or would not do it now; why, for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payment provider: {0}")]
pub struct Silence(pub String);

impl From<Silence> for Refusal {
    fn from(silence: Silence) -> Self {
        Self::unavailable(
            "PROVIDER_SILENT",
            text(silence.to_string(), "결제사가 응답하지 않습니다."),
        )
    }
}
