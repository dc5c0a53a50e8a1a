//! The children of `yemae up`: the broker, and with `--processes` the contexts. Whoever dies is started again.

use super::family::Family;
use crate::data::Data;
use crate::fault::Fault;
use crate::nats;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::net::SocketAddr;
use std::process::Child;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::Instant;

/// How long the broker may take to recover its store.
const BROKER_STARTS: Duration = Duration::from_secs(30);

/// And to end, before it is killed.
const BROKER_ENDS: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(20);

/// All children. Must be used on the main thread: their lives are bound to it.
pub(super) struct Brood {
    server: nats::Server,
    data: Data,
    broker: Option<Child>,
    broker_again: Option<Instant>,
    contexts: Option<Family>,
}

impl Brood {
    pub(super) fn new(server: nats::Server, data: Data) -> Self {
        Self {
            server,
            data,
            broker: None,
            broker_again: None,
            contexts: None,
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

    /// Looks after the contexts' processes from now on.
    pub(super) fn adopt(&mut self, contexts: Family) {
        self.contexts = Some(contexts);
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
        match &mut self.contexts {
            Some(contexts) => contexts.look_after(),
            None => Ok(()),
        }
    }

    /// Ends them: the contexts first, which drain, then the broker.
    pub(super) fn stop(&mut self) {
        if let Some(contexts) = &mut self.contexts {
            contexts.stop();
        }
        if let Some(mut broker) = self.broker.take() {
            ask_to_end(&broker);
            let end = Instant::now() + BROKER_ENDS;
            while !has_ended(&mut broker) && Instant::now() < end {
                std::thread::sleep(LOOK);
            }
            let _ = broker.kill();
            let _ = broker.wait();
        }
    }
}

pub(super) fn has_ended(child: &mut Child) -> bool {
    !matches!(child.try_wait(), Ok(None))
}

pub(super) fn ask_to_end(child: &Child) {
    if let Ok(pid) = i32::try_from(child.id()) {
        let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
    }
}
