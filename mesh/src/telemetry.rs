//! What is told of a running mesh to those who run it: traces.

mod export;
pub(crate) mod rpc;
pub(crate) mod trace;

/// The attribute that says which context: many may share one process, whose name is `service.name`.
pub(crate) const CONTEXT: &str = "yemae.context";

/// What a process is told as.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `service.name`, where OTEL_SERVICE_NAME says nothing else: "yemae", or the one context that is served.
    pub service: String,
    /// `service.version`.
    pub version: String,
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
    _exporter: Option<export::Exporter>,
}

/// Begins to tell: once in a process, before anything else is started. Spans are exported when
/// OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set; what the other OTEL_ variables say holds.
pub fn init(settings: &Settings) -> Result<Telemetry, Fault> {
    let resource = export::resource(settings);
    Ok(Telemetry {
        _exporter: export::start(resource)?,
    })
}
