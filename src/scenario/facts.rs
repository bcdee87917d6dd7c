//! The values of `$request`, `$call`, `$credential`, `$state` and `$answer` for a call, and of `$parcel`.
//!
//! **Invariant:** a call looks the same to an override while it is answered and to an expectation afterwards. Both see it through
//! [`CallFacts`]; the journal keeps what is needed to read a call again ([`crate::engine::Machine::reread`]).

use std::cell::{Cell, OnceCell};

use serde_json::{Map, Value, json};

use crate::base::time::Timestamp;
use crate::carrier::{Location, Parcel, countries};
use crate::engine::{self, Call, CallValues, View};
use crate::scenario::expr::Scope;
use crate::world::{Credential, Entry};

/// A call as conditions and templates see it.
pub(super) struct CallFacts<'a> {
    call: &'a Call<'a>,
    nth: u64,
    values: &'a CallValues,
    /// The state at the time of the call; `None` for a call of the journal.
    view: Option<&'a View<'a>>,
    /// The entry of a call of the journal, and its answer once it was looked at.
    recorded: Option<(&'a Entry, OnceCell<Value>)>,
    credential: Option<&'a Credential>,
    /// What a call of the journal was drawn by: the seed of the world, and its number.
    drawn_from: Option<(u64, u64)>,
}

impl<'a> CallFacts<'a> {
    /// A call that is being answered.
    pub fn current(view: &'a View<'a>) -> Self {
        Self {
            call: view.call,
            nth: view.nth,
            values: view.values,
            view: Some(view),
            recorded: None,
            credential: view.credential,
            drawn_from: None,
        }
    }

    /// A call of the journal.
    pub fn recorded(call: &'a Call<'a>, entry: &'a Entry, values: &'a CallValues) -> Self {
        Self { call, nth: entry.nth, values, view: None, recorded: Some((entry, OnceCell::new())), credential: None, drawn_from: None }
    }

    /// The same with the credential of the caller, in a world of that seed. Their account's name and the number of the call, with which its
    /// id ends, say what was drawn for it; of a login, which of its operation it is.
    pub fn of_caller(self, credential: Option<&'a Credential>, seed: u64) -> Self {
        let is_login = credential.is_some() && self.call.operation.is_some_and(|operation| operation.security.is_empty());
        let number = |entry: &Entry| if is_login { Some(entry.nth) } else { entry.id.rsplit('-').next()?.parse().ok() };
        let number = self.recorded.as_ref().and_then(|(entry, _)| number(entry));
        Self { credential, drawn_from: number.map(|number| (seed, number)), ..self }
    }

    fn head(&self) -> Value {
        let Call { request, path, parameters, query, .. } = self.call;
        let headers = request.headers.iter();
        let headers: Map<String, Value> =
            headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into())).collect();
        json!({
            "method": request.method.as_str(), "path": path, "parameters": object(parameters), "query": object(query),
            "headers": headers,
        })
    }

    fn request(&self) -> Value {
        let mut request = self.head();
        request["body"] = self.call.body.clone();
        request
    }
}

impl Scope for CallFacts<'_> {
    fn root(&self, root: &str) -> Option<&Value> {
        match root {
            "request" => Some(self.values.request.get_or_init(|| self.request())),
            "call" => Some(self.values.call.get_or_init(|| json!({"nth": self.nth, "operation": self.call.name()}))),
            "state" if self.recorded.is_some() => self.recorded.as_ref().and_then(|(entry, _)| entry.state.as_ref()),
            "credential" => self.credential.map(|credential| self.values.credential.get_or_init(|| credential.to_json())),
            "state" => self.view.map(|view| self.values.state.get_or_init(|| (view.state)(view.documents))),
            "answer" => self.recorded.as_ref().map(|(entry, value)| value.get_or_init(|| answer(entry))),
            _ => None,
        }
    }

    fn member(&self, root: &str, name: &str) -> Option<&Value> {
        match (root, name) {
            ("request", "body") => Some(&self.call.body),
            ("request", _) => self.values.head.get_or_init(|| self.head()).get(name),
            _ => self.root(root)?.get(name),
        }
    }

    fn now(&self) -> Option<Timestamp> {
        let recorded = || self.recorded.as_ref().map(|(entry, _)| entry.at);
        self.view.map(|view| view.now).or_else(recorded)
    }

    fn chance(&self, place: usize) -> Option<f64> {
        let account = || self.credential.map_or(engine::NOBODY, |credential| &*credential.account);
        let recorded = || Some(engine::drawn(self.drawn_from?, account(), place));
        self.view.map(|view| view.chance(place)).or_else(recorded)
    }

    fn steps(&self) -> Option<&Cell<usize>> {
        Some(&self.values.steps)
    }
}

/// What a caller received, and the answer that was made.
fn answer(entry: &Entry) -> Value {
    let headers = entry.answer.headers().map(|(name, value)| (name.to_owned(), String::from_utf8_lossy(value).into()));
    let body: Value = serde_json::from_slice(&entry.answer.body).unwrap_or_else(|_| String::from_utf8_lossy(&entry.answer.body).into());
    json!({
        "status": entry.wire.get().status, "wire": entry.wire.get().end.word(),
        "headers": headers.collect::<Map<_, _>>(), "body": body,
    })
}

/// A parcel as conditions of timelines see it, and the steps that they may take.
pub(super) struct ParcelFacts(Value, Cell<usize>);

impl ParcelFacts {
    pub fn of(parcel: &Parcel) -> Self {
        let value = json!({
            "tracking_number": parcel.tracking_number, "carrier": parcel.carrier, "service": parcel.service,
            "subject": parcel.subject, "from": place(&parcel.from), "to": place(&parcel.to), "transit_days": parcel.transit_days,
        });
        Self(value, Cell::new(CallValues::STEPS))
    }
}

/// A place as conditions see it, whatever its vendor takes for a country.
fn place(place: &Location) -> Location {
    let country = countries::find(&place.country).or_else(|| countries::named(&place.country));
    let country = country.map_or_else(|| place.country.clone(), |country| country.alpha2.to_owned());
    Location { country, ..place.clone() }
}

impl Scope for ParcelFacts {
    fn root(&self, root: &str) -> Option<&Value> {
        (root == "parcel").then_some(&self.0)
    }

    fn steps(&self) -> Option<&Cell<usize>> {
        Some(&self.1)
    }
}

fn object(pairs: &[(String, String)]) -> Map<String, Value> {
    pairs.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect()
}
