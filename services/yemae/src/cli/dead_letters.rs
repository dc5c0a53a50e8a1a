//! What can be typed after `yemae dead-letters`.

use super::Reach;
use clap::{Args, Subcommand};

/// `yemae dead-letters`.
#[derive(Debug, Subcommand)]
pub(crate) enum DeadLetters {
    /// List them, newest first.
    List {
        /// Only this context's: "mypage". Default: everybody's.
        #[arg(long, value_name = "NAME")]
        context: Option<String>,
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        reach: Reach,
    },
    /// Show one, and what was in it: numbers, states, times and ids. Any other text may be of a person, and is ***.
    Show {
        /// The context: "mypage".
        #[arg(value_name = "CONTEXT")]
        context: String,
        /// The dead letter's id there, as `list` prints it.
        id: String,
        /// Print the result as JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        reach: Reach,
    },
    /// Have the context act on them again, once what kept it from doing so is mended. Who is taken is gone from the
    /// list; who is not stays there, with the new reason.
    Redrive(Which),
    /// Delete them, not acted on. What they told is then missing in this context until the entity changes again.
    Discard(Which),
}

/// Some of a context's.
#[derive(Args, Debug)]
pub(crate) struct Which {
    /// The context: "mypage".
    pub(crate) context: String,
    /// The dead letters' ids there, as `list` prints them.
    #[arg(required = true, value_name = "ID")]
    pub(crate) ids: Vec<String>,
    #[command(flatten)]
    pub(crate) reach: Reach,
}
