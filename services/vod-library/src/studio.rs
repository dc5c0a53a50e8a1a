//! The port to whoever owns the movies.

use crate::domain::Answer;
use futures::future::BoxFuture;
use mesh::{Refusal, Site, text};

/// Sells licences. Every call is keyed: the same key again is the same licence. No call is bounded in time here: its
/// caller is only so patient, and drops it. The site is lent to a studio that keeps its book in its store.
pub trait Studio: Send + Sync + 'static {
    /// Buys a licence. [`Answer::Nothing`]: it surely never arrived.
    fn buy<'a>(&'a self, site: &'a Site, licence: &'a Licence) -> BoxFuture<'a, Answer>;

    /// What became of a purchase. [`Answer::Refused`]: of this try or a later one; what became of those before it is no
    /// answer. [`Answer::Nothing`]: the studio knows nothing of this try, yet.
    fn ask<'a>(&'a self, site: &'a Site, licence: &'a Licence) -> BoxFuture<'a, Answer>;

    /// Gives back the licence of a key, if there is one, and keeps any from being bought under it later.
    fn give_back<'a>(&'a self, site: &'a Site, key: &'a str) -> BoxFuture<'a, Result<(), Silence>>;
}

/// What to buy.
#[derive(Clone, Debug)]
pub struct Licence {
    /// Its key, for ever: "licence:{order_id}".
    pub key: String,
    /// Which try this is, from 1: one more after each refusal.
    pub attempt: i32,
    /// The movie.
    pub movie_id: String,
}

/// The studio did not answer; why, for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the studio: {0}")]
pub struct Silence(pub String);

impl From<Silence> for Refusal {
    fn from(silence: Silence) -> Self {
        Self::unavailable(
            "STUDIO_SILENT",
            text(silence.to_string(), "스튜디오가 응답하지 않습니다."),
        )
    }
}
