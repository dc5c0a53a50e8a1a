//! What can be typed.

mod dead_letters;
mod hidden;
mod load;
mod views;

pub(crate) use dead_letters::{DeadLetters, Which};
pub(crate) use hidden::{Child, Guard, Unwell};
pub(crate) use load::Load;
pub(crate) use views::{Rebuild, Republish};

use crate::systems;
use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Yemae (예매): ordering systems on one gRPC mesh.
#[derive(Debug, Parser)]
#[command(version, about, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run every context on this machine, with a broker of its own. For development.
    ///
    /// The databases are files in the data directory, or where YEMAE_DATABASE_URL says; then `audit` and `order` want to be
    /// told as well.
    Up(Up),
    /// Run the named contexts, or the gateway, as in production.
    Serve(Serve),
    /// Make the broker's stream, or bring it up to date: once per cluster, before `serve`. Reads NATS_URL.
    Provision(Provision),
    /// Wait until asked to stop, so that operators have a place to type in: `kubectl exec deploy/yemae-ops -- /yemae …`.
    Ops,
    /// Show the settings that are in effect, and where each comes from. Secrets are ***.
    Config(Config),
    /// Bring the databases of the named contexts up to date, and stop. Before `serve`, as a step of its own.
    Migrate(Migrate),
    /// Copy a data directory while it is served; all databases are of one instant.
    ///
    /// The keys are copied with them. Writers wait for some milliseconds, nobody is refused. What the broker holds is not
    /// copied; it is said again from the outboxes.
    Backup(Backup),
    /// Make a data directory from a backup.
    Restore(Restore),
    /// Print all contracts as one binary descriptor image: what buf and protoc generate stubs from, without these sources.
    ///
    /// `yemae contracts > contracts.binpb`, then `buf generate contracts.binpb --path yemae`.
    Contracts,
    /// Make a token for a person, signed with the data directory's key.
    Token(Token),
    /// Call a method with a JSON request: grpcurl without grpcurl.
    Call(Call),
    /// Play a whole story through the public RPCs; fails if a step does not come true.
    Demo(Demo),
    /// Drive the public RPCs as many customers at once, and write down what each saw.
    Load(Load),
    /// Check what may never happen: no order, seat or won lost.
    Audit(Audit),
    /// Show an order's timeline across contexts.
    Order(Order),
    /// Events that a context could not act on: look at them, have them acted on again, or discard them.
    #[command(subcommand)]
    DeadLetters(DeadLetters),
    /// Build mypage anew from the stream while it is served, and compare it with what it showed.
    ///
    /// The new one is shown in place of the old. Ends with 0 when both are equal; with 1 when they differ, so that
    /// something was mended, or when it does not get ahead. It goes on without this command; the same again follows it.
    Rebuild(Rebuild),
    /// State orders that are long over once more, for a view that starts empty: the stream has forgotten them.
    ///
    /// They stay in the stream for a day; build the view meanwhile. Whoever has seen them drops them, so that it may be done
    /// again, and gone on with (--after) when it broke off.
    Republish(Republish),
    /// Show how every context is: the first thing to type at 3 a.m.
    Status(Status),
    /// One context under `up --processes`.
    #[command(hide = true)]
    Child(Child),
    /// Become a program that dies with its parent.
    #[command(hide = true)]
    Guard(Guard),
    /// Have a `yemae serve` that is on trial (YEMAE_SIMULATOR=true) say that it lives no more.
    #[command(hide = true)]
    Unwell(Unwell),
}

/// `yemae up`.
#[derive(Args, Debug)]
pub(crate) struct Up {
    /// Where databases, keys and the broker's store are kept.
    #[arg(long, default_value = ".yemae")]
    pub(crate) data: PathBuf,
    /// The one gRPC address. When given, all other listeners take free ports, so that two meshes run side by side.
    #[arg(long)]
    pub(crate) listen: Option<SocketAddr>,
    /// Fill in something to order of every system: movies, screens and screenings.
    #[arg(long)]
    pub(crate) demo: bool,
    /// Give every context a process of its own, restarted when it dies.
    #[arg(long)]
    pub(crate) processes: bool,
    /// Leave these contexts out, or the gateway.
    #[arg(long, num_args = 1.., value_name = "NAME")]
    pub(crate) without: Vec<String>,
    /// The nats-server to run. Default: the one in .tools/bin, or on PATH.
    #[arg(long, value_name = "FILE")]
    pub(crate) nats_server: Option<PathBuf>,
}

/// `yemae serve`.
#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// The contexts to run: "payment", "cinema-booking" … Or "gateway", which is a process of its own: the one door from
    /// outside, without a database or a broker.
    #[arg(required = true, value_name = "NAME")]
    pub(crate) names: Vec<String>,
}

/// `yemae provision`.
#[derive(Args, Debug)]
pub(crate) struct Provision {
    /// Stay, and make the stream again whenever it is gone: the one process of a cluster that has the right to.
    #[arg(long)]
    pub(crate) stay: bool,
}

/// `yemae config`.
#[derive(Args, Debug)]
pub(crate) struct Config {
    /// The contexts to show them for. Default: what holds for all, and each exception.
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// Print the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the reference page of all settings instead.
    #[arg(long)]
    pub(crate) page: bool,
    /// Print the table of all metrics instead, as the operator's page has it.
    #[arg(long)]
    pub(crate) metrics: bool,
}

/// `yemae migrate`.
#[derive(Args, Debug)]
pub(crate) struct Migrate {
    /// The contexts: "payment", "cinema-booking" … Their databases are read from the environment, as by `serve`.
    #[arg(required = true, value_name = "NAME")]
    pub(crate) names: Vec<String>,
}

/// `yemae backup`.
#[derive(Args, Debug)]
pub(crate) struct Backup {
    /// Where to: a directory that is empty or not there yet. Keep it as safe as the data: it holds private keys.
    pub(crate) dir: PathBuf,
    /// The data directory to copy. Databases elsewhere (PostgreSQL) are not in it.
    #[arg(long, default_value = ".yemae")]
    pub(crate) data: PathBuf,
}

/// `yemae restore`.
#[derive(Args, Debug)]
pub(crate) struct Restore {
    /// The backup, as `yemae backup` made it.
    pub(crate) dir: PathBuf,
    /// The new data directory: empty, or not there yet. `yemae up --data` runs it.
    #[arg(long)]
    pub(crate) data: PathBuf,
}

/// `yemae token`.
#[derive(Args, Debug)]
pub(crate) struct Token {
    /// Whose it is: what the mesh will know the person by.
    pub(crate) subject: String,
    /// What the person may do: customer, staff, admin … May be given more than once.
    #[arg(long, default_value = "customer")]
    pub(crate) role: Vec<String>,
    /// How long it is good for, in hours.
    #[arg(long, default_value_t = 12)]
    pub(crate) hours: u64,
    /// The data directory whose key signs it.
    #[arg(long, default_value = ".yemae")]
    pub(crate) data: PathBuf,
}

/// How a command reaches the mesh, and as whom.
#[derive(Args, Clone, Debug)]
pub(crate) struct Reach {
    /// The mesh's gRPC address; or one for each context, http://{context}:50051. Default: YEMAE_SERVER, or where the data
    /// directory's `yemae up` listens.
    #[arg(long)]
    pub(crate) server: Option<String>,
    /// The data directory: its key signs the command's tokens.
    #[arg(long, default_value = ".yemae")]
    pub(crate) data: PathBuf,
    /// Use the token in this file instead, or YEMAE_TOKEN's.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

/// `yemae call`.
#[derive(Args, Debug)]
pub(crate) struct Call {
    /// "yemae.mypage.v1.MyPageService/ListMyOrders", or as much of its end as is unique: "ListMyOrders".
    pub(crate) method: String,
    /// The request, as JSON.
    #[arg(default_value = "{}")]
    pub(crate) json: String,
    /// As whom.
    #[arg(long = "as", default_value = "kim", value_name = "SUBJECT")]
    pub(crate) subject: String,
    /// In which role.
    #[arg(long, default_value = "customer")]
    pub(crate) role: Vec<String>,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// `yemae demo`.
#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// Which system's story; all: each whose contexts run, one after the other.
    #[arg(value_parser = systems::names())]
    pub(crate) story: String,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// `yemae audit`.
#[derive(Args, Debug)]
pub(crate) struct Audit {
    /// Also check what clients saw, as `yemae load` wrote it; `-` is standard input. May be given more than once.
    #[arg(long, value_name = "FILE")]
    pub(crate) history: Vec<PathBuf>,
    /// Wait until nothing is under way; then what is still in flight is a breach.
    #[arg(long)]
    pub(crate) quiet: bool,
    /// How long to wait for quiet: "60s".
    #[arg(long, default_value = "60s", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) wait: Duration,
    /// The contexts that are left out for good. Default: YEMAE_WITHOUT.
    #[arg(long, num_args = 1.., value_name = "NAME")]
    pub(crate) without: Vec<String>,
    /// Print the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// The data directory whose databases are read.
    #[arg(long, default_value = ".yemae")]
    pub(crate) data: PathBuf,
}

/// `yemae order`.
#[derive(Args, Debug)]
pub(crate) struct Order {
    /// The order's id.
    pub(crate) id: String,
    /// Print the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// The data directory whose databases are read.
    #[arg(long, default_value = ".yemae")]
    pub(crate) data: PathBuf,
}

/// `yemae status`.
#[derive(Args, Debug)]
pub(crate) struct Status {
    /// Print the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// "60s", or just "60".
fn seconds(text: &str) -> Result<Duration, String> {
    let digits = text.strip_suffix('s').unwrap_or(text);
    digits
        .parse()
        .map(Duration::from_secs)
        .map_err(|_| "must be seconds: 60s".to_owned())
}
