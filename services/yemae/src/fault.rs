//! How a command ends when it does not end well. A sentence says what is wrong and the way out; the code says whose
//! turn it is.

use std::fmt::Display;
use std::process::ExitCode;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The answer is no (exit 1).
    No(String),
    /// Wrong use or configuration (exit 2).
    Usage(String),
    /// Not ready or not reachable (exit 3).
    NotReady(String),
    /// Our bug (exit 70).
    Bug(String),
}

impl Fault {
    pub(crate) fn no(why: impl Display) -> Self {
        Self::No(why.to_string())
    }

    pub(crate) fn usage(why: impl Display) -> Self {
        Self::Usage(why.to_string())
    }

    pub(crate) fn not_ready(why: impl Display) -> Self {
        Self::NotReady(why.to_string())
    }

    pub(crate) fn bug(why: impl Display) -> Self {
        Self::Bug(why.to_string())
    }

    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::No(_) => 1,
            Self::Usage(_) => 2,
            Self::NotReady(_) => 3,
            Self::Bug(_) => 70,
        })
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::No(why) | Self::Usage(why) | Self::NotReady(why) => f.write_str(why),
            Self::Bug(why) => write!(f, "a bug of ours: {why}"),
        }
    }
}
