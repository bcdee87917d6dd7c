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

mod bytes;
mod clean;
mod coded;
mod ends;
mod gaps;
mod letters;
mod mappings;
mod marks;
mod markup;
mod multipart;
mod names;
mod packed;
pub(in crate::server) mod paths;
mod places;
mod rows;
mod runs;
mod shapes;
mod statements;
mod tables;
mod values;

use std::borrow::Cow;
use std::collections::HashSet;
use std::iter;
use std::marker::PhantomData;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use serde_json::Value;

use self::bytes::Readable;
pub(crate) use self::names::AllNames;
use self::names::Names;
use self::packed::Packed;
use self::values::{Found, Values};
use crate::base::entropy;
use crate::base::name::Name;
use crate::engine::webhooks::{SUBSCRIPTION, Subscription};
use crate::engine::{DEFAULT, Machine, Sandbox};
use crate::scenario::verify::Report;
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::state::Admin;
use crate::server::inbox::ReceivedRequest;
use crate::server::shown_bytes::utf8;
use crate::world::{Credential, Entry, Message, Note, WordedNote};

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
    /// Of each vendor that has names of its own.
    names: Vec<(Name, Arc<Names>)>,
    all: AllNames,
}

impl Known {
    /// What is found in something of a vendor.
    fn found(&self, vendor: &str) -> Found {
        let own = self.names.iter().find(|(id, _)| id == vendor).map(|(_, names)| Arc::clone(names));
        Found::new(&own.unwrap_or_default(), &self.published)
    }
}

/// An exchange as it is shown.
pub(crate) struct Exchange<'e> {
    pub entry: &'e Entry,
    pub target: Cow<'e, str>,
    pub notes: Vec<WordedNote>,
    pub request: Shown<'e>,
    pub answer: Shown<'e>,
    /// Whether it is as it was.
    pub is_whole: bool,
}

/// A message as it is shown.
pub(crate) struct Shown<'e> {
    pub message: &'e Message,
    pub headers: Vec<ShownHeader<'e>>,
    /// JSON if it is that, else text; `null` if there is none.
    pub body: Value,
    /// Whether the body is not UTF-8: its text has a letter for each byte, as Latin-1 has it.
    pub is_binary: bool,
    /// What is in a body that is compressed; its text stands for it then.
    packed: Option<Packed>,
}

/// A header as it is shown.
pub(crate) struct ShownHeader<'e> {
    pub name: &'e str,
    pub value: Cow<'e, str>,
    /// Whether it is not UTF-8, as for bodies.
    pub is_binary: bool,
}

impl Redactor {
    /// Whether it leaves secrets readable.
    pub fn shows_secrets(&self) -> bool {
        self.0.is_none()
    }

    /// A digest of what it hides in everything; `None` if it leaves secrets readable.
    pub fn digest(&self) -> Option<[u8; 32]> {
        self.0.as_ref().map(|known| known.values.digest())
    }

    /// As the query wants it.
    pub fn read(admin: &Admin, request: &AdminRequest<'_>, sandbox: &Sandbox) -> Result<Self, Problem> {
        Ok(Self::new(Secrets::read(request)?, &admin.machine, sandbox))
    }

    pub fn new(secrets: Secrets, machine: &Machine, sandbox: &Sandbox) -> Self {
        if secrets == Secrets::Shown {
            return Self(None);
        }
        let (published, all) = (Arc::new(published(machine)), AllNames::of(machine));
        let own = machine.vendors().all().iter().map(|vendor| (vendor.id.clone(), Arc::new(Names::new(iter::once(vendor.secret_names)))));
        let values = Values::new(known(sandbox, Found::new(&all.0, &published)));
        Self(Some(Known { values, published, names: own.collect(), all }))
    }

    pub fn exchange<'e>(&self, entry: &'e Entry) -> Exchange<'e> {
        let whole = |message: &'e Message| message.headers().map(|(name, value)| ShownHeader::of(name, value)).collect();
        let Some(known) = &self.0 else {
            let shown = |message: &'e Message| {
                let (body, is_binary) = whole_body(message);
                Shown { message, headers: whole(message), body, is_binary, packed: None }
            };
            return Exchange {
                entry,
                target: entry.target.as_str().into(),
                notes: entry.notes.iter().map(Note::worded).collect(),
                request: shown(&entry.request),
                answer: shown(&entry.answer),
                is_whole: true,
            };
        };
        let mut found = known.found(&entry.vendor);
        let names = Arc::clone(&found.names);
        let mut shown = |message: &'e Message, in_refusal| {
            found.in_refusal = in_refusal;
            let mut headers: Vec<ShownHeader<'e>> = whole(message);
            for header in &mut headers {
                let clean = places::header(header.name, &header.value, &mut found);
                if clean != header.value {
                    header.value = clean.into_owned().into();
                }
            }
            let kind = message.header("content-type");
            let (body, is_binary, packed) = match packed::look(message.header("content-encoding"), &message.body) {
                packed::Found::Opaque => (values::REDACTED.into(), false, None),
                packed::Found::Packed(packed) => (unpacked(kind, &packed, &mut found).into(), true, Some(packed)),
                packed::Found::Plain => match bytes::read(&message.body, message.is_cut()) {
                    Readable::Nothing => (Value::Null, false, None),
                    Readable::Text(text) => (places::body(kind, text.as_bytes(), &mut found), false, None),
                    Readable::Bytes(text) => (places::bytes(kind, &text, &mut found).into(), true, None),
                },
            };
            Shown { message, headers, body, is_binary, packed }
        };
        let (request, answer) = (shown(&entry.request, false), shown(&entry.answer, entry.status.is_some_and(|status| status >= 400)));
        let target = places::target(&entry.target, &mut found).into();
        let mut exchange =
            Exchange { entry, target, notes: entry.notes.iter().map(Note::worded).collect(), request, answer, is_whole: false };
        for note in &mut exchange.notes {
            let last = note.location.rsplit('.').find(|part| part.parse::<usize>().is_err()).unwrap_or_default();
            if let Some((_, expected)) = note.detail.split_once(", expected ").filter(|_| names.is_secret_parameter(last)) {
                note.detail = format!("found {}, expected {expected}", values::REDACTED);
            }
            note.detail = places::text(&note.detail, &mut found).into_owned();
            note.location = places::text(&note.location, &mut found).into_owned();
        }
        for values in [&known.values, &Values::new(found)] {
            exchange.hide(values);
        }
        exchange
    }

    /// A text of ours, such as a line for the log.
    pub fn text(&self, text: &str) -> String {
        let Some(known) = &self.0 else { return text.to_owned() };
        let mut found = Found::new(&known.all.0, &known.published);
        let clean = known.values.text(&places::text(text, &mut found)).into_owned();
        Values::new(found).text(&clean).into_owned()
    }

    /// A verdict. Of the calls that it accounts for, the names in what was sent tell which values are secrets.
    pub fn report(&self, mut report: Report) -> Report {
        let Some(known) = &self.0 else { return report.map(&str::to_owned) };
        let mut found = Found::new(&known.all.0, &known.published);
        for seen in &mut report.seen {
            places::json(seen, &mut found);
        }
        let own = Values::new(found);
        report.map(&|text| own.text(&self.text(text)).into_owned())
    }

    /// As [`Self::json`], where secrets may stand that only the names in a `request` tell.
    pub fn json_of_request<T: Serialize>(&self, value: &T, request: &Value) -> Redacted<T> {
        let Redacted(mut both, _) = self.json(&(value, request));
        Redacted(both[0].take(), PhantomData)
    }

    /// Whether what stands under a name in a request to a vendor is hidden.
    pub fn is_secret(&self, vendor: &str, name: &str) -> bool {
        self.0.as_ref().is_some_and(|known| known.found(vendor).names.is_secret_parameter(name))
    }

    /// What is no exchange, as JSON with the schema of its type.
    pub fn json<T: Serialize>(&self, value: &T) -> Redacted<T> {
        let mut value = serde_json::to_value(value).expect("views have text keys");
        if let Some(Known { values, published, all, .. }) = &self.0 {
            let mut found = Found::new(&all.0, published);
            places::json(&mut value, &mut found);
            values.json(&mut value);
            Values::new(found).json(&mut value);
        }
        Redacted(value, PhantomData)
    }
}

/// A request that an inbox received, without what it says itself to be secret: whose it is, nobody knows.
pub(crate) fn letter(letter: &ReceivedRequest, names: &AllNames) -> ReceivedRequest {
    let mut found = Found::new(&names.0, &Arc::default());
    let mut headers: Vec<_> = letter.headers.iter().map(|(name, value)| ShownHeader::of(name, value)).collect();
    for header in &mut headers {
        header.value = places::header(header.name, &header.value, &mut found).into_owned().into();
    }
    let kind = headers.iter().find(|header| header.name == "content-type").map_or("", |header| &*header.value);
    let query = places::form(&letter.query, &mut found);
    let encoding = headers.iter().find(|header| header.name == "content-encoding").map_or("", |header| &*header.value);
    let packed = packed::look(encoding, &letter.body);
    let (body, is_binary) = match bytes::read(&letter.body, letter.is_cut) {
        _ if matches!(packed, packed::Found::Opaque) => (values::REDACTED.to_owned(), false),
        Readable::Bytes(_) if let packed::Found::Packed(packed) = &packed => (unpacked(kind, packed, &mut found), true),
        Readable::Nothing => (String::new(), false),
        Readable::Bytes(text) => (places::bytes(kind, &text, &mut found), true),
        Readable::Text(text) => match serde_json::from_str::<Value>(&text) {
            Ok(mut json) => (if places::json(&mut json, &mut found) { json.to_string() } else { text.into_owned() }, false),
            Err(_) => (places::body(kind, text.as_bytes(), &mut found).as_str().unwrap_or_default().to_owned(), false),
        },
    };
    let values = Values::new(found);
    for header in &mut headers {
        header.value = values.text(&header.value).into_owned().into();
    }
    let body = values.text(&body);
    ReceivedRequest {
        number: letter.number,
        received: letter.received,
        query: values.text(&query).into_owned(),
        headers: headers.iter().map(|header| (header.name.to_owned(), header.bytes().into_owned())).collect(),
        body: match packed {
            packed::Found::Packed(packed) if packed.text == *body => letter.body.clone(),
            packed::Found::Packed(packed) => packed.pack(&body),
            _ if is_binary => bytes::from_letters(&body),
            _ => body.into_owned().into_bytes(),
        },
        is_cut: letter.is_cut,
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
            note.location = values.text(&note.location).into_owned();
        }
        for message in [&mut self.request, &mut self.answer] {
            message.headers.iter_mut().for_each(|header| clean(&mut header.value));
            values.json(&mut message.body);
        }
    }
}

impl Shown<'_> {
    /// The first value of a header; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|header| header.name == name).map_or("", |header| &header.value)
    }

    /// The bytes of a body that is not UTF-8, as they are shown.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let text = self.body.as_str().unwrap_or_default();
        match &self.packed {
            Some(packed) if packed.text == text => Some(self.message.body.to_vec()),
            Some(packed) => Some(packed.pack(text)),
            None => self.is_binary.then(|| bytes::from_letters(text)),
        }
    }
}

impl<'e> ShownHeader<'e> {
    fn of(name: &'e str, value: &'e [u8]) -> Self {
        match std::str::from_utf8(value) {
            Ok(text) => Self { name, value: text.into(), is_binary: false },
            Err(_) => Self { name, value: bytes::letters(value).into(), is_binary: true },
        }
    }

    /// Its bytes, as they are shown.
    pub fn bytes(&self) -> Cow<'_, [u8]> {
        if self.is_binary { bytes::from_letters(&self.value).into() } else { self.value.as_bytes().into() }
    }
}

/// What is in a compressed body, as text; unchanged if it holds no secret.
fn unpacked(kind: &str, packed: &Packed, found: &mut Found) -> String {
    match serde_json::from_str::<Value>(&packed.text) {
        Ok(mut json) => {
            if places::json(&mut json, found) {
                json.to_string()
            } else {
                packed.text.clone()
            }
        }
        Err(_) => places::bytes(kind, &packed.text, found),
    }
}

/// A body as it was sent, and whether it is not UTF-8.
fn whole_body(message: &Message) -> (Value, bool) {
    if message.body.is_empty() {
        return (Value::Null, false);
    }
    match utf8(&message.body, message.is_cut()) {
        Some(text) => (serde_json::from_str(text).unwrap_or_else(|_| text.into()), false),
        None => (bytes::letters(&message.body).into(), true),
    }
}

/// A view without secrets, with the schema of the whole one.
pub(crate) struct Redacted<T>(Value, PhantomData<T>);

impl<T: DeserializeOwned> Redacted<T> {
    /// The view as it is shown.
    pub fn read(self) -> Result<T, serde_json::Error> {
        serde_json::from_value(self.0)
    }
}

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
    let names = Arc::clone(&found.names);
    let state = sandbox.lock();
    let accounts = state.world.accounts();
    for mount in accounts.mounts() {
        for row in accounts.credentials(mount).iter() {
            let secrets = row.fields.iter().filter(|(name, _)| names.is_secret_parameter(name));
            secrets.filter_map(|(_, value)| value.as_str()).for_each(|secret| found.add_known(secret));
        }
    }
    for (_, table) in accounts.iter().flat_map(|(_, account)| account.tables()).filter(|(kind, _)| names.is_secret(&kind.0)) {
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
