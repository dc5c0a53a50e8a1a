//! Addresses for our children, who bind them themselves and again after a death.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use tokio::net::TcpListener;

/// Below what systems give to outgoing connections by themselves: there a port that is free for the moment between a
/// child's death and its next life is soon somebody else's.
const PORTS: std::ops::Range<u16> = 20_000..32_000;
/// As often somebody else's port is met before there is something wrong.
const TRIES: usize = 1000;

/// Ports that were given away, none of them twice.
#[derive(Default)]
pub(super) struct Ports(BTreeSet<u16>);

impl Ports {
    /// An address that nobody listens on now, and that no other child has.
    pub(super) async fn next(&mut self, ip: IpAddr) -> io::Result<SocketAddr> {
        let mut trouble = io::Error::from(io::ErrorKind::AddrInUse);
        for _ in 0..TRIES {
            let port = rand::random_range(PORTS);
            if self.0.contains(&port) {
                continue;
            }
            match free(SocketAddr::new(ip, port)).await {
                Ok(at) => {
                    self.0.insert(port);
                    return Ok(at);
                }
                Err(why) => trouble = why,
            }
        }
        Err(trouble)
    }
}

/// This address, if nobody listens on it now.
pub(super) async fn free(at: SocketAddr) -> io::Result<SocketAddr> {
    TcpListener::bind(at).await?.local_addr()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[tokio::test]
    async fn no_port_is_given_twice_or_while_somebody_has_it() {
        let mut ports = Ports::default();
        let mut given = BTreeSet::new();
        for _ in 0..200 {
            let at = ports.next(Ipv4Addr::LOCALHOST.into()).await.unwrap();
            assert!(PORTS.contains(&at.port()), "{at}");
            assert!(given.insert(at), "{at} was given twice");
        }
        let taken = TcpListener::bind(*given.first().unwrap()).await.unwrap();
        assert!(free(taken.local_addr().unwrap()).await.is_err());
    }
}
