//! What is left out for good: a whole system, or one of those that only look on. Everybody else works as ever, and the audit
//! says what it did not look at.

use crate::cli::assert_fault;
use crate::rig::{Up, directory};
use crate::stores::{CONTEXTS, systems};
use serde_json::Value;
use std::path::Path;

/// What belongs to one system, and sells in another one too.
const SHARED: [&str; 1] = ["cinema-movie"];

/// A mesh without these contexts.
struct Rest<'a> {
    up: Up,
    without: &'a [&'a str],
}

impl<'a> Rest<'a> {
    fn start(data: &Path, without: &'a [&'a str]) -> Self {
        let up = Up::on_files(data, &[&["--demo", "--without"], without].concat());
        Self { up, without }
    }

    /// All the others are ready, these systems take orders, and nothing is lost. Answers what the audit said.
    fn works(&self, systems: &[&str]) -> String {
        let status = self.up.ok(&["status", "--json"]);
        let status: Value = serde_json::from_str(&status).unwrap();
        let status = status.as_array().unwrap();
        let there = status.iter().map(|own| own["context"].as_str().unwrap());
        let expected = CONTEXTS.into_iter();
        assert!(there.eq(expected.filter(|name| !self.without.contains(name))));
        assert!(status.iter().all(|own| own["ready"] == true), "{status:?}");

        let history = self.up.data.join("history.jsonl");
        let history = history.to_str().unwrap();
        let load = ["load", "--json", "--seconds", "2", "--history", history];
        let seen: Value = serde_json::from_str(&self.up.ok(&load)).unwrap();
        let of = seen["systems"].as_object().unwrap();
        assert!(of.keys().eq(systems.iter()), "{seen}");
        for (system, own) in of {
            assert!(own["booked"].as_u64().unwrap() > 0, "{system}: {own}");
            assert_eq!(own["unknown"], 0, "{system}: {own}");
        }
        assert_eq!(seen["visible"]["missing"], 0, "{seen}");

        let audit = ["audit", "--quiet", "--wait", "120", "--history", history];
        let unnamed = self.up.run(&audit);
        assert_fault(&unnamed, 3, &[&format!("--without {}", self.without[0])]);
        let verdict = self
            .up
            .ok(&[&audit[..], &["--without"], self.without].concat());
        let left_out = format!("left out: {}", self.without.join(", "));
        assert!(verdict.contains(&left_out), "{left_out}: {verdict}");
        verdict
    }
}

#[test]
fn real_each_system_is_left_out_for_good() {
    for system in systems() {
        let own = |name: &&str| name.starts_with(&format!("{system}-")) && !SHARED.contains(name);
        let without: Vec<_> = CONTEXTS.into_iter().filter(own).collect();
        let others: Vec<_> = systems().filter(|other| *other != system).collect();
        let data = directory();
        let rest = Rest::start(data.path(), &without);
        let verdict = rest.works(&others);
        let clean = verdict.matches(" 0 breaches, 0 in flight").count();
        assert_eq!(clean, 8, "each rule is for the others: {verdict}");

        let told = rest.up.ok(&["demo", "all"]);
        let line = format!("{system}: left out, there is no {}", without[0]);
        assert!(told.contains(&line), "{line}: {told}");
        let came_true = told.matches("The story came true.").count();
        assert_eq!(came_true, others.len(), "{told}");
        assert!(rest.up.stop(), "it drained");
    }
}

#[test]
fn real_who_only_looks_on_is_left_out_for_good() {
    let systems: Vec<_> = systems().collect();
    for (context, rule, method) in [
        ("mypage", 6, "ListMyOrders"),
        ("notification", 7, "ListNotifications"),
    ] {
        let data = directory();
        let without = [context];
        let rest = Rest::start(data.path(), &without);
        let verdict = rest.works(&systems);
        let lines = verdict.lines();
        let (skipped, checked): (Vec<_>, Vec<_>) = lines
            .filter(|line| line.starts_with(|first: char| first.is_ascii_digit()))
            .partition(|line| line.contains("not checked"));
        assert_eq!(skipped.len(), 1, "{verdict}");
        assert!(skipped[0].starts_with(&format!("{rule}. ")), "{verdict}");
        let named = format!("not checked: left out: {context}");
        assert!(skipped[0].ends_with(&named), "{verdict}");
        let clean = checked.iter();
        let clean = clean.filter(|line| line.ends_with(" 0 breaches, 0 in flight"));
        assert_eq!(clean.count(), 7, "{verdict}");
        assert_fault(&rest.up.run(&["call", method]), 2, &[method]);
        assert!(rest.up.stop(), "it drained");
    }
}
