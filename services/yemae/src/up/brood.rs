//! The children of `yemae up`: the broker, and with `--processes` the contexts. Whoever dies is started again.

use crate::data::{Data, Running};
use crate::fault::Fault;
use crate::nats;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::Instant;

/// How long the broker may take to recover its store.
const BROKER_STARTS: Duration = Duration::from_secs(30);
/// How long a context is given to drain.
const DRAIN: Duration = Duration::from_secs(10);

/// A context's process.
struct Own {
    name: &'static str,
    arguments: Vec<String>,
    child: Child,
    /// When to start it again, once it has died.
    again: Option<Instant>,
}

/// All children. Must be used on the main thread: their lives are bound to it.
pub(super) struct Brood {
    server: nats::Server,
    data: Data,
    broker: Option<Child>,
    broker_again: Option<Instant>,
    contexts: Vec<Own>,
}

impl Brood {
    pub(super) fn new(server: nats::Server, data: Data) -> Self {
        Self {
            server,
            data,
            broker: None,
            broker_again: None,
            contexts: Vec::new(),
        }
    }

    pub(super) fn start_broker(&mut self) -> Result<(), Fault> {
        self.broker = Some(self.server.start(&self.data.nats_log())?);
        Ok(())
    }

    /// Waits until the broker takes connections; an error when it ends instead, with what it said.
    pub(super) async fn until_broker_listens(&mut self, at: SocketAddr) -> Result<(), Fault> {
        let end = Instant::now() + BROKER_STARTS;
        while TcpStream::connect(at).await.is_err() {
            if self.broker.as_mut().is_some_and(has_ended) || Instant::now() >= end {
                let log = self.data.nats_log();
                let said = std::fs::read_to_string(&log).unwrap_or_default();
                let last = said.lines().last().unwrap_or("it said nothing");
                return Err(Fault::not_ready(format!(
                    "the nats-server does not start: {last} (all of it: {})",
                    log.display()
                )));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    pub(super) fn start_child(
        &mut self,
        name: &'static str,
        listen: SocketAddr,
        metrics: SocketAddr,
        running: &Running,
    ) -> Result<(), Fault> {
        let arguments = [
            "child".to_owned(),
            name.to_owned(),
            format!("--data={}", self.data),
            format!("--listen={listen}"),
            format!("--metrics={metrics}"),
            format!("--mesh={}", running.grpc),
            format!("--nats={}", running.nats),
            format!("--parent={}", std::process::id()),
        ];
        let arguments = arguments.to_vec();
        let child = spawn(&arguments)?;
        self.contexts.push(Own {
            name,
            arguments,
            child,
            again: None,
        });
        Ok(())
    }

    /// Starts again whoever has died, a moment after.
    pub(super) fn look_after(&mut self) -> Result<(), Fault> {
        let now = Instant::now();
        if self.broker.as_mut().is_some_and(has_ended) {
            eprintln!("yemae: the nats-server has died; starting it again");
            self.broker = None;
            self.broker_again = Some(now + nats::Server::RESTART_AFTER);
        }
        if self.broker_again.is_some_and(|again| now >= again) {
            self.broker_again = None;
            self.start_broker()?;
        }
        for own in &mut self.contexts {
            if own.again.is_none() && has_ended(&mut own.child) {
                eprintln!("yemae: {} has died; starting it again", own.name);
                own.again = Some(now + nats::Server::RESTART_AFTER);
            }
            if own.again.is_some_and(|again| now >= again) {
                own.again = None;
                own.child = spawn(&own.arguments)?;
            }
        }
        Ok(())
    }

    /// Ends them: the contexts first, which drain, then the broker.
    pub(super) fn stop(&mut self) {
        for own in &self.contexts {
            ask_to_end(&own.child);
        }
        let pause = Duration::from_millis(20);
        let mut left = DRAIN;
        while !left.is_zero()
            && !self
                .contexts
                .iter_mut()
                .all(|own| has_ended(&mut own.child))
        {
            std::thread::sleep(pause);
            left = left.saturating_sub(pause);
        }
        for own in &mut self.contexts {
            let _ = own.child.kill();
            let _ = own.child.wait();
        }
        if let Some(mut broker) = self.broker.take() {
            ask_to_end(&broker);
            let _ = broker.wait();
        }
    }
}

fn spawn(arguments: &[String]) -> Result<Child, Fault> {
    let mut command = Command::new(std::env::current_exe().map_err(Fault::bug)?);
    command.args(arguments).stdin(Stdio::null());
    // A group of its own, so that Ctrl-C reaches the parent alone, which then drains everybody in order.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
        .spawn()
        .map_err(|why| Fault::not_ready(format!("cannot start a context's process: {why}")))
}

fn has_ended(child: &mut Child) -> bool {
    !matches!(child.try_wait(), Ok(None))
}

fn ask_to_end(child: &Child) {
    if let Ok(pid) = i32::try_from(child.id()) {
        let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
    }
}
