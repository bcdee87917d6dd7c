//! Requests that met no vendor or no sandbox: what is answered, and what they probably meant.

use std::time::Duration;

use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use crate::base::text;
use crate::engine::call::Request;
use crate::engine::machine::Machine;
use crate::engine::refusal::Unread;
use crate::engine::reply::{Answer, Unmatched};
use crate::spec::Route;

const PROBLEM: &str = "application/problem+json";
/// Of more sandboxes none is suggested.
const MOST_COMPARED: usize = 200;
/// What such an answer begins with.
const NO_VENDOR: &str = "no vendor is mounted here";

/// Whether an answer is a server's of ours, to a request that met no vendor.
pub fn met_no_vendor(status: u16, headers: &HeaderMap, body: &[u8]) -> bool {
    let is_problem = status == 404 && headers.get(CONTENT_TYPE).is_some_and(|kind| kind == PROBLEM);
    is_problem
        && serde_json::from_slice(body)
            .is_ok_and(|found: serde_json::Value| found["detail"].as_str().is_some_and(|detail| detail.starts_with(NO_VENDOR)))
}

impl Machine {
    /// The answer for a sandbox that does not exist.
    pub(super) fn no_sandbox(&self, request: &Request, name: &str) -> Answer {
        // Among very many names one is always near, and looking takes long.
        let sandboxes = if self.sandbox_count() <= MOST_COMPARED { self.sandboxes() } else { Vec::new() };
        let near = text::nearest(name, sandboxes.iter().map(|sandbox| &*sandbox.name));
        let hint = near.map(|near| format!("; did you mean `/@{near}`?")).unwrap_or_default();
        not_found(request, format!("there is no sandbox `{name}`{hint}"))
    }

    /// The answer for a path that begins with no mount.
    pub(super) fn no_mount(&self, request: &Request) -> Answer {
        let mounts = self.vendors.mounts().join("`, `/");
        let hint = self.near_address(request).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        let slashes = if request.path.contains("//") { " (the path has two slashes in a row)" } else { "" };
        not_found(request, format!("{NO_VENDOR}{slashes}; there are `/{mounts}`{hint}"))
    }

    /// The address that a request probably meant: one mount deeper, a mount that is misspelled, or an operation without its mount.
    fn near_address(&self, request: &Request) -> Option<String> {
        let decoded = text::decode_unreserved(&request.path);
        // Of a long path only the beginning is looked at.
        let path = &decoded[..decoded.floor_char_boundary(512)];
        let (sandbox, path) = match path.strip_prefix("/@") {
            Some(rest) => rest.find('/').map_or((path, ""), |end| path.split_at(2 + end)),
            None => ("", path),
        };
        let mounts = self.vendors.mounts();
        let segments = || path.split('/').filter(|segment| !segment.is_empty());
        if let Some(mount) = segments().find(|segment| mounts.iter().any(|mount| **mount == **segment)) {
            return Some(format!("{sandbox}/{mount}"));
        }
        let first = segments().next()?;
        if let Some(near) = text::nearest(first, mounts.iter().map(|mount| &**mount).chain(["_seatrial"])) {
            return Some(format!("{sandbox}/{near}"));
        }
        let leads = self.vendors.loaded().iter().find(|loaded| !matches!(loaded.route(&request.method, path), Route::Unknown))?;
        Some(format!("{sandbox}/{}{path}", leads.vendor.mount))
    }
}

/// The answer for a request that leads to no vendor and was not read.
pub(super) fn unread(request: &Request, unread: &Unread) -> Answer {
    problem(request, unread.status, unread.detail.clone())
}

fn not_found(request: &Request, detail: String) -> Answer {
    problem(request, StatusCode::NOT_FOUND, detail)
}

/// An answer of ours, as a problem document.
fn problem(request: &Request, status: StatusCode, detail: String) -> Answer {
    let title = status.canonical_reason().unwrap_or("Error");
    let problem = serde_json::json!({"type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail});
    let (method, target, host) = (request.method.clone(), request.target(), request.header("host").unwrap_or_default().to_owned());
    Answer {
        status,
        headers: HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(PROBLEM))]),
        body: problem.to_string().into(),
        delay: Duration::ZERO,
        wire: None,
        entry: None,
        unmatched: Some(Box::new(Unmatched { method, target, host, status: status.as_u16(), detail })),
        quota: None,
    }
}
