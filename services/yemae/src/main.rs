//! One binary, any topology: `yemae up` runs every context on a laptop, `yemae serve NAME` one in a pod.

mod audit;
mod call;
mod child;
mod cli;
mod contexts;
mod data;
mod demo;
mod fault;
mod guard;
mod house;
mod load;
mod nats;
mod operator;
mod order;
mod rpc;
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
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    log();
    let cli = Cli::parse();
    let done = match &cli.command {
        Command::Up(command) => up::run(command),
        Command::Serve(command) => serve::run(command),
        Command::Token(command) => token::run(command),
        Command::Call(command) => call::run(command),
        Command::Demo(command) => demo::run(command),
        Command::Load(command) => load::run(command),
        Command::Audit(command) => audit::run(command),
        Command::Order(command) => order::run(command),
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
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}

fn runtime() -> Result<Runtime, Fault> {
    Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Fault::bug)
}
