//! What is asked of telemetry by the environment.

use super::{Collector, pages, variables};
use crate::cli::assert_fault;
use crate::rig::{Up, directory, terminate, wait_for, yemae};
use crate::served::{Broker, free, make_keys};
use std::net::TcpListener;

#[test]
fn what_cannot_be_read_ends_every_command() {
    let data = directory();
    let at = data.path().to_str().unwrap();
    for command in [
        &["up", "--listen", "127.0.0.1:0", "--data", at][..],
        &["serve", "payment"],
        &["status", "--data", at],
    ] {
        let wrong =
            |name: &str, value: &str| yemae().args(command).env(name, value).output().unwrap();
        assert_fault(&wrong("RUST_LOG", "mesh=loud"), 2, &["RUST_LOG mesh=loud"]);
        if command[0] != "status" {
            assert_fault(
                &wrong("YEMAE_LOG_FORMAT", "yaml"),
                2,
                &["YEMAE_LOG_FORMAT", "text or json"],
            );
        }
    }
    let wrong = yemae()
        .args(["up", "--listen", "127.0.0.1:0", "--data", at])
        .env("YEMAE_METRICS_LISTEN", "here")
        .output();
    assert_fault(
        &wrong.unwrap(),
        2,
        &["YEMAE_METRICS_LISTEN", "127.0.0.1:9464"],
    );
}

#[test]
fn metrics_are_where_they_were_asked_for_or_nowhere() {
    let data = directory();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap().to_string();
    let output = yemae()
        .args(["up", "--listen", "127.0.0.1:0", "--data"])
        .arg(data.path())
        .env("YEMAE_METRICS_LISTEN", &at)
        .output()
        .unwrap();
    assert_fault(&output, 3, &[&at, "YEMAE_METRICS_LISTEN"]);

    drop(taken);
    let up = Up::start_with(data.path(), &[], &[("YEMAE_METRICS_LISTEN", &at)]);
    assert!(
        up.said().contains(&format!("metrics on {at}")),
        "{}",
        up.said()
    );
    assert_eq!(pages::addresses(data.path())["yemae"], at);
    let page = pages::all(data.path());
    assert!(page.contains("service_name=\"yemae\""), "{page}");
    assert!(up.stop(), "it drained");
}

/// The one test that wants the very port: whoever has it, it is taken.
#[test]
fn a_taken_port_that_nobody_asked_for_is_said_and_stops_nothing() {
    let data = directory();
    let _taken = TcpListener::bind(("127.0.0.1", mesh::telemetry::PORT));
    let (grpc, broker) = (free().to_string(), Broker::start(data.path()));
    std::fs::create_dir(data.path().join("db")).unwrap();
    let log = data.path().join("serve.log");
    let database = data.path().join("db/payment.sqlite");
    let child = yemae()
        .args(["serve", "payment"])
        .envs(make_keys(data.path()))
        .env("YEMAE_DATABASE_URL", database)
        .env("NATS_URL", &broker.url)
        .env("YEMAE_LISTEN", &grpc)
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn();
    let mut child = child.unwrap();
    let said = wait_for("payment to be served", || {
        let said = std::fs::read_to_string(&log).unwrap();
        said.contains("serving payment").then_some(said)
    });
    assert!(
        said.contains("metrics are not served, for 127.0.0.1:9464"),
        "{said}"
    );
    terminate(child.id());
    let ended = wait_for("serve to stop", || child.try_wait().unwrap());
    assert!(ended.success(), "it drained");
}

/// A command that ends by itself has nothing to send, and waits for no collector.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn short_commands_send_nothing() {
    let data = directory();
    let up = Up::start(data.path(), &["--demo"]);
    let collector = Collector::start().await;
    let called = yemae()
        .args(["call", "ListScreenings", "--data"])
        .arg(data.path())
        .envs(variables(&collector))
        .env("RUST_LOG", "mesh=debug")
        .output()
        .unwrap();
    assert!(called.status.success(), "{called:?}");
    let said = String::from_utf8(called.stderr).unwrap();
    assert!(said.contains("called"), "it has log lines: {said}");
    assert!(!said.contains("trace_id"), "{said}");
    assert!(collector.spans().is_empty());
    assert!(up.stop(), "it drained");
}
