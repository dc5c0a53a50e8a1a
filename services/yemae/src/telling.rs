//! What a process tells of itself. Those that serve tell everything that [`mesh::telemetry`] does; a command that ends by
//! itself has log lines for whoever typed it, and nothing that has to be sent.

use crate::cli::Command;
use crate::contexts;
use crate::fault::Fault;
use crate::settings::{self, Settings};
use mesh::telemetry::{self, Look, Telemetry};
use tracing::Level;
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

/// Begins to tell, for as long as the answer is held.
pub(crate) fn begin(command: &Command) -> Result<Option<Telemetry>, Fault> {
    let filter = filter()?;
    let names = match command {
        Command::Up(_) => &[],
        Command::Serve(command) => &command.names[..],
        Command::Child(command) => std::slice::from_ref(&command.name),
        _ => {
            print_lines(filter);
            return Ok(None);
        }
    };
    let settings = Settings::from_environment()?;
    let service = match names {
        [one] => one,
        _ => "yemae",
    };
    let settings = telemetry::Settings {
        service: service.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        look: look(&settings, names.first().map_or("", String::as_str))?,
        own: own(),
    };
    telemetry::init(&settings).map(Some).map_err(Fault::usage)
}

/// What RUST_LOG asks for.
fn filter() -> Result<EnvFilter, Fault> {
    let Some(asked) = settings::rust_log() else {
        return Ok(EnvFilter::new("warn"));
    };
    EnvFilter::try_new(&asked).map_err(|why| {
        Fault::usage(format!(
            "RUST_LOG {asked} cannot be read: {why}; it may be warn, or warn,mesh=debug"
        ))
    })
}

fn look(settings: &Settings, context: &str) -> Result<Look, Fault> {
    match &*settings.get(context, "LOG_FORMAT")? {
        "text" => Ok(Look::Text),
        "json" => Ok(Look::Json),
        other => Err(Fault::usage(format!(
            "YEMAE_LOG_FORMAT must be text or json, not {other}"
        ))),
    }
}

/// Log lines alone.
fn print_lines(asked: EnvFilter) {
    // What a dependency carries, it shows at TRACE: events with the customer's name, headers with tokens.
    let own = own();
    let harmless = filter_fn(move |about| {
        let name = about.target().split("::").next().unwrap_or_default();
        *about.level() != Level::TRACE || name == "mesh" || own.iter().any(|own| own == name)
    });
    let printed = fmt::layer().with_writer(std::io::stderr);
    tracing_subscriber::registry()
        .with(printed.with_filter(asked.and(harmless)))
        .init();
}

/// The crates of this repository that are built on mesh.
fn own() -> Vec<String> {
    let contexts = contexts::ALL
        .iter()
        .map(|entry| entry.name.replace('-', "_"));
    contexts
        .chain(["yemae", "ordering", "gateway"].map(str::to_owned))
        .collect()
}
