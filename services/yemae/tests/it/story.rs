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
