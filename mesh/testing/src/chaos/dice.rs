//! Every choice of a world, from its seed.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// One source of chance. Its clones share it.
#[derive(Clone, Debug)]
pub struct Dice(Arc<Mutex<StdRng>>);

impl Dice {
    /// The choices of a seed.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    fn throw<T>(&self, how: impl FnOnce(&mut StdRng) -> T) -> T {
        how(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// True with this probability. One that never happens is not thrown for.
    pub fn chance(&self, probability: f64) -> bool {
        probability > 0.0 && self.throw(|rng| rng.random_bool(probability.min(1.0)))
    }

    /// From 0 to `count` - 1.
    pub fn below(&self, count: usize) -> usize {
        self.throw(|rng| rng.random_range(0..count.max(1)))
    }

    /// From `least` to `most` milliseconds.
    pub fn millis(&self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.throw(|rng| rng.random_range(least..=most)))
    }

    /// One of them.
    pub fn pick<'a, T>(&self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}
