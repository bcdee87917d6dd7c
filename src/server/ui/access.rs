//! Who may see the page, and the headers that keep it apart from what it shows.

use ::http::header::{self, HeaderName, HeaderValue, SET_COOKIE};
use ::http::request::Parts;
use ::http::{Response, StatusCode};

use crate::server::access::{AdminAuth, Guard};
use crate::server::body::Payload;

/// Nothing but our own two files, and no script, style or markup from anywhere else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; \
    form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// `same-origin` and not `no-referrer`, with which browsers say `Origin: null` of forms.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (header::CONTENT_SECURITY_POLICY, POLICY),
];

/// Whether a request needs no session: no token is needed, or it says the token, as programs do.
pub(super) fn has_token(guard: &Guard, parts: &Parts) -> bool {
    !matches!(guard.auth, AdminAuth::Token(_)) || guard.check_token(parts).is_ok()
}

/// Adds the headers of every page. What has a policy or a life of its own keeps it.
pub(super) fn harden(mut response: Response<Payload>) -> Response<Payload> {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().remove(header::WWW_AUTHENTICATE);
    }
    response
}

/// An answer of the admin API, which is nothing but what it says that it is.
pub(super) fn typed(mut response: Response<Payload>) -> Response<Payload> {
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Whether the caller takes what is compressed with gzip.
pub(super) fn takes_gzip(parts: &Parts) -> bool {
    let accepted = parts.headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let is_refused = weight.trim().strip_prefix("q=").is_some_and(|weight| weight.trim_end_matches(['0', '.']).is_empty());
        name.trim().eq_ignore_ascii_case("gzip") && !is_refused
    })
}

pub(super) fn with_cookie(mut response: Response<Payload>, cookie: Option<&str>) -> Response<Payload> {
    response.headers_mut().extend(cookie.and_then(|cookie| cookie.parse().ok()).map(|cookie| (SET_COOKIE, cookie)));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_taken_by_those_who_say_so() {
        let takes = |value: &str| {
            let request = http::Request::get("/").header("accept-encoding", value).body(()).expect("a request");
            takes_gzip(&request.into_parts().0)
        };
        for value in ["gzip", "br, GZIP;q=0.5", "gzip;q=1.0"] {
            assert!(takes(value), "{value}");
        }
        for value in ["", "br", "gzip;q=0", "gzip; q=0.000, br", "xgzip"] {
            assert!(!takes(value), "{value}");
        }
    }
}
