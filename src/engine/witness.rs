//! Exchanges with a vendor itself (`--upstream`): the machine answers nothing, holds request and answer against the document, and writes
//! both into the journal.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::base::text;
use crate::base::time::Timestamp;
use crate::engine::call::{Call, Request};
use crate::engine::locate::{Located, Target};
use crate::engine::machine::Machine;
use crate::engine::options::Contract;
use crate::engine::parsed::Parsed;
use crate::engine::refusal::Refusal;
use crate::engine::reply::{Answer, Body, Reply};
use crate::spec::{Route, Tier};
use crate::world::{Blame, Note};

/// What came back from the vendor.
#[derive(Debug)]
pub struct Upstream {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Why nothing came back, if so; the rest is what the caller is told instead.
    pub failure: Option<String>,
}

/// Where a request would go if it were passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passing {
    /// The mount of its vendor.
    pub mount: String,
    /// The vendor's path, and the query, as they were sent.
    pub target: String,
    /// Whether the sandbox has an answer of its own: a behavior beyond a sample.
    pub has_own_answer: bool,
}

impl Machine {
    /// Where a request would go; `None` if it is for no vendor.
    #[must_use]
    pub fn passing(&self, request: &Request) -> Option<Passing> {
        let path = text::decode_unreserved(&request.path);
        let Target::Vendor(here) = self.locate(request, &path) else { return None };
        let sent = request.path.get(request.path.len() - here.path.len().min(request.path.len())..).unwrap_or_default();
        // Escapes that were decoded make it another length: then it goes as it was read.
        let path = if text::decode_unreserved(sent) == here.path { sent } else { here.path };
        let target = if request.query.is_empty() { path.to_owned() } else { format!("{path}?{}", request.query) };
        let has_own_answer = match here.loaded.route(&request.method, here.path) {
            Route::Found(operation, _) => here.loaded.row(operation).is_some_and(|row| row.tier != Tier::Sample),
            _ => false,
        };
        Some(Passing { mount: here.loaded.vendor.mount.to_string(), target, has_own_answer })
    }

    /// Writes down an exchange with the vendor; `None` if the request is for no vendor. Unless the body `is_read`, only the answer is
    /// judged.
    pub fn witness(&self, request: &Request, is_read: bool, upstream: Upstream, wall: Timestamp) -> Option<Answer> {
        let path = text::decode_unreserved(&request.path);
        let Target::Vendor(here) = self.locate(request, &path) else { return None };
        let Located { loaded, prefix, path, .. } = here;
        let contract = if self.options.contract == Contract::Off { Contract::Off } else { Contract::Lenient };
        // A body that was refused before it was read is not, but the operation is known.
        let refused = |_: &Call<'_>| (!is_read).then_some(Refusal::Broken);
        let mut parsed = Parsed::unread(request, prefix, path);
        let _ = parsed.read(loaded, &refused, contract);
        here.sandbox.touch(wall);
        let Upstream { status, headers, body, failure } = upstream;
        let note = match failure {
            None => Note::new(Note::UPSTREAM, Blame::Vendor, "the vendor itself answered"),
            Some(failure) => Note::new(Note::UPSTREAM_FAILED, Blame::Vendor, failure),
        };
        let outcome = Ok(Reply { status, headers, body: Body::Bytes(body) });
        let executed = self.passed_on(&here.sandbox, &loaded.vendor, outcome, vec![note], wall);
        Some(self.finish(&here, parsed.call, executed, wall))
    }
}
