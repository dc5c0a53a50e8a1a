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
mod door;
mod everybody;
mod fault;
mod guard;
mod house;
mod load;
mod metrics;
mod migrate;
mod nats;
mod operator;
mod order;
mod out;
mod rebuild;
mod republish;
mod restore;
mod rpc;
mod schemas;
mod secure;
mod serve;
mod settings;
mod stage;
mod status;
mod stop;
mod systems;
mod telling;
mod token;
mod unwell;
mod up;

use clap::Parser;
use cli::{Cli, Command};
use fault::Fault;
use std::process::ExitCode;
use tokio::runtime::{Builder, Runtime};

/// Threads hand on what others have made, all the time: glibc's allocator is slow at that.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match told(&cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("yemae: {fault}");
            fault.code()
        }
    }
}

/// Runs a command; what is told of it is sent before this returns.
fn told(command: &Command) -> Result<(), Fault> {
    // Before anything is opened: what is opened earlier is not looked at.
    let telemetry = telling::begin(command)?;
    let done = run(command);
    drop(telemetry);
    done
}

fn run(command: &Command) -> Result<(), Fault> {
    match command {
        Command::Up(command) => up::run(command),
        Command::Serve(command) => serve::run(command),
        Command::Provision(command) => serve::provision(command),
        Command::Ops => serve::ops(),
        Command::Config(command) => config::run(command),
        Command::Migrate(command) => migrate::run(command),
        Command::Backup(command) => backup::run(command),
        Command::Restore(command) => restore::run(command),
        Command::Contracts => {
            out::bytes(proto::DESCRIPTORS);
            Ok(())
        }
        Command::Token(command) => token::run(command),
        Command::Call(command) => call::run(command),
        Command::Demo(command) => demo::run(command),
        Command::Load(command) => load::run(command),
        Command::Audit(command) => audit::run(command),
        Command::Order(command) => order::run(command),
        Command::DeadLetters(command) => dead_letters::run(command),
        Command::Rebuild(command) => rebuild::run(command),
        Command::Republish(command) => republish::run(command),
        Command::Status(command) => status::run(command),
        Command::Child(command) => child::run(command),
        Command::Guard(command) => guard::run(command.parent, &command.program),
        Command::Unwell(command) => unwell::run(command.process),
    }
}

fn runtime() -> Result<Runtime, Fault> {
    Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Fault::bug)
}

/// The runtime of one of many processes on this machine: more threads than one would only wake each other.
fn narrow_runtime() -> Result<Runtime, Fault> {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(Fault::bug)
}
