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

/// Runs the commands as they are printed, where the mesh is in `.yemae` and the binary in `target/debug`, as in the
/// repository and in PATH. Answers what they printed.
fn played(up: &Up, commands: &[String]) -> String {
    let elsewhere = directory();
    let here = elsewhere.path();
    std::os::unix::fs::symlink(&up.data, here.join(".yemae")).unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_yemae")).parent().unwrap();
    std::fs::create_dir(here.join("target")).unwrap();
    std::os::unix::fs::symlink(binary, here.join("target/debug")).unwrap();
    // It stands in for the default port, which is one for the whole machine.
    let lock = std::fs::read(up.data.join("lock")).unwrap();
    let running: serde_json::Value = serde_json::from_slice(&lock).unwrap();
    let gateway = running["gateway"].as_str().unwrap();
    let commands = commands.join("\n");
    let script = format!(
        "set -euo pipefail\nPATH=\"$PWD/target/debug:$PATH\"\n{}",
        commands.replace("http://localhost:8088", gateway)
    );
    let played = Command::new("bash")
        .args(["-xc", &script])
        .current_dir(here)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&played.stdout);
    let steps = String::from_utf8_lossy(&played.stderr);
    assert!(played.status.success(), "{said}\n{steps}");
    said.into_owned()
}

fn says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part}: {said}");
    }
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
    let up = Up::on_files(data.path(), &["--demo"]);
    let came_true = [
        "The story came true.",
        "\"title\"",
        "\"seatMap\"",
        "\"bookingId\"",
        "BOOKING_STATUS_CANCELLING",
        "0 breaches",
        "cinema-ticket",
        "There are no dead letters.",
        " databases",
        // What curl was told.
        "{\"booking\":{\"bookingId\":",
        "{\"orders\":[{\"orderId\":",
    ];
    says(&played(&up, &commands), &came_true);
    assert!(up.stop());
}

#[test]
fn the_operators_pages_work_as_printed() {
    let data = directory();
    let up = Up::on_files(data.path(), &["--demo"]);
    up.ok(&["load", "--seconds", "1"]);
    let pages = ["operations.md", "backup-and-restore.md"];
    let commands = pages.map(|page| blocks(&read(&format!("services/yemae/docs/{page}"))));
    let came_true = [
        "cinema-theater closed, payment closed",
        "0 breaches, 0 in flight",
        "yemae.cinema.booking.v1.BookingPlaced",
        "There are no dead letters.",
        "mypage was rebuilt",
        "on the customer's page after",
        "8. nothing answered OK is gone",
        "YEMAE_DATABASE_URL",
        " databases",
        "cinema-booking.sqlite",
    ];
    says(&played(&up, &commands.concat()), &came_true);
    assert!(up.stop());
}

/// A page is found by whoever follows the links.
#[test]
fn pages_link_to_pages_that_are_there() {
    let docs = "services/yemae/docs";
    for page in ["settings", "operations", "backup-and-restore", "upgrade"] {
        let page = format!("{docs}/{page}.md");
        assert!(read("README.md").contains(&page), "{page}");
        assert!(read(".github/README.ko.md").contains(&page), "{page}");
        let text = read(&page);
        for link in text.split("](").skip(1) {
            let (link, _) = link.split_once(')').unwrap();
            let (file, _) = link.split_once('#').unwrap_or((link, ""));
            let file = root().join(docs).join(file);
            assert!(file.exists(), "{page} links {link}");
        }
    }
}

/// What the checklist tells a newcomer to look at and to edit is there.
#[test]
fn the_checklist_names_files_that_are_there() {
    let page = "services/README.md";
    assert!(read("README.md").contains(page));
    assert!(read(".github/README.ko.md").contains(page));
    let text = read(page);
    let names = text.split('`').skip(1).step_by(2);
    let files = names.filter(|name| name.contains('/') && !name.contains([' ', '…', '{']));
    let to_be_made = |file: &&str| file.contains("taxi") || file.starts_with("/v1/");
    let mut seen = 0;
    for file in files.filter(|file| !to_be_made(file)) {
        let places = [
            "",
            "services/",
            "services/cinema-ticket/",
            "services/cinema-booking/",
            "services/food-store/",
        ];
        let there = |place: &&str| root().join(place).join(file).exists();
        assert!(places.iter().any(there), "{file}");
        seen += 1;
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn the_korean_twin_has_the_same_commands() {
    assert_eq!(
        blocks(&read("README.md")),
        blocks(&read(".github/README.ko.md"))
    );
}
