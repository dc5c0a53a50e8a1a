//! Addresses for our children, who bind them themselves and again after a death.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};

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
    pub(super) fn next(&mut self, ip: IpAddr) -> io::Result<SocketAddr> {
        let mut trouble = io::Error::from(io::ErrorKind::AddrInUse);
        for _ in 0..TRIES {
            let port = rand::random_range(PORTS);
            if self.0.contains(&port) {
                continue;
            }
            match free(SocketAddr::new(ip, port)) {
                Ok(at) => {
                    self.0.insert(port);
                    return Ok(at);
                }
                Err(why) => trouble = why,
            }
        }
        Err(trouble)
    }

    /// This very address, for a child alone; port 0: [`Self::next`].
    pub(super) fn claim(&mut self, at: SocketAddr) -> io::Result<SocketAddr> {
        if at.port() == 0 {
            return self.next(at.ip());
        }
        let at = free(at)?;
        if !self.0.insert(at.port()) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        Ok(at)
    }

    /// Another one in place of an address that somebody else has by now. None: it may be kept.
    pub(super) fn instead(&mut self, of: SocketAddr) -> io::Result<Option<SocketAddr>> {
        match free(of) {
            Err(why) if why.kind() == io::ErrorKind::AddrInUse => self.next(of.ip()).map(Some),
            _ => Ok(None),
        }
    }
}

/// This address, if nobody listens on it now.
pub(super) fn free(at: SocketAddr) -> io::Result<SocketAddr> {
    TcpListener::bind(at)?.local_addr()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn no_port_is_given_twice_or_while_somebody_has_it() {
        let mut ports = Ports::default();
        let mut given = BTreeSet::new();
        for _ in 0..200 {
            let at = ports.next(Ipv4Addr::LOCALHOST.into()).unwrap();
            assert!(PORTS.contains(&at.port()), "{at}");
            assert!(given.insert(at), "{at} was given twice");
        }
        let taken = TcpListener::bind(*given.first().unwrap()).unwrap();
        assert!(free(taken.local_addr().unwrap()).is_err());
    }

    #[test]
    fn who_finds_a_port_taken_is_given_another() {
        let mut ports = Ports::default();
        let own = ports.next(Ipv4Addr::LOCALHOST.into()).unwrap();
        assert_eq!(ports.instead(own).unwrap(), None);
        let _taken = TcpListener::bind(own).unwrap();
        let other = ports.instead(own).unwrap().unwrap();
        assert_ne!(other, own);
        assert!(ports.claim(own).is_err(), "somebody listens there");
        assert!(ports.claim(other).is_err(), "it is another child's");
        let any = SocketAddr::new(own.ip(), 0);
        assert!(PORTS.contains(&ports.claim(any).unwrap().port()));
    }
}
