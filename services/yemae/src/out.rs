//! What commands print.

use std::fmt::Display;
use std::io::{ErrorKind, Write};

/// Prints a line. Whoever reads may have had enough, as in `yemae call ListMovies | head`: then the command ends, well.
pub(crate) fn line(line: impl Display) {
    told(writeln!(std::io::stdout(), "{line}"));
}

/// Prints what is for programs.
pub(crate) fn bytes(bytes: &[u8]) {
    let mut out = std::io::stdout();
    told(out.write_all(bytes).and_then(|()| out.flush()));
}

fn told(printed: std::io::Result<()>) {
    if let Err(why) = printed {
        if why.kind() == ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        eprintln!("yemae: cannot print: {why}");
        std::process::exit(3);
    }
}
