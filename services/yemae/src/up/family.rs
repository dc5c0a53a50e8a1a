//! The contexts' processes under `up --processes`: where each is reached, and that whoever dies is started again.

use super::brood::{ask_to_end, has_ended};
use super::ports::Ports;
use crate::data::{Data, Running};
use crate::everybody::Doors;
use crate::fault::Fault;
use crate::metrics;
use crate::nats;
use crate::settings::Settings;
use mesh::server;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::time::Instant;

/// How long a context is given to drain.
const DRAIN: Duration = Duration::from_secs(10);
/// What names a process in traces and metrics.
const SERVICE_NAME: &str = "OTEL_SERVICE_NAME";

/// A context's process.
struct Own {
    name: &'static str,
    at: SocketAddr,
    metrics: SocketAddr,
    child: Child,
    /// When to start it again, once it has died.
    again: Option<Instant>,
}

/// All of them. Must be used on the main thread: their lives are bound to it.
pub(super) struct Family {
    data: Data,
    /// What every process is told.
    told: Vec<String>,
    /// What the user named the mesh, for traces and metrics.
    named: Option<String>,
    /// The parent's own page of metrics.
    page: Option<SocketAddr>,
    /// Where the pages of the others are, unless one was told otherwise.
    pages_at: IpAddr,
    ports: Ports,
    doors: Doors,
    all: Vec<Own>,
}

impl Family {
    /// Nobody yet.
    pub(super) fn new(
        data: &Data,
        settings: &Settings,
        running: &Running,
        (page, pages_at): (Option<SocketAddr>, IpAddr),
        ports: Ports,
    ) -> Self {
        let told = [
            format!("--data={data}"),
            format!("--mesh={}", running.grpc),
            format!("--nats={}", running.nats),
            format!("--parent={}", std::process::id()),
        ];
        Self {
            data: data.clone(),
            told: told.into(),
            named: settings.variable(SERVICE_NAME).map(str::to_owned),
            page,
            pages_at,
            ports,
            doors: Doors::default(),
            all: Vec::new(),
        }
    }

    /// Where they are reached.
    pub(super) fn doors(&self) -> Doors {
        self.doors.clone()
    }

    /// Starts these, once there is a place for each.
    pub(super) fn start(
        &mut self,
        names: impl Iterator<Item = &'static str>,
        settings: &Settings,
    ) -> Result<(), Fault> {
        let places = names.map(|name| self.place(name, settings));
        for (name, at, metrics) in places.collect::<Result<Vec<_>, Fault>>()? {
            let own = Own {
                name,
                at,
                metrics,
                child: self.spawn(name, at, metrics)?,
                again: None,
            };
            self.doors.put(name, server::plain(&at.to_string()));
            self.all.push(own);
        }
        self.write_pages()
    }

    /// Where a context is to be, and its metrics.
    fn place(
        &mut self,
        name: &'static str,
        settings: &Settings,
    ) -> Result<(&'static str, SocketAddr, SocketAddr), Fault> {
        let ip = Ipv4Addr::LOCALHOST.into();
        let at = self.ports.next(ip).map_err(Fault::not_ready)?;
        let Some((asked, from)) = metrics::asked_of(settings, name)? else {
            let metrics = self.ports.next(self.pages_at).map_err(Fault::not_ready)?;
            return Ok((name, at, metrics));
        };
        let metrics = self.ports.claim(asked).map_err(|why| {
            Fault::not_ready(format!(
                "cannot serve the metrics of {name} on {asked}: {why}; give another address with {from} (port 0 takes a free one)"
            ))
        })?;
        Ok((name, at, metrics))
    }

    /// Writes down where everybody's metrics are.
    fn write_pages(&self) -> Result<(), Fault> {
        let mut pages = vec![("yemae", self.page)];
        pages.extend(self.all.iter().map(|own| (own.name, Some(own.metrics))));
        self.data.write_pages(&pages)
    }

    /// Starts again whoever has died, a moment after; elsewhere, if somebody else has its port.
    pub(super) fn look_after(&mut self) -> Result<(), Fault> {
        let now = Instant::now();
        for place in 0..self.all.len() {
            let own = &mut self.all[place];
            if own.again.is_none() && has_ended(&mut own.child) {
                eprintln!("yemae: {} has died; starting it again", own.name);
                own.again = Some(now + nats::Server::RESTART_AFTER);
            }
            if own.again.is_some_and(|again| now >= again) {
                own.again = None;
                self.begin_again(place)?;
            }
        }
        Ok(())
    }

    fn begin_again(&mut self, place: usize) -> Result<(), Fault> {
        let own = &mut self.all[place];
        let instead = self.ports.instead(own.at).map_err(Fault::not_ready)?;
        if let Some(other) = instead {
            eprintln!("yemae: somebody else has {}; {} is moved", own.at, own.name);
            own.at = other;
            self.doors.put(own.name, server::plain(&other.to_string()));
        }
        // Also where it was asked for: a context without its metrics' place would die at every start.
        let instead = self.ports.instead(own.metrics).map_err(Fault::not_ready)?;
        if let Some(other) = instead {
            eprintln!(
                "yemae: somebody else has {}; the metrics of {} are moved to {other}",
                own.metrics, own.name
            );
            own.metrics = other;
        }
        let (name, at, metrics) = (own.name, own.at, own.metrics);
        if instead.is_some() {
            self.write_pages()?;
        }
        self.all[place].child = self.spawn(name, at, metrics)?;
        Ok(())
    }

    fn spawn(&self, name: &str, at: SocketAddr, metrics: SocketAddr) -> Result<Child, Fault> {
        let mut command = Command::new(std::env::current_exe().map_err(Fault::bug)?);
        command.args(["child", name]).args(&self.told);
        command.arg(format!("--listen={at}"));
        command.arg(format!("--metrics={metrics}"));
        if let Some(named) = &self.named {
            command.env(SERVICE_NAME, format!("{named}-{name}"));
        }
        command.stdin(Stdio::null());
        // A group of its own, so that Ctrl-C reaches the parent alone, which then drains everybody in order.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command
            .spawn()
            .map_err(|why| Fault::not_ready(format!("cannot start a context's process: {why}")))
    }

    /// Ends them, who drain first.
    pub(super) fn stop(&mut self) {
        for own in &self.all {
            ask_to_end(&own.child);
        }
        let pause = Duration::from_millis(20);
        let mut left = DRAIN;
        while !left.is_zero() && !self.all.iter_mut().all(|own| has_ended(&mut own.child)) {
            std::thread::sleep(pause);
            left = left.saturating_sub(pause);
        }
        for own in &mut self.all {
            let _ = own.child.kill();
            let _ = own.child.wait();
        }
    }
}
