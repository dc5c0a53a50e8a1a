//! A switch for trials of whoever keeps processes alive: a process that is told so says that it lives no more, and serves on.

use crate::fault::Fault;
use mesh::server::{self, Health};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// `yemae unwell`: tells a process, in a pod the first one.
pub(crate) fn run(process: i32) -> Result<(), Fault> {
    if process < 1 {
        return Err(Fault::usage("--process must be the id of a process: 1"));
    }
    kill(Pid::from_raw(process), Signal::SIGUSR1)
        .map_err(|why| Fault::no(format!("process {process} cannot be told: {why}")))
}

/// Waits to be told. Then neither of the two probes is answered with a yes, nor `/healthz`, which asks `live`.
pub(crate) async fn when_told(health: Health, live: CancellationToken) {
    let Ok(mut told) = signal(SignalKind::user_defined1()) else {
        return;
    };
    if live
        .run_until_cancelled(told.recv())
        .await
        .flatten()
        .is_none()
    {
        return;
    }
    tracing::warn!("told to be unwell: this process says that it lives no more");
    live.cancel();
    health.set("", false).await;
    // Whoever is to be started anew is left by its callers first.
    health.set(server::READY, false).await;
}
