//! A copy of a mesh while it is served, and another mesh made from it.

use crate::cli::assert_fault;
use crate::play::{Load, audit};
use crate::rig::{Up, directory, yemae};
use crate::stores::CONTEXTS;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

fn restore(backup: &Path, data: &Path) -> Output {
    let mut command = yemae();
    command.arg("restore").arg(backup).arg("--data").arg(data);
    command.output().unwrap()
}

/// What the backup says of itself.
fn manifest(backup: &Path) -> serde_json::Value {
    let text = std::fs::read_to_string(backup.join("backup.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Of a history what was answered before this moment, in µs: in a file of its own.
fn answered_before(history: &Path, at: i64) -> PathBuf {
    let text = std::fs::read_to_string(history).unwrap();
    let before = |line: &&str| {
        let record: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
        record["at"].as_i64().is_some_and(|seen| seen < at)
    };
    let kept: Vec<&str> = text.lines().filter(before).collect();
    let file = history.with_extension("before.jsonl");
    std::fs::write(&file, kept.join("\n")).unwrap();
    file
}

#[test]
fn real_backup_under_load() {
    let (data, beside) = (directory(), directory());
    let up = Up::on_files(data.path(), &["--processes"]);
    let history = beside.path().join("history.jsonl");
    let mut load = Load::start(&up, &history, 16, 6);
    load.wait_for_booked(200);
    let backup = beside.path().join("backup");
    let said = up.ok(&["backup", backup.to_str().unwrap()]);
    assert!(said.contains(" databases"), "{said}");
    eprintln!("{said}");
    load.wait_for_booked(load.booked() + 100);
    load.kill();
    let seen = std::fs::read_to_string(&history).unwrap();
    assert!(!seen.contains("\"unknown\""), "somebody was not answered");
    assert!(up.stop(), "it drained");

    let restored = beside.path().join("restored");
    let output = restore(&backup, &restored);
    assert!(output.status.success(), "{output:?}");
    for dir in [&backup, &restored] {
        let keys = std::fs::read_dir(dir.join("keys")).unwrap().flatten();
        let private: Vec<_> = keys
            .filter(|key| key.path().extension().is_some_and(|ext| ext == "pem"))
            .map(|key| key.metadata().unwrap().permissions().mode() & 0o777)
            .collect();
        // People's, each context's, and what a context may sign with besides.
        assert!(private.len() > CONTEXTS.len(), "{}", dir.display());
        assert!(private.iter().all(|mode| *mode == 0o600), "{private:?}");
        let mode = std::fs::metadata(dir).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{}", dir.display());
    }
    let told = answered_before(&history, manifest(&backup)["at_us"].as_i64().unwrap());
    // Its broker is empty: what was published and not yet acted on is said again from the outboxes.
    let up = Up::on_files(&restored, &["--processes"]);
    audit(&up, &[told]);
    let story = up.ok(&["demo", "cinema"]);
    assert!(story.contains("came true"), "{story}");
    audit(&up, &[]);
    assert!(up.stop(), "it drained");
}

/// A small backup of a mesh that is not running.
fn small(beside: &Path) -> PathBuf {
    let data = beside.join("data");
    assert!(Up::on_files(&data, &[]).stop(), "it drained");
    let backup = beside.join("backup");
    let output = yemae()
        .arg("backup")
        .arg(&backup)
        .arg("--data")
        .arg(&data)
        .output();
    assert!(output.unwrap().status.success());
    backup
}

#[test]
fn a_backup_that_failed_leaves_nothing_and_can_be_made_again() {
    let beside = directory();
    small(beside.path());
    let at = |name: &str| beside.path().join(name);
    let backup = || {
        let mut command = yemae();
        command.arg("backup").arg(at("second"));
        command.arg("--data").arg(at("data")).output().unwrap()
    };
    std::fs::rename(at("data/keys"), at("keys")).unwrap();
    assert_ne!(backup().status.code(), Some(0));
    assert!(!at("second").exists());
    std::fs::rename(at("keys"), at("data/keys")).unwrap();
    assert_eq!(backup().status.code(), Some(0));
}

#[test]
fn what_is_no_backup_or_no_place_for_one_is_refused() {
    let beside = directory();
    let at = |name: &str| beside.path().join(name);
    let backup = small(beside.path());

    let again = yemae()
        .arg("backup")
        .arg(&backup)
        .arg("--data")
        .arg(at("data"))
        .output();
    assert_fault(&again.unwrap(), 2, &["DIR", "is not empty"]);
    let nothing = yemae()
        .arg("backup")
        .arg(at("other"))
        .arg("--data")
        .arg(at("nowhere"))
        .output();
    assert_fault(&nothing.unwrap(), 2, &["no database", "--data"]);
    assert_fault(
        &restore(&backup, &at("data")),
        2,
        &["--data", "is not empty"],
    );

    let copy = backup.join("db/payment.sqlite");
    let whole = std::fs::read(&copy).unwrap();
    let mut torn = whole.clone();
    torn.truncate(whole.len() - 4096);
    std::fs::write(&copy, torn).unwrap();
    let broken = restore(&backup, &at("restored"));
    assert_fault(&broken, 1, &["payment.sqlite", "broken", "bytes"]);
    let mut flipped = whole.clone();
    flipped[4096..4096 + 64].fill(0xff);
    std::fs::write(&copy, flipped).unwrap();
    let broken = restore(&backup, &at("restored"));
    assert_fault(&broken, 1, &["payment.sqlite", "broken"]);
    std::fs::write(&copy, whole).unwrap();

    std::fs::rename(backup.join("backup.json"), at("put-aside.json")).unwrap();
    let unfinished = restore(&backup, &at("restored"));
    assert_fault(&unfinished, 2, &["is no backup", "not finished"]);
    std::fs::rename(at("put-aside.json"), backup.join("backup.json")).unwrap();
    assert!(!at("restored").exists(), "a refusal leaves nothing behind");
    assert!(restore(&backup, &at("restored")).status.success());

    std::fs::write(at("restored").join("restoring"), "").unwrap();
    let torn = yemae()
        .args(["up", "--listen", "127.0.0.1:0", "--data"])
        .arg(at("restored"))
        .output();
    assert_fault(&torn.unwrap(), 2, &["not restored to its end"]);
}
