//! How the simulated studio behaves, and the fates it draws.

use mesh::{Refusal, fields};
use ordering::simulated::Shares;
use proto::vod::library::v1::StudioBehavior;
use rand::rngs::StdRng;
use std::time::Duration;

/// How it behaves. By default it sells everything at once.
#[derive(Clone, Debug, Default)]
pub struct Behavior {
    latency: Duration,
    fates: Shares<Fate>,
    /// Nobody answers at all.
    pub down: bool,
}

/// What becomes of one purchase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// The licence is sold.
    #[default]
    Sold,
    /// It is refused this time.
    Refused,
    /// It is sold; the reply never comes.
    ReplyLost,
    /// It never arrives, and no reply comes.
    Lost,
}

impl Behavior {
    /// The fate of one purchase and how long it takes to come.
    pub fn draw(&self, random: &mut StdRng) -> (Fate, Duration) {
        (self.fates.draw(random), self.latency)
    }

    /// As an admin tells it.
    pub fn read(told: &StudioBehavior) -> Result<Self, Refusal> {
        let shares = [
            (Fate::Refused, told.refused_percent),
            (Fate::ReplyLost, told.reply_lost_percent),
            (Fate::Lost, told.lost_percent),
        ];
        Ok(Self {
            latency: Duration::try_from(told.latency.unwrap_or_default()).unwrap_or_default(),
            fates: fields::read(|fields| Shares::read(fields, shares))?,
            down: told.down,
        })
    }
}
