//! Where the metrics of a process are read, and whether it lives.

use crate::fault::Fault;
use crate::settings::{Found, Settings};
use mesh::telemetry;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Where that is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// Here and nowhere else.
    Asked(SocketAddr),
    /// Nobody said where: here, if it can be had.
    Default(SocketAddr),
}

impl Place {
    /// What the settings say for the first context of a process.
    pub(crate) fn read(settings: &Settings, context: &str) -> Result<Self, Fault> {
        let found = settings.find(context, "METRICS_LISTEN")?;
        let Some(found) = found else {
            return Ok(Self::Default((Ipv4Addr::LOCALHOST, telemetry::PORT).into()));
        };
        let at = address(&found)?;
        Ok(if found.is_default() {
            Self::Default(at)
        } else {
            Self::Asked(at)
        })
    }

    /// Takes it. None: it cannot be had, and nobody asked for it; that is said.
    pub(crate) async fn take(self) -> Result<Option<TcpListener>, Fault> {
        let (Self::Asked(at) | Self::Default(at)) = self;
        match (TcpListener::bind(at).await, self) {
            (Ok(listener), _) => Ok(Some(listener)),
            (Err(why), Self::Asked(_)) => Err(Fault::not_ready(format!(
                "cannot serve metrics on {at}: {why}; give another address with YEMAE_METRICS_LISTEN (port 0 takes a free \
                 one)"
            ))),
            (Err(why), Self::Default(_)) => {
                eprintln!(
                    "yemae: metrics are not served, for {at} cannot be had: {why}; YEMAE_METRICS_LISTEN gives another address"
                );
                Ok(None)
            }
        }
    }
}

/// Where those of one context of several processes are to be, and the variable that says so.
pub(crate) fn asked_of(
    settings: &Settings,
    context: &str,
) -> Result<Option<(SocketAddr, String)>, Fault> {
    let found = settings.own(context, "METRICS_LISTEN")?;
    found
        .map(|found| Ok((address(&found)?, found.from)))
        .transpose()
}

fn address(found: &Found) -> Result<SocketAddr, Fault> {
    found.value.parse().map_err(|_| {
        Fault::usage(format!(
            "{} must be an address and a port: 127.0.0.1:{}",
            found.from,
            telemetry::PORT
        ))
    })
}

/// Serves them until the answer is dropped. `/healthz` says that the process stops from `draining` on, `/readyz` besides whether
/// it is of use now.
pub(crate) fn serve(
    listener: Option<TcpListener>,
    draining: &CancellationToken,
    is_ready: impl Fn() -> bool + Send + Sync + 'static,
) -> DropGuard {
    let stop = CancellationToken::new();
    if let Some(listener) = listener {
        let draining = draining.clone();
        let is_live = move || !draining.is_cancelled();
        drop(mesh::task::detach(telemetry::serve(
            listener,
            is_live,
            is_ready,
            stop.clone(),
        )));
    }
    stop.drop_guard()
}
