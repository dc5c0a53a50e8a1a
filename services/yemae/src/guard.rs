//! `yemae guard -- PROGRAM …`: a child that never outlives its parent, not even a parent killed by force.

use crate::fault::Fault;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::getppid;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Binds this process's life to its parent's. `parent` is the process that is expected to be the parent.
///
/// The kernel ties the signal to the thread that spawned us, so whoever spawns must do it on its main thread.
pub(crate) fn die_with(parent: i32) -> Result<(), Fault> {
    set_pdeathsig(Signal::SIGKILL).map_err(Fault::bug)?;
    // It may have died before the line above.
    if getppid().as_raw() == parent {
        Ok(())
    } else {
        Err(Fault::no("the parent is gone"))
    }
}

/// Becomes `program`, bound to `parent`.
pub(crate) fn run(parent: i32, program: &[String]) -> Result<(), Fault> {
    die_with(parent)?;
    let (name, arguments) = program
        .split_first()
        .ok_or_else(|| Fault::usage("guard needs a program"))?;
    Err(Fault::not_ready(format!(
        "cannot start {name}: {}",
        Command::new(name).args(arguments).exec()
    )))
}
