//! How the simulated provider behaves, and the fates it draws.

use mesh::{Refusal, fields};
use ordering::simulated::Shares;
use proto::payment::v1;
use rand::Rng;
use rand::rngs::StdRng;
use std::num::NonZeroU32;
use std::time::Duration;

/// How it behaves. By default it captures everything at once.
#[derive(Clone, Debug, Default)]
pub struct Behavior {
    /// As an admin told it.
    pub told: v1::Behavior,
    /// The least and the most time a charge takes.
    latency: (Duration, Duration),
    fates: Shares<Fate>,
    /// The most charges that are answered in a second; none: no limit.
    pub capacity: Option<NonZeroU32>,
}

/// What becomes of one charge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// The money is taken.
    #[default]
    Captured,
    /// Declined.
    Declined,
    /// Fails before any money moves, and says so.
    Failed,
    /// The money is taken; the reply never comes.
    ReplyLost,
    /// Nothing ever happens.
    Hanging,
}

impl Behavior {
    /// The fate of one charge and how long it takes to come.
    pub fn draw(&self, random: &mut StdRng) -> (Fate, Duration) {
        let (least, most) = self.latency;
        let latency = random.random_range(least..=most);
        (self.fates.draw(random), latency)
    }

    /// As an admin tells it.
    pub fn read(told: v1::Behavior) -> Result<Self, Refusal> {
        let [least, most] = [told.latency_min, told.latency_max]
            .map(|told| Duration::try_from(told.unwrap_or_default()).unwrap_or_default());
        let shares = [
            (Fate::Declined, told.declined_percent),
            (Fate::Failed, told.failed_percent),
            (Fate::ReplyLost, told.reply_lost_percent),
            (Fate::Hanging, told.hanging_percent),
        ];
        let fates = fields::read(|fields| {
            let rule = "must not be below latency_min";
            fields.check(least <= most, "behavior.latency_max", rule);
            Shares::read(fields, shares)
        })?;
        let capacity = u32::try_from(told.capacity_per_second).unwrap_or_default();
        Ok(Self {
            told,
            latency: (least, most),
            fates,
            capacity: NonZeroU32::new(capacity),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn every_fate_comes_in_its_share() {
        let after = |millis| prost_types::Duration::try_from(Duration::from_millis(millis)).ok();
        let behavior = Behavior::read(v1::Behavior {
            latency_min: after(400),
            latency_max: after(620),
            declined_percent: 10,
            failed_percent: 20,
            reply_lost_percent: 30,
            hanging_percent: 15,
            ..v1::Behavior::default()
        })
        .unwrap();
        let mut random = StdRng::seed_from_u64(1);
        let drawn: Vec<_> = (0..10_000).map(|_| behavior.draw(&mut random)).collect();
        let percent = |fate| drawn.iter().filter(|it| it.0 == fate).count() / 100;
        for (fate, share) in [
            (Fate::Declined, 10),
            (Fate::Failed, 20),
            (Fate::ReplyLost, 30),
            (Fate::Hanging, 15),
            (Fate::Captured, 25),
        ] {
            assert!(
                percent(fate).abs_diff(share) <= 1,
                "{fate:?}: {}",
                percent(fate)
            );
        }
        let (least, most) = behavior.latency;
        assert!(drawn.iter().all(|it| (least..=most).contains(&it.1)));
        assert!(
            drawn
                .iter()
                .any(|it| it.1 < least + Duration::from_millis(22))
        );
        assert!(
            drawn
                .iter()
                .any(|it| it.1 > most - Duration::from_millis(22))
        );
    }
}
