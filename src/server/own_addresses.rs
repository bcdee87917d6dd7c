//! The addresses that this process listens on: no webhook is sent there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// What a process listens on.
#[derive(Clone, Debug, Default)]
pub(super) struct OwnAddresses {
    /// All addresses, of vendors and of the admin API.
    pub all: Vec<SocketAddr>,
    /// Where the admin API is.
    pub admin: Vec<SocketAddr>,
}

impl OwnAddresses {
    /// Whether a connection to that address would reach this process.
    pub fn reaches(&self, address: SocketAddr) -> bool {
        self.all.iter().any(|own| reaches(*own, address))
    }

    /// An address of the admin API that can be connected to.
    pub fn admin(&self) -> Option<SocketAddr> {
        let own = self.admin.first()?;
        let loopback: IpAddr = if own.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
        Some(SocketAddr::new(if own.ip().is_unspecified() { loopback } else { own.ip() }, own.port()))
    }

    /// Whether it would reach the admin API.
    pub fn reaches_admin(&self, address: SocketAddr) -> bool {
        self.admin.iter().any(|own| reaches(*own, address))
    }
}

fn reaches(listener: SocketAddr, address: SocketAddr) -> bool {
    let (own, other) = (listener.ip().to_canonical(), address.ip().to_canonical());
    listener.port() == address.port() && (own == other || (own.is_unspecified() && is_local(other)))
}

/// Whether an address is one of this machine: only those can be bound.
fn is_local(ip: IpAddr) -> bool {
    ip.is_loopback() || UdpSocket::bind((ip, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_ours_however_it_is_written() {
        let address = |text: &str| text.parse::<SocketAddr>().expect("a test writes valid addresses");
        let own = OwnAddresses { all: vec![address("127.0.0.1:80"), address("0.0.0.0:81"), address("[::]:82")], admin: vec![] };
        for ours in ["127.0.0.1:80", "[::ffff:127.0.0.1]:80", "127.0.0.9:81", "127.0.0.1:82", "[::1]:82", "[::ffff:127.0.0.2]:81"] {
            assert!(own.reaches(address(ours)), "{ours}");
        }
        for other in ["127.0.0.1:83", "127.0.0.2:80", "[::1]:80", "192.0.2.1:81", "[2001:db8::1]:82"] {
            assert!(!own.reaches(address(other)), "{other}");
        }
        assert!(!own.reaches_admin(address("127.0.0.1:80")));
    }
}
