//! Many seeds, and the ones that once failed.

use super::{COMMANDS, ORDERS, Outcome, run};
use crate::toys::Bug;
use std::time::Instant;
use testing::Stores;
use testing::chaos::Databases;

/// How many seeds a run of the tests tries; `YEMAE_SEEDS` says otherwise.
const SEEDS: u64 = 200;
/// And with a server behind it, where one takes ten times as long.
const SEEDS_ON_POSTGRES: u64 = 20;

#[expect(
    clippy::disallowed_methods,
    reason = "a test is told by hand which seed to run again"
)]
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs a seed and fails with all that it takes to see it again.
fn holds(seed: u64, databases: &mut Databases) -> Outcome {
    let outcome = run(seed, Bug::None, databases, false);
    if !outcome.breaches.is_empty() {
        let again = run(seed, Bug::None, databases, true);
        panic!(
            "{}\nbreached by seed {seed}; again with YEMAE_SEED={seed}:\n{}",
            again.trace.join("\n"),
            outcome.breaches.join("\n"),
        );
    }
    outcome
}

#[test]
fn no_seed_breaches_a_rule() {
    let mut databases = Databases::default();
    if let Some(seed) = setting("YEMAE_SEED") {
        let outcome = run(seed, Bug::None, &mut databases, true);
        println!("{}", outcome.trace.join("\n"));
        assert_eq!(outcome.breaches, [""; 0], "seed {seed}");
        return;
    }
    let seeds = match Stores::of_this_run() {
        Stores::Sqlite => SEEDS,
        Stores::Postgres | Stores::Mix => SEEDS_ON_POSTGRES,
    };
    let (seeds, first) = (
        setting("YEMAE_SEEDS").unwrap_or(seeds),
        setting("YEMAE_FIRST_SEED").unwrap_or(0),
    );
    let start = Instant::now();
    let (mut commands, mut orders, mut faults) = (0, 0, 0);
    for seed in first..first + seeds {
        let outcome = holds(seed, &mut databases);
        let enough = outcome.commands >= COMMANDS && outcome.orders >= ORDERS && outcome.faults > 0;
        assert!(enough, "seed {seed} shows too little: {outcome:?}");
        commands += outcome.commands;
        orders += outcome.orders;
        faults += outcome.faults;
    }
    let each_minute = seeds as f64 / start.elapsed().as_secs_f64() * 60.0;
    println!(
        "{seeds} seeds, {each_minute:.0} a minute: {commands} commands, {orders} orders, {faults} faults"
    );
}

/// The trace, with each id replaced by the order of its first appearance.
fn without_ids(trace: &[String]) -> Vec<String> {
    let is_id = |word: &str| word.len() == 36 && word.matches('-').count() == 4;
    let mut known: Vec<String> = Vec::new();
    let mut rename = |word: &str| {
        if !is_id(word) {
            return word.to_owned();
        }
        let place = known.iter().position(|id| id == word).unwrap_or_else(|| {
            known.push(word.to_owned());
            known.len() - 1
        });
        format!("#{place}")
    };
    let mut rename_line = |line: &String| {
        let words = line.split([' ', '.', ':']).map(&mut rename);
        words.collect::<Vec<_>>().join(" ")
    };
    trace.iter().map(&mut rename_line).collect()
}

#[test]
fn a_seed_runs_the_same_way_again() {
    let mut databases = Databases::default();
    for seed in 0..10 {
        let [one, two] = [0, 1].map(|_| run(seed, Bug::None, &mut databases, true));
        assert_eq!(
            without_ids(&one.trace),
            without_ids(&two.trace),
            "seed {seed}"
        );
    }
}
