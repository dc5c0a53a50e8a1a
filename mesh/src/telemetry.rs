//! What is told of a running mesh to those who run it: log lines, traces and metrics. Never who or with what: no name,
//! token, card, phone or address, and in a metric no id.
//!
//! - **Log lines** go to stderr, as text or JSON, and carry `trace_id` and `span_id` where somebody records. A pipe that
//!   nobody reads stops nothing: lines are lost, counted (`yemae.log.lost`) and said to be.
//! - **Traces** lead from a call through outbox, stream and policy to the last effect. W3C's `traceparent` goes in
//!   gRPC metadata, in a column of an outbox row and of a task, and in a message's headers (CloudEvents' distributed
//!   tracing); `tracestate` in gRPC metadata alone. Spans go to an OTLP collector over gRPC, in TLS if its URL says so; where none is named, none are
//!   made, and a context that comes in sampled is handed on as it came.
//! - **Metrics** are on a page for Prometheus, at an address of its own: [`serve`]. [`METRICS`] is the table of all of
//!   them, from which the instruments are made; [`table`] prints it for a page. Names and units are those of
//!   OpenTelemetry's conventions (1.39 for RPC) where there are any, and else `yemae.…`.
//!
//! Without [`init`] nothing is told and nothing it costs: a library under test, and a world in one process.

pub(crate) mod catalog;
mod endpoint;
mod export;
mod gauges;
mod logs;
mod metric;
mod page;
pub(crate) mod rpc;
mod saga;
mod site;
pub(crate) mod trace;

pub use catalog::{METRICS, table};
pub use endpoint::{PORT, serve};
pub(crate) use gauges::{Reading, glance};
pub use logs::Look;
pub use metric::{Kind, Metric};
pub use page::page;
pub use saga::ended;
pub(crate) use site::look_at;

/// The attribute that says which context: many may share one process, whose name is `service.name`.
pub(crate) const CONTEXT: &str = "yemae.context";
/// The attribute that says why, by a word of ours.
pub(crate) const REASON: &str = "yemae.reason";

/// What a process is told as.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `service.name`, where OTEL_SERVICE_NAME says nothing else: "yemae", or the one context that is served.
    pub service: String,
    /// `service.version`.
    pub version: String,
    /// How log lines look. Which are shown says RUST_LOG; without it, warnings and errors.
    pub look: Look,
    /// The crates that may show what they carry at TRACE, as a module path spells them: "cinema_booking". Of others
    /// that level is never shown: it has tokens and names in it.
    pub own: Vec<String>,
}

/// Why nothing can be told.
#[derive(Debug, thiserror::Error)]
#[error("telemetry: {0}")]
pub struct Fault(String);

impl Fault {
    fn new(why: impl std::fmt::Display) -> Self {
        Self(why.to_string())
    }
}

/// Tells for as long as it is held; dropped, it sends what it has, for 2 s at most.
#[must_use = "it tells for as long as it is held"]
pub struct Telemetry {
    // In this order: what goes wrong with the last spans is still said.
    _exporter: Option<export::Exporter>,
    _lines: Farewell,
}

/// Waits a moment until the last lines are written.
struct Farewell(logs::Lossy);

/// Begins to tell: once in a process, before anything else is started. Spans are exported when
/// OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set; what the other OTEL_ variables say holds.
/// Errors: it was called before; RUST_LOG, an endpoint or a file that it is trusted by cannot be read.
pub fn init(settings: &Settings) -> Result<Telemetry, Fault> {
    let resource = export::resource(settings);
    page::start(resource.clone())?;
    let lines = logs::start(settings)?;
    Ok(Telemetry {
        _exporter: export::start(resource)?,
        _lines: Farewell(lines),
    })
}

impl Drop for Farewell {
    fn drop(&mut self) {
        self.0.flush();
    }
}
