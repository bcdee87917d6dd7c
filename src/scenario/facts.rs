//! The values of `$request`, `$call` and `$state` for a call, and of `$parcel`.
//!
//! **Invariant:** a call looks the same to an override while it is answered and to an expectation afterwards. Both see it through
//! [`CallFacts`]; the journal keeps what is needed to read a call again ([`crate::engine::Machine::reread`]).

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::carrier::Parcel;
use crate::engine::{Call, View};
use crate::scenario::expr::Scope;

/// A call as conditions and templates see it.
pub(super) struct CallFacts<'a> {
    call: &'a Call<'a>,
    nth: u64,
    /// The state at the time of the call; `None` for a call of the journal.
    view: Option<&'a View<'a>>,
}

impl<'a> CallFacts<'a> {
    /// A call that is being answered.
    pub fn current(view: &'a View<'a>) -> Self {
        Self { call: view.call, nth: view.nth, view: Some(view) }
    }

    /// A call of the journal.
    pub fn recorded(call: &'a Call<'a>, nth: u64) -> Self {
        Self { call, nth, view: None }
    }

    fn request(&self) -> Value {
        let Call { request, path, parameters, query, body, .. } = self.call;
        let headers = request.headers.iter();
        let headers: Map<String, Value> =
            headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into())).collect();
        json!({
            "method": request.method.as_str(), "path": path, "parameters": object(parameters), "query": object(query),
            "headers": headers, "body": body,
        })
    }
}

impl Scope for CallFacts<'_> {
    fn lookup(&self, root: &str) -> Option<Cow<'_, Value>> {
        match root {
            "request" => Some(Cow::Owned(self.request())),
            "call" => Some(Cow::Owned(json!({"nth": self.nth, "operation": self.call.name()}))),
            "state" => self.view.map(|view| Cow::Owned((view.state)(view.documents))),
            _ => None,
        }
    }
}

/// A parcel as conditions of timelines see it.
pub(super) struct ParcelFacts(Value);

impl ParcelFacts {
    pub fn of(parcel: &Parcel) -> Self {
        Self(json!({
            "tracking_number": parcel.tracking_number, "carrier": parcel.carrier, "service": parcel.service,
            "subject": parcel.subject, "from": parcel.from, "to": parcel.to, "transit_days": parcel.transit_days,
        }))
    }
}

impl Scope for ParcelFacts {
    fn lookup(&self, root: &str) -> Option<Cow<'_, Value>> {
        (root == "parcel").then_some(Cow::Borrowed(&self.0))
    }
}

fn object(pairs: &[(String, String)]) -> Map<String, Value> {
    pairs.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect()
}
