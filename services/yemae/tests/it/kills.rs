//! F1: kill -9 in mid-load. What was answered OK is there afterwards, and nothing is torn.

use crate::play::{self, Load, audit, in_full, send, wait_until_gone};
use crate::rig::{Up, directory, wait_for};
use crate::stores::CONTEXTS;
use nix::sys::signal::Signal;
use std::path::Path;
use std::time::{Duration, Instant};

/// Customers at once.
const CLIENTS: u32 = 32;
/// How long after a restart the first success may take: the design's 5 s, and room for a machine that is busy elsewhere.
const BACK: Duration = Duration::from_secs(15);

/// How many kills, and how many bookings are answered before each.
struct Proof {
    kills: usize,
    answered: usize,
}

/// A new seed each run, told so that it can be looked for in what was printed.
fn seed() -> u64 {
    let seed = mesh::Clock::system().now().0 as u64;
    eprintln!("seed {seed}");
    seed
}

#[test]
fn real_kill_of_everything() {
    let proof = match in_full() {
        true => Proof {
            kills: 10,
            answered: 1000,
        },
        false => Proof {
            kills: 3,
            answered: 200,
        },
    };
    let seed = seed();
    let data = directory();
    let histories = directory();
    let mut written = Vec::new();
    let mut up = Up::start(data.path(), &[]);
    for round in 0..proof.kills {
        let history = histories.path().join(format!("{round}.jsonl"));
        let mut load = Load::start(&up, &history, CLIENTS, seed + round as u64);
        let begun = Instant::now();
        load.wait_for_booked(proof.answered);
        let took = begun.elapsed();
        up.kill();
        load.kill();
        wait_until_gone(data.path());
        written.push(history);

        let begun = Instant::now();
        up = Up::start(data.path(), &[]);
        let ready = begun.elapsed();
        let first = first_success(&up, histories.path(), seed + 1000 + round as u64);
        written.push(first.history);
        audit(&up, &written);
        eprintln!(
            "kill {round}: {} booked in {took:?}, ready after {ready:?}, first booking of a new run after {:?}, clean after {:?}",
            proof.answered,
            first.after,
            begun.elapsed()
        );
    }
    assert!(up.stop(), "it drained");
}

struct First {
    history: std::path::PathBuf,
    after: Duration,
}

/// A load from the restart to its first booking.
fn first_success(up: &Up, histories: &Path, seed: u64) -> First {
    let history = histories.join(format!("first-{seed}.jsonl"));
    let begun = Instant::now();
    let mut load = Load::start(up, &history, 4, seed);
    load.wait_for_booked(1);
    let after = begun.elapsed();
    load.kill();
    assert!(after < BACK, "the first success took {after:?}");
    First { history, after }
}

#[test]
fn real_kill_of_each_context() {
    let proof = match in_full() {
        true => Proof {
            kills: 10,
            answered: 1000,
        },
        false => Proof {
            kills: CONTEXTS.len(),
            answered: 100,
        },
    };
    let seed = seed();
    let data = directory();
    let histories = directory();
    let mut written = Vec::new();
    let up = Up::start(data.path(), &["--processes"]);
    for (round, name) in order(seed, proof.kills).into_iter().enumerate() {
        let history = histories.path().join(format!("{round}.jsonl"));
        let mut load = Load::start(&up, &history, CLIENTS, seed + round as u64);
        load.wait_for_booked(proof.answered);
        let victim = play::context(&up, name).unwrap();
        let begun = Instant::now();
        assert!(send(victim, Signal::SIGKILL));
        let at_the_kill = load.booked();
        let other = wait_for("the context to be started again", || {
            play::context(&up, name).filter(|pid| *pid != victim)
        });
        wait_for("every context to be ready", || {
            up.run(&["status"]).status.success().then_some(())
        });
        let ready = begun.elapsed();
        load.wait_for_booked(at_the_kill + 2 * CLIENTS as usize);
        let flows = begun.elapsed();
        load.kill();
        written.push(history);
        // Coming to rest takes the 30 s after which the broker gives a dead consumer's events to the next.
        if in_full() {
            audit(&up, &written);
        }
        assert_eq!(play::context(&up, name), Some(other), "it died once");
        eprintln!(
            "kill {round} {name}: ready after {ready:?}, {} more booked after {flows:?}, looked at until {:?}",
            2 * CLIENTS,
            begun.elapsed()
        );
    }
    audit(&up, &written);
    assert!(up.stop(), "it drained");
    wait_until_gone(data.path());
}

/// Every context once, then again, in an order drawn from the seed.
fn order(seed: u64, kills: usize) -> Vec<&'static str> {
    let mut left = seed;
    let mut names = CONTEXTS.to_vec();
    let mut order = Vec::new();
    while order.len() < kills {
        if names.is_empty() {
            names = CONTEXTS.to_vec();
        }
        order.push(names.swap_remove((left % names.len() as u64) as usize));
        left = left.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1) >> 7;
    }
    order
}
