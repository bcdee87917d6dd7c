//! What a typed language holds of a value: see [`Reading::typed`](crate::spec::Reading) and [`Reading::any_case`](crate::spec::Reading).

use serde_json::{Number, Value};

use crate::spec::schema::{JsonType, SchemaId, Schemas};

/// Arranges a value as its schema has it. What is not of the schema's type is left to the checker.
pub(super) fn arrange(schemas: &Schemas, id: SchemaId, value: &mut Value) {
    match value {
        Value::Object(members) => {
            let rows = std::mem::take(members).into_iter();
            let mut rows: Vec<_> = rows.map(|(name, value)| (schemas.declared(id, &name), name, value)).collect();
            rows.sort_by_key(|(declared, ..)| declared.map_or(usize::MAX, |(position, _)| position));
            for (declared, name, mut value) in rows {
                // What nobody declared stays for the checker to complain of.
                if let Some((_, id)) = declared {
                    if is_nothing(schemas, id, &value) {
                        continue;
                    }
                    arrange(schemas, id, &mut value);
                }
                members.insert(name, value);
            }
        }
        Value::Array(rows) => {
            rows.retain(|row| !row.is_null());
            if let Some(element) = schemas.element(id) {
                rows.iter_mut().for_each(|row| arrange(schemas, element, row));
            }
        }
        Value::Number(number) if schemas[id].json_type == Some(JsonType::Number) => {
            *number = number.as_f64().and_then(Number::from_f64).unwrap_or_else(|| number.clone());
        }
        _ => {}
    }
}

/// Spells members as the document does, whatever the case of their letters. Of those that become one the last counts.
pub(super) fn spell(schemas: &Schemas, id: SchemaId, value: &mut Value) {
    match value {
        Value::Object(members) => {
            let is_declared = |name: &String| schemas.declared(id, name).is_some();
            if !members.keys().all(is_declared) {
                let rows = std::mem::take(members).into_iter();
                members.extend(rows.map(|(name, value)| (schemas.spelled(id, &name).map_or(name, str::to_owned), value)));
            }
            for (name, member) in members {
                if let Some((_, id)) = schemas.declared(id, name) {
                    spell(schemas, id, member);
                }
            }
        }
        Value::Array(rows) => {
            if let Some(element) = schemas.element(id) {
                rows.iter_mut().for_each(|row| spell(schemas, element, row));
            }
        }
        _ => {}
    }
}

/// Whether a value is null, or a blank text where none is expected.
fn is_nothing(schemas: &Schemas, id: SchemaId, value: &Value) -> bool {
    let takes_no_text = matches!(schemas[id].json_type, Some(JsonType::Number | JsonType::Integer | JsonType::Boolean));
    value.is_null() || (takes_no_text && value.as_str().is_some_and(|text| text.trim().is_empty()))
}
