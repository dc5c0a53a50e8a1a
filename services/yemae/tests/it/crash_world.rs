//! Every lifecycle in a world of chaos: the real contexts, whose processes die at any commit, whose calls get lost and
//! whose events come twice, late or only when delivered again; then healing, rest, and the audit, with what every client
//! was told. What a seed rolls is the same each time; what contexts roll for themselves (ids, pauses) is not.

mod cinema;
mod food;
mod iptv;
mod taxi;
mod town;
mod vod;

use crate::shared::{Resident, SHARED};
use ordering::audit::{History, UNSETTLED_CHARGE, judge};
use std::time::Duration;
use testing::Stores;
use testing::chaos::{self, Chaos, Databases, Faults, Making};
use town::Town;

/// How many seeds a system is tried with; `YEMAE_SEEDS` says otherwise.
const SEEDS: u64 = 20;
/// And with a server behind it, where one takes ten times as long.
const SEEDS_ON_POSTGRES: u64 = 2;
/// The least that a world must have seen to count.
const COMMANDS: usize = 20;
const ORDERS: usize = 3;
/// People at once.
const CROWD: usize = 6;

/// What a system does in a world of chaos.
trait Lifecycle: Sized + Sync {
    /// Its own contexts; the shared ones go without saying.
    const CONTEXTS: &'static [Resident];

    /// Sets its stage, while there are no faults yet.
    async fn set(town: &Town) -> Self;

    /// One customer's order, and whatever he, the staff and an administrator then do about it.
    async fn live(&self, town: &Town, number: usize);
}

/// Runs one seed from its beginning to the audit. Answers how many orders there were.
fn run<L: Lifecycle>(seed: u64, databases: &mut Databases) -> usize {
    chaos::run(async {
        let residents = SHARED.iter().chain(L::CONTEXTS);
        let making = Making {
            seed,
            trace: true,
            forgets_inbox: false,
        };
        let (makes, tellers) = town::settle(residents, seed);
        let world = Chaos::new(making, databases, &makes);
        let town = Town::new(&world);
        let stage = L::set(&town).await;
        town.give_payment_a_mood().await;
        world.let_loose(Faults::roll(world.dice()));
        let mut number = 0;
        while number < 60 && (town.commands() < COMMANDS || town.placed() < ORDERS) {
            let evening = (0..CROWD).map(|place| stage.live(&town, number + place));
            futures::future::join_all(evening).await;
            number += CROWD;
        }
        if world.struck() == 0 {
            world.kill(L::CONTEXTS[0].name);
        }
        world.heal();
        let is_settled = |world: &Chaos| town::facts(world, &tellers).open == 0;
        let rests = world.rest(Duration::from_secs(1200), is_settled).await;
        let facts = town::facts(&world, &tellers);
        let later = world.now().plus(UNSETTLED_CHARGE * 2);
        let report = judge(&facts, &facts, Some(&History(town.history())), true, later);
        let mut wrong: Vec<_> = report
            .into_values()
            .flat_map(|verdict| verdict.breaches)
            .map(|breach| format!("{breach:?}"))
            .chain(world.wrong())
            .collect();
        if !rests {
            wrong.push("it never comes to rest".to_owned());
        }
        assert!(
            wrong.is_empty(),
            "{}\nseed {seed}:\n{}",
            world.trace().join("\n"),
            wrong.join("\n")
        );
        let shown = (town.commands() >= COMMANDS, facts.orders.len() >= ORDERS);
        assert_eq!(shown, (true, true), "seed {seed} shows too little");
        facts.orders.len()
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is told by hand to look further"
)]
fn seeds() -> u64 {
    let usual = match Stores::of_this_run() {
        Stores::Sqlite => SEEDS,
        Stores::Postgres | Stores::Mix => SEEDS_ON_POSTGRES,
    };
    let told = std::env::var("YEMAE_SEEDS").ok();
    told.map_or(usual, |told| told.parse().unwrap())
}

fn holds<L: Lifecycle>() {
    let seeds = seeds();
    let mut databases = Databases::default();
    let orders: usize = (0..seeds).map(|seed| run::<L>(seed, &mut databases)).sum();
    println!("{seeds} seeds, {orders} orders");
}

#[test]
fn the_cinema_breaks_no_rule() {
    holds::<cinema::Cinema>();
}

#[test]
fn food_breaks_no_rule() {
    holds::<food::Food>();
}

#[test]
fn a_taxi_breaks_no_rule() {
    holds::<taxi::Taxi>();
}

#[test]
fn vod_breaks_no_rule() {
    holds::<vod::Vod>();
}

#[test]
fn iptv_breaks_no_rule() {
    holds::<iptv::Iptv>();
}
