//! Outgoing connections: the only function of this program that opens one, and the rules for where to.
//!
//! Loopback and private addresses are allowed, others only by `--allow-egress`, and link-local and metadata addresses never,
//! however they are written. A host name is checked by what it resolves to, and the connection goes to the address that was
//! checked, so that a second answer of the resolver (DNS rebinding) changes nothing.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use ipnet::IpNet;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};

use crate::net::{TlsError, Trust};

/// The rules for outgoing connections.
#[derive(Clone, Debug, Default)]
pub struct Egress {
    /// The targets of `--allow-egress`, besides loopback and private addresses.
    pub allowed: Vec<Target>,
    /// The certificate authorities that are trusted.
    pub trust: Trust,
}

/// An open connection, with TLS or without.
pub(super) trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Host(String),
    /// Every host name below a domain, written `.example.com`.
    Below(String),
    /// The addresses of this network.
    Net(IpNet),
}

/// Why a connection is not opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum EgressDenied {
    #[error("the name `{0}` does not resolve: {1}")]
    Unknown(String, io::Error),
    #[error("{} never connected to", whose(.0, .1))]
    Never(String, IpAddr),
    #[error("{} neither loopback nor private nor on the list of `--allow-egress`", whose(.0, .1))]
    Public(String, IpAddr),
    #[error("{0}")]
    Unreachable(#[from] io::Error),
    #[error("{0}")]
    TlsError(#[from] TlsError),
}

/// A host with the address that it has, up to what is said of that; one that is an address is named once.
fn whose(host: &str, address: &IpAddr) -> String {
    if bare(host).parse().as_ref() == Ok(address) { format!("`{host}` is") } else { format!("`{host}` is {address}, which is") }
}

/// Why a row of `--allow-egress` cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no host name, `.domain`, address or network such as `203.0.113.0/24`")]
pub struct TargetError(String);

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let problem = || TargetError(text.to_owned());
        if text.contains('/') {
            return text.parse().map(Self::Net).map_err(|_| problem());
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Net(address.into()));
        }
        let name = text.strip_prefix('.').unwrap_or(text);
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        if name.is_empty() || !name.bytes().all(fits) {
            return Err(problem());
        }
        let name = name.to_ascii_lowercase();
        Ok(if text.starts_with('.') { Self::Below(name) } else { Self::Host(name) })
    }
}

impl Egress {
    /// The addresses of a host that may be connected to.
    ///
    /// # Errors
    /// When it has no address, or none is allowed.
    pub(super) async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, EgressDenied> {
        let bare = bare(host);
        let found = lookup_host((bare, port)).await.map_err(|error| EgressDenied::Unknown(bare.to_owned(), error))?;
        let (open, problem) = self.filter_allowed(bare, found);
        if open.is_empty() { Err(problem) } else { Ok(open) }
    }

    /// The address of a host that is one, or a name of loopback.
    pub(super) fn known_address(&self, host: &str) -> Option<IpAddr> {
        let bare = bare(host);
        let is_loopback = bare.trim_end_matches('.').eq_ignore_ascii_case("localhost");
        if is_loopback { Some(Ipv4Addr::LOCALHOST.into()) } else { bare.parse().ok() }
    }

    /// Connects to the first of the addresses that answers.
    ///
    /// # Errors
    /// When none answers, or the certificate is not one for `host`.
    pub(super) async fn connect(&self, host: &str, addresses: &[SocketAddr], secure: bool) -> Result<Box<dyn Connection>, EgressDenied> {
        let mut problem = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    let _ = stream.set_nodelay(true);
                    return Ok(if secure { Box::new(self.trust.secure(bare(host), stream).await?) } else { Box::new(stream) });
                }
                Err(error) => problem = error,
            }
        }
        Err(problem.into())
    }

    /// The addresses of a host that are allowed, and the error for the case that none of them answers.
    fn filter_allowed(&self, host: &str, found: impl Iterator<Item = SocketAddr>) -> (Vec<SocketAddr>, EgressDenied) {
        let (mut open, mut problem) = (Vec::new(), EgressDenied::Unreachable(io::Error::from(io::ErrorKind::AddrNotAvailable)));
        for address in found {
            match self.check(host, address.ip()) {
                Ok(()) => open.push(address),
                Err(denied) => problem = denied,
            }
        }
        (open, problem)
    }

    /// Checks an address that a host resolved to.
    pub(super) fn check(&self, host: &str, address: IpAddr) -> Result<(), EgressDenied> {
        let plain = address.to_canonical();
        let wrapped = wrapped(plain);
        if is_never(plain) || wrapped.iter().any(is_metadata) {
            return Err(EgressDenied::Never(host.to_owned(), address));
        }
        // A wrapped address is reached by way of a gateway, which is a machine of its own: what it wraps makes it neither near nor allowed.
        if is_private(plain) || self.allowed.iter().any(|target| target.covers(host, plain)) {
            return Ok(());
        }
        Err(EgressDenied::Public(host.to_owned(), address))
    }
}

/// A host without the brackets of IPv6.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

impl Target {
    /// Whether it may cover a host whose addresses are not known yet.
    pub(super) fn may_cover(&self, host: &str) -> bool {
        matches!(self, Self::Net(_)) || self.covers(host, Ipv4Addr::UNSPECIFIED.into())
    }

    pub(super) fn covers(&self, host: &str, address: IpAddr) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        match self {
            Self::Host(name) => host == *name,
            Self::Below(name) => host.strip_suffix(name.as_str()).is_some_and(|rest| rest.ends_with('.')),
            Self::Net(network) => network.contains(&address),
        }
    }
}

/// The IPv4 addresses that an IPv6 address may lead to by way of a gateway: compatible, translated, NAT64 or 6to4.
fn wrapped(address: IpAddr) -> Vec<Ipv4Addr> {
    let IpAddr::V6(six) = address else { return Vec::new() };
    let octets = six.octets();
    let four = |places: [usize; 4]| Ipv4Addr::from(places.map(|place| octets[place]));
    match six.segments() {
        [0, 0, 0, 0, 0, 0, high, _] if high != 0 => vec![four([12, 13, 14, 15])],
        [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => vec![four([12, 13, 14, 15])],
        // A network's own prefix, of which nobody says how long it is (RFC 6052, 2.2).
        [0x64, 0xff9b, 1, ..] => vec![four([6, 7, 9, 10]), four([7, 9, 10, 11]), four([9, 10, 11, 12]), four([12, 13, 14, 15])],
        [0x2002, ..] => vec![four([2, 3, 4, 5])],
        _ => Vec::new(),
    }
}

/// Link-local addresses, where most clouds have their metadata service, and the services elsewhere: Alibaba, Oracle, Azure.
fn is_metadata(four: &Ipv4Addr) -> bool {
    four.is_link_local() || [[100, 100, 100, 200], [192, 0, 0, 192], [168, 63, 129, 16]].contains(&four.octets())
}

/// Link-local addresses, metadata services, and addresses that are not one machine's.
fn is_never(address: IpAddr) -> bool {
    /// Metadata services: Amazon (instances, containers), Google, Oracle.
    const METADATA_SIX: [Ipv6Addr; 4] = [
        Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
        Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
        Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
        Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe),
    ];
    match address {
        IpAddr::V4(four) => is_metadata(&four) || four.is_multicast() || four.octets()[0] == 0 || four.octets()[0] >= 240,
        IpAddr::V6(six) => {
            let parts = six.segments();
            // Link-local, the old site-local, multicast, Teredo.
            (parts[0] & 0xffc0) == 0xfe80
                || (parts[0] & 0xffc0) == 0xfec0
                || six.is_multicast()
                || six.is_unspecified()
                || (parts[0] == 0x2001 && parts[1] == 0)
                || METADATA_SIX.contains(&six)
        }
    }
}

/// Loopback, private, and the shared range that local networks of containers use.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => four.is_loopback() || four.is_private() || (four.octets()[0] == 100 && (four.octets()[1] & 0xc0) == 64),
        IpAddr::V6(six) => six.is_loopback() || (six.segments()[0] & 0xfe00) == 0xfc00,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, allowed: &[&str], expected: &str) {
        let allowed = allowed.iter().map(|row| row.parse().expect("a test writes valid rows")).collect();
        let verdict =
            Egress { allowed, ..Egress::default() }.check("hooks.example.com", address.parse().expect("a test writes valid addresses"));
        let verdict = match verdict {
            Ok(()) => "fine",
            Err(EgressDenied::Never(..)) => "never",
            Err(_) => "public",
        };
        assert_eq!(verdict, expected, "{address}");
    }

    #[test]
    fn only_private_addresses_are_connected_to_by_default() {
        for private in ["127.0.0.1", "::1", "10.1.2.3", "172.31.0.1", "192.168.1.1", "fd12::1", "::ffff:127.0.0.1", "100.64.0.1"] {
            check(private, &[], "fine");
        }
        for public in ["93.184.216.34", "2606:2800:220:1::1", "172.32.0.1", "::ffff:8.8.8.8", "2002:808:808::1", "64:ff9b::808:808"] {
            check(public, &[], "public");
        }
        // What leads to a gateway is not near because of what it wraps.
        for public in ["2002:7f00:1::1", "64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "::127.0.0.1", "2002:a00:1::1"] {
            check(public, &[], "public");
        }
    }

    #[test]
    fn metadata_is_out_of_reach_however_it_is_written() {
        let wrapped = [
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "::169.254.169.254",
            "64:ff9b:1::a9fe:a9fe",
            "64:ff9b:1:a9fe:a9:fe00::",
            "64:ff9b:1:a9fe:a9:fe00:7f00:1",
            "fd00:ec2::23",
            "fd00:c1::a9fe:a9fe",
        ];
        let plain = ["169.254.169.254", "fe80::1", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "0.0.0.0", "::", "224.0.0.1"];
        for never in wrapped.into_iter().chain(plain) {
            check(never, &[], "never");
            check(never, &["0.0.0.0/0", "::/0", "hooks.example.com"], "never");
        }
    }

    #[test]
    fn a_name_is_checked_by_what_it_resolves_to() {
        let found = |rows: &[&str]| -> (Vec<String>, String) {
            let rows = rows.iter().map(|row| SocketAddr::new(row.parse().expect("a test writes valid addresses"), 80));
            let (open, problem) = Egress::default().filter_allowed("localhost", rows);
            (open.iter().map(|row| row.ip().to_string()).collect(), problem.to_string())
        };
        let metadata = "`localhost` is 169.254.169.254, which is never connected to";
        assert_eq!(found(&["169.254.169.254"]), (vec![], metadata.to_owned()));
        // Of several addresses, the very ones that are fine are connected to.
        assert_eq!(found(&["::1", "169.254.169.254"]), (vec!["::1".to_owned()], metadata.to_owned()));
        assert!(found(&["93.184.216.34"]).1.contains("neither loopback nor private"));
    }

    #[test]
    fn the_list_opens_names_domains_and_networks() {
        check("93.184.216.34", &["hooks.example.com"], "fine");
        check("93.184.216.34", &[".example.com"], "fine");
        check("93.184.216.34", &["example.com"], "public");
        check("93.184.216.34", &["93.184.216.0/24"], "fine");
        check("93.184.217.34", &["93.184.216.0/24"], "public");
        check("93.184.216.34", &["0.0.0.0/0"], "fine");
        check("2606:2800::1", &["2606:2800::/32"], "fine");
        assert!("not a name!".parse::<Target>().is_err() && "10.0.0.0/33".parse::<Target>().is_err());
    }
}
