//! When a process is to stop.

use tokio::signal::unix::{SignalKind, signal};

/// Resolves on Ctrl-C or SIGTERM, also when that comes before anybody waits for it. Must be called within a runtime.
pub(crate) fn asked() -> impl Future<Output = ()> {
    let [terminate, interrupt] = [SignalKind::terminate(), SignalKind::interrupt()].map(signal);
    async move {
        match (terminate, interrupt) {
            (Ok(mut terminate), Ok(mut interrupt)) => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            }
            _ => drop(tokio::signal::ctrl_c().await),
        }
    }
}
