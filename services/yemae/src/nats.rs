//! The broker as a child: found, checked, started, restarted when it dies, never outliving us.

use crate::fault::Fault;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Per-message TTL and atomic expectations together came with it.
const OLDEST: (u32, u32) = (2, 14);
const WAY_OUT: &str =
    "`make tools` fetches one into .tools/bin; or put one on PATH; or name one with --nats-server";

/// How a nats-server is started.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    program: PathBuf,
    listen: SocketAddr,
    store: PathBuf,
}

impl Server {
    /// Finds a program that is new enough: the one named, or the first on PATH or in `.tools/bin`.
    pub(crate) fn find(
        named: Option<&Path>,
        path: &str,
        listen: SocketAddr,
        store: &Path,
    ) -> Result<Self, Fault> {
        let program = match named {
            Some(program) => program.to_owned(),
            None => std::iter::once(PathBuf::from(".tools/bin"))
                .chain(std::env::split_paths(path))
                .map(|dir| dir.join("nats-server"))
                .find(|program| program.is_file())
                .ok_or_else(|| Fault::not_ready(format!("no nats-server was found. {WAY_OUT}")))?,
        };
        check_version(&program)?;
        Ok(Self {
            program,
            listen,
            store: store.to_owned(),
        })
    }

    /// Starts it as a guarded child. Must be called on the main thread: the guard's signal is tied to it.
    pub(crate) fn start(&self, log: &Path) -> Result<Child, Fault> {
        let own = std::env::current_exe().map_err(Fault::bug)?;
        // What the one before died of is told there.
        let _ = std::fs::rename(log, log.with_extension("before.log"));
        let log = std::fs::File::create(log)
            .map_err(|why| Fault::not_ready(format!("cannot write {}: {why}", log.display())))?;
        let mut command = Command::new(own);
        command
            .args(["guard", "--parent", &std::process::id().to_string(), "--"])
            .arg(&self.program);
        command.arg("-js").arg("-sd").arg(&self.store);
        command.args([
            "-a",
            &self.listen.ip().to_string(),
            "-p",
            &self.listen.port().to_string(),
        ]);
        let errors = log.try_clone().map_err(Fault::bug)?;
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        // A group of its own, so that Ctrl-C reaches us alone and the broker stays until we have drained.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn().map_err(|why| {
            Fault::not_ready(format!("cannot start {}: {why}", self.program.display()))
        })
    }

    /// How long to wait before it is started again.
    pub(crate) const RESTART_AFTER: Duration = Duration::from_millis(300);
}

fn check_version(program: &Path) -> Result<(), Fault> {
    let output = Command::new(program).arg("--version").output();
    let output = output.map_err(|why| {
        Fault::not_ready(format!(
            "cannot run {}: {why}. {WAY_OUT}",
            program.display()
        ))
    })?;
    let said = String::from_utf8_lossy(&output.stdout);
    let version = parse_version(&said).ok_or_else(|| {
        Fault::not_ready(format!(
            "{} does not say its version ({}). {WAY_OUT}",
            program.display(),
            said.trim()
        ))
    })?;
    if version < OLDEST {
        let (major, minor) = OLDEST;
        return Err(Fault::not_ready(format!(
            "{} is {}.{}, but {major}.{minor} or newer is needed. {WAY_OUT}",
            program.display(),
            version.0,
            version.1
        )));
    }
    Ok(())
}

/// Major and minor of "nats-server: v2.15.1".
fn parse_version(said: &str) -> Option<(u32, u32)> {
    let mut parts = said.trim().rsplit_once('v')?.1.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_compared() {
        assert_eq!(parse_version("nats-server: v2.15.1\n"), Some((2, 15)));
        assert!(parse_version("nats-server: v2.9.0").unwrap() < OLDEST);
        assert_eq!(parse_version("something else"), None);
    }
}
