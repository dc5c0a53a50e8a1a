//! The story a newcomer plays first, in both topologies.

use crate::rig::{Up, directory, processes_with, wait_for};

fn the_story_comes_true(arguments: &[&str]) {
    let data = directory();
    let up = Up::start(data.path(), arguments);
    let said = up.ok(&["demo", "cinema"]);
    assert!(said.contains("The story came true."), "{said}");
    let status = up.ok(&["status"]);
    assert_eq!(status.matches(" ready ").count(), 7 + 1, "{status}");
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

/// The most a mesh at rest may hold: 150 MiB.
const RESIDENT_KIB: u64 = 150 * 1024;

#[test]
fn all_contexts_at_rest_fit_a_small_machine() {
    let data = directory();
    let up = Up::start(data.path(), &["--demo"]);
    let status = std::fs::read_to_string(format!("/proc/{}/status", up.pid())).unwrap();
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    let resident: u64 = resident.trim().trim_end_matches(" kB").parse().unwrap();
    println!("{resident} KiB");
    assert!(resident < RESIDENT_KIB, "{resident} KiB");
}
