//! Whether what answers at a base URL is the vendor at all, so that a wrong address is one problem and not one for each call.

use std::collections::BTreeSet;

use http::header::CONTENT_TYPE;

use crate::net::{ClientError, Reply};
use crate::spec::Operation;

/// How many operations have to be answered by somebody else before the address is wrong, and not an answer.
const ENOUGH: usize = 2;
/// How much of an answer is shown.
const SHOWN: usize = 300;

/// Why the answers of a server say nothing about a vendor.
#[derive(Debug, thiserror::Error)]
pub enum Absence {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(
        "nothing of `{vendor}` answers at `{url}`: no call is answered as its document says; {first}\nhelp: is a path missing at the end?"
    )]
    Nobody { vendor: String, url: String, first: String },
    #[error(
        "`{url}` lets nobody in: no call is taken that needs credentials, and the first is refused with {status}\nhelp: `--header` gives credentials"
    )]
    NotLetIn { url: String, status: u16 },
}

/// What the answers so far say.
#[derive(Debug, Default)]
pub(super) struct Presence {
    is_known: bool,
    foreign: BTreeSet<String>,
    /// Whether a server of ours said that no vendor is there.
    is_missed: bool,
    first: Option<String>,
}

impl Presence {
    /// Notes an answer, and whether it departs from the document.
    pub fn note(&mut self, operation: &Operation, call: &str, reply: &Reply, departs: bool) {
        let is_page = reply.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
        let is_elsewhere = matches!(reply.status, 301 | 302 | 307 | 308 | 404 | 405 | 501);
        // A page that says that something is not there may be the vendor's own.
        if !(is_page || is_elsewhere) {
            self.is_known = true;
        }
        if departs && !self.is_known {
            self.show(call, reply);
            self.foreign.insert(operation.name.to_string());
        }
    }

    /// Notes an answer by which a server of ours says that no vendor is there.
    pub fn miss(&mut self, call: &str, reply: &Reply) {
        self.is_missed = true;
        self.show(call, reply);
    }

    fn show(&mut self, call: &str, reply: &Reply) {
        let body = String::from_utf8_lossy(&reply.body);
        self.first.get_or_insert_with(|| format!("{call} is answered with {} {:.SHOWN$}", reply.status, body.trim()));
    }

    /// What was answered first, if all was answered by somebody else.
    pub fn nobody(&self) -> Option<&str> {
        self.first.as_deref().filter(|_| !self.is_known && (self.is_missed || self.foreign.len() >= ENOUGH))
    }
}
