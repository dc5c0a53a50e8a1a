//! The audit's own test: each rule is broken by one SQL statement, in a copy of a mesh at rest, and exactly that rule
//! must see it.

mod copies;
mod limits;

use copies::Copy;

use crate::rig::{Up, directory, yemae};
use crate::stores::{self, Directory};
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use mesh::Db;
use mesh::store::{Backend, Url};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A mesh at rest, with something of everything behind it.
struct Scene {
    up: Up,
    history: PathBuf,
    copies: AtomicUsize,
    _keep: Directory,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    id: String,
}

impl Scene {
    fn set() -> Self {
        let data = directory();
        let up = Up::start(data.path(), &[]);
        up.ok(&["demo", "cinema"]);
        let history = data.path().join("history.jsonl");
        up.ok(&[
            "load",
            "--system",
            "cinema",
            "--seconds",
            "2",
            "--history",
            history.to_str().unwrap(),
        ]);
        let scene = Self {
            up,
            history,
            copies: AtomicUsize::new(0),
            _keep: data,
        };
        let output = scene.audit(None, &["--quiet"], Some(&scene.history));
        assert!(output.status.success(), "{}", text(&output));
        let report = report(&output);
        assert_eq!(broken(&report), [""; 0], "{report}");
        for (rule, verdict) in report.as_object().unwrap() {
            assert!(
                verdict["compared"].as_u64().unwrap() > 0,
                "rule {rule}: {report}"
            );
        }
        scene
    }

    fn copy(&self) -> Copy {
        let number = self.copies.fetch_add(1, Ordering::Relaxed);
        Copy::of(&self.up.data, number)
    }

    /// Audits a copy, or else the mesh itself.
    fn audit(&self, copy: Option<&Copy>, arguments: &[&str], history: Option<&Path>) -> Output {
        let said = self.up.said();
        let nats = said.split_once("(broker ").unwrap().1;
        let mut command = yemae();
        command.env("NATS_URL", nats.split_once(')').unwrap().0);
        command.args(["audit", "--json", "--data"]);
        match copy {
            Some(copy) => command.arg(copy.dir.path()).envs(copy.environment()),
            None => {
                let environment = stores::environment(&self.up.data);
                command.arg(&self.up.data).envs(environment)
            }
        };
        if let Some(history) = history {
            command.arg("--history").arg(history);
        }
        command.args(arguments).output().unwrap()
    }

    /// Breaks a copy by one statement and audits it: which rules are broken, and the evidence.
    fn after(&self, database: &str, statement: &str) -> (Vec<String>, String) {
        let copy = self.copy();
        let url = &copy.databases[database];
        assert_eq!(run(url, statement), 1, "{statement}");
        let output = self.audit(Some(&copy), &["--quiet"], Some(&self.history));
        assert_eq!(
            output.status.code(),
            Some(1),
            "{statement}: {}",
            text(&output)
        );
        let report = report(&output);
        (broken(&report), report.to_string())
    }

    /// The first id that `query` finds in a context's database.
    fn find(&self, database: &str, query: &str) -> String {
        let mut db = stores::open(&self.up.data, database);
        sql_query(query)
            .get_result::<Found>(&mut db)
            .unwrap_or_else(|why| panic!("{query}: {why}"))
            .id
    }
}

fn run(url: &Url, statement: &str) -> usize {
    sql_query(statement)
        .execute(&mut Db::open(url).unwrap())
        .unwrap_or_else(|why| panic!("{statement}: {why}"))
}

fn text(output: &Output) -> String {
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    format!("{out}{err}")
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|why| panic!("{why}: {}", text(output)))
}

fn broken(report: &Value) -> Vec<String> {
    let rules = report.as_object().unwrap().iter();
    rules
        .filter(|(_, verdict)| !verdict["breaches"].as_array().unwrap().is_empty())
        .map(|(rule, _)| rule.clone())
        .collect()
}

/// A charge like another one, with what differs.
fn charge_like(id: &str, order: &str, asked_at: &str) -> String {
    format!(
        "INSERT INTO payment SELECT 'another', 'another', {order}, context, version, revision, state, minor_units, \
         currency, tries, {asked_at}, changed_at, sent_at FROM payment WHERE order_id = '{id}' AND state = 'APPROVED'"
    )
}

#[test]
fn each_rule_sees_the_one_statement_that_breaks_it() {
    let scene = Scene::set();
    let standing = scene.find(
        "cinema-booking",
        "SELECT order_id AS id FROM placed_order WHERE phase = 2",
    );
    let cancelled = scene.find(
        "cinema-booking",
        "SELECT order_id AS id FROM placed_order WHERE phase = 4",
    );
    let printed = printed(&scene.history);
    let of = |order: &str| {
        format!(
            "(SELECT charge_key FROM payment WHERE order_id = '{order}' AND state IN ('APPROVED', 'REFUNDED'))"
        )
    };
    let refund = |order: &str| {
        format!(
            "INSERT INTO simulator_refund SELECT 'another', charge_key, 1, 'KRW', 1 FROM payment WHERE order_id = '{order}' AND charge_key = {}",
            of(order)
        )
    };
    let irrevocable = |order: &str, is: bool| {
        let state = match stores::backend("cinema-ticket") {
            Backend::Sqlite => format!("json_set(state, '$.irrevocable', json('{is}'))"),
            Backend::Postgres => {
                format!("CAST(jsonb_set(CAST(state AS jsonb), '{{irrevocable}}', '{is}') AS TEXT)")
            }
        };
        format!("UPDATE fulfilment SET state = {state} WHERE order_id = '{order}'")
    };
    let one_byte = match stores::backend("mypage") {
        Backend::Sqlite => "x'00'",
        Backend::Postgres => "decode('00', 'hex')",
    };
    let cases: Vec<(&str, &str, String)> = vec![
        (
            "1",
            "payment",
            format!(
                "UPDATE payment SET minor_units = minor_units + 1 WHERE order_id = '{standing}' AND state = 'APPROVED'"
            ),
        ),
        (
            "1",
            "payment",
            charge_like(&standing, "order_id", "asked_at"),
        ),
        ("2", "payment", charge_like(&standing, "'nobody'", "1")),
        (
            "2",
            "payment",
            "INSERT INTO simulator_ledger VALUES ('another', 1, 'KRW', TRUE, FALSE, 1)".to_owned(),
        ),
        (
            "3",
            "payment",
            format!(
                "UPDATE payment SET state = 'APPROVED' WHERE order_id = '{cancelled}' AND state = 'REFUNDED'"
            ),
        ),
        ("3", "payment", refund(&cancelled)),
        ("3", "payment", refund(&standing)),
        (
            "4",
            "cinema-theater",
            format!(
                "UPDATE seat_claim SET live = FALSE WHERE claimant = '{standing}' AND seat = (SELECT MIN(seat) FROM seat_claim WHERE claimant = '{standing}')"
            ),
        ),
        (
            "4",
            "cinema-theater",
            format!(
                "INSERT INTO seat_claim SELECT claimant, screening_id, '99Z', TRUE FROM hold WHERE claimant = '{cancelled}'"
            ),
        ),
        (
            "5",
            "cinema-ticket",
            format!("DELETE FROM fulfilment WHERE order_id = '{standing}'"),
        ),
        ("5", "cinema-ticket", irrevocable(&cancelled, true)),
        (
            "6",
            "mypage",
            format!("DELETE FROM my_order WHERE order_id = '{standing}'"),
        ),
        (
            "6",
            "mypage",
            format!("UPDATE my_order SET body = {one_byte} WHERE order_id = '{cancelled}'"),
        ),
        (
            "7",
            "notification",
            format!("DELETE FROM notification WHERE order_id = '{standing}' AND seq = 1"),
        ),
        (
            "7",
            "notification",
            format!(
                "INSERT INTO notification SELECT 'another', order_id, 60, customer_id, status, text, channel, created_at, sent_at FROM notification WHERE order_id = '{standing}' AND seq = 1"
            ),
        ),
        ("8", "cinema-ticket", irrevocable(&printed, false)),
    ];
    std::thread::scope(|threads| {
        for (rule, database, statement) in &cases {
            let scene = &scene;
            threads.spawn(move || {
                let (broken, evidence) = scene.after(database, statement);
                assert_eq!(broken, [*rule], "{statement}: {evidence}");
            });
        }
    });
    assert!(scene.up.stop());
}

/// An order whose ticket some client was told is printed.
fn printed(history: &Path) -> String {
    let history = std::fs::read_to_string(history).unwrap();
    let records = history
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut printed =
        records.filter(|record| record["op"] == "progress" && record["outcome"] == "ok");
    let found = printed.next().expect("somebody printed a ticket");
    found["order_id"].as_str().unwrap().to_owned()
}
