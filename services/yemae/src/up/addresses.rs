//! Where `up` listens.

use crate::fault::Fault;
use crate::settings::Settings;
use crate::{cli, metrics};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;

/// Where gRPC is served unless told.
pub(super) const GRPC: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 50051);
/// Where the broker listens unless told.
pub(super) const NATS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4222);

/// Where the metrics are: beside another mesh at a free port.
pub(super) fn page(settings: &Settings, command: &cli::Up) -> Result<metrics::Place, Fault> {
    Ok(match metrics::Place::read(settings, "")? {
        metrics::Place::Default(mut at) if command.listen.is_some() => {
            at.set_port(0);
            metrics::Place::Default(at)
        }
        place => place,
    })
}

/// Listens there.
pub(super) async fn listen(at: SocketAddr) -> Result<TcpListener, Fault> {
    TcpListener::bind(at).await.map_err(|why| match why.kind() {
        std::io::ErrorKind::AddrInUse => taken(at, "stop what listens there, or give another address with --listen (port 0 takes a free one)"),
        _ => Fault::usage(format!("cannot listen on {at}: {why}; give another address with --listen")),
    })
}

/// Somebody else listens there.
pub(super) fn taken(at: SocketAddr, way_out: &str) -> Fault {
    Fault::not_ready(format!("the address {at} is taken: {way_out}"))
}
