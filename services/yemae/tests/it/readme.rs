//! README.md is played as it is printed, and its Korean twin says the same commands.

use crate::rig::{Up, directory, root};
use std::path::Path;
use std::process::{Command, Stdio};

/// The text between "```sh" and "```".
fn blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("```sh\n") {
        let (block, after) = after.split_once("```").expect("a block ends");
        blocks.push(block.to_owned());
        rest = after;
    }
    blocks
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

#[test]
fn the_walk_through_works_as_printed() {
    let readme = read("README.md");
    let (_, walk) = readme
        .split_once("## The cinema, walked through")
        .expect("README.md walks through the cinema");
    let commands = blocks(walk);
    assert!(commands.len() > 5, "{commands:?}");

    let data = directory();
    let up = Up::start(data.path(), &["--demo"]);
    let elsewhere = directory();
    let here = elsewhere.path();
    std::os::unix::fs::symlink(data.path(), here.join(".yemae")).unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_yemae")).parent().unwrap();
    std::fs::create_dir(here.join("target")).unwrap();
    std::os::unix::fs::symlink(binary, here.join("target/debug")).unwrap();
    let script = format!("set -euo pipefail\n{}", commands.join("\n"));
    let played = Command::new("bash")
        .args(["-xc", &script])
        .current_dir(here)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&played.stdout);
    let steps = String::from_utf8_lossy(&played.stderr);
    assert!(played.status.success(), "{said}\n{steps}");
    for came_true in [
        "The story came true.",
        "\"title\"",
        "\"seatMap\"",
        "\"bookingId\"",
        "BOOKING_STATUS_CANCELLING",
        "0 breaches",
        "cinema-ticket",
        "There are no dead letters.",
        "7 databases",
    ] {
        assert!(said.contains(came_true), "{came_true}: {said}\n{steps}");
    }
    assert!(up.stop());
}

#[test]
fn the_korean_twin_has_the_same_commands() {
    assert_eq!(
        blocks(&read("README.md")),
        blocks(&read(".github/README.ko.md"))
    );
}
