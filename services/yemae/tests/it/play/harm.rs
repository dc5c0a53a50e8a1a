//! The processes that a test does harm to.

use crate::rig::{Up, processes_with, wait_for};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::Path;

/// The processes whose command line has all of these in it.
pub fn pids_with(words: &[&str]) -> Vec<Pid> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if words.iter().all(|word| line.contains(word)) {
            found.push(Pid::from_raw(pid));
        }
    }
    found
}

/// The process of a context under `up --processes`.
pub fn context(up: &Up, name: &str) -> Option<Pid> {
    let words = [
        format!("child {name} "),
        format!("--data={}", up.data.display()),
    ];
    pids_with(&[&words[0], &words[1]]).first().copied()
}

/// The broker of a mesh.
pub fn broker(up: &Up) -> Option<Pid> {
    let store = up.data.join("nats").display().to_string();
    // Before it became the broker it was a guard.
    let guards = pids_with(&[" guard ", &store]);
    pids_with(&["-js", &store])
        .into_iter()
        .find(|pid| !guards.contains(pid))
}

/// Sends it a signal. False: it was gone.
pub fn send(pid: Pid, signal: Signal) -> bool {
    kill(pid, signal).is_ok()
}

/// Waits until nothing is left that mentions this mesh's data directory.
pub fn wait_until_gone(data: &Path) {
    let word = data.display().to_string();
    wait_for("every process of the mesh to be gone", || {
        processes_with(&word).is_empty().then_some(())
    });
}
