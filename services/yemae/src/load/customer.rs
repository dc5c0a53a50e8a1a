//! One customer: orders, sometimes cancels, sometimes sees to it that the order goes on.

use super::moves::{Wanted, Wish};
use super::person::Person;
use super::scene::{LOOK, Place, Scene};
use super::seen::is_final;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often one request is repeated while it is answered UNAVAILABLE or not at all.
const REPEATS: u32 = 40;
/// How many of all customers want what somebody else has seen a moment before them.
const LATE: f64 = 0.05;
/// How many want two at once.
const TWO: f64 = 0.3;
/// Between repeats.
const PAUSE: Duration = Duration::from_millis(200);

pub(super) struct Customer {
    person: Person,
    scene: Arc<Scene>,
    random: SmallRng,
    number: usize,
    made: u32,
    /// Does nothing else, and wants nothing that others want.
    just_books: bool,
}

impl Customer {
    pub(super) fn new(
        person: Person,
        scene: Arc<Scene>,
        seed: u64,
        number: usize,
        just_books: bool,
    ) -> Self {
        let random =
            SmallRng::seed_from_u64(seed.wrapping_mul(1_000_003).wrapping_add(number as u64));
        Self {
            person,
            scene,
            random,
            number,
            made: 0,
            just_books,
        }
    }

    /// Shops until the shop closes.
    pub(super) async fn shop(mut self, end: Instant) {
        while Instant::now() < end {
            let place = self.random.random_range(0..self.scene.places.len());
            let place = self.scene.places[place].clone();
            let Some(order_id) = self.order(&place, end).await else {
                continue;
            };
            match self.random.random_range(0..100) {
                _ if self.just_books => {}
                0..20 => self.person.cancel(&place, order_id).await,
                // The customer goes on meanwhile: that takes its time.
                20..30 => {
                    let step = self.person.clone().progress(place, order_id);
                    drop(mesh::task::detach(step));
                }
                _ => {}
            }
        }
    }

    async fn order(&mut self, place: &Place, end: Instant) -> Option<String> {
        let Some(wanted) = self.want(place) else {
            tokio::time::sleep(LOOK).await;
            return None;
        };
        self.made += 1;
        let request_id = format!("{}-{}-{}", self.scene.run, self.number, self.made);
        let first = Instant::now();
        for _ in 0..REPEATS {
            let tried = self.person.create(place, &request_id, &wanted, first);
            match tried.await {
                Ok(order_id) => return Some(order_id),
                Err(status) if is_final(&status) => return None,
                Err(_) if Instant::now() >= end => return None,
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
        None
    }

    /// What is free, as who looks first does; now and then what somebody else is about to order.
    fn want(&mut self, place: &Place) -> Option<Wanted> {
        let wish = if !self.just_books && self.random.random_bool(LATE) {
            Wish::Taken
        } else if self.random.random_bool(TWO) {
            Wish::Two
        } else {
            Wish::One
        };
        place.moves.want(wish)
    }
}
