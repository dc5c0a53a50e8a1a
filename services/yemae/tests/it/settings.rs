//! `yemae config`, and the page of all settings that is made by it.

use crate::cli::assert_fault;
use crate::rig::{directory, root, yemae};
use std::process::Output;

fn config(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = yemae();
    command.arg("config").args(arguments);
    command.envs(environment.iter().copied()).output().unwrap()
}

fn rows(output: Output) -> Vec<Vec<String>> {
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("canary"), "{text}");
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect();
    text.lines().map(words).collect()
}

#[test]
fn what_is_in_effect_is_shown_and_no_secret() {
    let dir = directory();
    let secret = dir.path().join("secret");
    std::fs::write(&secret, "nats://canary@host:4222").unwrap();
    let environment = [
        ("YEMAE_DATABASE_URL", "postgres://me:canary@host/{context}"),
        ("YEMAE_PAYMENT__LISTEN", "127.0.0.1:1"),
        ("NATS_URL_FILE", secret.to_str().unwrap()),
    ];
    let has = |rows: &[Vec<String>], row: [&str; 3]| {
        assert!(rows.iter().any(|own| own == &row), "{row:?}: {rows:?}");
    };
    let all = rows(config(&[], &environment));
    has(&all, ["YEMAE_DATABASE_URL", "***", "YEMAE_DATABASE_URL"]);
    has(&all, ["YEMAE_LISTEN", "127.0.0.1:50051", "default"]);
    has(
        &all,
        [
            "YEMAE_PAYMENT__LISTEN",
            "127.0.0.1:1",
            "YEMAE_PAYMENT__LISTEN",
        ],
    );
    has(&all, ["NATS_URL", "***", "NATS_URL_FILE"]);

    let payments = rows(config(&["payment"], &environment));
    has(
        &payments,
        [
            "YEMAE_PAYMENT__LISTEN",
            "127.0.0.1:1",
            "YEMAE_PAYMENT__LISTEN",
        ],
    );
    has(
        &payments,
        ["YEMAE_PAYMENT__DATABASE_URL", "***", "YEMAE_DATABASE_URL"],
    );

    let json = config(&["--json"], &environment).stdout;
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json[0]["setting"], "YEMAE_DATABASE_URL");
    assert_eq!(json[0]["value"], "***");

    let both = [environment[2], ("NATS_URL", "nats://host:4222")];
    assert_fault(&config(&[], &both), 2, &["NATS_URL_FILE", "both set"]);
    assert_fault(&config(&["paymnet"], &[]), 2, &["paymnet", "payment"]);
}

#[test]
fn the_page_of_all_settings_is_up_to_date() {
    let made = String::from_utf8(config(&["--page"], &[]).stdout).unwrap();
    let kept = "services/yemae/docs/settings.md";
    let found = std::fs::read_to_string(root().join(kept)).unwrap();
    assert!(
        found == made,
        "{kept} is stale. To make it new: cargo run --bin yemae -- config --page > {kept}"
    );
}

#[test]
fn the_table_of_all_metrics_is_up_to_date_and_each_has_advice() {
    let kept = "services/yemae/docs/operations.md";
    let page = std::fs::read_to_string(root().join(kept)).unwrap();
    let between = |begin: &str, end: &str| {
        let (_, rest) = page.split_once(begin).expect(begin);
        rest.split_once(end).expect(end).0.to_owned()
    };
    let made = String::from_utf8(config(&["--metrics"], &[]).stdout).unwrap();
    let found = between("<!-- metrics: begin -->\n", "<!-- metrics: end -->");
    assert!(
        found == made,
        "{kept} is stale. Between its two markers goes: cargo run --bin yemae -- config --metrics"
    );
    let advice = between("### What to do about each", "\n### ");
    for metric in mesh::telemetry::METRICS {
        let row = format!("`{}`", metric.name);
        let of_it = |line: &&str| {
            line.split('|')
                .nth(1)
                .is_some_and(|name| name.contains(&row))
        };
        assert_eq!(advice.lines().filter(of_it).count(), 1, "{row}");
    }
}
