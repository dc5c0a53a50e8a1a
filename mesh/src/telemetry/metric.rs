//! One metric: what it is, and the instrument made of that.

use super::gauges;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter};
use std::sync::OnceLock;

/// What is counted, measured or looked at. Never an id is an attribute: there are few of each.
#[derive(Debug)]
pub struct Metric {
    /// OpenTelemetry's name: "rpc.server.call.duration".
    pub name: &'static str,
    /// What kind of instrument it is.
    pub kind: Kind,
    /// By UCUM: "s", "{call}".
    pub unit: &'static str,
    /// By what it is told apart.
    pub attributes: &'static [&'static str],
    /// What it means.
    pub about: &'static str,
    /// None before [`super::init`]: then nothing is counted, and nothing it costs.
    made: OnceLock<Made>,
}

/// A kind of instrument.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Only goes up.
    Counter,
    /// Counts by these upper bounds.
    Histogram(&'static [f64]),
    /// Looked at when somebody asks; of several that are told alike the sum.
    Gauge,
    /// Looked at when somebody asks; of several that are told alike the highest.
    Worst,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Histogram(_) => "histogram",
            Self::Gauge | Self::Worst => "gauge",
        }
    }
}

#[derive(Debug)]
enum Made {
    Counter(Counter<u64>),
    Histogram(Histogram<f64>),
    Looked,
}

impl Metric {
    pub(super) const fn new(
        name: &'static str,
        kind: Kind,
        unit: &'static str,
        attributes: &'static [&'static str],
        about: &'static str,
    ) -> Self {
        Self {
            name,
            kind,
            unit,
            attributes,
            about,
            made: OnceLock::new(),
        }
    }

    /// Makes the instrument; what it is looked at for is told by [`gauges`].
    pub(super) fn make(&'static self, meter: &Meter) {
        let _ = self.made.set(match self.kind {
            Kind::Counter => Made::Counter(
                meter
                    .u64_counter(self.name)
                    .with_unit(self.unit)
                    .with_description(self.about)
                    .build(),
            ),
            Kind::Histogram(bounds) => Made::Histogram(
                meter
                    .f64_histogram(self.name)
                    .with_unit(self.unit)
                    .with_description(self.about)
                    .with_boundaries(bounds.to_vec())
                    .build(),
            ),
            Kind::Gauge | Kind::Worst => {
                // It lives as long as the meter does.
                let _ = meter
                    .f64_observable_gauge(self.name)
                    .with_unit(self.unit)
                    .with_description(self.about)
                    .with_callback(|observer| {
                        gauges::tell(self, |value, attributes| {
                            observer.observe(value, attributes)
                        });
                    })
                    .build();
                Made::Looked
            }
        });
    }

    /// Whether anybody will hear of it.
    pub(crate) fn is_on(&self) -> bool {
        self.made.get().is_some()
    }

    /// Counts `n` more.
    pub(crate) fn add(&self, n: usize, attributes: &[KeyValue]) {
        if let Some(Made::Counter(counter)) = self.made.get() {
            counter.add(n as u64, attributes);
        }
    }

    /// Counts one of this size.
    pub(crate) fn record(&self, value: f64, attributes: &[KeyValue]) {
        if let Some(Made::Histogram(histogram)) = self.made.get() {
            histogram.record(value, attributes);
        }
    }

    /// As Prometheus names it: dots are underscores, seconds are said, and a counter ends in `_total`.
    pub fn prometheus(&self) -> String {
        let name = self.name.replace('.', "_");
        let unit = if self.unit == "s" { "_seconds" } else { "" };
        let total = if self.kind == Kind::Counter {
            "_total"
        } else {
            ""
        };
        format!("{name}{unit}{total}")
    }
}
