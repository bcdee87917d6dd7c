//! Base URLs of the running listeners. Webhook payloads contain links, and there is no request whose `Host` they could use.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::base::name::Name;
use crate::engine::origin::Origin;
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
    /// Where callers reach all of it by way of a proxy (`--public-url`), without a slash at its end. Links begin with it.
    pub public: Option<String>,
}

impl PublicUrls {
    /// The base URL of a vendor in a sandbox; its own paths follow.
    #[must_use]
    pub fn url(&self, sandbox: &str, mount: &str) -> String {
        let prefix = prefix(sandbox);
        if let Some(public) = &self.public {
            return format!("{public}{prefix}/{mount}");
        }
        match (self.own(mount), self.all) {
            (Some(own), _) => format!("http://{}{prefix}", connectable(own)),
            (None, Some(all)) => format!("http://{}{prefix}/{mount}", connectable(all)),
            (None, None) => format!("http://127.0.0.1:7447{prefix}/{mount}"),
        }
    }

    /// The same for a caller who reaches this process as `origin`: what listens on all addresses has the name that the caller used.
    #[must_use]
    pub fn url_from(&self, origin: &Origin<'_>, sandbox: &str, mount: &str) -> String {
        let prefix = prefix(sandbox);
        match self.own(mount) {
            _ if self.public.is_some() => self.url(sandbox, mount),
            None => format!("{origin}{prefix}/{mount}"),
            Some(own) if own.ip().is_unspecified() => format!("{}{prefix}", origin.at_port(own.port())),
            Some(_) => self.url(sandbox, mount),
        }
    }

    /// The base URL of links in the answer to a call, if there is a public one. `before` is what the path of the call has in front of
    /// the vendor's own: without the mount where the vendor is served at `/`.
    #[must_use]
    pub fn base_of_links(&self, before: &str, mount: &str) -> Option<String> {
        let public = self.public.as_ref()?;
        let start = if before.starts_with("/@") { before[1..].find('/').map_or(before.len(), |end| end + 1) } else { 0 };
        let (sandbox, rest) = before.split_at(start);
        let is_mounted = rest.strip_prefix('/').and_then(|rest| rest.split('/').next()) == Some(mount);
        Some(if is_mounted { format!("{public}{before}") } else { format!("{public}{sandbox}/{mount}{rest}") })
    }

    /// The address that serves a vendor alone.
    fn own(&self, mount: &str) -> Option<SocketAddr> {
        self.mounts.iter().find(|(other, _)| *other == mount).map(|(_, address)| *address)
    }

    /// The URL of a built-in receiver.
    #[must_use]
    pub fn inbox(&self, name: &str) -> String {
        format!("{}/inbox/{name}", self.admin_api())
    }

    /// The URL of the page of the call with that id. `origin` is how the caller reached the listener of all vendors; nothing for who
    /// came by an address or a host name of one vendor, which have no page.
    #[must_use]
    pub fn page_of_call(&self, origin: Option<&Origin<'_>>, id: &str) -> String {
        match (&self.public, self.admin, origin) {
            (Some(public), ..) => format!("{public}/_seatrial/ui/go/{id}"),
            (None, Some(admin), Some(origin)) if admin.ip().is_unspecified() => {
                format!("{}/_seatrial/ui/go/{id}", origin.at_port(admin.port()))
            }
            (None, None, Some(origin)) => origin.url(["/_seatrial/ui/go/", id]),
            (None, ..) => format!("{}/ui/go/{id}", self.admin_api()),
        }
    }

    fn admin_api(&self) -> String {
        let address = self.admin.or(self.all).unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 7447)));
        format!("http://{}/_seatrial", connectable(address))
    }
}

/// What of a vendor's URL says which sandbox is meant.
fn prefix(sandbox: &str) -> String {
    if sandbox == DEFAULT { String::new() } else { format!("/@{sandbox}") }
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
    use http::header::{HOST, HeaderMap, HeaderValue};

    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().expect("a test writes valid addresses")
    }

    #[test]
    fn vendors_are_found_where_they_are_served() {
        let mounts = |own: &str| vec![("shippo".into(), address(own))];
        let both = PublicUrls { all: Some(address("0.0.0.0:80")), mounts: mounts("10.0.0.1:81"), ..PublicUrls::default() };
        assert_eq!(both.url("mine", "shippo"), "http://10.0.0.1:81/@mine");
        assert_eq!(both.url("mine", "shiptime"), "http://127.0.0.1:80/@mine/shiptime");
        let from = |urls: &PublicUrls, host: &str, sandbox: &str, mount: &str| {
            let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_str(host).expect("a test writes valid headers"))]);
            urls.url_from(&Origin::of(&headers, false), sandbox, mount)
        };
        assert_eq!(from(&both, "box:80", "mine", "shippo"), "http://10.0.0.1:81/@mine");
        assert_eq!(from(&both, "box:80", "mine", "shiptime"), "http://box:80/@mine/shiptime");
        let open = PublicUrls { mounts: mounts("[::]:81"), ..both.clone() };
        assert_eq!(from(&open, "box:80", DEFAULT, "shippo"), "http://box:81");
        assert_eq!(from(&open, "[::1]", DEFAULT, "shippo"), "http://[::1]:81");
        assert_eq!(both.inbox("mine"), "http://127.0.0.1:80/_seatrial/inbox/mine");
        let only = PublicUrls { all: None, admin: Some(address("[::]:82")), ..both };
        assert_eq!(only.inbox("mine"), "http://[::1]:82/_seatrial/inbox/mine");
        assert_eq!(only.url("mine", "shippo"), "http://10.0.0.1:81/@mine");
        assert_eq!(only.url(DEFAULT, "shipmate"), "http://127.0.0.1:7447/shipmate");
    }

    #[test]
    fn a_public_url_is_that_of_everything() {
        let urls = PublicUrls {
            all: Some(address("127.0.0.1:80")),
            mounts: vec![("shippo".into(), address("[::]:81"))],
            public: Some("https://carriers.example/mock".to_owned()),
            ..PublicUrls::default()
        };
        assert_eq!(urls.url("mine", "shippo"), "https://carriers.example/mock/@mine/shippo");
        assert_eq!(urls.url_from(&Origin::of(&HeaderMap::new(), false), DEFAULT, "shippo"), "https://carriers.example/mock/shippo");
        let base = |before: &str| urls.base_of_links(before, "shippo").expect("there is a public one");
        assert_eq!(base("/shippo"), "https://carriers.example/mock/shippo");
        assert_eq!(base("/@mine/shippo"), "https://carriers.example/mock/@mine/shippo");
        assert_eq!(base(""), "https://carriers.example/mock/shippo");
        assert_eq!(base("/@mine"), "https://carriers.example/mock/@mine/shippo");
        assert_eq!(base("/legacy"), "https://carriers.example/mock/shippo/legacy");
        assert_eq!(base("/@mine/legacy"), "https://carriers.example/mock/@mine/shippo/legacy");
        assert_eq!(PublicUrls::default().base_of_links("/shippo", "shippo"), None);
    }
}
