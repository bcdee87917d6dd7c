//! Who may use the admin API: one check in front of all of it.
//!
//! Attacker number one is a web page in the browser of the developer who runs the sandbox. Without a token a request has
//! to name a loopback host (which a rebound DNS name is not), come from no foreign origin, and say that it is JSON or
//! YAML if it is a POST or another change with a body, which no form or simple cross-site request can do. No CORS header
//! is ever sent. On loopback such a page makes no calls to vendors either. Attacker number two has a webhook sent to the
//! admin API: outgoing requests are marked, and marked requests are refused.

use std::net::SocketAddr;

use http::header::{
    AUTHORIZATION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{Method, StatusCode};
use subtle::ConstantTimeEq as _;

use crate::base::authority;
use crate::server::host::{self, AllowedHosts, Host};

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
/// On every request that this program sends; its value is the id of the delivery.
pub(super) const DELIVERY_MARK: HeaderName = HeaderName::from_static("seatrial-delivery");
/// What browsers of now and before say of a page that they load before anybody follows its link.
const AHEAD: [&str; 3] = ["sec-purpose", "purpose", "x-moz"];
/// What browsers say of what they show, as a label in a frame: all else that a foreign page reads of a vendor is a call.
const SHOWN: [&[u8]; 6] = [b"document", b"iframe", b"frame", b"image", b"embed", b"object"];

/// Why a call to a vendor is refused: by its `Host`, and by the page that has a browser make it.
pub(super) const FOREIGN_HOST: &str = "the `Host` is neither a loopback name, the vendor's own, nor on the list of `--allow-host`";
pub(super) const FOREIGN_PAGE: &str =
    "a web page of another origin makes no calls here: serve it from a loopback address, or name its host by `--allow-host`";

/// Keeps browsers from running what a vendor answers, where the admin API is of the same origin: what has a type that they may take for
/// markup, as they do with all that has none, is a page without rights. Nor does a vendor make them forget a session.
pub(super) fn contain(headers: &mut HeaderMap, has_body: bool) {
    let mut kinds = headers.get_all(CONTENT_TYPE).iter().map(HeaderValue::as_bytes).peekable();
    let is_inert = if kinds.peek().is_some() { kinds.all(is_inert) } else { !has_body };
    if !is_inert {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    }
    headers.remove(CLEAR_SITE_DATA);
}

/// Whether no browser takes that type for markup.
fn is_inert(kind: &[u8]) -> bool {
    const INERT: [&str; 6] =
        ["application/json", "application/pdf", "application/zpl", "application/octet-stream", "text/plain", "text/csv"];
    if kind == INERT[0].as_bytes() {
        return true;
    }
    let kind = std::str::from_utf8(kind).unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_picture = kind.strip_prefix("image/").is_some_and(|name| ["png", "jpeg", "gif", "webp"].contains(&name));
    INERT.contains(&kind.as_str()) || is_picture || kind.ends_with("+json")
}

/// Whether callers need a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminAuth {
    /// No, on any address (`--admin-auth off`).
    Off,
    /// No, because this process listens on loopback only; the `Host` is checked instead.
    Loopback,
    /// Yes, this token as `Authorization: Bearer`.
    Token(String),
}

/// Checks requests to the admin API.
#[derive(Clone, Debug)]
pub struct Guard {
    /// Whether callers need a token.
    pub auth: AdminAuth,
    /// Host names that are allowed besides loopback ones.
    pub hosts: AllowedHosts,
}

/// Why a request is refused.
pub(super) struct Denied {
    pub status: StatusCode,
    pub detail: &'static str,
}

impl Guard {
    /// The check for a process that listens on these addresses, for whatever. A token is needed unless all of them are loopback, or
    /// `off`; if it is needed and `token` is missing or empty, `make` makes one.
    #[must_use]
    pub fn new(addresses: &[SocketAddr], token: Option<String>, off: bool, hosts: AllowedHosts, make: impl FnOnce() -> String) -> Self {
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
        if !without_token {
            self.check_token(parts)?;
        }
        Self::check_unmarked(parts)?;
        self.check_source(parts)?;
        // The other methods that change something are never simple cross-site requests.
        if parts.method == Method::POST || (has_body && !matches!(parts.method, Method::GET | Method::HEAD)) {
            let is_ours = |kind: &HeaderValue| {
                let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
                ["application/json", "application/yaml", "application/x-yaml", "text/yaml"].contains(&kind.as_str())
            };
            let kinds = parts.headers.get_all(CONTENT_TYPE);
            if kinds.iter().next().is_none() || !kinds.iter().all(is_ours) {
                let detail = "`Content-Type` has to be `application/json` or `application/yaml`, also for a POST without a body";
                return denied(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail);
            }
        }
        Ok(())
    }

    /// Checks a request for the page, except for its token or session. Forms are no requests to the admin API: they bring a token of
    /// their own.
    pub(super) fn check_page(&self, parts: &Parts) -> Result<(), Denied> {
        Self::check_unmarked(parts)?;
        self.check_source(parts)?;
        let site = parts.headers.get(FETCH_SITE).map(|site| site.as_bytes());
        if parts.method != Method::GET && parts.method != Method::HEAD && site.is_some_and(|site| site != b"same-origin") {
            return denied(StatusCode::FORBIDDEN, "the form is not on a page of this server");
        }
        Ok(())
    }

    /// Checks that a request says the token, if one is needed.
    pub(super) fn check_token(&self, parts: &Parts) -> Result<(), Denied> {
        let given = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let given = given.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map_or("", |(_, token)| token.trim());
        if self.is_token(given) {
            return Ok(());
        }
        denied(StatusCode::UNAUTHORIZED, "the admin API needs `Authorization: Bearer $SEATRIAL_ADMIN_TOKEN` here")
    }

    /// Whether this is the token, or none is needed.
    pub(super) fn is_token(&self, given: &str) -> bool {
        let AdminAuth::Token(token) = &self.auth else { return true };
        given.as_bytes().ct_eq(token.as_bytes()).into()
    }

    fn check_unmarked(parts: &Parts) -> Result<(), Denied> {
        if parts.headers.contains_key(DELIVERY_MARK) {
            return denied(StatusCode::FORBIDDEN, "webhooks, and calls that are passed on, do not use the admin API");
        }
        Ok(())
    }

    /// Checks that a request comes from no foreign web page: by its `Host` where there is no token, and by its `Origin`.
    pub(super) fn check_source(&self, parts: &Parts) -> Result<(), Denied> {
        let host = host::host(parts);
        if self.auth == AdminAuth::Loopback && !matches!(host, Host::Named(name) if self.hosts.has(name)) {
            return denied(StatusCode::FORBIDDEN, "the `Host` is neither a loopback name nor on the list of `--allow-host`");
        }
        if host == Host::Invalid {
            return denied(StatusCode::BAD_REQUEST, "the `Host` is malformed, or there are several");
        }
        let own = parts.headers.get(HOST).and_then(|value| value.to_str().ok()).or(parts.uri.authority().map(|own| own.as_str()));
        let is_foreign = |origin: &HeaderValue| {
            let origin = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")));
            origin.is_none() || origin != own
        };
        if Self::is_embedded(parts) {
            return denied(StatusCode::FORBIDDEN, "a page of another origin has it loaded");
        }
        if parts.headers.get_all(ORIGIN).iter().any(is_foreign) {
            return denied(StatusCode::FORBIDDEN, "the `Origin` is not the admin API's own");
        }
        Ok(())
    }

    /// Whether a browser says that a page of another origin has it loaded, which needs no `Origin`: a picture, a script, a frame. A link
    /// that somebody follows is none of them, but one that is loaded before anybody does.
    fn is_embedded(parts: &Parts) -> bool {
        let says = |name: &str, value: &str| parts.headers.get(name).is_some_and(|said| said.as_bytes() == value.as_bytes());
        let mut sites = parts.headers.get_all("sec-fetch-site").iter();
        let is_foreign = sites.any(|site| !matches!(site.as_bytes(), b"same-origin" | b"none"));
        let is_followed = says("sec-fetch-mode", "navigate")
            && says("sec-fetch-dest", "document")
            && !AHEAD.iter().any(|name| parts.headers.contains_key(*name));
        is_foreign && !is_followed
    }
}

/// Whether a page of another origin has a browser make a call to a vendor, which needs no consent of the vendor: a form, or a request as
/// simple as one. Programs that are no browsers say nothing of pages. Pages of this machine are its user's, and so are those of hosts that
/// are allowed.
pub(super) fn is_call_of_foreign_page(parts: &Parts, allowed: &AllowedHosts) -> bool {
    let (site, origin) = (parts.headers.get(FETCH_SITE), parts.headers.get(ORIGIN));
    let is_elsewhere = match (site.map(HeaderValue::as_bytes), origin) {
        (None, None) | (Some(b"same-origin" | b"none"), _) => return false,
        // Of a loopback host only its own pages are the same site: the call was passed on, as servers of pages in development do.
        (Some(b"same-site"), _) if is_allowed_host(own_host(parts), &AllowedHosts::default()) => return false,
        (_, origin) => !origin.is_some_and(|origin| is_allowed(origin, parts, allowed)),
    };
    let is_shown = parts.headers.get(FETCH_DEST).is_none_or(|shown| SHOWN.contains(&shown.as_bytes()));
    is_elsewhere && !(matches!(parts.method, Method::GET | Method::HEAD) && is_shown || parts.method == Method::OPTIONS)
}

/// Whether an origin is that of the request, of this machine, or of an allowed host. `null` is an origin of many.
fn is_allowed(origin: &HeaderValue, parts: &Parts, allowed: &AllowedHosts) -> bool {
    let authority = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
    authority.is_some() && own_host(parts) == authority || is_allowed_host(authority, allowed)
}

/// The host that a request names.
fn own_host(parts: &Parts) -> Option<&str> {
    parts.headers.get(HOST).and_then(|value| value.to_str().ok()).or(parts.uri.authority().map(|own| own.as_str()))
}

fn is_allowed_host(authority: Option<&str>, allowed: &AllowedHosts) -> bool {
    authority.and_then(authority::split).is_some_and(|(name, _)| allowed.has(name))
}

fn denied(status: StatusCode, detail: &'static str) -> Result<(), Denied> {
    Err(Denied { status, detail })
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
        let guard = Guard { auth, hosts: AllowedHosts(vec!["seatrial".to_owned()]) };
        assert_eq!(guard.check(&parts, true, false).err().map(|denied| denied.status.as_u16()), expected, "{headers:?}");
    }

    #[test]
    fn one_address_off_loopback_is_enough_to_need_a_token() {
        let auth = |addresses: &[&str], token: Option<&str>, off| {
            let addresses: Vec<SocketAddr> = addresses.iter().map(|address| address.parse().expect("an address")).collect();
            Guard::new(&addresses, token.map(str::to_owned), off, AllowedHosts::default(), || "made".to_owned()).auth
        };
        assert_eq!(auth(&["127.0.0.1:1", "[::1]:1"], None, false), AdminAuth::Loopback);
        assert_eq!(auth(&["127.0.0.1:1", "0.0.0.0:1"], None, false), AdminAuth::Token("made".to_owned()));
        assert_eq!(auth(&["[::]:1", "127.0.0.1:1"], Some("own"), false), AdminAuth::Token("own".to_owned()));
        assert_eq!(auth(&["127.0.0.1:1"], Some("own"), false), AdminAuth::Token("own".to_owned()));
        assert_eq!(auth(&["0.0.0.0:1"], Some(""), false), AdminAuth::Token("made".to_owned()));
        assert_eq!(auth(&["0.0.0.0:1"], Some("own"), true), AdminAuth::Off);
    }

    #[test]
    fn a_foreign_web_page_makes_no_calls() {
        let allowed = AllowedHosts(vec!["shop.example".to_owned()]);
        let check = |method: Method, headers: &[(&str, &str)], is_refused: bool| {
            let mut request = http::Request::builder().method(&method).uri("/shippo/addresses").header("host", "localhost:7447");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let (parts, ()) = request.body(()).expect("a test writes valid requests").into_parts();
            assert_eq!(is_call_of_foreign_page(&parts, &allowed), is_refused, "{method} {headers:?}");
        };
        let site = |value| ("sec-fetch-site", value);
        let origin = |value| ("origin", value);
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            check(method.clone(), &[], false);
            for own in ["same-origin", "same-site", "none"] {
                check(method.clone(), &[site(own)], false);
                // A server of a page in development passes calls on as they came.
                check(method.clone(), &[site(own), origin("http://app.test:5173")], false);
            }
            for foreign in ["cross-site", "unheard-of"] {
                check(method.clone(), &[site(foreign)], true);
                check(method.clone(), &[site(foreign), origin("null")], true);
                check(method.clone(), &[site(foreign), origin("http://evil.example")], true);
                check(method.clone(), &[site(foreign), origin("http://127.0.0.1:3000")], false);
                check(method.clone(), &[site(foreign), origin("https://shop.example")], false);
            }
            for own in
                ["http://localhost:7447", "http://localhost:3000", "http://[::1]:3000", "capacitor://localhost", "http://SHOP.example:81"]
            {
                check(method.clone(), &[origin(own)], false);
            }
            for foreign in ["http://evil.example", "http://localhost.evil.example", "http://evil.example#localhost", "null", "file://", ""]
            {
                check(method.clone(), &[origin(foreign)], true);
            }
        }
        // A sibling of a host that is allowed is another one.
        let siblings = [("http://evil.shop.example", true), ("http://shop.example", false), ("http://localhost:3000", false)];
        for (page, is_refused) in siblings {
            let headers = [("host", "api.shop.example"), site("same-site"), origin(page)];
            let request =
                headers.iter().fold(http::Request::post("/shippo/addresses"), |request, (name, value)| request.header(*name, *value));
            let (parts, ()) = request.body(()).expect("a test writes valid requests").into_parts();
            assert_eq!(is_call_of_foreign_page(&parts, &allowed), is_refused, "{page}");
        }
        check(Method::OPTIONS, &[site("cross-site"), origin("http://evil.example"), ("sec-fetch-dest", "empty")], false);
        for (shown, is_refused) in [("image", false), ("iframe", false), ("document", false), ("empty", true), ("script", true)] {
            check(Method::GET, &[site("cross-site"), ("sec-fetch-dest", shown)], is_refused);
            check(Method::POST, &[site("cross-site"), ("sec-fetch-dest", shown)], true);
        }
        check(Method::GET, &[origin("http://evil.example")], false);
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
        let fetched = |site, mode, dest, expected| {
            let fetch = [("sec-fetch-site", site), ("sec-fetch-mode", mode), ("sec-fetch-dest", dest)];
            check(&[&[("host", "localhost:7447"), json], &fetch[..]].concat(), AdminAuth::Loopback, expected);
        };
        for site in ["cross-site", "same-site", "unheard-of"] {
            fetched(site, "no-cors", "image", Some(403));
            fetched(site, "navigate", "iframe", Some(403));
            fetched(site, "navigate", "document", None);
        }
        for name in AHEAD {
            let ahead =
                [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document"), (name, "prefetch")];
            check(&[&[("host", "localhost:7447"), json], &ahead[..]].concat(), AdminAuth::Loopback, Some(403));
        }
        fetched("same-origin", "cors", "empty", None);
        fetched("none", "navigate", "document", None);
        check(
            &[("host", "evil.example"), ("x-forwarded-host", "localhost"), ("forwarded", "host=localhost"), json],
            AdminAuth::Loopback,
            Some(403),
        );
        check(&[("host", "localhost"), ("host", "evil.example"), json], AdminAuth::Loopback, Some(403));
        check(&[("host", "localhost"), ("host", "localhost"), json], AdminAuth::Off, Some(400));
        check(&[("host", "localhost"), ("origin", "ftp://localhost"), json], AdminAuth::Off, Some(403));
        check(&[("host", "localhost"), ("seatrial-delivery", "dlv_1"), json], AdminAuth::Off, Some(403));
        // Of several, each counts.
        let own = ("origin", "http://localhost");
        check(&[("host", "localhost"), own, own, json, json], AdminAuth::Off, None);
        check(&[("host", "localhost"), own, ("origin", "http://evil.example"), json], AdminAuth::Off, Some(403));
        check(&[("host", "localhost"), own, json, ("content-type", "text/plain")], AdminAuth::Off, Some(415));
        check(
            &[("host", "a"), ("seatrial-delivery", "dlv_1"), ("authorization", "bearer secret"), json],
            AdminAuth::Token("secret".into()),
            Some(403),
        );
        check(&[("host", "anything"), json], AdminAuth::Token("secret".into()), Some(401));
        check(&[("host", "anything"), ("authorization", "Bearer wrong"), json], AdminAuth::Token("secret".into()), Some(401));
        check(&[("host", "anything"), ("authorization", "bearer secret"), json], AdminAuth::Token("secret".into()), None);
        check(&[("host", "anything"), json], AdminAuth::Off, None);
    }
}
