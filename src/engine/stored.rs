//! The tables of a vendor, and the types that read their documents.

use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::world::{Account, Kind};

/// A table, and the type of its documents. A vendor declares each of its tables once, and files are held against that.
#[derive(Clone)]
pub struct Stored {
    kind: Kind,
    /// Whether it belongs to the vendor, and not to its customers.
    is_shared: bool,
    pub(super) read: ReadDocument,
}

/// Reads a document as one of the types does; why it is none.
pub type ReadDocument = fn(&str) -> Result<(), serde_json::Error>;

impl Stored {
    /// A table of customers; `read` is [`read`] with the type of its documents.
    #[must_use]
    pub const fn of(kind: Kind, read: ReadDocument) -> Self {
        Self { kind, is_shared: false, read }
    }

    /// A table of the vendor itself, such as that of its sessions.
    #[must_use]
    pub const fn shared(kind: Kind, read: ReadDocument) -> Self {
        Self { kind, is_shared: true, read }
    }

    /// Whether a table of an account is this one.
    pub(super) fn is_of(&self, account: &Account, kind: &Kind) -> bool {
        self.kind == *kind && self.is_shared == account.name.is_empty()
    }
}

/// Reads a document, and makes sure that nothing in it is overlooked.
///
/// # Errors
/// Why it is none of this type.
pub fn read<'t, T: Serialize + Deserialize<'t>>(text: &'t str) -> Result<(), serde_json::Error> {
    let document: T = serde_json::from_str(text)?;
    let (found, kept) = (serde_json::from_str(text)?, serde_json::to_value(document)?);
    match overlooked(&found, &kept) {
        Some(path) => Err(serde_json::Error::custom(format_args!("nothing reads its `{path}`"))),
        None => Ok(()),
    }
}

/// Reads a document that has the members of another one, whatever they are.
///
/// # Errors
/// What it lacks, or has besides.
pub fn read_like(text: &str, model: &Map<String, Value>) -> Result<(), serde_json::Error> {
    let document: Map<String, Value> = serde_json::from_str(text)?;
    if let Some(name) = model.keys().find(|name| !document.contains_key(*name)) {
        return Err(serde_json::Error::custom(format_args!("missing field `{name}`")));
    }
    match document.iter().find(|(name, value)| !model.contains_key(*name) && !is_empty(value)) {
        Some((name, _)) => Err(serde_json::Error::custom(format_args!("nothing reads its `{name}`"))),
        None => Ok(()),
    }
}

/// The path of a value that says something, and is not kept.
fn overlooked(found: &Value, kept: &Value) -> Option<String> {
    let below = |name: String, path: String| if path.is_empty() { name } else { format!("{name}.{path}") };
    match (found, kept) {
        (Value::Object(found), Value::Object(kept)) => {
            found.iter().find_map(|(name, value)| Some(below(name.clone(), overlooked(value, kept.get(name).unwrap_or(&Value::Null))?)))
        }
        (Value::Array(found), Value::Array(kept)) => found
            .iter()
            .enumerate()
            .find_map(|(index, value)| Some(below(index.to_string(), overlooked(value, kept.get(index).unwrap_or(&Value::Null))?))),
        (_, Value::Null) if !is_empty(found) => Some(String::new()),
        _ => None,
    }
}

/// Whether a value says no more than a missing one does.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(rows) => rows.is_empty(),
        Value::Object(members) => members.values().all(is_empty),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Label {
        id: u32,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
        #[serde(default)]
        pages: Vec<Page>,
    }

    #[derive(Serialize, Deserialize)]
    struct Page {
        #[serde(default)]
        text: String,
    }

    fn check(text: &str, expected: &str) {
        let found = read::<Label>(text).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(found.starts_with(expected) && found.is_empty() == expected.is_empty(), "{text}: {found}");
    }

    #[test]
    fn a_document_is_read_whole_or_not_at_all() {
        check(r#"{"id": 1, "note": "a", "pages": [{"text": "b"}]}"#, "");
        check(r#"{"id": 1, "note": "", "more": null, "most": [], "least": {"a": 0, "b": false}}"#, "");
        check(r#"{"note": "a"}"#, "missing field `id`");
        check(r#"{"id": "1"}"#, "invalid type: string \"1\"");
        check(r#"{"id": 1, "remark": "a"}"#, "nothing reads its `remark`");
        check(r#"{"id": 1, "pages": [{"text": "b"}, {"line": "c"}]}"#, "nothing reads its `pages.1.line`");
        check("[]", "invalid length 0");
    }
}
