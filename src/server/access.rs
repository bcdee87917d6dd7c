//! Who may use the admin API: one check in front of all of it.
//!
//! Attacker number one is a web page in the browser of the developer who runs the sandbox. Without a token a request has to
//! name a loopback host (which a rebound DNS name is not), come from no foreign origin, and carry a body only as JSON or
//! YAML, which no form or simple cross-site request can do. No CORS header is ever sent.

use std::net::{IpAddr, SocketAddr};

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN};
use http::request::Parts;
use http::{Method, StatusCode};
use subtle::ConstantTimeEq as _;

/// Whether callers need a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminAuth {
    /// No, on any address (`--admin-auth off`).
    Off,
    /// No, because the API listens on loopback only; the `Host` is checked instead.
    Loopback,
    /// Yes, this one.
    Token(String),
}

/// The access check.
#[derive(Clone, Debug)]
pub struct Guard {
    /// Whether callers need a token.
    pub auth: AdminAuth,
    /// Host names that are allowed besides loopback ones.
    pub hosts: Vec<String>,
}

/// Why a request is refused.
pub(super) struct Denied {
    pub status: StatusCode,
    pub detail: &'static str,
}

impl Guard {
    /// The check for an API that listens on these addresses. A token is needed unless all of them are loopback, or `off`; if it is
    /// needed and `token` is missing or empty, `make` makes one.
    #[must_use]
    pub fn new(addresses: &[SocketAddr], token: Option<String>, off: bool, hosts: Vec<String>, make: impl FnOnce() -> String) -> Self {
        let is_private = addresses.iter().all(|address| address.ip().is_loopback());
        let auth = match (off, token.filter(|token| !token.is_empty())) {
            (true, _) => AdminAuth::Off,
            (false, Some(token)) => AdminAuth::Token(token),
            (false, None) if is_private => AdminAuth::Loopback,
            (false, None) => AdminAuth::Token(make()),
        };
        Self { auth, hosts }
    }

    /// Checks a request; with `without_token`, everything but the token.
    pub(super) fn check(&self, parts: &Parts, has_body: bool, without_token: bool) -> Result<(), Denied> {
        let denied = |status, detail| Err(Denied { status, detail });
        if let AdminAuth::Token(token) = &self.auth
            && !without_token
        {
            let given = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let given =
                given.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map_or("", |(_, token)| token.trim());
            if !bool::from(given.as_bytes().ct_eq(token.as_bytes())) {
                return denied(StatusCode::UNAUTHORIZED, "the admin API needs `Authorization: Bearer $SEATRIAL_ADMIN_TOKEN` here");
            }
        }
        let host = parts.headers.get(HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if self.auth == AdminAuth::Loopback && !self.allows(host) {
            return denied(StatusCode::FORBIDDEN, "the `Host` is neither a loopback name nor on the list of `--admin-host`");
        }
        if let Some(origin) = parts.headers.get(ORIGIN) {
            let own = origin.to_str().ok().and_then(|origin| origin.split_once("://")).is_some_and(|(_, origin)| origin == host);
            if !own {
                return denied(StatusCode::FORBIDDEN, "the `Origin` is not the admin API's own");
            }
        }
        if !matches!(parts.method, Method::GET | Method::HEAD) && has_body {
            let kind = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            if !["application/json", "application/yaml", "application/x-yaml", "text/yaml"].contains(&kind.as_str()) {
                return denied(StatusCode::UNSUPPORTED_MEDIA_TYPE, "bodies are `application/json` or `application/yaml`");
            }
        }
        Ok(())
    }

    fn allows(&self, host: &str) -> bool {
        let name = match host.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => host.split(':').next().unwrap_or_default(),
        };
        let name = name.to_ascii_lowercase();
        name == "localhost"
            || name.ends_with(".localhost")
            || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
            || self.hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&str, &str)], auth: AdminAuth, expected: Option<u16>) {
        let mut request = http::Request::post("/_seatrial/sandboxes");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).expect("a test writes valid requests").into_parts();
        let guard = Guard { auth, hosts: vec!["seatrial".to_owned()] };
        assert_eq!(guard.check(&parts, true, false).err().map(|denied| denied.status.as_u16()), expected, "{headers:?}");
    }

    #[test]
    fn one_address_off_loopback_is_enough_to_need_a_token() {
        let auth = |addresses: &[&str], token: Option<&str>, off| {
            let addresses: Vec<SocketAddr> = addresses.iter().map(|address| address.parse().expect("an address")).collect();
            Guard::new(&addresses, token.map(str::to_owned), off, Vec::new(), || "made".to_owned()).auth
        };
        assert_eq!(auth(&["127.0.0.1:1", "[::1]:1"], None, false), AdminAuth::Loopback);
        assert_eq!(auth(&["127.0.0.1:1", "0.0.0.0:1"], None, false), AdminAuth::Token("made".to_owned()));
        assert_eq!(auth(&["[::]:1", "127.0.0.1:1"], Some("own"), false), AdminAuth::Token("own".to_owned()));
        assert_eq!(auth(&["127.0.0.1:1"], Some("own"), false), AdminAuth::Token("own".to_owned()));
        assert_eq!(auth(&["0.0.0.0:1"], Some(""), false), AdminAuth::Token("made".to_owned()));
        assert_eq!(auth(&["0.0.0.0:1"], Some("own"), true), AdminAuth::Off);
    }

    #[test]
    fn a_web_page_cannot_reach_the_admin_api() {
        let json = ("content-type", "application/json");
        check(&[("host", "127.0.0.1:7447"), json], AdminAuth::Loopback, None);
        check(&[("host", "[::1]:7447"), json], AdminAuth::Loopback, None);
        check(&[("host", "seatrial:7447"), json], AdminAuth::Loopback, None);
        check(&[("host", "rebound.example:7447"), json], AdminAuth::Loopback, Some(403));
        check(&[json], AdminAuth::Loopback, Some(403));
        check(&[("host", "localhost:7447"), ("origin", "http://localhost:7447"), json], AdminAuth::Loopback, None);
        check(&[("host", "localhost:7447"), ("origin", "http://evil.example"), json], AdminAuth::Loopback, Some(403));
        check(&[("host", "localhost:7447"), ("origin", "null"), json], AdminAuth::Loopback, Some(403));
        check(&[("host", "localhost:7447"), ("content-type", "text/plain")], AdminAuth::Loopback, Some(415));
        check(&[("host", "localhost:7447")], AdminAuth::Loopback, Some(415));
        check(&[("host", "anything"), json], AdminAuth::Token("secret".into()), Some(401));
        check(&[("host", "anything"), ("authorization", "Bearer wrong"), json], AdminAuth::Token("secret".into()), Some(401));
        check(&[("host", "anything"), ("authorization", "bearer secret"), json], AdminAuth::Token("secret".into()), None);
        check(&[("host", "anything"), json], AdminAuth::Off, None);
    }
}
