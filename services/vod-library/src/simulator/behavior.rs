//! How the simulated studio behaves, and the fates it draws.

use mesh::{Refusal, Violation, fields};
use proto::vod::library::v1::StudioBehavior;
use rand::Rng;
use rand::rngs::StdRng;
use std::time::Duration;

/// How it behaves. By default it sells everything at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Behavior {
    latency: Duration,
    /// Percent of purchases, in the order of [`FATES`].
    shares: [u32; FATES.len()],
    /// Nobody answers at all.
    pub down: bool,
}

/// What becomes of one purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The licence is sold.
    Sold,
    /// It is refused this time.
    Refused,
    /// It is sold; the reply never comes.
    ReplyLost,
    /// It never arrives, and no reply comes.
    Lost,
}

/// The fates that have a share; what is left of 100 % is sold.
const FATES: [(Fate, &str); 3] = [
    (Fate::Refused, "refused_percent"),
    (Fate::ReplyLost, "reply_lost_percent"),
    (Fate::Lost, "lost_percent"),
];

impl Behavior {
    /// The fate of one purchase and how long it takes to come.
    pub fn draw(&self, random: &mut StdRng) -> (Fate, Duration) {
        let mut ticket = random.random_range(0..100);
        for (share, (fate, _)) in self.shares.into_iter().zip(FATES) {
            if ticket < share {
                return (fate, self.latency);
            }
            ticket -= share;
        }
        (Fate::Sold, self.latency)
    }

    /// The contract's message, checked: every wrong field at once.
    pub fn read(message: Option<&StudioBehavior>) -> Result<Self, Refusal> {
        fields::read(|fields| {
            let Some(message) = message else {
                fields.check(false, "behavior", "is required");
                return Self::default();
            };
            let latency = Duration::try_from(message.latency.unwrap_or_default());
            let rule = |_| Violation::new("behavior.latency", "must not be negative");
            let latency = fields.take(latency.map_err(rule));
            let given = [
                message.refused_percent,
                message.reply_lost_percent,
                message.lost_percent,
            ];
            let shares = given.map(|percent| u32::try_from(percent).unwrap_or(u32::MAX));
            for (share, (_, field)) in shares.into_iter().zip(FATES) {
                let field = format!("behavior.{field}");
                fields.check(share <= 100, &field, "must be 0 to 100");
            }
            let each = shares.iter().all(|share| *share <= 100);
            let rule = "must have shares of at most 100 percent together";
            fields.check(!each || shares.iter().sum::<u32>() <= 100, "behavior", rule);
            Self {
                latency,
                shares,
                down: message.down,
            }
        })
    }
}
