//! Where spans go: to an OTLP collector, in batches, from a thread and a runtime of their own. What cannot be sent is
//! lost, and nobody waits for it.

use super::{Fault, Settings, trace};
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithTonicConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::resource::EnvResourceDetector;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

/// How long the last spans may take on their way out.
const FAREWELL: Duration = Duration::from_secs(2);

/// The exporter, for as long as it is held.
pub(super) struct Exporter {
    provider: SdkTracerProvider,
    runtime: Option<Runtime>,
}

/// Who is told about: OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win.
pub(super) fn resource(settings: &Settings) -> Resource {
    let ours = [
        KeyValue::new("service.name", settings.service.clone()),
        KeyValue::new("service.version", settings.version.clone()),
        KeyValue::new("service.instance.id", crate::id::new()),
    ];
    let resource = Resource::builder_empty()
        .with_attributes(ours)
        .with_detector(Box::new(EnvResourceDetector::new()));
    match variable("OTEL_SERVICE_NAME") {
        Some(name) => resource.with_service_name(name).build(),
        None => resource.build(),
    }
}

/// Exports spans when an endpoint is set; the SDK reads what else OTEL_ variables say.
pub(super) fn start(resource: Resource) -> Result<Option<Exporter>, Fault> {
    let asked = [
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
    ];
    let is =
        |name, value: &str| variable(name).is_some_and(|said| said.eq_ignore_ascii_case(value));
    let forbidden = is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none");
    let endpoint = asked.into_iter().find_map(variable);
    let Some(endpoint) = endpoint.filter(|_| !forbidden) else {
        return Ok(None);
    };
    let protocols = [
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
        "OTEL_EXPORTER_OTLP_PROTOCOL",
    ];
    if let Some(protocol) = protocols.into_iter().find_map(variable)
        && protocol != "grpc"
    {
        tracing::warn!(
            protocol,
            "spans are sent by gRPC, whatever protocol is asked for"
        );
    }
    // Of its own: it must send while others block, and still when they have ended.
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("yemae-telemetry")
        .enable_all()
        .build()
        .map_err(Fault::new)?;
    let exporter = {
        let _within = runtime.enter();
        let exporter = SpanExporter::builder().with_tonic();
        // Where the system trusts nobody the SDK refuses TLS, and it asks although it needs none.
        let exporter = match endpoint.starts_with("http://") {
            true => exporter,
            false => exporter.with_tls_config(tls()?),
        };
        exporter.build().map_err(Fault::new)?
    };
    let provider = SdkTracerProvider::builder()
        .with_resource(resource)
        .with_batch_exporter(Telling {
            exporter,
            failing: AtomicBool::new(false),
        })
        .build();
    let _ = trace::TRACER.set(provider.tracer("yemae"));
    Ok(Some(Exporter {
        provider,
        runtime: Some(runtime),
    }))
}

/// Whom we believe to be a collector that is named by https, and who we are to it: as OpenTelemetry's variables say, which
/// name files in PEM; the SDK reads them for other protocols only. Without them, the authorities that the system trusts.
fn tls() -> Result<ClientTlsConfig, Fault> {
    let tls = match read("CERTIFICATE")? {
        Some(authorities) => {
            ClientTlsConfig::new().ca_certificate(Certificate::from_pem(authorities))
        }
        None => ClientTlsConfig::new().with_native_roots(),
    };
    Ok(match (read("CLIENT_CERTIFICATE")?, read("CLIENT_KEY")?) {
        (Some(certificate), Some(key)) => tls.identity(Identity::from_pem(certificate, key)),
        (None, None) => tls,
        _ => {
            return Err(Fault::new(
                "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY are given together or not at all",
            ));
        }
    })
}

/// The file that a variable of traces, or else of all signals, names.
fn read(what: &str) -> Result<Option<String>, Fault> {
    let names = ["TRACES_", ""].map(|of| format!("OTEL_EXPORTER_OTLP_{of}{what}"));
    let given = names.iter().find_map(|name| Some((name, variable(name)?)));
    given
        .map(|(name, file)| {
            std::fs::read_to_string(&file)
                .map_err(|why| Fault::new(format!("{name}, {file}: {why}")))
        })
        .transpose()
}

#[expect(
    clippy::disallowed_methods,
    reason = "OTEL_ variables keep their names, and most are read by the SDK itself"
)]
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ = self.provider.shutdown_with_timeout(FAREWELL);
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Says once that spans cannot be sent, and once that they can again.
#[derive(Debug)]
struct Telling {
    exporter: SpanExporter,
    failing: AtomicBool,
}

impl opentelemetry_sdk::trace::SpanExporter for Telling {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let sent = self.exporter.export(batch).await;
        let failed_before = self.failing.swap(sent.is_err(), Ordering::Relaxed);
        match &sent {
            Err(why) if !failed_before => {
                tracing::warn!(%why, "spans cannot be sent to the collector; they are lost until it answers");
            }
            Ok(()) if failed_before => tracing::info!("spans are sent to the collector again"),
            _ => {}
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
