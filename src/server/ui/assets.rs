//! The stylesheet, the script and the icon of the page, compressed when the binary is built, each at an address that changes with it.

use std::sync::LazyLock;

use ::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH, VARY};
use ::http::request::Parts;
use ::http::{Response, StatusCode};

use crate::server::body::{Payload, full_body};
use crate::server::ui::access;
use crate::server::ui::view::PAGES;

/// A file of the page.
struct Asset {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
    packed: &'static [u8],
}

static ASSETS: [Asset; 3] = [
    Asset {
        name: "seatrial.css",
        kind: "text/css; charset=utf-8",
        text: include_str!("assets/seatrial.css"),
        packed: include_bytes!(concat!(env!("OUT_DIR"), "/seatrial.css.gz")),
    },
    Asset {
        name: "seatrial.js",
        kind: "text/javascript; charset=utf-8",
        text: include_str!("assets/seatrial.js"),
        packed: include_bytes!(concat!(env!("OUT_DIR"), "/seatrial.js.gz")),
    },
    Asset {
        name: "seatrial.svg",
        kind: "image/svg+xml",
        text: include_str!("assets/seatrial.svg"),
        packed: include_bytes!(concat!(env!("OUT_DIR"), "/seatrial.svg.gz")),
    },
];

/// What an address and an `ETag` have of the contents of each file.
static HASHES: LazyLock<[String; 3]> =
    LazyLock::new(|| [0, 1, 2].map(|index: usize| format!("{:08x}", crc32fast::hash(ASSETS[index].text.as_bytes()))));

/// The addresses of the stylesheet, the script and the icon.
pub(super) static ADDRESSES: LazyLock<[String; 3]> =
    LazyLock::new(|| [0, 1, 2].map(|index: usize| format!("{PAGES}/assets/{}/{}", HASHES[index], ASSETS[index].name)));

/// Answers a request for `{hash}/{name}`.
pub(super) fn answer(parts: &Parts, path: &str) -> Response<Payload> {
    let found = ASSETS.iter().zip(HASHES.iter()).find(|(asset, hash)| path.split_once('/') == Some((hash, asset.name)));
    let Some((asset, hash)) = found else {
        let mut response = Response::new(full_body("no such file"));
        *response.status_mut() = StatusCode::NOT_FOUND;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        return response;
    };
    let etag = format!("\"{hash}\"");
    let known = parts.headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_known = known.trim() == "*" || known.contains(&etag);
    let is_packed = access::takes_gzip(parts);
    let body = match (is_known, is_packed) {
        (true, _) => full_body(""),
        (false, true) => full_body(asset.packed),
        (false, false) => full_body(asset.text),
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    headers.extend(etag.parse().ok().map(|etag| (ETAG, etag)));
    if is_packed && !is_known {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_is_small_and_both_files_are_packed() {
        let [css, js, icon] = &ASSETS;
        assert!(js.text.len() <= 6 * 1024, "the script has {} bytes", js.text.len());
        assert!(css.packed.len() < 9 * 1024 && css.packed.starts_with(&[0x1f, 0x8b]) && js.packed.starts_with(&[0x1f, 0x8b]));
        assert!(!js.text.contains("innerHTML") && !js.text.contains("eval"));
        assert!(icon.text.starts_with("<svg ") && !icon.text.contains("style") && !icon.text.contains("script"));
        assert!(!css.text.contains("http:") && !css.text.contains("https:") && !css.text.contains("url("));
    }
}
