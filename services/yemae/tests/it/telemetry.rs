//! What a mesh of processes tells those who run it, from outside: traces that lead through all of it, and metrics.

mod asked;
mod collector;
mod metrics;
pub mod pages;
mod trace;

pub use collector::Collector;

use crate::rig::Up;
use std::path::Path;

/// A mesh of processes that tells this collector, soon.
fn told(data: &Path, collector: &Collector) -> Up {
    let variables = collector.variables();
    let variables = variables.each_ref().map(|(name, value)| (*name, &**value));
    Up::start_with(data, &["--processes", "--demo"], &variables)
}
