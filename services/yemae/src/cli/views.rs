//! What can be typed about views: what is built from the stream.

use super::{Reach, seconds};
use clap::Args;
use std::time::Duration;

/// `yemae rebuild`.
#[derive(Args, Debug)]
pub(crate) struct Rebuild {
    /// What to build anew: mypage.
    #[arg(value_parser = ["mypage"], value_name = "CONTEXT")]
    pub(crate) context: String,
    /// How long to wait while it does not get ahead: "300s".
    #[arg(long, default_value = "300s", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) wait: Duration,
    /// Print the result as JSON, and no progress.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// `yemae republish`.
#[derive(Args, Debug)]
pub(crate) struct Republish {
    /// The context that takes the orders: "cinema-booking".
    #[arg(value_name = "CONTEXT")]
    pub(crate) context: String,
    /// Go on behind this order: where it had come to when it broke off.
    #[arg(
        long,
        value_name = "ORDER",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) after: String,
    /// How long to wait while it does not get ahead: "300s".
    #[arg(long, default_value = "300s", value_name = "SECONDS", value_parser = seconds)]
    pub(crate) wait: Duration,
    /// Print the result as JSON, and no progress.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) reach: Reach,
}
