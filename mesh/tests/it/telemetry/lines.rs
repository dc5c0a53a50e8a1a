//! What is said never holds up what is done.

use super::{asked, ends, leave, settings, teller};
use crate::client::peer::{Answer, Peer, get, once};
use crate::rig::eventually;
use mesh::telemetry;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// More calls than spans that wait for the collector: the others are dropped.
const MOST: usize = 5000;
/// More than waits for a reader, and the pipe takes besides.
const MANY: usize = 50_000;

#[test]
#[ignore = "told to the tests beside it, in a process of its own"]
fn many_lines() {
    let Some(folder) = asked() else { return };
    let telemetry = telemetry::init(&settings()).unwrap();
    for n in 0..MANY {
        tracing::warn!(n, "nobody reads this");
    }
    let quiet = std::panic::catch_unwind(|| panic!("nor that"));
    assert!(quiet.is_err());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let page = runtime.block_on(telemetry::page());
    let begun = Instant::now();
    drop(telemetry);
    assert!(begun.elapsed() < Duration::from_secs(5));
    leave(&folder, "page", &page);
}

#[tokio::test]
async fn a_pipe_that_nobody_reads_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = teller("telemetry::lines::many_lines", &folder)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Held open, and not read.
    let _unread = child.stderr.take();
    assert!(ends(child, Duration::from_secs(20)).await);
    let page = std::fs::read_to_string(folder.path().join("page")).unwrap();
    let lost = page
        .lines()
        .find_map(|line| line.strip_prefix("yemae_log_lost_total "));
    let lost: usize = lost.unwrap().parse().unwrap();
    assert!(lost > 10_000 && lost < MANY, "{lost}");
}

#[test]
#[ignore = "told to the tests beside it, in a process of its own"]
fn no_collector() {
    let Some(folder) = asked() else { return };
    let telemetry = telemetry::init(&settings()).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let calls = runtime.block_on(async {
        let client = Peer::answering([Answer::Ok]).client(&once());
        let mut calls = 0;
        while calls < MOST || !folder.join("enough").exists() {
            get(&client).await.unwrap();
            calls += 1;
        }
        calls
    });
    let begun = Instant::now();
    drop(telemetry);
    let took = begun.elapsed().as_millis();
    leave(&folder, "calls", &format!("{calls} {took}"));
}

#[tokio::test]
async fn a_collector_out_of_reach_blocks_nothing_and_is_said_once() {
    let folder = tempfile::tempdir().unwrap();
    // Hangs up on everybody.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let tried = Arc::new(AtomicUsize::new(0));
    let counting = tried.clone();
    mesh::task::detach(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counting.fetch_add(1, Ordering::SeqCst);
            drop(stream);
        }
    });
    let child = teller("telemetry::lines::no_collector", &folder)
        .env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", format!("http://{at}"))
        .env("OTEL_BSP_SCHEDULE_DELAY", "20")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    eventually("it tries again and again", || async {
        (tried.load(Ordering::SeqCst) > 20).then_some(())
    })
    .await;
    leave(folder.path(), "enough", "");
    let ended = tokio::task::spawn_blocking(|| child.wait_with_output()).await;
    let ended = ended.unwrap().unwrap();
    let lines = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success(), "{lines}");
    let said = lines
        .lines()
        .filter(|line| line.contains("spans cannot be sent"));
    assert_eq!((said.count(), lines.lines().count()), (1, 1), "{lines}");
    let calls = std::fs::read_to_string(folder.path().join("calls")).unwrap();
    let (calls, took) = calls.split_once(' ').unwrap();
    assert!(calls.parse::<usize>().unwrap() >= MOST, "{calls} calls");
    assert!(
        took.parse::<usize>().unwrap() < 4000,
        "{took} ms to say farewell"
    );
}
