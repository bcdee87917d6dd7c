//! Base URLs of the running listeners. Webhook payloads contain links, and there is no request whose `Host` they could use.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::base::name::Name;
use crate::engine::sandbox::DEFAULT;

/// The addresses under which vendors can be reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublicUrls {
    /// The address where all vendors are served, below their mounts.
    pub all: Option<SocketAddr>,
    /// Mounts that are served at `/` of an address of their own.
    pub mounts: Vec<(Name, SocketAddr)>,
    /// The address of the admin API, when it has one of its own.
    pub admin: Option<SocketAddr>,
}

impl PublicUrls {
    /// The base URL of a vendor in a sandbox; its own paths follow.
    #[must_use]
    pub fn url(&self, sandbox: &str, mount: &str) -> String {
        let prefix = prefix(sandbox);
        match (self.own(mount), self.all) {
            (Some(own), _) => format!("http://{}{prefix}", connectable(own)),
            (None, Some(all)) => format!("http://{}{prefix}/{mount}", connectable(all)),
            (None, None) => format!("http://127.0.0.1:7447{prefix}/{mount}"),
        }
    }

    /// The same for a caller who reaches this process as `origin`, such as `http://seatrial:7447`: what listens on all addresses has
    /// the name that the caller used.
    #[must_use]
    pub fn url_from(&self, origin: &str, sandbox: &str, mount: &str) -> String {
        let prefix = prefix(sandbox);
        match self.own(mount) {
            None => format!("{origin}{prefix}/{mount}"),
            Some(own) if own.ip().is_unspecified() => format!("{}:{}{prefix}", without_port(origin), own.port()),
            Some(_) => self.url(sandbox, mount),
        }
    }

    /// The address that serves a vendor alone.
    fn own(&self, mount: &str) -> Option<SocketAddr> {
        self.mounts.iter().find(|(other, _)| *other == mount).map(|(_, address)| *address)
    }

    /// The URL of a built-in receiver.
    #[must_use]
    pub fn inbox(&self, name: &str) -> String {
        let address = self.admin.or(self.all).unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 7447)));
        format!("http://{}/_seatrial/inbox/{name}", connectable(address))
    }
}

/// What of a vendor's URL says which sandbox is meant.
fn prefix(sandbox: &str) -> String {
    if sandbox == DEFAULT { String::new() } else { format!("/@{sandbox}") }
}

fn without_port(origin: &str) -> &str {
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    origin.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(origin, |(name, _)| name)
}

/// An address that can be connected to: loopback for a listener on all addresses.
fn connectable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendors_are_found_where_they_are_served() {
        let address = |text: &str| text.parse().expect("a test writes valid addresses");
        let both = PublicUrls { all: Some(address("0.0.0.0:80")), mounts: vec![("shippo".into(), address("10.0.0.1:81"))], admin: None };
        assert_eq!(both.url("mine", "shippo"), "http://10.0.0.1:81/@mine");
        assert_eq!(both.url("mine", "shiptime"), "http://127.0.0.1:80/@mine/shiptime");
        assert_eq!(both.url_from("http://box:80", "mine", "shippo"), "http://10.0.0.1:81/@mine");
        assert_eq!(both.url_from("http://box:80", "mine", "shiptime"), "http://box:80/@mine/shiptime");
        let open = PublicUrls { mounts: vec![("shippo".into(), address("[::]:81"))], ..both.clone() };
        assert_eq!(open.url_from("http://box:80", DEFAULT, "shippo"), "http://box:81");
        assert_eq!(open.url_from("http://[::1]", DEFAULT, "shippo"), "http://[::1]:81");
        assert_eq!(both.inbox("mine"), "http://127.0.0.1:80/_seatrial/inbox/mine");
        let only = PublicUrls { all: None, admin: Some(address("[::]:82")), ..both };
        assert_eq!(only.inbox("mine"), "http://[::1]:82/_seatrial/inbox/mine");
        assert_eq!(only.url("mine", "shippo"), "http://10.0.0.1:81/@mine");
        assert_eq!(only.url(DEFAULT, "shipmate"), "http://127.0.0.1:7447/shipmate");
    }
}
