//! What is shown of secrets: nothing, unless the query says `secrets=show`.
//!
//! ```text
//! exchange ─▶ by name (`names`, `places`) ─▶ by value (`values`) ─▶ shown
//!                      └── found ──────────────┘  ▲
//! credentials, sessions and webhooks of the sandbox
//! ```
//!
//! What stands under the name of a secret is taken out, and then everything that equals it, or a secret that the sandbox knows. The
//! journal itself is whole, so that filters, expectations and `secrets=show` see what was sent.

mod names;
mod places;
mod values;

use std::borrow::Cow;
use std::collections::HashSet;
use std::marker::PhantomData;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};
use serde_json::Value;

use self::values::{Found, Values};
use crate::base::entropy;
use crate::engine::webhooks::{SUBSCRIPTION, Subscription};
use crate::engine::{DEFAULT, Machine, Sandbox};
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::state::Admin;
use crate::server::inbox::ReceivedRequest;
use crate::world::{Credential, Entry, Message, Note};

/// The query of routes that show secrets on request.
pub(crate) const QUERY: (&str, &str) = ("secrets", "`show` leaves credentials readable");

/// How many sessions of one account, the newest first, and how many webhooks are looked at.
const MOST: usize = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secrets {
    Hidden,
    Shown,
}

impl Secrets {
    pub fn read(request: &AdminRequest<'_>) -> Result<Self, Problem> {
        match request.query(QUERY.0) {
            None | Some("hide") => Ok(Self::Hidden),
            Some("show") => Ok(Self::Shown),
            Some(other) => Err(Problem::bad_request(format!("`secrets` is `show` or `hide`, found `{other}`"))),
        }
    }
}

/// Shows things of one sandbox, with secrets or, if it has what hides them, without. It is made once for a list.
pub(crate) struct Redactor(Option<Known>);

struct Known {
    values: Values,
    published: Arc<HashSet<String>>,
}

/// An exchange as it is shown.
pub(crate) struct Exchange<'e> {
    pub entry: &'e Entry,
    pub target: Cow<'e, str>,
    pub notes: Vec<Note>,
    pub request: Shown<'e>,
    pub answer: Shown<'e>,
    /// Whether it is as it was.
    pub is_whole: bool,
}

/// A message as it is shown.
pub(crate) struct Shown<'e> {
    pub message: &'e Message,
    pub headers: Vec<(&'e str, Cow<'e, str>)>,
    /// JSON if it is that, else text; `null` if there is none.
    pub body: Value,
}

impl Redactor {
    /// As the query wants it.
    pub fn read(admin: &Admin, request: &AdminRequest<'_>, sandbox: &Sandbox) -> Result<Self, Problem> {
        Ok(Self::new(Secrets::read(request)?, &admin.machine, sandbox))
    }

    pub fn new(secrets: Secrets, machine: &Machine, sandbox: &Sandbox) -> Self {
        if secrets == Secrets::Shown {
            return Self(None);
        }
        let published = Arc::new(published(machine));
        Self(Some(Known { values: Values::new(known(sandbox, Found::new(&published))), published }))
    }

    pub fn exchange<'e>(&self, entry: &'e Entry) -> Exchange<'e> {
        let whole = |message: &'e Message| message.headers().map(|(name, value)| (name, Cow::Borrowed(value))).collect();
        let Some(Known { values, published }) = &self.0 else {
            let shown = |message: &'e Message| Shown { message, headers: whole(message), body: whole_body(&message.body) };
            return Exchange {
                entry,
                target: entry.target.as_str().into(),
                notes: entry.notes.clone(),
                request: shown(&entry.request),
                answer: shown(&entry.answer),
                is_whole: true,
            };
        };
        let mut found = Found::new(published);
        let mut shown = |message: &'e Message, in_refusal| {
            found.in_refusal = in_refusal;
            let headers: Vec<_> = message.headers().map(|(name, value)| (name, places::header(name, value, &mut found))).collect();
            let empty = message.body.is_empty();
            let body = if empty { Value::Null } else { places::body(message.header("content-type"), &message.body, &mut found) };
            Shown { message, headers, body }
        };
        let (request, answer) = (shown(&entry.request, false), shown(&entry.answer, entry.status >= 400));
        let target = places::target(&entry.target, &mut found).into();
        let mut exchange = Exchange { entry, target, notes: entry.notes.clone(), request, answer, is_whole: false };
        for note in &mut exchange.notes {
            note.detail = places::text(&note.detail, &mut found).into_owned();
        }
        for values in [values, &Values::new(found)] {
            exchange.hide(values);
        }
        exchange
    }

    /// A text of ours, such as a line for the log.
    pub fn text(&self, text: &str) -> String {
        let Some(Known { values, published }) = &self.0 else { return text.to_owned() };
        let mut found = Found::new(published);
        let clean = values.text(&places::text(text, &mut found)).into_owned();
        Values::new(found).text(&clean).into_owned()
    }

    /// What is no exchange, as JSON with the schema of its type.
    pub fn json<T: Serialize>(&self, value: &T) -> Redacted<T> {
        let mut value = serde_json::to_value(value).expect("views have text keys");
        if let Some(Known { values, published }) = &self.0 {
            let mut found = Found::new(published);
            places::json(&mut value, &mut found);
            values.json(&mut value);
            Values::new(found).json(&mut value);
        }
        Redacted(value, PhantomData)
    }
}

/// A request that an inbox received, without what it says itself to be secret: whose it is, nobody knows.
pub(crate) fn letter(letter: &ReceivedRequest) -> ReceivedRequest {
    let mut found = Found::new(&Arc::default());
    let headers: Vec<_> = letter.headers.iter().map(|(name, value)| (name, places::header(name, value, &mut found).into_owned())).collect();
    let query = places::form(&letter.query, &mut found);
    let kind = letter.headers.iter().find(|(name, _)| name == "content-type").map_or("", |(_, value)| value);
    let text = match serde_json::from_str::<Value>(&letter.text) {
        Ok(mut json) => {
            if places::json(&mut json, &mut found) {
                json.to_string()
            } else {
                letter.text.clone()
            }
        }
        Err(_) => places::body(kind, letter.text.as_bytes(), &mut found).as_str().unwrap_or_default().to_owned(),
    };
    let values = Values::new(found);
    let clean = |text: &str| values.text(text).into_owned();
    ReceivedRequest {
        number: letter.number,
        received: letter.received,
        query: clean(&query),
        headers: headers.into_iter().map(|(name, value)| (name.clone(), clean(&value))).collect(),
        text: clean(&text),
    }
}

impl Exchange<'_> {
    fn hide(&mut self, values: &Values) {
        let clean = |text: &mut Cow<'_, str>| {
            if let Cow::Owned(clean) = values.text(text) {
                *text = clean.into();
            }
        };
        clean(&mut self.target);
        for note in &mut self.notes {
            note.detail = values.text(&note.detail).into_owned();
        }
        for message in [&mut self.request, &mut self.answer] {
            message.headers.iter_mut().for_each(|(_, value)| clean(value));
            values.json(&mut message.body);
        }
    }
}

impl Shown<'_> {
    /// The first value of a header; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(other, _)| *other == name).map_or("", |(_, value)| value)
    }
}

fn whole_body(body: &[u8]) -> Value {
    if body.is_empty() { Value::Null } else { serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into()) }
}

/// A view without secrets, with the schema of the whole one.
pub(crate) struct Redacted<T>(Value, PhantomData<T>);

impl<T> Serialize for Redacted<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<T: JsonSchema> JsonSchema for Redacted<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// The credentials of the default sandbox, which the README lists.
fn published(machine: &Machine) -> HashSet<String> {
    let rows = machine.vendors().all().iter().flat_map(|vendor| (vendor.credentials)(DEFAULT, &mut entropy::stream(0, &[], 0)));
    let texts = |row: Credential| row.fields.values().filter_map(|value| value.as_str().map(str::to_owned)).collect::<Vec<_>>();
    rows.flat_map(texts).collect()
}

/// The secrets of a sandbox: of its credentials, its sessions, which are documents whose ids are tokens, and its webhooks.
fn known(sandbox: &Sandbox, mut found: Found) -> Found {
    let state = sandbox.lock();
    let accounts = state.world.accounts();
    for mount in accounts.mounts() {
        for row in accounts.credentials(mount).iter() {
            let secrets = row.fields.iter().filter(|(name, _)| names::is_secret_parameter(name));
            secrets.filter_map(|(_, value)| value.as_str()).for_each(|secret| found.add_known(secret));
        }
    }
    for (_, table) in accounts.iter().flat_map(|(_, account)| account.tables()).filter(|(kind, _)| names::is_secret(&kind.0)) {
        table.iter().rev().take(MOST).for_each(|(token, _)| found.add_known(token));
    }
    for (_, row) in state.documents::<Subscription>(SUBSCRIPTION).take(MOST) {
        row.secret.iter().for_each(|secret| found.add_known(secret));
        places::text(&row.url, &mut found);
        places::json(&mut Value::Object(row.rest), &mut found);
    }
    drop(state);
    found
}

#[cfg(test)]
mod tests;
