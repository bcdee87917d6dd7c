//! Calls held against the document after they were made: those of a journal, and requests of any file.

use std::sync::Arc;

use http::Method;

use crate::base::name::Name;
use crate::base::text;
use crate::engine::call::Request;
use crate::engine::locate::{Located, Target};
use crate::engine::machine::Machine;
use crate::engine::options::Contract;
use crate::engine::parsed::{self, Parsed};
use crate::engine::vendors::LoadedVendor;
use crate::spec::Violation;
use crate::world::{Blame, Entry, Note};

/// A call that was held against its document.
#[derive(Debug)]
pub struct JudgedCall {
    /// The vendor whose document it is.
    pub vendor: Name,
    pub method: Method,
    /// The operation's full name; `None` if the document has none for the method and path.
    pub operation: Option<Arc<str>>,
    pub violations: Vec<Violation>,
    /// What the document does not have or advises against, and whatever else is remarkable about the request.
    pub remarks: Vec<Note>,
}

impl Machine {
    /// Holds a request against the document of the vendor that it is for; `None` if it is for none.
    #[must_use]
    pub fn judge(&self, request: &Request) -> Option<JudgedCall> {
        match self.locate(request, &text::decode_unreserved(&request.path)) {
            Target::Vendor(Located { loaded, prefix, path, .. }) => Some(judged(request, loaded, prefix, path)),
            Target::NoSandbox(_) | Target::Nowhere => None,
        }
    }

    /// Holds a call of the journal against the document; `None` when its vendor is not mounted.
    #[must_use]
    pub fn judge_entry(&self, entry: &Entry) -> Option<JudgedCall> {
        self.again(entry, judged)
    }

    /// Whether a call of the journal departs from the document. What its vendor looked for when it came is not looked for again where the
    /// vendor found nothing.
    #[must_use]
    pub fn departs(&self, entry: &Entry) -> bool {
        let is_taken = entry.effect.is_none() && entry.status.is_some_and(|status| status < 400);
        if is_taken && entry.notes.iter().all(|note| note.blame != Blame::Caller) {
            return self.again(entry, |request, loaded, prefix, path| parsed::departs(request, prefix, path, loaded)).unwrap_or_default();
        }
        self.judge_entry(entry).is_some_and(|judged| !judged.violations.is_empty())
    }

    fn again<T>(&self, entry: &Entry, look: impl FnOnce(&Request, &LoadedVendor, &str, &str) -> T) -> Option<T> {
        let loaded = self.vendors().loaded().iter().find(|loaded| *loaded.vendor.id == *entry.vendor)?;
        let request = Request::of(entry);
        let whole = text::decode_unreserved(&request.path);
        let (prefix, path) = whole.split_at_checked(entry.path_start)?;
        Some(look(&request, loaded, prefix, if path.is_empty() { "/" } else { path }))
    }
}

fn judged(request: &Request, loaded: &LoadedVendor, prefix: &str, path: &str) -> JudgedCall {
    let mut parsed = Parsed::unread(request, prefix, path);
    let _ = parsed.read(loaded, &|_| None, Contract::Lenient);
    let call = parsed.call;
    let mut violations = Arc::unwrap_or_clone(call.violations);
    violations.extend(Arc::unwrap_or_clone(call.departures));
    let operation = call.operation.map(|operation| Arc::clone(&operation.name));
    JudgedCall { vendor: loaded.vendor.id.clone(), method: request.method.clone(), operation, violations, remarks: call.remarks }
}
