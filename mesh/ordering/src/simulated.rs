//! What the simulated parties outside have in common: the provider of payments, the studio.

use mesh::Fields;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::{Mutex, PoisonError};

/// How such a party behaves now, and the dice it throws.
#[derive(Debug)]
pub struct Mood<B>(Mutex<(B, StdRng)>);

impl<B> Mood<B> {
    /// One that behaves like this until it is told otherwise. The same seed draws the same fates.
    pub fn new(behavior: B, seed: u64) -> Self {
        Self(Mutex::new((behavior, StdRng::seed_from_u64(seed))))
    }

    /// Reads or changes how it behaves, which nobody else does meanwhile.
    pub fn with<T>(&self, work: impl FnOnce(&mut B, &mut StdRng) -> T) -> T {
        let mut mood = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (behavior, random) = &mut *mood;
        work(behavior, random)
    }
}

/// The fates that have a share of what is asked of such a party, in percent. What is left of 100 has the default one.
#[derive(Clone, Debug, Default)]
pub struct Shares<F>(Vec<(F, i32)>);

impl<F: Copy + Default> Shares<F> {
    /// Reads the shares of a request's field `behavior`.
    pub fn read(fields: &mut Fields, shares: impl Into<Vec<(F, i32)>>) -> Self {
        let shares = shares.into();
        let together: i32 = shares.iter().map(|(_, percent)| percent).sum();
        let rule = "must have shares of at most 100 percent together";
        fields.check(together <= 100, "behavior", rule);
        Self(shares)
    }

    /// The fate of one thing that is asked.
    pub fn draw(&self, random: &mut impl Rng) -> F {
        let mut ticket = random.random_range(0..100);
        for (fate, percent) in &self.0 {
            if ticket < *percent {
                return *fate;
            }
            ticket -= percent;
        }
        F::default()
    }
}
