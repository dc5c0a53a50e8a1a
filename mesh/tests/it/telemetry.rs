//! What is told of a mesh, as those who run it see it: a collector, the page, the pipe at the other end of stderr. What
//! tells is installed once in a process, so each story is told by a process of its own.

mod canary;
mod collector;
mod lines;
mod metrics;
mod secure;
mod story;
mod traces;

use collector::{Collector, Seen};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// What was heard of a story.
struct Heard {
    spans: Vec<Seen>,
    page: String,
    lines: String,
    /// Tokens that were used, and must not be heard of.
    tokens: String,
}

/// The story of one order, heard from outside; none when this machine has no nats-server.
async fn story() -> Option<Heard> {
    crate::rig::tool("nats-server")?;
    let folder = tempfile::tempdir().unwrap();
    let collector = Collector::start().await;
    let child = teller("telemetry::story::an_order", &folder)
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url())
        .env(
            "OTEL_RESOURCE_ATTRIBUTES",
            "deployment.environment.name=test",
        )
        .env("RUST_LOG", "trace")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let ended = tokio::task::spawn_blocking(|| child.wait_with_output())
        .await
        .unwrap()
        .unwrap();
    let lines = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success(), "{lines}");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    Some(Heard {
        spans: collector.spans(),
        page: read("page"),
        lines,
        tokens: read("tokens"),
    })
}

/// This program again, to run one ignored test that tells a story and leaves what it has to say in `folder`.
fn teller(test: &str, folder: &TempDir) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env("STORY", folder.path())
        .stdout(Stdio::null());
    command
}

/// Where a story leaves what it has to say; none when nobody asked for it.
#[expect(
    clippy::disallowed_methods,
    reason = "a test is told by the one that starts it where to leave what it has to say"
)]
fn asked() -> Option<std::path::PathBuf> {
    std::env::var_os("STORY").map(Into::into)
}

/// Waits until a child has ended by itself; one that does not is killed.
async fn ends(mut child: std::process::Child, within: Duration) -> bool {
    let ended = crate::rig::eventually("the child ends", || {
        let ended = child.try_wait().unwrap();
        async move { ended }
    });
    match tokio::time::timeout(within, ended).await {
        Ok(ended) => ended.success(),
        Err(_) => {
            child.kill().unwrap();
            child.wait().unwrap();
            false
        }
    }
}

fn settings() -> mesh::telemetry::Settings {
    mesh::telemetry::Settings {
        service: "yemae".to_owned(),
        version: "1.2.3".to_owned(),
        look: mesh::telemetry::Look::Json,
        own: Vec::new(),
    }
}

fn leave(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}
