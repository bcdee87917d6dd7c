//! Takes secrets out of JSON: what stands under the names of secrets, beside them in rows, and below them in tables.

use serde_json::{Map, Value};

use super::places::nested;
use super::values::{Found, REDACTED};

/// Where rows of parameters have their names, and where their values.
const NAMES: [&str; 10] = ["name", "key", "header", "field", "id", "parameter", "param", "attribute", "type", "k"];
const VALUES: [&str; 8] = ["value", "values", "stringvalue", "string_value", "content", "text", "val", "v"];

/// JSON; whether anything was taken out. Texts in it may be JSON again.
pub(super) fn json(value: &mut Value, found: &mut Found) -> bool {
    within("", value, found)
}

/// The same for what stands under a name.
fn within(owner: &str, value: &mut Value, found: &mut Found) -> bool {
    match value {
        Value::Array(rows) => {
            let has_pairs = pairs(rows, found);
            rows.iter_mut().fold(has_pairs, |changed, row| match row.as_array_mut().map(Vec::as_mut_slice) {
                // Parameters as rows: `[["password", "…"]]`.
                Some([Value::String(name), value]) if found.names.is_secret(name) && !name.contains(' ') => hide(value, found) | changed,
                _ => within(owner, row, found) | changed,
            })
        }
        Value::Object(members) => object(owner, members, found),
        Value::String(text) => match nested(text, found) {
            Some(clean) => {
                *text = clean;
                true
            }
            None => false,
        },
        _ => false,
    }
}

/// Parameters one behind the other, `["password", "…", "city", "…"]`. A list of names has no values.
fn pairs(row: &mut [Value], found: &mut Found) -> bool {
    if !row.len().is_multiple_of(2) || row.iter().any(|text| !text.is_string()) {
        return false;
    }
    let is_name = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphabetic() || b"_- ".contains(&byte));
    row.chunks_exact_mut(2).fold(false, |changed, pair| {
        let [Value::String(name), value] = pair else { return changed };
        let is_secret = found.names.is_secret(name) && !name.contains(' ') && value.as_str().is_some_and(|text| !is_name(text));
        (is_secret && hide(value, found)) | changed
    })
}

/// A table as JSON: `{"columns": ["user", "password"], "rows": [["ada", "…"]]}`.
fn table(members: &mut Map<String, Value>, found: &mut Found) -> bool {
    let columns = members.values().filter_map(Value::as_array).find_map(|names| {
        let names: Option<Vec<&str>> = names.iter().map(Value::as_str).collect();
        let secret: Vec<bool> = names?.into_iter().map(|name| found.names.is_secret(name)).collect();
        (secret.len() > 1 && secret.contains(&true)).then_some(secret)
    });
    let Some(columns) = columns else { return false };
    let rows = members.values_mut().filter_map(Value::as_array_mut).flatten().filter_map(Value::as_array_mut);
    let cells = rows.filter(|row| row.len() == columns.len()).flat_map(|row| row.iter_mut().zip(&columns));
    cells.filter(|(_, is_secret)| **is_secret).fold(false, |changed, (cell, _)| hide(cell, found) | changed)
}

fn object(owner: &str, members: &mut Map<String, Value>, found: &mut Found) -> bool {
    let is_table = table(members, found);
    let text = |name: &str| members.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).and_then(|(_, value)| value.as_str());
    // Parameters as rows: `{"name": "password", "value": "…"}`.
    let is_row = NAMES.iter().any(|name| text(name).is_some_and(|name| !name.contains(' ') && found.names.is_secret(name)));
    // Goods are no parameters, whatever they are called.
    let is_row =
        is_row && !members.keys().any(|name| ["quantity", "price", "weight", "sku"].iter().any(|of| name.eq_ignore_ascii_case(of)));
    let names = members.keys().filter(|name| {
        found.names.is_secret_member(owner, members, name) || (is_row && VALUES.iter().any(|value| name.eq_ignore_ascii_case(value)))
    });
    let secrets: Vec<String> = names.cloned().collect();
    members.iter_mut().fold(is_table, |changed, (name, member)| {
        if secrets.contains(name) { hide(member, found) | changed } else { within(name, member, found) | changed }
    })
}

/// Takes a value out, whatever its type; `null`, yes and no, and an empty text say nothing. What a refusal complains of a secret is none.
fn hide(value: &mut Value, found: &mut Found) -> bool {
    if matches!(value, Value::Null | Value::Bool(_)) || value == "" {
        return false;
    }
    if found.in_refusal && is_complaint(value) {
        return json(value, found);
    }
    note(value, found);
    *value = REDACTED.into();
    true
}

/// Whether all texts of a value are sentences.
fn is_complaint(value: &Value) -> bool {
    match value {
        Value::String(text) => is_sentence(text),
        Value::Array(rows) => rows.iter().all(is_complaint),
        Value::Object(members) => members.values().all(is_complaint),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether a text has three words or more, without digits and signs in them.
fn is_sentence(text: &str) -> bool {
    let is_word = |word: &str| {
        word.trim_end_matches(['.', ',', ':', ';', '!', '?']).chars().all(|letter| letter.is_alphabetic() || "'`_-".contains(letter))
    };
    text.split(' ').count() >= 3 && text.split(' ').filter(|word| is_word(word)).count() >= 3
}

fn note(value: &Value, found: &mut Found) {
    match value {
        Value::String(text) => found.add(text),
        Value::Number(number) => found.add(&number.to_string()),
        Value::Array(rows) => rows.iter().for_each(|row| note(row, found)),
        Value::Object(members) => members.values().for_each(|member| note(member, found)),
        Value::Null | Value::Bool(_) => {}
    }
}
