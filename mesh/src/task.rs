//! The one room where tasks are spawned.

use crate::call;
use crate::telemetry::trace;
use tokio::task::JoinHandle;

/// Runs `work` to its end whoever stops waiting for it; it stays part of the call being served, and of its trace.
#[expect(
    clippy::disallowed_methods,
    reason = "the one room where tasks are spawned"
)]
pub fn detach<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    let work = trace::within(trace::current(), work);
    match call::current() {
        Some(call) => tokio::spawn(call::scope(call, work)),
        None => tokio::spawn(work),
    }
}

/// Starts a named thread for work that blocks; it ends when its queue does.
pub fn thread(name: String, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    std::thread::Builder::new().name(name).spawn(work).map(drop)
}
