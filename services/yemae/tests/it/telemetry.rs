//! What a mesh of processes tells those who run it, from outside: traces that lead through all of it, and metrics.

mod asked;
// The collector that mesh is tested with.
#[path = "../../../../mesh/tests/it/telemetry/collector.rs"]
mod collector;
mod metrics;
pub mod pages;
mod trace;

pub use collector::Collector;

use crate::rig::Up;
use std::path::Path;

/// What tells a process to send this collector everything, soon.
pub fn variables(collector: &Collector) -> [(&'static str, String); 2] {
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url()),
        ("OTEL_BSP_SCHEDULE_DELAY", "100".to_owned()),
    ]
}

/// A mesh of processes that tells this collector, soon.
fn told(data: &Path, collector: &Collector) -> Up {
    let variables = variables(collector);
    let variables = variables.each_ref().map(|(name, value)| (*name, &**value));
    Up::start_with(data, &["--processes", "--demo"], &variables)
}
