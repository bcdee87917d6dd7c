//! The documents in `specs/`: they load, every schema compiles, every operation has a row or is a known gap, every keyword is understood.

use seatrial::base::time::Timestamp;
use seatrial::engine::{Machine, Options, Start};
use seatrial::vendors;
use serde_json::Value;

fn machine() -> Machine {
    Machine::new(vendors::all(), Options::default(), Start::plain(Timestamp::UNIX_EPOCH))
}

#[test]
fn every_format_and_pattern_is_understood() {
    for loaded in machine().vendors().loaded() {
        let unknown = loaded.catalog().unknown_words(&loaded.vendor.reading);
        assert!(unknown.is_empty(), "{}: nobody reads {}", loaded.vendor.id, unknown.join(", "));
    }
}

#[test]
fn operations_without_a_row_are_those_in_the_list_of_gaps() {
    let mut gaps: Vec<String> = machine().vendors().coverage().into_iter().flat_map(|row| row.gaps).collect();
    gaps.sort();
    let listed: Vec<&str> = include_str!("../../specs/gaps.txt").lines().filter(|line| !line.starts_with('#')).collect();
    let unlisted: Vec<_> = gaps.iter().filter(|gap| !listed.contains(&gap.as_str())).collect();
    assert!(unlisted.is_empty(), "these operations have no row: {unlisted:?}");
    assert_eq!(listed, gaps, "the list of gaps is sorted and names no operation that has a row, or that there is not");
}

#[test]
fn every_operation_says_how_it_is_known() {
    for loaded in machine().vendors().loaded() {
        for operation in loaded.catalog().operations() {
            let known = ["recorded", "documented", "client", "inferred"].contains(&operation.evidence.as_str());
            assert!(known, "{} has the evidence `{}`", operation.name, operation.evidence);
            assert!(!operation.tag.is_empty(), "{} has no tag", operation.name);
        }
    }
}

#[test]
fn every_keyword_of_every_schema_is_understood() {
    const KNOWN: [&str; 42] = [
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
        "readOnly",
        "deprecated",
        "discriminator",
        "x-any-case",
        "x-check-order",
        "x-documented",
        "x-java-type",
        "x-net-type",
        "x-net-parameter",
        "x-source",
        "x-stored",
        "x-unprinted",
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
    for vendor in vendors::all() {
        let document: Value = serde_json::from_str(&vendor.spec).expect("a document is JSON");
        let schemas = document["components"]["schemas"].as_object().expect("a document has schemas");
        schemas.iter().for_each(|(name, value)| schema(value, &format!("{}/{name}", vendor.id), &mut unknown));
    }
    assert!(unknown.is_empty(), "unknown keywords: {}", unknown.join(", "));
}
