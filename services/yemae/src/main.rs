//! One binary, any topology: `yemae up` runs every context on a laptop, `yemae serve NAME` one in a pod.

mod audit;
mod backup;
mod call;
mod child;
mod cli;
mod config;
mod contexts;
mod data;
mod databases;
mod dead_letters;
mod demo;
mod fault;
mod guard;
mod house;
mod load;
mod migrate;
mod nats;
mod operator;
mod order;
mod out;
mod rebuild;
mod restore;
mod rpc;
mod schemas;
mod serve;
mod settings;
mod stage;
mod status;
mod token;
mod up;

use clap::Parser;
use cli::{Cli, Command};
use fault::Fault;
use std::process::ExitCode;
use tokio::runtime::{Builder, Runtime};
use tracing::Level;
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

fn main() -> ExitCode {
    log();
    let cli = Cli::parse();
    let done = match &cli.command {
        Command::Up(command) => up::run(command),
        Command::Serve(command) => serve::run(command),
        Command::Provision => serve::provision(),
        Command::Config(command) => config::run(command),
        Command::Migrate(command) => migrate::run(command),
        Command::Backup(command) => backup::run(command),
        Command::Restore(command) => restore::run(command),
        Command::Token(command) => token::run(command),
        Command::Call(command) => call::run(command),
        Command::Demo(command) => demo::run(command),
        Command::Load(command) => load::run(command),
        Command::Audit(command) => audit::run(command),
        Command::Order(command) => order::run(command),
        Command::DeadLetters(command) => dead_letters::run(command),
        Command::Rebuild(command) => rebuild::run(command),
        Command::Status(command) => status::run(command),
        Command::Child(command) => child::run(command),
        Command::Guard(command) => guard::run(command.parent, &command.program),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("yemae: {fault}");
            fault.code()
        }
    }
}

fn log() {
    let asked = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    // What a dependency carries, it shows at TRACE: events with the customer's name, headers with tokens.
    let harmless = filter_fn(|about| *about.level() != Level::TRACE || is_own(about.target()));
    let printed = fmt::layer().with_writer(std::io::stderr);
    tracing_subscriber::registry()
        .with(printed.with_filter(asked.and(harmless)))
        .init();
}

/// Whether a log line's target is a crate of this repository.
fn is_own(target: &str) -> bool {
    let name = target.split("::").next().unwrap_or_default();
    let is_context = contexts::ALL
        .iter()
        .any(|entry| entry.name.replace('-', "_") == name);
    is_context || ["yemae", "mesh", "ordering"].contains(&name)
}

fn runtime() -> Result<Runtime, Fault> {
    Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Fault::bug)
}
