//! The story a newcomer plays first, in both topologies.

use crate::rig::{Up, directory, processes_with, wait_for};
use crate::stores::CONTEXTS;
use serde_json::Value;
use std::time::{Duration, Instant};

fn the_story_comes_true(arguments: &[&str]) {
    let data = directory();
    let up = Up::start(data.path(), arguments);
    let said = up.ok(&["demo", "all"]);
    assert!(said.contains("The story came true."), "{said}");
    let status = up.ok(&["status"]);
    let mut contexts = status.lines().skip(1);
    assert!(contexts.clone().count() >= 7, "{status}");
    assert!(contexts.all(|line| line.contains(" ready ")), "{status}");
    let verdict = up.ok(&["audit", "--quiet"]);
    assert_eq!(
        verdict.matches("0 breaches, 0 in flight").count(),
        7,
        "{verdict}"
    );
    assert!(up.stop(), "it drained");
    let word = data.path().display().to_string();
    wait_for("every process to be gone", || {
        processes_with(&word).is_empty().then_some(())
    });
}

#[test]
fn the_story_comes_true_in_one_process() {
    the_story_comes_true(&[]);
}

#[test]
fn the_story_comes_true_in_a_process_for_each_context() {
    the_story_comes_true(&["--processes"]);
}

#[test]
fn a_system_that_is_left_out_is_not_shown() {
    let data = directory();
    let up = Up::start(data.path(), &["--demo", "--without", "cinema-ticket"]);
    let said = up.run(&["demo", "all"]).stdout;
    let said = String::from_utf8(said).unwrap();
    let left_out = "cinema: left out, there is no cinema-ticket";
    assert!(said.contains(left_out), "{said}");
    let listed = up.ok(&["call", "ListMovies"]);
    assert!(!listed.contains("Soul"), "{listed}");
}

/// The most a mesh of every system at rest may hold: 200 MiB.
const RESIDENT_KIB: u64 = 200 * 1024;
/// So soon it is ready, the start of its nats-server included, when nobody else wants the machine: one start of so many.
const READY: Duration = Duration::from_millis(1500);
const STARTS: usize = 8;

#[test]
fn real_all_systems_at_rest_fit_a_small_machine() {
    let data = directory();
    assert!(Up::on_files(data.path(), &["--demo"]).stop(), "it drained");
    for _ in 0..STARTS {
        let begun = Instant::now();
        let up = Up::on_files(data.path(), &["--demo"]);
        let ready = begun.elapsed();
        let served: Value = serde_json::from_str(&up.ok(&["status", "--json"])).unwrap();
        let served = served.as_array().unwrap().iter();
        assert!(
            served
                .map(|own| own["context"].as_str().unwrap())
                .eq(CONTEXTS)
        );
        assert_eq!(processes_with(&data.path().display().to_string()).len(), 2);
        let resident = resident_kib(up.pid());
        println!("ready after {ready:?}, {resident} KiB");
        assert!(resident < RESIDENT_KIB, "{resident} KiB");
        assert!(up.stop(), "it drained");
        if ready < READY {
            return;
        }
    }
    panic!("no start of {STARTS} was ready within {READY:?}");
}

/// What a process holds in memory.
fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let mut lines = status.lines();
    let resident = lines.find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    resident.trim().trim_end_matches(" kB").parse().unwrap()
}
