//! What commands print.

use std::fmt::Display;
use std::io::{ErrorKind, Write};

/// Prints a line. Whoever reads may have had enough, as in `yemae call ListMovies | head`: then the command ends, well.
pub(crate) fn line(line: impl Display) {
    if let Err(why) = writeln!(std::io::stdout(), "{line}") {
        if why.kind() == ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        eprintln!("yemae: cannot print: {why}");
        std::process::exit(3);
    }
}
