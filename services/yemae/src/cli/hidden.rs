//! What yemae types itself, to start its own processes, and what its own tests type.

use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

/// `yemae child`.
#[derive(Args, Debug)]
pub(crate) struct Child {
    /// The context.
    pub(crate) name: String,
    /// The data directory.
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Where to listen.
    #[arg(long)]
    pub(crate) listen: SocketAddr,
    /// Where its metrics are read.
    #[arg(long)]
    pub(crate) metrics: SocketAddr,
    /// The one address that reaches every other context.
    #[arg(long)]
    pub(crate) mesh: String,
    /// The broker's address.
    #[arg(long)]
    pub(crate) nats: String,
    /// The process to die with.
    #[arg(long)]
    pub(crate) parent: i32,
}

/// `yemae guard`.
#[derive(Args, Debug)]
pub(crate) struct Guard {
    /// The process to die with.
    #[arg(long)]
    pub(crate) parent: i32,
    /// What to become.
    #[arg(last = true, required = true)]
    pub(crate) program: Vec<String>,
}

/// `yemae unwell`.
#[derive(Args, Debug)]
pub(crate) struct Unwell {
    /// The process: in a pod the first one.
    #[arg(long, default_value_t = 1)]
    pub(crate) process: i32,
}
