//! Loads that say what they saw: at a pace, over the curve of overload, and as the old systems were besieged.

use crate::play::audit;
use crate::rig::{Up, directory};
use crate::stores::systems;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

fn json(up: &Up, arguments: &[&str]) -> Value {
    serde_json::from_str(&up.ok(&[&["load", "--json"], arguments].concat())).unwrap()
}

/// How many steps of a kind were taken.
fn ok(figures: &Value, op: &str) -> u64 {
    figures["other"][format!("{op} ok")].as_u64().unwrap_or(0)
}

#[test]
fn real_every_system_has_its_customers() {
    let data = directory();
    let up = Up::start(data.path(), &[]);
    let history = data.path().join("history.jsonl");
    let file = history.to_str().unwrap();
    let seen = json(&up, &["--seconds", "4", "--history", file]);
    let of = seen["systems"].as_object().unwrap();
    assert!(systems().eq(of.keys().map(String::as_str)), "{seen}");
    let count = |figures: &Value, name: &str| figures[name].as_u64().unwrap();
    for (system, own) in of {
        assert!(count(own, "booked") > 0, "{system}: {own}");
        assert!(count(own, "cancelled") > 0, "{system}: {own}");
        assert!(ok(own, "progress") > 0, "{system}: {own}");
        assert_eq!(count(own, "unknown"), 0, "{system}: {own}");
    }
    for what in ["booked", "tries", "cancelled"] {
        let sum = of.values().map(|own| count(own, what)).sum::<u64>();
        assert_eq!(sum, count(&seen, what), "{what}: {seen}");
    }
    // One kind of record for all of them.
    let written = std::fs::read_to_string(&history).unwrap();
    let told = |what: &str| written.matches(what).count() as u64;
    let booked = told(r#""op":"create","outcome":"ok""#);
    assert_eq!(booked, count(&seen, "booked"));
    let stepped = told(r#""op":"progress","outcome":"ok""#);
    assert_eq!(stepped, ok(&seen, "progress"));

    let paced = ["--rate", "30", "--seconds", "2", "--history", file];
    let paced = json(&up, &paced);
    for (system, own) in paced["systems"].as_object().unwrap() {
        assert!(count(own, "booked") > 0, "{system}: {paced}");
        assert!(count(own, "cancelled") > 0, "{system}: {paced}");
    }
    for system in systems() {
        let only = json(&up, &["--seconds", "1", "--system", system]);
        let of = only["systems"].as_object().unwrap();
        assert!(of.keys().eq([system]), "{only}");
        assert!(count(&only, "booked") > 0, "{only}");
    }
    let trial = up.run(&["load", "--sweep", "--system", "cinema"]);
    assert_eq!(trial.status.code(), Some(2), "a trial is the cinema's");
    audit(&up, &[history]);
    assert!(up.stop(), "it drained");
}

#[test]
fn real_customers_find_seats_however_long_it_goes_on() {
    let data = directory();
    let up = Up::start(data.path(), &[]);
    let seen = json(&up, &["--seconds", "3", "--system", "cinema"]);
    let count = |name: &str| seen[name].as_u64().unwrap();
    let codes = seen["codes"].as_object().unwrap();
    let answers: u64 = codes.values().map(|times| times.as_u64().unwrap()).sum();
    assert_eq!(answers, count("tries"), "{seen}");
    assert_eq!(codes["Ok"], seen["booked"], "{seen}");
    assert_eq!(count("unknown"), 0, "{seen}");
    // Seats that are wanted once more are taken, and no others.
    let taken = seen["other"]["create refused SEATS_TAKEN"].as_u64();
    let taken = taken.unwrap_or_default();
    assert!(taken * 5 < count("booked"), "{seen}");

    let visible = |name: &str| seen["visible"][name].as_f64().unwrap();
    assert!(visible("watched") > 0.0, "{seen}");
    assert_eq!(visible("missing"), 0.0, "{seen}");
    assert!(visible("p50_ms") <= visible("p99_ms"), "{seen}");
    assert!(visible("p99_ms") < 10_000.0, "{seen}");

    // It began with eight, and had more ready before one of them was sold out.
    let listed = up.ok(&["call", "ListScreenings", r#"{"pageSize": 200}"#]);
    let screenings = listed.matches("\"screeningId\"").count();
    assert!(screenings > 8, "{screenings}");

    let only = json(&up, &["--seconds", "1", "--just-book"]);
    assert_eq!(only["codes"].as_object().unwrap().len(), 1, "{only}");
    assert_eq!(only["cancelled"], 0, "{only}");
    assert!(only["other"].as_object().unwrap().is_empty(), "{only}");
    audit(&up, &[]);
    assert!(up.stop(), "it drained");
}

/// A booking that payment refused at first took its customer until it was there, not the last try alone.
#[test]
fn real_latency_is_from_the_first_try() {
    let data = directory();
    let up = Up::start(data.path(), &[]);
    let failing = r#"{"behavior": {"failedPercent": 60}}"#;
    up.ok(&["call", "SetBehavior", failing, "--role", "admin"]);
    let history = data.path().join("history.jsonl");
    let file = history.to_str().unwrap();
    // On a slow machine few are booked, and while the breaker is open none: until one was that was refused before.
    let until = Instant::now() + Duration::from_secs(60);
    while repeats(&up, file) == 0 {
        assert!(Instant::now() < until, "nothing was repeated");
    }
    assert!(up.stop(), "it drained");
}

/// How many of a short load's bookings were there at a later try than the first, all of them timed from the first.
fn repeats(up: &Up, file: &str) -> usize {
    json(up, &["--seconds", "3", "--just-book", "--history", file]);
    let (mut begun, mut repeated) = (BTreeMap::new(), 0);
    for line in std::fs::read_to_string(file).unwrap().lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let number = |name: &str| record[name].as_i64().unwrap();
        let request = record["request_id"].as_str().unwrap().to_owned();
        let since = *begun
            .entry(request)
            .or_insert(number("at") - number("took"));
        if record["outcome"] == "ok" && number("at") - since > PAUSE {
            repeated += 1;
            assert!(number("took") > PAUSE, "{record}");
        }
    }
    repeated
}

/// Between two tries of a customer, in µs.
const PAUSE: i64 = 200_000;

#[test]
fn real_bookings_at_a_pace() {
    let data = directory();
    let up = Up::start(data.path(), &[]);
    let history = data.path().join("history.jsonl");
    let seen = json(
        &up,
        &[
            "--rate",
            "20",
            "--seconds",
            "3",
            "--history",
            history.to_str().unwrap(),
        ],
    );
    let count = |name: &str| seen[name].as_u64().unwrap();
    assert_eq!(count("booked") + count("held_back"), 60, "{seen}");
    assert_eq!((count("held_back"), count("cancelled")), (0, 6), "{seen}");
    assert!(seen["seconds"].as_f64().unwrap() >= 2.9, "{seen}");

    let narrow = ["--rate", "200", "--seconds", "1", "--in-flight", "1"];
    let seen = json(&up, &narrow);
    assert!(seen["held_back"].as_u64().unwrap() > 0, "{seen}");

    // However bad the answers, they are the mesh's own: no breaker of ours stands before it.
    let down = r#"{"behavior": {"down": true}}"#;
    up.ok(&["call", "SetBehavior", down, "--role", "admin"]);
    let seen = json(&up, &["--rate", "50", "--seconds", "2"]);
    assert_eq!(seen["booked"], 0, "{seen}");
    let total = |kind: &str| {
        let times = seen[kind].as_object().unwrap();
        let ours = times.iter().filter(|(what, _)| what.contains(" PAYMENT_"));
        ours.map(|(_, times)| times.as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!(total("shed") + total("other"), 100, "{seen}");
    audit(&up, &[history]);
    assert!(up.stop(), "it drained");
}

#[test]
fn real_curve_of_overload_has_a_verdict() {
    let data = directory();
    let up = Up::start(data.path(), &[]);
    let behavior = ["call", "GetBehavior", "--role", "admin"];
    let before = up.ok(&behavior);
    let svg = data.path().join("curve.svg");
    let svg_flag = ["--svg", svg.to_str().unwrap()];
    let sweep = [
        "load",
        "--json",
        "--sweep",
        "--capacity",
        "200",
        "--seconds",
        "1",
    ];
    let output = up.run(&[&sweep[..], &svg_flag].concat());
    let curve: Value = serde_json::from_slice(&output.stdout).unwrap();
    let steps = curve["steps"].as_array().unwrap();
    let offered: Vec<f64> = steps
        .iter()
        .map(|step| step["offered"].as_f64().unwrap())
        .collect();
    let all = [100.0, 150.0, 200.0, 300.0, 400.0, 600.0, 800.0, 1000.0];
    assert_eq!(offered, all);
    assert_eq!(up.ok(&behavior), before, "payment is as it was");
    // How many is for a machine of its own to say.
    let booked = |step: &Value| step["booked"].as_u64().unwrap();
    assert!(steps.iter().map(booked).sum::<u64>() > 0, "{curve}");
    let last = steps.last().unwrap();
    let not_booked = last["tries"].as_u64().unwrap() - booked(last);
    assert!(
        not_booked > 0,
        "five times too much is not all booked: {curve}"
    );
    assert!(curve["cancelled"].as_u64().unwrap() > 0, "{curve}");

    let passed = curve["passed"].as_bool().unwrap();
    assert_eq!(output.status.code(), Some(i32::from(!passed)), "{curve}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.contains("was not withstood"), !passed, "{said}");
    let figure = |name: &str| curve[name].as_f64().unwrap();
    let stands = figure("last_percent_of_peak") >= 90.0
        && figure("slowest_ms") <= figure("deadline_ms")
        && figure("not_cancelled") == 0.0;
    assert_eq!(passed, stands, "{curve}");
    assert!(std::fs::read_to_string(&svg).unwrap().contains("<polyline"));
    audit(&up, &[]);
    assert!(up.stop(), "it drained");
}

#[test]
fn real_siege_has_a_verdict() {
    let data = directory();
    let up = Up::start(data.path(), &[]);
    let siege = [
        "load",
        "--siege",
        "--clients",
        "4",
        "--seconds",
        "5",
        "--json",
    ];
    let output = up.run(&siege);
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(verdict["answered_percent"], 100.0, "{verdict}");
    assert_eq!(verdict["unknown"], 0, "{verdict}");
    let passed = verdict["passed"].as_bool().unwrap();
    assert_eq!(output.status.code(), Some(i32::from(!passed)), "{verdict}");

    let ceiling = verdict["ceiling"].as_f64().unwrap();
    assert!(
        (7.8..7.9).contains(&ceiling),
        "4 customers, each 0.51 s: {verdict}"
    );
    assert!(verdict["p99_ms"].as_f64().unwrap() > 400.0, "{verdict}");
    assert!(up.stop(), "it drained");
}
