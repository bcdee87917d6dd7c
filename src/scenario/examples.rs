//! Calls that a new sandbox answers with success, one for each operation of a vendor: `specs/<vendor>/examples.yaml` as data. What an
//! example takes from the answers to others is named there (`{{shipment}}`), and so is what has to be made before it.
//!
//! An operation of a vendor that is a document alone has no such row: its body is a sample of the document's schema.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use indexmap::IndexMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::base::time::Timestamp;
use crate::carrier;
use crate::engine::{Machine, Vendor};
use crate::spec::Operation;

/// The examples of a vendor.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Examples {
    /// Headers of all of them, such as credentials.
    headers: IndexMap<String, String>,
    operations: IndexMap<String, Example>,
}

/// The example of an operation.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Example {
    /// Operations whose examples come first although nothing is taken from their answers.
    needs: Vec<String>,
    /// How far the clock moves before it.
    pub after: Option<String>,
    /// The status of the answer where it is not the first success of the document: a redirect, or a refusal in a new sandbox.
    pub answers: Option<u16>,
    /// The whole address, where another answer has one.
    link: Option<String>,
    path: IndexMap<String, Value>,
    query: IndexMap<String, Value>,
    /// Headers besides those of all; `None` leaves one of them out.
    headers: IndexMap<String, Option<String>>,
    json: Option<Value>,
    form: Option<IndexMap<String, String>>,
    /// Names of values in the answer, with their paths (`rates.0.object_id`, `header:location`).
    pub save: IndexMap<String, String>,
}

/// An example with all that is known of its values put in.
#[derive(Debug)]
pub struct ExampleCall {
    pub method: Method,
    pub url: String,
    pub headers: IndexMap<String, String>,
    /// JSON, or the text of a form.
    pub body: Option<Value>,
}

pub type Values = Map<String, Value>;

/// What stays as it is in an address, besides letters and digits.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':').remove(b',');

impl Examples {
    /// The examples of a vendor.
    ///
    /// # Panics
    /// If they have another shape: a test reads those of all vendors.
    #[must_use]
    pub fn of(vendor: &Vendor) -> Self {
        if vendor.examples.is_empty() {
            return Self::default();
        }
        serde_json::from_str(vendor.examples).unwrap_or_else(|error| panic!("the examples of {}: {error}", vendor.id))
    }

    /// The example of an operation, by its id.
    #[must_use]
    pub fn get(&self, operation: &str) -> Option<&Example> {
        self.operations.get(operation)
    }

    /// The ids of all operations that have one.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.operations.keys().map(String::as_str)
    }

    /// What an example takes from answers: the name of the value, the operation that answers it, and its path there.
    #[must_use]
    pub fn taken(&self, operation: &str) -> Vec<(&str, &str, &str)> {
        let Some(example) = self.get(operation) else { return Vec::new() };
        let texts = serde_json::json!([example.path, example.query, example.json, example.form, example.link, self.headers(example)]);
        let texts = texts.to_string();
        let saved = self.operations.iter().flat_map(|(id, row)| row.save.iter().map(move |(name, path)| (&**name, &**id, &**path)));
        saved.filter(|(name, ..)| texts.contains(&placeholder(name))).collect()
    }

    /// The operations whose examples come before that of another one, in their order.
    #[must_use]
    pub fn before(&self, operation: &str) -> Vec<&str> {
        let mut found = Vec::new();
        self.visit(operation, &mut Vec::new(), &mut found);
        found
    }

    fn visit<'e>(&'e self, operation: &str, under_way: &mut Vec<String>, found: &mut Vec<&'e str>) {
        under_way.push(operation.to_owned());
        let needs = self.get(operation).into_iter().flat_map(|example| example.needs.iter().map(String::as_str));
        let first: Vec<&str> = self.taken(operation).into_iter().map(|(_, id, _)| id).chain(needs).collect();
        for id in first {
            if !found.contains(&id) && !under_way.iter().any(|other| other == id) {
                self.visit(id, under_way, found);
                found.push(id);
            }
        }
        under_way.pop();
    }

    fn headers(&self, example: &Example) -> IndexMap<String, String> {
        let own = |name: &String| example.headers.keys().any(|other| other.eq_ignore_ascii_case(name));
        let rows = self.headers.iter().filter(|(name, _)| !own(name)).map(|(name, value)| (name.clone(), value.clone()));
        let own = example.headers.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?)));
        rows.chain(own).collect()
    }

    /// The call of an operation below the base URL of its vendor. Names that no value is known of stay as they are.
    #[must_use]
    pub fn call(&self, operation: &Operation, base: &str, values: &Values) -> ExampleCall {
        let none = Example::default();
        let example = self.get(&operation.id).unwrap_or(&none);
        let encoded = |value: &Value| encoded(&plain(&filled(value, values)));
        let mut url = match &example.link {
            Some(link) => text(link, values),
            None => {
                let path = example.path.iter();
                let path = path.fold(operation.path.clone(), |path, (name, value)| path.replace(&format!("{{{name}}}"), &encoded(value)));
                format!("{base}{path}")
            }
        };
        for (index, (name, value)) in example.query.iter().enumerate() {
            let _ = write!(url, "{}{name}={}", if index == 0 { '?' } else { '&' }, encoded(value));
        }
        let mut headers = self.headers(example);
        headers.values_mut().for_each(|value| *value = text(value, values));
        let form = example.form.as_ref().map(|form| {
            let fields = form.iter().map(|(name, value)| format!("{name}={}", encoded(&Value::from(value.as_str()))));
            Value::from(fields.collect::<Vec<_>>().join("&"))
        });
        let json = example.json.as_ref().map(|json| filled(json, values));
        if let Some(kind) = form.as_ref().map(|_| "application/x-www-form-urlencoded").or(json.as_ref().map(|_| "application/json")) {
            headers.insert("Content-Type".to_owned(), kind.to_owned());
        }
        ExampleCall { method: operation.method.clone(), url, headers, body: form.or(json) }
    }
}

impl ExampleCall {
    /// The call of an operation that nobody wrote an example of, made of its document, with what a caller presents who has a credential
    /// of the sandbox `default`.
    #[must_use]
    pub fn from_document(machine: &Machine, vendor: &Vendor, operation: &Operation, base: &str) -> Self {
        let mut call = Examples::default().call(operation, base, &Values::new());
        let credential = machine.default_sandbox().lock().world.accounts().credentials(&vendor.mount).first().cloned();
        if let Some(credential) = credential {
            let field = |name: &str| credential.fields.get(name).map(plain).unwrap_or_default();
            for (place, name) in vendor.presented(operation) {
                match place {
                    "query" => {
                        let _ = write!(call.url, "{}{name}={}", if call.url.contains('?') { '&' } else { '?' }, encoded(&field("key")));
                    }
                    "cookie" => _ = call.headers.insert("Cookie".to_owned(), format!("{name}={}", field("key"))),
                    "basic" => {
                        let pair = STANDARD.encode(format!("{}:{}", field("username"), field("password")));
                        call.headers.insert("Authorization".to_owned(), format!("Basic {pair}"));
                    }
                    "token" => _ = call.headers.insert("Authorization".to_owned(), format!("{name} {}", field("key"))),
                    _ => _ = call.headers.insert(name, field("key")),
                }
            }
        }
        if let Some(body) = crate::engine::sample_of_request(operation) {
            call.headers.insert("Content-Type".to_owned(), "application/json".to_owned());
            call.body = Some(body);
        }
        call
    }

    /// The bytes of the body.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        match &self.body {
            None => Vec::new(),
            Some(Value::String(form)) => form.clone().into_bytes(),
            Some(json) => json.to_string().into_bytes(),
        }
    }

    /// A command for a shell.
    #[must_use]
    pub fn curl(&self) -> String {
        let mut out = String::from("curl");
        let usual = if self.body.is_some() { Method::POST } else { Method::GET };
        if self.method != usual {
            let _ = write!(out, " -X {}", self.method);
        }
        let _ = write!(out, " {}", quoted(&self.url));
        for (name, value) in &self.headers {
            let _ = write!(out, " \\\n  -H {}", quoted(&format!("{name}: {value}")));
        }
        if self.body.is_some() {
            let _ = write!(out, " \\\n  -d {}", quoted(&String::from_utf8_lossy(&self.bytes())));
        }
        out
    }
}

/// The values that need no answer: `today`, `workday` (the next working day), and `inbox`, the URL of a receiver.
#[must_use]
pub fn known(now: Timestamp, inbox: &str) -> Values {
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let rows = [("today", today.to_string()), ("workday", carrier::next_working_day(today).to_string()), ("inbox", inbox.to_owned())];
    rows.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect()
}

fn placeholder(name: &str) -> String {
    format!("{{{{{name}}}}}")
}

fn text(text: &str, values: &Values) -> String {
    values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&placeholder(name), &plain(value)))
}

/// A value with others in the places of their names; a text that is nothing but a name becomes the value itself.
fn filled(value: &Value, values: &Values) -> Value {
    match value {
        Value::String(own) => {
            let whole = own.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).and_then(|name| values.get(name));
            whole.cloned().unwrap_or_else(|| text(own, values).into())
        }
        Value::Array(items) => items.iter().map(|item| filled(item, values)).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), filled(value, values))).collect::<Map<_, _>>().into(),
        other => other.clone(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A text in an address; a name that waits for its value stays readable.
fn encoded(text: &str) -> String {
    if text.contains("{{") { text.to_owned() } else { utf8_percent_encode(text, PLAIN).to_string() }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
