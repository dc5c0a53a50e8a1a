//! The page that Prometheus reads, made by OpenTelemetry's own exporter (maintained again since 0.32, 669 lines that we
//! need not have) and Prometheus' own encoder.

use super::catalog::{LOG_LOST, METRICS};
use super::{Fault, gauges};
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Registry, TextEncoder};
use std::sync::OnceLock;

static BOOK: OnceLock<Book> = OnceLock::new();

struct Book {
    registry: Registry,
    _provider: SdkMeterProvider,
}

/// Makes every instrument, once in a process.
pub(super) fn start(resource: Resource) -> Result<(), Fault> {
    let registry = Registry::new();
    let exporter = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .scope_info_enabled(false)
        .build()
        .map_err(Fault::new)?;
    let provider = SdkMeterProvider::builder()
        .with_reader(exporter)
        .with_resource(resource)
        .build();
    let meter = provider.meter("yemae");
    let book = Book {
        registry,
        _provider: provider,
    };
    if BOOK.set(book).is_err() {
        return Err(Fault::new("it was begun before in this process"));
    }
    for metric in METRICS {
        metric.make(&meter);
    }
    // There from the start: an alarm on it must not wait for the first one.
    LOG_LOST.add(0, &[]);
    Ok(())
}

/// Every metric as it stands, in Prometheus' text format; empty before [`super::init`].
pub async fn page() -> String {
    let Some(book) = BOOK.get() else {
        return String::new();
    };
    gauges::look().await;
    let families = book.registry.gather();
    TextEncoder::new()
        .encode_to_string(&families)
        .unwrap_or_default()
}
