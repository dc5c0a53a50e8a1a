//! Log lines on stderr: text for people or JSON for machines, each with the ids of the trace it is part of.

mod lossy;

use super::{Fault, Settings, export, trace};
pub(super) use lossy::Lossy;
use std::fmt;
use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::fmt::format::{Format, JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Look {
    /// For people.
    #[default]
    Text,
    /// One object a line.
    Json,
}

/// What is shown when RUST_LOG says nothing.
const UNASKED: &str = "warn";
/// Shown whatever RUST_LOG says: the usual hook asks nobody either.
const PANICS: &str = "panic=error";

/// Writes log lines to stderr, from now on.
pub(super) fn start(settings: &Settings) -> Result<Lossy, Fault> {
    let asked = match export::variable("RUST_LOG") {
        Some(asked) => EnvFilter::try_new(asked).map_err(Fault::new)?,
        None => EnvFilter::new(UNASKED),
    };
    let asked = asked.add_directive(PANICS.parse().map_err(Fault::new)?);
    let own = settings.own.clone();
    let harmless = filter_fn(move |about| {
        // What the exporter has to say we say ourselves, once; what a dependency carries, it shows at TRACE: events
        // with the customer's name, headers with tokens.
        !about.target().starts_with("opentelemetry")
            && (*about.level() != Level::TRACE || is_own(&own, about.target()))
    });
    let say = match settings.look {
        Look::Text => |lost| format!("WARN {lost} log lines were lost: nobody read them in time\n"),
        Look::Json => |lost| {
            format!(
                r#"{{"level":"WARN","fields":{{"message":"log lines were lost: nobody read them in time","lost":{lost}}},"target":"mesh::telemetry"}}"#
            ) + "\n"
        },
    };
    let lossy = Lossy::new(std::io::stderr(), say).map_err(Fault::new)?;
    let writer = lossy.clone();
    let lines = tracing_subscriber::fmt::layer().with_writer(move || writer.clone());
    let colours = std::io::stderr().is_terminal();
    let lines = match settings.look {
        Look::Text => lines
            .with_ansi(colours)
            .event_format(Traced {
                format: Format::default().with_ansi(colours),
                look: Look::Text,
            })
            .boxed(),
        Look::Json => lines
            .fmt_fields(JsonFields::new())
            .event_format(Traced {
                format: Format::default().json(),
                look: Look::Json,
            })
            .boxed(),
    };
    tracing_subscriber::registry()
        .with(lines.with_filter(asked.and(harmless)))
        .try_init()
        .map_err(Fault::new)?;
    std::panic::set_hook(Box::new(tell_panic));
    Ok(lossy)
}

/// Whether a log line's target is mesh, or a crate of whoever is built on it.
fn is_own(own: &[String], target: &str) -> bool {
    let name = target.split("::").next().unwrap_or_default();
    name == "mesh" || own.iter().any(|own| own == name)
}

/// As any other line: the usual hook writes to stderr itself, and waits for whoever should read it.
fn tell_panic(panic: &PanicHookInfo<'_>) {
    let said = panic.payload_as_str().unwrap_or("it did not say why");
    let place = panic.location().map(ToString::to_string);
    let thread = std::thread::current().name().unwrap_or_default().to_owned();
    tracing::error!(target: "panic", place, thread, "panicked: {said}");
}

/// Adds the ids of the trace to a line that is part of one.
struct Traced<F> {
    format: F,
    look: Look,
}

impl<S, N, F> FormatEvent<S, N> for Traced<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let Some((trace, span)) = trace::ids() else {
            return self.format.format_event(context, out, event);
        };
        let mut line = String::new();
        let whole = Writer::new(&mut line);
        self.format.format_event(context, whole, event)?;
        let line = line.trim_end_matches('\n');
        match (self.look, line.strip_suffix('}')) {
            (Look::Json, Some(open)) => {
                writeln!(out, r#"{open},"trace_id":"{trace}","span_id":"{span}"}}"#)
            }
            _ => writeln!(out, "{line} trace_id={trace} span_id={span}"),
        }
    }
}
