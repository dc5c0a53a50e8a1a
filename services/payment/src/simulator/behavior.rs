//! How the simulated provider behaves, and the fates it draws.

use mesh::{Refusal, Violation, fields};
use proto::payment::v1;
use rand::Rng;
use rand::rngs::StdRng;
use std::num::NonZeroU32;
use std::time::Duration;

/// How it behaves. By default it captures everything at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Behavior {
    /// The least and the most time a charge takes.
    pub latency: (Duration, Duration),
    /// Percent of charges, in the order of [`FATES`].
    pub shares: [u32; FATES.len()],
    /// Everything fails at once.
    pub down: bool,
    /// The most charges that are answered in a second; none: no limit.
    pub capacity: Option<NonZeroU32>,
}

/// What becomes of one charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The money is taken.
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

/// The fates that have a share; what is left of 100 % is captured.
const FATES: [(Fate, &str); 4] = [
    (Fate::Declined, "declined_percent"),
    (Fate::Failed, "failed_percent"),
    (Fate::ReplyLost, "reply_lost_percent"),
    (Fate::Hanging, "hanging_percent"),
];

impl Behavior {
    /// The fate of one charge and how long it takes to come.
    pub fn draw(&self, random: &mut StdRng) -> (Fate, Duration) {
        let (least, most) = self.latency;
        let latency = random.random_range(least..=most);
        let mut ticket = random.random_range(0..100);
        for (share, (fate, _)) in self.shares.into_iter().zip(FATES) {
            if ticket < share {
                return (fate, latency);
            }
            ticket -= share;
        }
        (Fate::Captured, latency)
    }

    /// The contract's message, checked: every wrong field at once.
    pub fn read(message: Option<&v1::Behavior>) -> Result<Self, Refusal> {
        fields::read(|fields| {
            let Some(message) = message else {
                fields.check(false, "behavior", "is required");
                return Self::default();
            };
            let [least, most] = [
                ("behavior.latency_min", message.latency_min),
                ("behavior.latency_max", message.latency_max),
            ]
            .map(|(field, value)| {
                let read = Duration::try_from(value.unwrap_or_default());
                let read = read.map_err(|_| Violation::new(field, "must not be negative"));
                fields.take(read.map(Some))
            });
            let ordered = least.zip(most).is_none_or(|(least, most)| least <= most);
            let rule = "must not be below latency_min";
            fields.check(ordered, "behavior.latency_max", rule);
            let capacity = u32::try_from(message.capacity_per_second);
            let rule = "must be 0 or more";
            fields.check(capacity.is_ok(), "behavior.capacity_per_second", rule);
            let given = [
                message.declined_percent,
                message.failed_percent,
                message.reply_lost_percent,
                message.hanging_percent,
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
                latency: (least.unwrap_or_default(), most.unwrap_or_default()),
                shares,
                down: message.down,
                capacity: capacity.ok().and_then(NonZeroU32::new),
            }
        })
    }

    /// The contract's message of it.
    pub fn message(&self) -> v1::Behavior {
        let [declined, failed, reply_lost, hanging] =
            self.shares.map(|share| i32::try_from(share).unwrap_or(100));
        v1::Behavior {
            latency_min: prost_types::Duration::try_from(self.latency.0).ok(),
            latency_max: prost_types::Duration::try_from(self.latency.1).ok(),
            declined_percent: declined,
            failed_percent: failed,
            reply_lost_percent: reply_lost,
            hanging_percent: hanging,
            down: self.down,
            capacity_per_second: self
                .capacity
                .map_or(0, |most| i32::try_from(most.get()).unwrap_or(i32::MAX)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn every_fate_comes_in_its_share() {
        let behavior = Behavior {
            latency: (Duration::from_millis(400), Duration::from_millis(620)),
            shares: [10, 20, 30, 15],
            ..Behavior::default()
        };
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

    #[test]
    fn the_message_is_read_as_it_was_written() {
        let behavior = Behavior {
            latency: (Duration::from_millis(1), Duration::from_secs(2)),
            shares: [1, 2, 3, 94],
            down: true,
            capacity: NonZeroU32::new(1000),
        };
        assert_eq!(Behavior::read(Some(&behavior.message())), Ok(behavior));
    }
}
