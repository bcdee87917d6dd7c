//! The operations of a vendor, as people look them up: what each one does, how that is known, and a call that works.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::conversation::CredentialMap;
use super::examples::{ExampleCall, Examples, Values};
use crate::engine::{LoadedVendor, Machine, Vendors};
use crate::spec::{Operation, ParameterIn, Tier};

/// An operation of a vendor.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Operation")]
pub struct OperationView {
    /// Its name, such as `shippo.CreateShipment`.
    pub operation: String,
    pub method: String,
    /// The path, with the vendor's mount; `{…}` is a parameter.
    pub path: String,
    /// The group that the vendor's document puts it into.
    pub tag: String,
    /// What it does, in a line.
    pub summary: String,
    /// How we know: `recorded`, `documented`, `client` or `inferred`.
    pub evidence: String,
    /// `stateful` when it has a behavior, `sampled` when it is answered from the document alone.
    pub behavior: &'static str,
    /// Whether the vendor advises against it.
    pub deprecated: bool,
    pub parameters: Vec<ParameterView>,
    /// The statuses that the document has.
    pub statuses: Vec<u16>,
    pub example: ExampleView,
}

/// A parameter of an operation.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OperationParameter")]
pub struct ParameterView {
    pub name: String,
    /// Where it is sent: `path`, `query` or `header`.
    #[serde(rename = "in")]
    pub location: &'static str,
    pub required: bool,
    /// What the document says of it.
    pub description: String,
}

/// A call that works in a new sandbox, once those in `before` were made.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OperationExample")]
pub struct ExampleView {
    pub url: String,
    pub headers: IndexMap<String, String>,
    /// JSON, or the text of a form; `null` without one.
    pub body: Value,
    /// The status that it is answered with.
    pub status: u16,
    /// The operations whose examples come before it, in their order.
    pub before: Vec<String>,
    /// How far the clock has to move before it.
    pub after: Option<String>,
    /// Where the values of names such as `{{shipment}}` come from.
    pub values: Vec<ValueView>,
    /// The same as a command for a shell.
    pub curl: String,
}

/// A value that an example takes from the answer to another one.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OperationValue")]
pub struct ValueView {
    pub name: String,
    /// The operation that answers it.
    pub operation: String,
    /// Where it stands in that answer, such as `rates.0.object_id`; a header is `header:location`.
    pub member: String,
}

/// Where calls go to: the base URL of a vendor by its mount, and the credentials of the sandbox by those of the default one.
pub struct Target<'t> {
    pub base: &'t dyn Fn(&str) -> String,
    pub credentials: &'t dyn Fn(&str) -> CredentialMap,
    /// Values that need no answer.
    pub values: Values,
}

/// The vendors that a word means: one by its id, all of a mount.
#[must_use]
pub fn vendors<'v>(vendors: &'v Vendors, word: &str) -> Vec<&'v LoadedVendor> {
    let named: Vec<_> = vendors.loaded().iter().filter(|loaded| *loaded.vendor.id == *word).collect();
    let is_mount = named.len() == 1 && vendors.loaded().iter().filter(|loaded| *loaded.vendor.mount == *word).count() > 1;
    if !named.is_empty() && !is_mount {
        return named;
    }
    vendors.loaded().iter().filter(|loaded| *loaded.vendor.mount == *word).collect()
}

/// The operations of a vendor that are asked for, in the order of its document.
#[must_use]
pub fn operations(
    machine: &Machine,
    loaded: &LoadedVendor,
    target: &Target<'_>,
    wanted: impl Fn(&Operation) -> bool,
) -> Vec<OperationView> {
    let document: Value = serde_json::from_str(&loaded.vendor.spec).unwrap_or_default();
    let examples = Examples::of(&loaded.vendor);
    let reference = Reference { machine, loaded, document: &document, examples: &examples, target };
    let rows = loaded.catalog().operations().iter().zip(loaded.rows());
    rows.filter(|(operation, _)| wanted(operation)).map(|(operation, row)| reference.view(operation, row.tier)).collect()
}

struct Reference<'r> {
    machine: &'r Machine,
    loaded: &'r LoadedVendor,
    document: &'r Value,
    examples: &'r Examples,
    target: &'r Target<'r>,
}

impl Reference<'_> {
    fn view(&self, operation: &Operation, tier: Tier) -> OperationView {
        let path = &self.document["paths"][&operation.path];
        let own = &path[operation.method.as_str().to_ascii_lowercase()];
        let described: Vec<&Value> = [&path["parameters"], &own["parameters"]]
            .into_iter()
            .filter_map(Value::as_array)
            .flatten()
            .map(|row| self.resolved(row))
            .collect();
        let parameters = operation.parameters.iter().map(|parameter| {
            let location = word(parameter.location);
            let row = described.iter().rev().find(|row| row["name"] == *parameter.name && row["in"] == location);
            let description = row.and_then(|row| row["description"].as_str()).unwrap_or_default();
            ParameterView { name: parameter.name.clone(), location, required: parameter.required, description: description.to_owned() }
        });
        let text = |name: &str| own[name].as_str().unwrap_or_default().trim().to_owned();
        let summary = if own["summary"].is_string() { text("summary") } else { text("description") };
        OperationView {
            operation: operation.name.to_string(),
            method: operation.method.to_string(),
            path: format!("/{}{}", self.loaded.vendor.mount, operation.path),
            tag: operation.tag.clone(),
            summary,
            evidence: operation.evidence.clone(),
            behavior: if tier == Tier::Sample { "sampled" } else { "stateful" },
            deprecated: operation.is_deprecated,
            parameters: parameters.collect(),
            statuses: operation.statuses().flatten().collect(),
            example: self.example(operation),
        }
    }

    fn example(&self, operation: &Operation) -> ExampleView {
        let vendor = &self.loaded.vendor;
        let base = (self.target.base)(&vendor.mount);
        let mut call = match self.examples.get(&operation.id) {
            Some(_) => self.examples.call(operation, &base, &self.target.values),
            None => ExampleCall::from_document(self.machine, vendor, operation, &base),
        };
        let credentials = (self.target.credentials)(&vendor.mount);
        call.headers.values_mut().for_each(|value| *value = credentials.header(value));
        call.body = call.body.map(|body| with_credentials(body, &credentials));
        let name = |id: &str| format!("{}.{id}", vendor.id);
        let taken = self.examples.taken(&operation.id).into_iter();
        let example = self.examples.get(&operation.id);
        let declared = operation.statuses().flatten().find(|status| (200..400).contains(status));
        ExampleView {
            status: example.and_then(|example| example.answers).or(declared).unwrap_or(200),
            before: self.examples.before(&operation.id).into_iter().map(name).collect(),
            after: example.and_then(|example| example.after.clone()),
            values: taken
                .map(|(value, id, path)| ValueView { name: value.to_owned(), operation: name(id), member: path.to_owned() })
                .collect(),
            curl: call.curl(),
            url: call.url,
            headers: call.headers,
            body: call.body.unwrap_or_default(),
        }
    }

    /// What a reference in the document refers to.
    fn resolved<'d>(&'d self, row: &'d Value) -> &'d Value {
        let pointer = row["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        pointer.and_then(|pointer| self.document.pointer(pointer)).unwrap_or(row)
    }
}

/// A body with the credentials of another sandbox.
fn with_credentials(body: Value, credentials: &CredentialMap) -> Value {
    match body {
        Value::Object(members) => {
            let nth = |name: &str| usize::from(name == "password");
            let row = |(name, value): (String, Value)| match value {
                Value::String(text) => (name.clone(), credentials.substitute(&text, nth(&name)).into()),
                other => (name, with_credentials(other, credentials)),
            };
            Value::Object(members.into_iter().map(row).collect())
        }
        Value::String(form) => credentials.header(&form).into(),
        other => other,
    }
}

fn word(location: ParameterIn) -> &'static str {
    match location {
        ParameterIn::Path => "path",
        ParameterIn::Query => "query",
        ParameterIn::Header => "header",
        ParameterIn::Body => "body",
    }
}
