//! Judging a body member by member, and wording what is wrong, as the framework's serializers do. The order of the checks is
//! the order of the answer.

use serde_json::{Map, Value, json};

use super::{DETAIL, FIELDS};
use crate::engine::Refusal;
use crate::vendors::shippo::checks;

/// What a missing member gets.
pub(crate) const REQUIRED: &str = "This field is required.";

/// The files that labels come in.
pub(crate) const LABEL_FILES: [&str; 10] =
    ["PNG", "PNG_2.3x7.5", "PDF", "PDF_2.3x7.5", "PDF_4x6", "PDF_4x8", "PDF_A4", "PDF_A5", "PDF_A6", "ZPLII"];

/// A body, what was read of it so far, and what was found wrong.
#[derive(Clone)]
pub(crate) struct Fields<'b> {
    members: Option<&'b Map<String, Value>>,
    read: Map<String, Value>,
    faults: Map<String, Value>,
}

impl<'b> Fields<'b> {
    /// A body that has to be an object; none counts as an empty one.
    pub(crate) fn of(body: &'b Value) -> Result<Self, Refusal> {
        match body {
            Value::Object(members) => Ok(Self { members: Some(members), read: Map::new(), faults: Map::new() }),
            Value::Null => Ok(Self { members: None, read: Map::new(), faults: Map::new() }),
            other => {
                let text = format!("Invalid data. Expected a dictionary, but got {}.", python(other));
                Err(Refusal::Because(FIELDS, json!({ "non_field_errors": [text] })))
            }
        }
    }

    /// A member as it was sent; `null` counts as nothing.
    pub(crate) fn value(&self, name: &str) -> Option<&'b Value> {
        self.members.and_then(|members| members.get(name)).filter(|value| !value.is_null())
    }

    /// Whether the member was sent as `null`.
    pub(crate) fn is_null(&self, name: &str) -> bool {
        self.members.and_then(|members| members.get(name)).is_some_and(Value::is_null)
    }

    /// Notes a fault.
    pub(crate) fn fault(&mut self, name: &str, text: impl Into<String>) {
        self.put(name, json!([text.into()]));
    }

    /// Notes faults in the shape of something nested.
    pub(crate) fn put(&mut self, name: &str, faults: Value) {
        self.faults.insert(name.to_owned(), faults);
    }

    /// Keeps what a member was read as.
    pub(crate) fn keep(&mut self, name: &str, value: impl Into<Value>) {
        self.read.insert(name.to_owned(), value.into());
    }

    /// Notes that a member is missing, unless it was read or is wrong.
    pub(crate) fn require(&mut self, name: &str) {
        if self.is_fine(name) && !self.read.contains_key(name) {
            self.fault(name, REQUIRED);
        }
    }

    /// A text; numbers are taken as their text, nothing is the empty text.
    pub(crate) fn text(&mut self, name: &str) -> String {
        let text = match self.value(name) {
            None => return String::new(),
            Some(Value::String(text)) => {
                if text.contains('\0') {
                    self.fault(name, "Null characters are not allowed.");
                }
                text.trim().to_owned()
            }
            Some(Value::Number(number)) => number.to_string(),
            Some(_) => {
                self.fault(name, "Not a valid string.");
                return String::new();
            }
        };
        self.keep(name, text.as_str());
        text
    }

    /// A text of which the empty one counts as missing.
    pub(crate) fn filled(&mut self, name: &str) -> Option<String> {
        let text = Some(self.text(name)).filter(|text| !text.is_empty());
        if text.is_none() {
            self.read.remove(name);
        }
        text
    }

    /// A text that has to be there.
    pub(crate) fn needed(&mut self, name: &str) -> String {
        if self.is_null(name) {
            self.fault(name, "This field may not be null.");
        } else if self.value(name).is_none() {
            self.fault(name, REQUIRED);
        } else {
            let text = self.text(name);
            if text.is_empty() && !self.faults.contains_key(name) {
                self.fault(name, "This field may not be blank.");
            }
            return text;
        }
        String::new()
    }

    /// Up to a hundred characters of anything.
    pub(crate) fn metadata(&mut self) -> String {
        let text = self.text("metadata");
        if text.chars().count() > 100 {
            self.fault("metadata", "Ensure this field has no more than 100 characters.");
        }
        text
    }

    /// A boolean, also spelled as forms do.
    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        let found = match self.value(name)? {
            Value::Bool(flag) => Some(*flag),
            Value::Number(number) => match number.as_i64() {
                Some(0) => Some(false),
                Some(1) => Some(true),
                _ => None,
            },
            Value::String(text) => match text.as_str() {
                "true" | "True" | "TRUE" | "t" | "T" | "1" => Some(true),
                "false" | "False" | "FALSE" | "f" | "F" | "0" | "" => Some(false),
                _ => None,
            },
            _ => None,
        };
        match found {
            Some(flag) => self.keep(name, flag),
            None => self.fault(name, "Must be a valid boolean."),
        }
        found
    }

    /// A whole number, also as a text.
    pub(crate) fn integer(&mut self, name: &str) -> Option<i64> {
        let value = self.value(name)?;
        let number = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok());
        match number {
            Some(number) => self.keep(name, number),
            None => self.fault(name, "A valid integer is required."),
        }
        number
    }

    /// A whole number of things.
    pub(crate) fn quantity(&mut self, name: &str) -> Option<i64> {
        let number = self.integer(name)?;
        if number < 0 {
            self.fault(name, "Ensure this value is greater than or equal to 0.");
        }
        Some(number)
    }

    /// Something nested, judged by its own members; answered as it was sent.
    pub(crate) fn nested(&mut self, name: &str, judge: impl FnOnce(&mut Fields<'b>)) -> Value {
        let Some(value) = self.value(name) else { return Value::Null };
        let faults = Fields::of(value).and_then(|mut inner| {
            judge(&mut inner);
            inner.done()
        });
        if let Err(refusal) = faults {
            self.put(name, below(refusal));
        }
        self.keep(name, value.clone());
        value.clone()
    }

    /// One of some words; nothing when it is missing or empty.
    pub(crate) fn choice(&mut self, name: &str, words: &[&str]) -> Option<String> {
        let text = match self.value(name)? {
            Value::String(text) if text.is_empty() => return None,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if !words.contains(&text.as_str()) {
            self.fault(name, not_a_choice(&text));
            return None;
        }
        self.keep(name, text.as_str());
        Some(text)
    }

    /// Free members, answered as they were sent.
    pub(crate) fn object(&mut self, name: &str) -> Map<String, Value> {
        let members = match self.value(name) {
            None => Map::new(),
            Some(Value::Object(members)) => members.clone(),
            // What an empty form, or an empty array of PHP, comes as.
            Some(Value::String(text)) if text.is_empty() => Map::new(),
            Some(Value::Array(rows)) if rows.is_empty() => Map::new(),
            Some(other) => {
                self.fault(name, format!("Expected a dictionary of items but got type \"{}\".", python(other)));
                Map::new()
            }
        };
        self.keep(name, members.clone());
        members
    }

    /// What was read, if nothing is wrong.
    pub(crate) fn into_read(mut self) -> Result<Map<String, Value>, Refusal> {
        let read = std::mem::take(&mut self.read);
        self.done().map(|()| read)
    }

    /// Whether nothing is wrong with that member.
    pub(crate) fn is_fine(&self, name: &str) -> bool {
        !self.faults.contains_key(name)
    }

    /// Refuses if anything is wrong.
    pub(crate) fn done(self) -> Result<(), Refusal> {
        if self.faults.is_empty() { Ok(()) } else { Err(Refusal::Because(FIELDS, self.faults.into())) }
    }
}

/// Faults as they stand below the member that has them.
pub(crate) fn below(refusal: Refusal) -> Value {
    let faults = match refusal {
        Refusal::Because(FIELDS, faults) => faults,
        Refusal::Invalid(violations) => checks::fields(&violations, checks::text).into(),
        _ => return json!(["Not found."]),
    };
    match faults.get("non_field_errors") {
        Some(texts) => texts.clone(),
        None => json!([faults]),
    }
}

/// What a word that is none of the choices gets.
pub(crate) fn not_a_choice(text: &str) -> String {
    format!("\"{text}\" is not a valid choice.")
}

/// What an id of nothing gets.
pub(crate) fn not_found(noun: &str, id: &str) -> String {
    format!("{noun} with supplied object_id {id} not found.")
}

/// A body that has to be a list.
pub(crate) fn list(body: &Value) -> Result<&[Value], Refusal> {
    match body {
        Value::Array(rows) => Ok(rows),
        other => {
            let text = format!("Expected a list of items but got type \"{}\".", python(other));
            Err(Refusal::Because(FIELDS, json!({ "non_field_errors": [text] })))
        }
    }
}

/// One text for the faults of something nested, where only texts are shown.
pub(crate) fn flat(refusal: &Refusal) -> Vec<String> {
    let fields = match refusal {
        Refusal::Because(FIELDS, Value::Object(fields)) => fields.clone(),
        Refusal::Invalid(violations) => checks::fields(violations, checks::text),
        Refusal::Because(DETAIL, Value::String(text)) => return vec![text.clone()],
        _ => return vec!["Not found.".to_owned()],
    };
    let texts = |rows: &Value| match rows {
        Value::Array(rows) => {
            rows.iter().map(|row| row.as_str().map_or_else(|| row.to_string(), str::to_owned)).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    };
    fields.iter().map(|(name, rows)| format!("{name}: {}", texts(rows))).collect()
}

/// The name that Python has for a JSON type.
fn python(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: Value, judge: impl Fn(&mut Fields<'_>), expected: Value) {
        let mut fields = Fields::of(&body).expect("an object");
        judge(&mut fields);
        assert_eq!(Value::Object(fields.faults), expected);
    }

    #[test]
    fn faults_are_worded_as_the_framework_words_them() {
        check(json!({}), |fields| drop(fields.needed("rate")), json!({"rate": [REQUIRED]}));
        check(json!({"rate": ""}), |fields| drop(fields.needed("rate")), json!({"rate": ["This field may not be blank."]}));
        check(json!({"rate": null}), |fields| drop(fields.needed("rate")), json!({"rate": ["This field may not be null."]}));
        check(json!({"rate": []}), |fields| drop(fields.needed("rate")), json!({"rate": ["Not a valid string."]}));
        check(json!({"async": "perhaps"}), |fields| assert_eq!(fields.flag("async"), None), json!({"async": ["Must be a valid boolean."]}));
        check(json!({"u": "x"}), |fields| drop(fields.choice("u", &["lb"])), json!({"u": ["\"x\" is not a valid choice."]}));
        check(json!({"u": ""}), |fields| drop(fields.choice("u", &["lb"])), json!({}));
    }
}
