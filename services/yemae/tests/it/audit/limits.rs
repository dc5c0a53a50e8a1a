//! What the audit cannot tell, it says, and never calls it clean.

use super::{Scene, broken, charge_like, report, run, text};
use crate::rig::yemae;

#[test]
fn what_the_audit_cannot_tell_it_says() {
    let scene = Scene::set();
    std::thread::scope(|threads| {
        for case in [
            no_history_is_not_checked,
            an_absent_context_is_named,
            nothing_compared_is_a_failure,
            a_young_charge_is_in_flight,
            a_mesh_that_does_not_rest_is_not_judged,
            a_torn_history_is_read_and_a_spoilt_one_refused,
        ] {
            let scene = &scene;
            threads.spawn(move || case(scene));
        }
    });
    assert!(scene.up.stop());
}

fn no_history_is_not_checked(scene: &Scene) {
    let output = scene.audit(None, &[], None);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(report(&output)["8"]["not_checked"], "no history was given");
}

fn an_absent_context_is_named(scene: &Scene) {
    let mut copy = scene.copy();
    copy.lose("notification");
    let unnamed = scene.audit(Some(&copy), &[], None);
    assert_eq!(unnamed.status.code(), Some(3), "{}", text(&unnamed));
    assert!(
        text(&unnamed).contains("--without notification"),
        "{}",
        text(&unnamed)
    );
    let named = scene.audit(Some(&copy), &["--without", "notification"], None);
    assert!(named.status.success(), "{}", text(&named));
    let report = report(&named);
    assert_eq!(report["7"]["not_checked"], "left out: notification");
    assert!(report["6"]["not_checked"].is_null(), "{report}");
    let misspelt = scene.audit(Some(&copy), &["--without", "notifcation"], None);
    assert_eq!(misspelt.status.code(), Some(2), "{}", text(&misspelt));
}

fn nothing_compared_is_a_failure(scene: &Scene) {
    let copy = scene.copy();
    for table in ["payment", "simulator_ledger", "simulator_refund"] {
        run(&copy.databases["payment"], &format!("DELETE FROM {table}"));
    }
    let empty = copy.dir.path().join("empty.jsonl");
    std::fs::write(&empty, "").unwrap();
    let output = scene.audit(Some(&copy), &[], Some(&empty));
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let report = report(&output);
    for rule in ["2", "3", "8"] {
        assert_eq!(
            report[rule]["breaches"][0]["about"], "the audit itself",
            "{report}"
        );
    }
}

fn a_young_charge_is_in_flight(scene: &Scene) {
    let copy = scene.copy();
    let payment = &copy.databases["payment"];
    let standing = scene.find(
        "cinema-booking",
        "SELECT order_id AS id FROM placed_order WHERE phase = 2",
    );
    let now = mesh::Clock::system().now();
    let young = charge_like(&standing, "'nobody'", &now.0.to_string());
    assert_eq!(run(payment, &young), 1);
    let output = scene.audit(Some(&copy), &[], None);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(
        report(&output)["2"]["in_flight"].as_array().unwrap().len(),
        1
    );
    let old = now.0 - 20 * 60 * 1_000_000 - 1;
    let age = format!("UPDATE payment SET asked_at = {old} WHERE payment_id = 'another'");
    assert_eq!(run(payment, &age), 1);
    let output = scene.audit(Some(&copy), &[], None);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert_eq!(broken(&report(&output)), ["2"]);
}

fn a_mesh_that_does_not_rest_is_not_judged(scene: &Scene) {
    let copy = scene.copy();
    let none = yemae()
        .args(["audit", "--quiet", "--data"])
        .arg(copy.dir.path())
        .envs(copy.environment())
        .output()
        .unwrap();
    assert_eq!(none.status.code(), Some(3), "{}", text(&none));
    assert!(
        text(&none).contains("is `yemae up` running?"),
        "{}",
        text(&none)
    );
    let away = yemae()
        .args(["audit", "--quiet", "--wait", "1", "--data"])
        .arg(copy.dir.path())
        .envs(copy.environment())
        .env("NATS_URL", "nats://127.0.0.1:1")
        .output()
        .unwrap();
    assert_eq!(away.status.code(), Some(3), "{}", text(&away));
    let task = "INSERT INTO task (kind, key, payload, tries, due_at, created_at, last_error) \
                VALUES ('refund', 'a', '', 1, 9000000000000000, 1, '')";
    assert_eq!(run(&copy.databases["payment"], task), 1);
    let busy = scene.audit(Some(&copy), &["--quiet", "--wait", "1"], None);
    assert_eq!(busy.status.code(), Some(3), "{}", text(&busy));
    assert!(text(&busy).contains("1 open tasks"), "{}", text(&busy));
}

fn a_torn_history_is_read_and_a_spoilt_one_refused(scene: &Scene) {
    let copy = scene.copy();
    let seen = std::fs::read_to_string(&scene.history).unwrap();
    let torn = copy.dir.path().join("torn.jsonl");
    std::fs::write(&torn, format!("{seen}{{\"op\":\"crea")).unwrap();
    let output = scene.audit(Some(&copy), &[], Some(&torn));
    assert!(output.status.success(), "{}", text(&output));
    let records = seen.lines().filter(|line| line.contains("\"ok\"")).count();
    assert_eq!(report(&output)["8"]["compared"], records);
    std::fs::write(&torn, format!("{{\"op\":\"crea\n{seen}")).unwrap();
    let output = scene.audit(Some(&copy), &[], Some(&torn));
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("line 1:"), "{}", text(&output));
    let gone = r#"{"op":"create","outcome":"ok","order_id":"nobody","at":1}"#;
    std::fs::write(&torn, format!("{seen}{gone}\n")).unwrap();
    let output = scene.audit(Some(&copy), &[], Some(&torn));
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert_eq!(broken(&report(&output)), ["8"]);
}
