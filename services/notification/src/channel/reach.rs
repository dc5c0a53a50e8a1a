//! Which hosts a customer's address may lead us to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which hosts a webhook may be on. Its address is a customer's input: without a limit, anybody could make the mesh
/// post to its own insides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Only those with a public address.
    Public,
    /// This machine and its private networks too: for trying out.
    Private,
}

impl Reach {
    /// Whether an address is within it.
    pub fn permits(self, address: IpAddr) -> bool {
        self == Self::Private || is_public(address)
    }
}

/// Whether an address is one of the internet's, by the IANA registries of special-purpose addresses.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        // Carrier-grade NAT.
        || (a == 100 && (64..128).contains(&b))
        || (a, b, c) == (192, 0, 0)
        || (a, b, c) == (192, 88, 99)
        // Benchmarks.
        || (a == 198 && (18..20).contains(&b))
        // Multicast and reserved.
        || a >= 224;
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    // Everything but global unicast is left out whole, so also what translates into IPv4 (64:ff9b::/96).
    let is_global = (0x2000..0x4000).contains(&a);
    let is_special = (a == 0x2001 && (b < 0x200 || b == 0xdb8))
        // 6to4 carries any IPv4 address.
        || a == 0x2002
        || (a == 0x3fff && b < 0x1000);
    is_global && !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_internet_is_public() {
        for public in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.32.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:200::1",
            "::ffff:1.1.1.1",
        ] {
            assert!(Reach::Public.permits(public.parse().unwrap()), "{public}");
        }
        for special in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.170",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
        ] {
            let address = special.parse().unwrap();
            assert!(!Reach::Public.permits(address), "{special}");
            assert!(Reach::Private.permits(address), "{special}");
        }
    }
}
