//! Which host a request names, and whether that host is one of ours.
//!
//! A web page can make a browser send requests here under a name of its own (DNS rebinding), so the name is read strictly: a `Host`
//! that could be understood in two ways names nothing.

use std::net::IpAddr;

use http::Version;
use http::header::HOST;
use http::request::Parts;

use crate::base::authority;
use crate::engine::Origin;

/// The host of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Host<'r> {
    /// The request names none, as only clients of HTTP/1.0 do.
    Missing,
    /// A name or an address, without brackets and port.
    Named(&'r str),
    /// It is malformed, there are several, or the request line names another one.
    Invalid,
}

/// The host names that are served besides loopback ones (`--allow-host`).
#[derive(Clone, Debug, Default)]
pub struct AllowedHosts(pub Vec<String>);

impl AllowedHosts {
    /// Whether a host is a loopback name or address, or allowed.
    pub(super) fn has(&self, host: &str) -> bool {
        is_loopback(host) || self.0.iter().any(|own| own.eq_ignore_ascii_case(host))
    }
}

/// The host of a request.
pub(super) fn host(parts: &Parts) -> Host<'_> {
    let mut headers = parts.headers.get_all(HOST).iter();
    let header = headers.next();
    let authority = parts.uri.authority().map(|authority| authority.as_str());
    let text = match (header.map(|value| value.to_str()), authority) {
        (None, None) => return Host::Missing,
        (Some(Err(_)), _) => return Host::Invalid,
        (None, Some(authority)) => authority,
        (Some(Ok(text)), None) => text,
        (Some(Ok(text)), Some(authority)) if text.eq_ignore_ascii_case(authority) => text,
        (Some(Ok(_)), Some(_)) => return Host::Invalid,
    };
    match named(text) {
        Some(name) if headers.next().is_none() => Host::Named(name),
        _ => Host::Invalid,
    }
}

/// The host that a request is for: that of an absolute target, which wins over the header (RFC 9112, section 3.2.2).
pub(super) fn target(parts: &Parts) -> Host<'_> {
    match parts.uri.authority() {
        Some(authority) => named(authority.as_str()).map_or(Host::Invalid, Host::Named),
        None => host(parts),
    }
}

/// What is wrong with how a request says `Host`, by which no server may go on (RFC 9112, section 3.2). An empty one is allowed.
pub(super) fn misnamed(parts: &Parts) -> Option<&'static str> {
    let mut hosts = parts.headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if parts.version == Version::HTTP_11 => Some("the request has no `Host`, without which HTTP/1.1 is not served"),
        (_, Some(_)) => Some("the request has several `Host` headers"),
        (Some(host), _) if !host.is_empty() && host.to_str().ok().and_then(named).is_none() => Some("the `Host` is malformed"),
        _ => None,
    }
}

/// Among the extensions of a request that came by TLS.
#[derive(Clone)]
pub(super) struct ByTls;

/// The address under which the caller of a request reaches this process.
pub(super) fn origin(parts: &Parts) -> Origin<'_> {
    Origin::of(&parts.headers, parts.extensions.get::<ByTls>().is_some())
}

/// The name in an authority.
fn named(text: &str) -> Option<&str> {
    authority::split(text).map(|(name, _)| name)
}

fn is_loopback(name: &str) -> bool {
    let is_below = |name: &str| name.len() > 10 && name.as_bytes()[name.len() - 10..].eq_ignore_ascii_case(b".localhost");
    name.eq_ignore_ascii_case("localhost") || is_below(name) || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(uri: &str, hosts: &[&str], expected: Host<'_>) {
        let mut request = http::Request::get(uri);
        for value in hosts {
            request = request.header(HOST, *value);
        }
        let (parts, ()) = request.body(()).expect("a test writes valid requests").into_parts();
        assert_eq!(host(&parts), expected, "{uri} {hosts:?}");
    }

    #[test]
    fn only_what_can_be_read_in_one_way_is_a_host() {
        check("/", &[], Host::Missing);
        check("/", &["127.0.0.1:7447"], Host::Named("127.0.0.1"));
        check("/", &["[::1]:7447"], Host::Named("::1"));
        check("/", &["[::1]"], Host::Named("::1"));
        check("/", &["seatrial_1.internal:"], Host::Named("seatrial_1.internal"));
        check("/", &["seatrial_1.internal:80"], Host::Named("seatrial_1.internal"));
        check("http://a.example/x", &[], Host::Named("a.example"));
        check("http://a.example/x", &["A.example"], Host::Named("A.example"));
        check("/", &["api.shipmate.co.uk."], Host::Named("api.shipmate.co.uk"));
        check("/", &["LOCALHOST.:80"], Host::Named("LOCALHOST"));
        check("/", &["localhost..:80"], Host::Named("localhost."));
        check("/", &["."], Host::Invalid);
        check("/", &[".:80"], Host::Invalid);
        for odd in [
            "[127.0.0.1].evil.com",
            "[::1]evil",
            "[::1]evil:80",
            "localhost:80@evil.com",
            "localhost:evil.com",
            "user@localhost",
            "localhost:+80",
            "localhost:80:80",
            "::1",
            "",
            "localhost/",
            "localhost ",
            "127.0.0.1\\@evil.com",
            "[localhost]",
            "localhost:123456",
        ] {
            check("/", &[odd], Host::Invalid);
        }
        let longest = "a".repeat(253);
        check("/", &[&longest], Host::Named(&longest));
        check("/", &[&format!("{longest}a:80")], Host::Invalid);
        check("/", &["localhost", "evil.com"], Host::Invalid);
        check("/", &["localhost", "localhost"], Host::Invalid);
        check("http://evil.com/x", &["localhost"], Host::Invalid);
        check("http://localhost/x", &["evil.com"], Host::Invalid);
    }

    #[test]
    fn loopback_has_many_names() {
        let hosts = AllowedHosts(vec!["Seatrial".to_owned()]);
        for name in ["localhost", "LOCALHOST", "shippo.localhost", "127.0.0.1", "127.9.9.9", "::1", "seatrial"] {
            assert!(hosts.has(name), "{name}");
        }
        for name in ["localhost.evil.com", "notlocalhost", ".localhost", "127.0.0.1.nip.io", "10.0.0.1", "0.0.0.0", "seatrial.evil.com"] {
            assert!(!hosts.has(name), "{name}");
        }
    }
}
