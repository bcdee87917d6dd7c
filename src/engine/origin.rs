//! The address under which a caller reaches this process, for links: what proxies say about the address that their caller used
//! (`Forwarded`, RFC 7239, else `X-Forwarded-*`), and where they say nothing, `Host`. Of several proxies, the first one counts.
//!
//! **Invariant:** it is for links alone. Whether a request is let in, and whom it is for, is decided by `Host`.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

use http::HeaderMap;
use http::header::{FORWARDED, HOST, HeaderName};

use crate::base::authority;

const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");

/// The longest prefix of a path that is taken over into links.
const LONGEST_PREFIX: usize = 256;

/// Scheme, host, port and prefix, as they stand in links; written `https://example.com:8443/prefix`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin<'h> {
    is_secure: bool,
    /// With its port, if it has one.
    host: Cow<'h, str>,
    prefix: Cow<'h, str>,
}

/// A header of a proxy that is ignored.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ignored {
    pub header: HeaderName,
    /// What was found, and what was expected.
    pub detail: String,
}

/// What all proxies together say about the address.
#[derive(Default)]
struct Said<'h> {
    is_secure: Option<bool>,
    host: Option<Cow<'h, str>>,
    port: Option<&'h str>,
    prefix: Option<&'h str>,
}

impl<'h> Origin<'h> {
    /// The origin of a request, which came by TLS or without.
    #[must_use]
    pub fn of(headers: &'h HeaderMap, is_secure: bool) -> Self {
        let own = headers.get(HOST).and_then(|value| value.to_str().ok()).unwrap_or("127.0.0.1");
        let said = if speaks(headers) { said(headers, &mut Vec::new()) } else { Said::default() };
        let is_secure = said.is_secure.unwrap_or(is_secure);
        let host = match (said.host, said.port) {
            (Some(host), Some(port)) if authority::split(&host).is_some_and(|(_, own)| own.is_none()) => {
                with_port(&host, port, is_secure).into()
            }
            (Some(host), _) => host,
            (None, Some(port)) => with_port(own, port, is_secure).into(),
            (None, None) => own.into(),
        };
        Self { is_secure, host, prefix: said.prefix.unwrap_or_default().into() }
    }

    /// An address below it, of which these are the parts of the path.
    #[must_use]
    pub fn url(&self, path: [&str; 2]) -> String {
        let [before, rest] = path;
        [if self.is_secure { "https://" } else { "http://" }, &self.host, &self.prefix, before, rest].concat()
    }

    /// The host with another port, where no proxy leads: over HTTP, without a prefix.
    #[must_use]
    pub fn at_port(&self, port: u16) -> String {
        format!("http://{}", with_port(&self.host, &port.to_string(), false))
    }
}

impl Display for Origin<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url([""; 2]))
    }
}

/// The headers of proxies that are ignored, because they cannot be read.
pub(super) fn ignored(headers: &HeaderMap) -> Vec<Ignored> {
    let mut ignored = Vec::new();
    if speaks(headers) {
        let _ = said(headers, &mut ignored);
    }
    ignored
}

/// Whether any proxy says anything: most requests come from none.
fn speaks(headers: &HeaderMap) -> bool {
    let is_of_proxy = |name: &str| name.starts_with("x-forwarded-") || name == FORWARDED.as_str();
    headers.keys().map(HeaderName::as_str).any(|name| matches!(name.as_bytes(), [b'x' | b'f', ..]) && is_of_proxy(name))
}

/// A host with another port, which is left out where it is that of the scheme.
fn with_port(host: &str, port: &str, is_secure: bool) -> String {
    let (name, _) = authority::split(host).unwrap_or((host, None));
    let name = if name.contains(':') { format!("[{name}]") } else { name.to_owned() };
    if port == (if is_secure { "443" } else { "80" }) { name } else { format!("{name}:{port}") }
}

fn said<'h>(headers: &'h HeaderMap, ignored: &mut Vec<Ignored>) -> Said<'h> {
    let mut of_standard = standard(headers, ignored);
    let host = first(headers, &FORWARDED_HOST, ignored, "a host such as `example.com:8443`", |value| is_host(value).then_some(value));
    let scheme = first(headers, &PROTO, ignored, SCHEMES, is_secure);
    let port = first(headers, &PORT, ignored, "a port such as `8443`", |value| is_port(value).then_some(value));
    let prefix = first(headers, &PREFIX, ignored, "a path such as `/sandbox`", prefix);
    // `Forwarded` has the port beside the host.
    let is_standard = of_standard.host.is_some();
    Said {
        is_secure: of_standard.is_secure.or(scheme),
        host: of_standard.host.take().or(host.map(Cow::Borrowed)),
        port: port.filter(|_| !is_standard),
        prefix,
    }
}

const SCHEMES: &str = "`http` or `https`";

/// The first value of a header with a list, if it can be used.
fn first<'h, T>(
    headers: &'h HeaderMap,
    name: &HeaderName,
    ignored: &mut Vec<Ignored>,
    expected: &str,
    read: impl Fn(&'h str) -> Option<T>,
) -> Option<T> {
    let value = headers.get(name)?;
    let text = value.to_str().ok().map(|text| text.split(',').next().unwrap_or_default().trim());
    if text == Some("") {
        return None;
    }
    let found = text.and_then(read);
    if found.is_none() {
        ignored.push(Ignored { header: name.clone(), detail: unusable(value.as_bytes(), expected) });
    }
    found
}

fn unusable(found: &[u8], expected: &str) -> String {
    let found = String::from_utf8_lossy(found);
    format!("found `{}`, expected {expected}: it is ignored", &found[..found.floor_char_boundary(80)])
}

/// What `Forwarded` says about scheme and host.
fn standard<'h>(headers: &HeaderMap, ignored: &mut Vec<Ignored>) -> Said<'h> {
    let mut said = Said::default();
    for value in headers.get_all(FORWARDED) {
        let mut ignore = |found: &[u8], expected: &str| ignored.push(Ignored { header: FORWARDED, detail: unusable(found, expected) });
        let Some(pairs) = value.to_str().ok().and_then(pairs) else {
            ignore(value.as_bytes(), "elements such as `for=192.0.2.1;proto=https;host=\"example.com:8443\"`");
            return Said::default();
        };
        for (name, value) in pairs {
            match name.as_str() {
                "proto" if said.is_secure.is_none() => match is_secure(&value) {
                    None => ignore(value.as_bytes(), SCHEMES),
                    found => said.is_secure = found,
                },
                "host" if said.host.is_none() && is_host(&value) => said.host = Some(value.into()),
                "host" if said.host.is_none() => ignore(value.as_bytes(), "a host such as `example.com:8443`"),
                _ => {}
            }
        }
    }
    said
}

/// The pairs of all elements of `Forwarded`, in order, with their names in lower case (RFC 7239, section 4). Values that should be
/// quoted are taken without quotes too.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',', ';']);
        if rest.is_empty() {
            return Some(pairs);
        }
        let (name, value) = rest.split_once('=')?;
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_token) {
            return None;
        }
        let (value, behind) = match value.strip_prefix('"') {
            Some(quoted) => unquoted(quoted)?,
            None => {
                let (value, behind) = value.split_at(value.find([' ', '\t', ',', ';', '"']).unwrap_or(value.len()));
                (value.to_owned(), behind)
            }
        };
        pairs.push((name.to_ascii_lowercase(), value));
        rest = behind.trim_start_matches([' ', '\t']);
        if !rest.is_empty() && !rest.starts_with([',', ';']) {
            return None;
        }
    }
}

/// The content of a quoted text, whose first quote was read, and what stands behind it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let (mut value, mut letters) = (String::new(), text.char_indices());
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(letters.next()?.1),
            letter => value.push(letter),
        }
    }
    None
}

fn is_secure(scheme: &str) -> Option<bool> {
    match scheme {
        scheme if scheme.eq_ignore_ascii_case("https") => Some(true),
        scheme if scheme.eq_ignore_ascii_case("http") => Some(false),
        _ => None,
    }
}

fn is_host(host: &str) -> bool {
    authority::split(host).is_some_and(|(_, port)| port.is_none_or(is_port))
}

fn is_port(port: &str) -> bool {
    authority::is_port(port) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// A path that links may begin with, without a slash at its end.
fn prefix(path: &str) -> Option<&str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%!$&'()*+;=:@".contains(&byte);
    let is_path = path.starts_with('/') && path.len() <= LONGEST_PREFIX && path.bytes().all(fits);
    let is_plain = !path.contains("//") && path.split('/').all(|segment| segment != "." && segment != "..");
    (is_path && is_plain).then(|| path.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use http::header::HeaderValue;

    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [("host", "127.0.0.1:7447")].iter().chain(lines) {
            headers.append(*name, HeaderValue::from_str(value).expect("a test writes valid headers"));
        }
        headers
    }

    fn check(lines: &[(&'static str, &str)], expected: &str) {
        let headers = headers(lines);
        assert_eq!(Origin::of(&headers, false).to_string(), expected, "{lines:?}");
        assert_eq!(ignored(&headers), [], "{lines:?}");
    }

    /// The header is ignored, and the note about it says what was found.
    fn refused(lines: &[(&'static str, &str)], expected: &str) {
        let headers = headers(lines);
        assert_eq!(Origin::of(&headers, false).to_string(), expected, "{lines:?}");
        let ignored = ignored(&headers);
        assert_eq!((ignored.len(), ignored[0].header.as_str()), (1, lines[0].0), "{ignored:?}");
    }

    #[test]
    fn links_have_the_address_that_the_caller_of_the_first_proxy_used() {
        check(&[], "http://127.0.0.1:7447");
        check(&[("x-forwarded-for", "192.0.2.1")], "http://127.0.0.1:7447");
        check(&[("forwarded", "for=192.0.2.43;proto=https;by=203.0.113.43;host=example.com")], "https://example.com");
        check(&[("forwarded", "for=192.0.2.1, for=10.0.0.1;Host=\"a.example:8443\";PROTO=HTTPS")], "https://a.example:8443");
        check(&[("forwarded", "host=one.example"), ("forwarded", "host=two.example;proto=https")], "https://one.example");
        check(&[("forwarded", r#"for="[2001:db8:cafe::17]:4711" ; host="[2001:db8::1]:8443""#)], "http://[2001:db8::1]:8443");
        check(&[("forwarded", r#"for="_a,b;\"c\"";host=a.example"#)], "http://a.example");
        check(&[("forwarded", "host=a.example:81")], "http://a.example:81");
        check(&[("forwarded", "host=a.example"), ("x-forwarded-host", "b.example"), ("x-forwarded-port", "81")], "http://a.example");
        check(&[("forwarded", "proto=https"), ("x-forwarded-host", "b.example")], "https://b.example");
        check(&[("x-forwarded-host", "a.example, b.example"), ("x-forwarded-proto", "https, http")], "https://a.example");
        check(&[("x-forwarded-host", "[::1]:8080")], "http://[::1]:8080");
        check(&[("x-forwarded-host", "[::1]"), ("x-forwarded-port", "8080")], "http://[::1]:8080");
        check(&[("x-forwarded-host", "a.example"), ("x-forwarded-port", "443"), ("x-forwarded-proto", "https")], "https://a.example");
        check(&[("x-forwarded-host", "a.example"), ("x-forwarded-port", "443")], "http://a.example:443");
        check(&[("x-forwarded-host", "a.example:8080"), ("x-forwarded-port", "80")], "http://a.example:8080");
        check(&[("x-forwarded-port", "8443, 80"), ("x-forwarded-proto", "https")], "https://127.0.0.1:8443");
        check(&[("x-forwarded-prefix", "/mock/, /inner")], "http://127.0.0.1:7447/mock");
        check(&[("x-forwarded-prefix", "/"), ("x-forwarded-host", "")], "http://127.0.0.1:7447");
    }

    #[test]
    fn links_of_calls_by_tls_are_secure_unless_a_proxy_knows_better() {
        let origin = |lines: &[(&'static str, &str)]| Origin::of(&headers(lines), true).to_string();
        assert_eq!(origin(&[]), "https://127.0.0.1:7447");
        assert_eq!(origin(&[("x-forwarded-host", "a.example"), ("x-forwarded-port", "443")]), "https://a.example");
        assert_eq!(origin(&[("forwarded", "proto=http;host=a.example")]), "http://a.example");
    }

    #[test]
    fn what_cannot_be_read_is_ignored_and_said() {
        let plain = "http://127.0.0.1:7447";
        for forwarded in [
            "host",
            "=a",
            "host=\"a.example",
            "host=\"a.example\"b",
            "host=a.example b",
            "host=a/b",
            "proto=ftp",
            "host=\"\"",
            "host=::1",
            "ho st=a",
            "host=user@a.example",
            "host=a.example:99999",
            "host=a.example:0",
        ] {
            refused(&[("forwarded", forwarded)], plain);
        }
        for host in ["a.example/x", "a b", "a.example:x", "2001:db8::1", "http://a.example", "a.example\"onload=", "user@a.example"] {
            refused(&[("x-forwarded-host", host)], plain);
        }
        refused(&[("x-forwarded-host", &"a".repeat(254))], plain);
        for port in ["0", "70000", "+80", "a", "8 0"] {
            refused(&[("x-forwarded-port", port)], plain);
        }
        for prefix in ["mock", "//evil.example", "/a/../b", "/a b", "/a?b", "/a#b", "/<b>", "https://evil.example"] {
            refused(&[("x-forwarded-prefix", prefix)], plain);
        }
        refused(&[("x-forwarded-proto", "javascript")], plain);
        refused(&[("forwarded", "host=a/b;proto=https")], "https://127.0.0.1:7447");
        refused(&[("forwarded", "nonsense"), ("x-forwarded-host", "b.example")], "http://b.example");
    }

    #[test]
    fn another_listener_has_the_same_name() {
        let at = |lines: &[(&'static str, &str)]| Origin::of(&headers(lines), false).at_port(81);
        assert_eq!(at(&[]), "http://127.0.0.1:81");
        assert_eq!(at(&[("forwarded", "host=\"[::1]\";proto=https"), ("x-forwarded-prefix", "/p")]), "http://[::1]:81");
    }
}
