//! Seeded worlds: faults, then healing, rest, and the audit.

mod bugs;
mod crashes;
mod found;
mod seeds;

use crate::audit::{Facts, breaches};
use crate::customers::Customers;
use crate::history::History;
use crate::toys::booking::{self, BOOKING};
use crate::toys::theater::{self, THEATER};
use crate::toys::{Bug, Toys};
use ordering::{intents, orders};
use std::time::Duration;
use testing::chaos::{self, Chaos, Databases, Dice, Faults, Making};

/// The least that a world must have seen to count.
const COMMANDS: usize = 20;
const ORDERS: usize = 3;

/// What a seed came to.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    pub breaches: Vec<String>,
    pub trace: Vec<String>,
    pub commands: usize,
    pub orders: usize,
    pub faults: usize,
}

/// Runs one seed from its beginning to the audit.
pub fn run(seed: u64, bug: Bug, databases: &mut Databases, trace: bool) -> Outcome {
    chaos::run(live(seed, bug, databases, trace))
}

/// A world with everybody in it, and without faults so far.
pub struct Stage {
    pub world: Chaos,
    pub customers: Customers,
    toys: Toys,
    history: History,
}

impl Stage {
    /// A world that is to leave nothing to chance but what `seed` decides.
    pub fn new(seed: u64, databases: &mut Databases) -> Self {
        Self::with(seed, Bug::None, databases, false)
    }

    fn with(seed: u64, bug: Bug, databases: &mut Databases, trace: bool) -> Self {
        // The toys throw their own dice, so that a world's choices do not depend on theirs.
        let toys = Toys::new(bug, &Dice::new(!seed));
        let making = Making {
            seed,
            trace,
            forgets_inbox: bug == Bug::NoInbox,
        };
        let world = Chaos::new(making, databases, &toys.contexts());
        let history = History::default();
        let customers = Customers::new(&world, &history);
        Self {
            world,
            customers,
            toys,
            history,
        }
    }

    /// Waits for rest; every breach of a rule.
    async fn rest(&self) -> Vec<String> {
        let settled =
            |world: &Chaos| world.read(BOOKING, |db| intents::unsettled(db).unwrap()) == 0;
        let rested = self.world.rest(Duration::from_secs(600), settled).await;
        let facts = Facts::read(&self.world, &self.toys);
        let mut breaches = breaches(&facts, &self.history.lock().unwrap());
        breaches.extend(self.world.wrong());
        if !rested {
            breaches.push("it never comes to rest".to_owned());
        }
        breaches
    }

    /// Comes to rest, and no rule is breached.
    pub async fn rests_well(&self) {
        assert_eq!(self.rest().await, [""; 0]);
    }

    /// Some customers ask again, now that all is well; others never do.
    async fn late_repeats(&self) {
        let creates: Vec<_> = self
            .history
            .lock()
            .unwrap()
            .creates
            .values()
            .cloned()
            .collect();
        for create in creates {
            if create.placed().is_none() && self.world.dice().chance(0.4) {
                let (customer, request) = (&create.customer, &create.request);
                self.customers.insist(customer, request, 1.0).await;
            }
        }
    }
}

async fn live(seed: u64, bug: Bug, databases: &mut Databases, trace: bool) -> Outcome {
    let stage = Stage::with(seed, bug, databases, trace);
    let (world, dice) = (&stage.world, stage.world.dice());
    if dice.chance(0.3) {
        let seat = theater::resource(
            &booking::screening("far"),
            &format!("{}A", 1 + dice.below(8)),
        );
        world.read(THEATER, |db| theater::give_away(db, &seat).unwrap());
    }
    world.let_loose(Faults::roll(dice));
    let mut number = 0;
    loop {
        let evening = (0..6).map(|place| stage.customers.clone().live(number + place));
        futures::future::join_all(evening).await;
        number += 6;
        let book = stage.history.lock().unwrap();
        if number >= 60 || book.commands() >= COMMANDS && book.placed() >= ORDERS {
            break;
        }
    }
    if world.struck() == 0 {
        world.kill(BOOKING);
    }
    world.heal();
    stage.late_repeats().await;
    let breaches = stage.rest().await;
    Outcome {
        breaches,
        trace: world.trace(),
        commands: stage.history.lock().unwrap().commands(),
        orders: world.read(BOOKING, |db| orders::all(db).unwrap().len()),
        faults: world.struck(),
    }
}
