//! The documents in `specs/`: they load, every schema compiles, every operation has a row, every keyword is understood.

use seatrial::base::time::Timestamp;
use seatrial::engine::{Machine, Options, Start};
use seatrial::vendors;
use serde_json::Value;

fn machine() -> Machine {
    Machine::new(vendors::ALL, Options::default(), Start::plain(Timestamp::UNIX_EPOCH))
}

#[test]
fn every_schema_compiles() {
    for (_, book) in machine().books() {
        book.catalog.compile_all();
    }
}

#[test]
fn every_operation_has_a_row() {
    let gaps: Vec<String> = machine().coverage().into_iter().flat_map(|row| row.gaps).collect();
    assert!(gaps.is_empty(), "operations without behavior: {}", gaps.join(", "));
}

#[test]
fn every_operation_says_how_it_is_known() {
    for (_, book) in machine().books() {
        for operation in book.catalog.operations() {
            let known = ["recorded", "documented", "client", "inferred"].contains(&operation.evidence.as_str());
            assert!(known, "{} has the evidence `{}`", operation.name, operation.evidence);
            assert!(!operation.tag.is_empty(), "{} has no tag", operation.name);
        }
    }
}

#[test]
fn every_keyword_of_every_schema_is_understood() {
    const KNOWN: [&str; 30] = [
        "$ref",
        "type",
        "properties",
        "required",
        "items",
        "enum",
        "format",
        "nullable",
        "description",
        "default",
        "example",
        "minLength",
        "maxLength",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "minItems",
        "maxItems",
        "pattern",
        "additionalProperties",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "title",
        "uniqueItems",
        "minProperties",
        "maxProperties",
        "multipleOf",
    ];
    fn schema(value: &Value, path: &str, unknown: &mut Vec<String>) {
        for (name, member) in value.as_object().into_iter().flatten() {
            if !KNOWN.contains(&name.as_str()) {
                unknown.push(format!("{path}/{name}"));
            }
            match name.as_str() {
                "properties" => {
                    member.as_object().into_iter().flatten().for_each(|(name, member)| schema(member, &format!("{path}/{name}"), unknown))
                }
                "items" | "not" | "additionalProperties" => schema(member, &format!("{path}/{name}"), unknown),
                "allOf" | "anyOf" | "oneOf" => {
                    member.as_array().into_iter().flatten().for_each(|member| schema(member, &format!("{path}/{name}"), unknown))
                }
                _ => {}
            }
        }
    }
    let mut unknown = Vec::new();
    for (vendor, book) in machine().books() {
        let schemas = book.catalog.fragment("/components/schemas").and_then(Value::as_object).expect("a document has schemas");
        schemas.iter().for_each(|(name, value)| schema(value, &format!("{}/{name}", vendor.id), &mut unknown));
    }
    assert!(unknown.is_empty(), "unknown keywords: {}", unknown.join(", "));
}
