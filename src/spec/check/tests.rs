//! Tables of schemas, values and what is wrong with them.

use serde_json::{Value, json};

use super::apply;
use crate::spec::reading::{self, Blank, EmptyBody, Reading};
use crate::spec::{Catalog, Violation};

/// A document with one operation that takes and answers a body of that schema.
fn catalog(schema: &Value) -> Catalog {
    let content = json!({ "application/json": { "schema": schema } });
    let document = json!({
        "openapi": "3.0.3",
        "info": { "title": "t", "version": "1" },
        "paths": { "/a": { "post": {
            "operationId": "a",
            "parameters": [{ "name": "n", "in": "query", "required": true, "schema": { "type": "integer", "minimum": 1 } }],
            "requestBody": { "required": true, "content": content },
            "responses": { "200": { "description": "d", "content": content } }
        } } },
        "components": { "schemas": {
            "Tree": { "type": "object", "required": ["value"], "properties": {
                "value": { "type": "integer" },
                "children": { "type": "array", "items": { "$ref": "#/components/schemas/Tree" } }
            } },
            "Twice": { "type": "object", "properties": { "n": { "oneOf": [
                { "$ref": "#/components/schemas/Twice" }, { "$ref": "#/components/schemas/Twice" }] } } },
            "Both": { "type": "object", "properties": { "n": { "allOf": [
                { "$ref": "#/components/schemas/Both" }, { "$ref": "#/components/schemas/Both" }] } } },
            "Cat": { "type": "object", "required": ["kind", "lives"], "properties": {
                "kind": { "type": "string" }, "lives": { "type": "integer" } } },
            "Dog": { "type": "object", "required": ["kind", "bark"], "properties": {
                "kind": { "type": "string" }, "bark": { "type": "string" } } }
        } }
    });
    Catalog::load("t", &document.to_string(), false).expect("an OpenAPI document")
}

/// Violations as `path: Rule`.
fn summaries(violations: &[Violation]) -> Vec<String> {
    let name = |row: &Violation| format!("{:?}", row.rule).split(['(', ' ']).next().unwrap_or_default().to_owned();
    violations.iter().map(|row| format!("{}: {}", row.dotted(), name(row))).collect()
}

fn check(schema: &Value, value: Value, expected: &[&str]) {
    let catalog = catalog(schema);
    assert_eq!(summaries(&catalog.operations()[0].check_answer(200, Some(&value))), expected, "{value} against {schema}");
}

/// Checks a body as a vendor reads it; what the vendor makes of it.
fn check_read(reading: &Reading, schema: &Value, value: Value, expected: &[&str], normalized: Value) {
    let catalog = catalog(schema);
    let found = catalog.operations()[0].check_body(&value, reading);
    assert_eq!(summaries(&found.violations), expected, "{value} against {schema}");
    let mut body = value;
    apply(&mut body, found.changes);
    assert_eq!(body, normalized);
}

#[test]
fn schemas_that_double_at_each_level_come_to_an_end() {
    let nested = (0..100).fold(json!({ "k": 1 }), |inner, _| json!({ "n": inner }));
    for name in ["Twice", "Both"] {
        let catalog = catalog(&json!({ "$ref": format!("#/components/schemas/{name}") }));
        let found = catalog.operations()[0].check_answer(200, Some(&nested));
        assert!(found.len() <= usize::from(name == "Twice"), "{found:?}");
    }
}

#[test]
fn texts_and_numbers_have_their_limits() {
    let text = json!({ "type": "string", "minLength": 2, "maxLength": 3, "pattern": "^é" });
    check(&text, json!("éa"), &[]);
    check(&text, json!("é"), &[": MinLength"]);
    check(&text, json!("aééé"), &[": MaxLength", ": Pattern"]);
    check(&text, json!(5), &[": Type"]);
    let number = json!({ "type": "number", "minimum": 0, "exclusiveMinimum": true, "maximum": 2.5, "multipleOf": 0.1 });
    check(&number, json!(0.3), &[]);
    check(&number, json!(2.5), &[]);
    check(&number, json!(0), &[": Minimum"]);
    check(&number, json!(2.55), &[": Maximum", ": MultipleOf"]);
    check(&json!({ "type": "integer", "minimum": 1 }), json!(-0.5), &[": Type", ": Minimum"]);
    check(&json!({ "type": "integer" }), json!(2.0), &[]);
    check(&json!({ "type": "integer", "format": "int32" }), json!(2_147_483_648_i64), &[": Format"]);
    check(&json!({ "type": "string", "format": "uuid" }), json!("x"), &[": Format"]);
}

#[test]
fn null_has_to_be_allowed() {
    check(&json!({ "type": "string" }), json!(null), &[": Null"]);
    check(&json!({ "type": "string", "nullable": true, "enum": ["a"] }), json!(null), &[]);
    check(&json!({ "nullable": true, "allOf": [{ "$ref": "#/components/schemas/Cat" }] }), json!(null), &[]);
    check(&json!({}), json!(null), &[]);
}

#[test]
fn an_enumeration_speaks_for_itself() {
    check(&json!({ "type": "string", "enum": ["a", "b"], "minLength": 1 }), json!("c"), &[": Enum"]);
    check(&json!({ "type": "string", "enum": ["a"] }), json!(5), &[": Enum"]);
    check(&json!({ "type": "number", "enum": [1] }), json!(1.0), &[]);
    check(&json!({ "enum": [{ "a": 1 }, null] }), json!({ "a": 1 }), &[]);
}

#[test]
fn violations_come_in_the_order_of_the_document() {
    let schema = json!({
        "type": "object", "required": ["z", "a", "extra"], "additionalProperties": false, "minProperties": 5,
        "properties": {
            "z": { "type": "string" },
            "rows": { "type": "array", "minItems": 3, "uniqueItems": true, "items": {
                "type": "object", "required": ["n"], "properties": { "n": { "type": "integer" } } } },
            "a": { "type": "boolean" }
        }
    });
    let value = json!({ "a": 1, "unknown": 1, "rows": [{ "n": "x" }, { "n": "x" }] });
    check(
        &schema,
        value,
        &[
            ": MinProperties",
            "z: Required",
            "rows: MinItems",
            "rows: UniqueItems",
            "rows.0.n: Type",
            "rows.1.n: Type",
            "a: Type",
            "extra: Required",
            "unknown: Unknown",
        ],
    );
    check(
        &json!({ "type": "object", "additionalProperties": { "type": "integer" }, "maxProperties": 1 }),
        json!({ "a": 1, "b": "" }),
        &[": MaxProperties", "b: Type"],
    );
}

#[test]
fn recursive_schemas_are_followed() {
    let tree = json!({ "$ref": "#/components/schemas/Tree" });
    check(&tree, json!({ "value": 1, "children": [{ "value": 2, "children": [] }] }), &[]);
    check(&tree, json!({ "value": 1, "children": [{ "value": 2, "children": [{}] }] }), &["children.0.children.0.value: Required"]);
}

#[test]
fn the_closest_alternative_speaks() {
    let either = json!({ "anyOf": [{ "type": "string", "minLength": 2 }, { "$ref": "#/components/schemas/Cat" }] });
    check(&either, json!("ab"), &[]);
    check(&either, json!("a"), &[": MinLength"]);
    check(&either, json!({ "kind": "cat" }), &["lives: Required"]);
    check(&either, json!(5), &[": AnyOf"]);
    let one = json!({ "oneOf": [{ "type": "integer" }, { "type": "number", "maximum": 5 }] });
    check(&one, json!(7), &[]);
    check(&one, json!(3), &[": OneOf"]);
    check(&json!({ "not": { "type": "integer" } }), json!(3), &[": Not"]);
    check(&json!({ "allOf": [{ "type": "integer", "minimum": 3 }, { "maximum": 1 }] }), json!(2), &[": Minimum", ": Maximum"]);
    let animal = json!({
        "oneOf": [{ "$ref": "#/components/schemas/Cat" }, { "$ref": "#/components/schemas/Dog" }],
        "discriminator": { "propertyName": "kind", "mapping": { "cat": "#/components/schemas/Cat" } }
    });
    check(&animal, json!({ "kind": "cat", "bark": "no" }), &["lives: Required"]);
    check(&animal, json!({ "kind": "Dog" }), &["bark: Required"]);
    check(&animal, json!({ "kind": "fish" }), &["kind: Enum"]);
    check(&animal, json!({ "bark": 1 }), &["kind: Required"]);
}

#[test]
fn values_are_read_as_the_vendor_reads_them() {
    let lenient = Reading {
        text: reading::digits,
        number: |value| value.as_str()?.parse().ok(),
        integer: |value| value.as_str()?.parse().ok(),
        flag: |value| value.as_u64().map(|number| number == 1),
        trims: true,
        blank: Blank::Null,
        null_is_missing: true,
        rules_by_path: true,
        empty_body: EmptyBody::Anything,
        formats: &[("even", |text| text.len().is_multiple_of(2))],
        ..Reading::STRICT
    };
    let schema = json!({
        "type": "object", "required": ["name", "tree"],
        "properties": {
            "name": { "type": "string", "maxLength": 3, "format": "even" },
            "weight": { "type": "number" },
            "count": { "type": "integer", "minimum": 1 },
            "flag": { "type": "boolean" },
            "tree": { "$ref": "#/components/schemas/Tree" },
            "note": { "type": "string" }
        }
    });
    let sent = json!({ "name": 12, "weight": " 1.5 ", "count": "2", "flag": 1, "tree": { "value": "7" }, "note": "  " });
    let read = json!({ "name": "12", "weight": 1.5, "count": 2, "flag": true, "tree": { "value": 7 }, "note": null });
    check_read(&lenient, &schema, sent, &[], read);
    let wrong = json!({ "name": " ", "count": "0.5", "tree": null });
    let expected = ["name: Required", "count: Type", "count: Minimum", "tree: Required", "tree.value: Required"];
    check_read(&lenient, &schema, wrong, &expected, json!({ "name": " ", "count": "0.5", "tree": null }));
    check_read(
        &lenient,
        &schema,
        json!({ "name": [1], "tree": { "value": 1 } }),
        &["name: Format"],
        json!({ "name": [1], "tree": { "value": 1 } }),
    );
    check_read(&lenient, &schema, json!(5), &["name: Required", "tree: Required", "tree.value: Required"], json!({}));
    check_read(
        &lenient,
        &schema,
        json!({ "name": "abc", "tree": { "value": 1 } }),
        &["name: Format"],
        json!({ "name": "abc", "tree": { "value": 1 } }),
    );
}

#[test]
fn lists_and_objects_are_one_in_php() {
    let php = Reading { lists_are_objects: true, blank: Blank::PassesAsNull, ..Reading::STRICT };
    let schema = json!({
        "type": "object",
        "properties": {
            "tree": { "$ref": "#/components/schemas/Tree" },
            "map": { "type": "object" },
            "rows": { "type": "array", "minItems": 1, "items": {} },
            "note": { "type": "string", "nullable": true },
            "size": { "type": "integer", "nullable": true }
        }
    });
    check_read(
        &php,
        &schema,
        json!({ "tree": [1], "rows": {} }),
        &["tree.value: Required", "rows: MinItems"],
        json!({ "tree": {}, "rows": [] }),
    );
    check_read(&php, &schema, json!({ "map": ["a", null] }), &[], json!({ "map": { "0": "a", "1": null } }));
    check_read(&php, &schema, json!({ "note": "", "size": "" }), &[], json!({ "note": "", "size": null }));
    check_read(&php, &schema, json!({ "note": [], "rows": "" }), &["rows: Null"], json!({ "note": null, "rows": "" }));
}

#[test]
fn rules_by_path_look_at_members_and_see_emptiness_where_something_is_needed() {
    let laravel = Reading { trims: true, blank: Blank::Null, lists_are_objects: true, rules_by_path: true, ..Reading::STRICT };
    let schema = json!({
        "type": "object", "required": ["tree", "rows"],
        "properties": {
            "tree": { "$ref": "#/components/schemas/Tree" },
            "rows": { "type": "array", "items": { "$ref": "#/components/schemas/Tree" } },
            "secret": { "type": "string", "format": "password" },
            "note": { "type": "string", "nullable": true },
            "map": { "type": "object", "nullable": true },
            "count": { "type": "integer", "format": "int64", "nullable": true }
        }
    });
    let sent = json!({ "tree": { "value": 1 }, "rows": [null, "x", [], {}], "note": " ", "map": [] });
    let missing = ["rows.0.value: Required", "rows.1.value: Required", "rows.2.value: Required", "rows.3.value: Required"];
    let read = json!({ "tree": { "value": 1 }, "rows": [{}, {}, {}, {}], "note": null, "map": {} });
    check_read(&laravel, &schema, sent, &missing, read);
    let empty = json!({ "tree": [], "rows": {}, "secret": "  ", "note": {}, "count": 1_u64 << 63 });
    let expected = ["tree: Null", "tree.value: Required", "rows: Null", "secret: Null", "note: Type", "count: Format"];
    check_read(&laravel, &schema, empty.clone(), &expected, empty);
    let whole = json!({ "tree": { "value": 1 }, "rows": [{ "value": 1 }], "secret": " x " });
    check_read(&laravel, &schema, whole.clone(), &[], whole);
    check_read(&laravel, &schema, json!([1]), &["tree: Required", "tree.value: Required", "rows: Required"], json!({}));
}

#[test]
fn a_query_comes_as_text() {
    let catalog = catalog(&json!({}));
    let found = |pairs: &[(&str, &str)]| {
        let pairs: Vec<(String, String)> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        summaries(&catalog.operations()[0].check_query(&pairs, &Reading::STRICT))
    };
    assert_eq!(found(&[]), ["n: Required"]);
    assert_eq!(found(&[("n", "x"), ("n", "2")]), [""; 0]);
    assert_eq!((found(&[("n", "0")]), found(&[("n", "x")])), (vec!["n: Minimum".to_owned()], vec!["n: Type".to_owned()]));
}

#[test]
fn complaints_are_capped() {
    let rows = vec![json!(1); 10_000];
    let catalog = catalog(&json!({ "type": "array", "items": { "type": "string" } }));
    assert_eq!(catalog.operations()[0].check_answer(200, Some(&rows.into())).len(), 100);
}

#[test]
fn an_undeclared_status_is_a_violation_and_a_broken_reference_an_error() {
    assert_eq!(summaries(&catalog(&json!({})).operations()[0].check_answer(418, None)), [": Other"]);
    let document = json!({ "openapi": "3.0.3", "info": { "title": "t", "version": "1" }, "paths": { "/a": { "get": { "operationId": "a",
        "responses": { "200": { "description": "d", "content": { "application/json": {
            "schema": { "$ref": "#/components/schemas/No" } } } } } } } } });
    let error = Catalog::load("t", &document.to_string(), false).err().map(|error| error.to_string());
    assert_eq!(error.as_deref(), Some("the document of `t` refers to `#/components/schemas/No`, which is not there"));
}

#[test]
fn typed_languages_hold_what_they_declare() {
    let schema = json!({
        "type": "object",
        "x-check-order": ["last"],
        "required": ["first", "last"],
        "additionalProperties": false,
        "properties": {
            "first": { "type": "number" },
            "flag": { "type": "boolean" },
            "last": { "type": "string", "minLength": 1 },
            "rows": { "type": "array", "items": { "type": "number" } }
        }
    });
    let check = |body: Value, arranged: &str, expected: &[&str]| {
        let catalog = catalog(&schema);
        let (operation, mut body) = (&catalog.operations()[0], body);
        operation.arrange_body(&mut body, &Reading { typed: true, ..Reading::STRICT });
        assert_eq!(body.to_string(), arranged);
        assert_eq!(summaries(&operation.check_body(&body, &Reading::STRICT).violations), expected);
    };
    check(
        json!({"rows": [1, null, 2.5], "last": "", "flag": " ", "first": 10}),
        r#"{"first":10.0,"last":"","rows":[1.0,2.5]}"#,
        &["last: MinLength"],
    );
    check(json!({"other": null, "first": null}), r#"{"other":null}"#, &["last: Required", "first: Required", "other: Unknown"]);
}

#[test]
fn handlers_see_neither_members_that_count_as_not_sent_nor_other_spellings() {
    let reading = Reading {
        null_is_missing: true,
        formats: &[("country", |text| text == "DE" || text == "Germany")],
        spellings: &[("country", |text| (text != "DE").then(|| "DE".to_owned()))],
        ..Reading::STRICT
    };
    let text = |nullable: bool| json!({ "type": "string", "format": "country", "nullable": nullable });
    let schema = json!({ "type": "object", "properties": { "a": text(false), "b": text(true), "c": text(false) } });
    check_read(&reading, &schema, json!({"a": null, "b": null, "c": "Germany"}), &[], json!({"b": null, "c": "DE"}));
    check_read(&reading, &schema, json!({"a": "DE", "b": "FR"}), &["b: Format"], json!({"a": "DE", "b": "FR"}));
}

#[test]
fn parameters_of_the_path_are_checked_and_an_operation_may_be_strict_about_types() {
    let schema = json!({ "type": "string" });
    let document = json!({ "openapi": "3.0.3", "info": { "title": "t", "version": "1" }, "paths": { "/a/{id}": { "post": {
        "operationId": "a",
        "x-strict-types": true,
        "parameters": [{ "name": "id", "in": "path", "required": true, "schema": { "type": "integer", "minimum": 1 } }],
        "requestBody": { "content": { "application/json": { "schema": schema } } },
        "responses": { "200": { "description": "d" } }
    } } } });
    let catalog = Catalog::load("t", &document.to_string(), false).expect("an OpenAPI document");
    let operation = &catalog.operations()[0];
    let found = |id: &str| summaries(&operation.check_path(&[("id".to_owned(), id.to_owned())], &Reading::STRICT));
    assert_eq!([found("7"), found("0"), found("x")], [vec![], vec!["id: Minimum".to_owned()], vec!["id: Type".to_owned()]]);
    let lenient = Reading { text: reading::digits, ..Reading::STRICT };
    assert_eq!(summaries(&operation.check_body(&json!(5), &lenient).violations), [": Type"]);
}

#[test]
fn members_are_spelled_as_the_document_spells_them() {
    let schema = json!({"type": "object", "properties": {
        "orderId": {"type": "integer"},
        "items": {"type": "array", "items": {"type": "object", "properties": {"SKU": {"type": "string"}}}}
    }});
    let catalog = catalog(&schema);
    let mut body = json!({"OrderID": 1, "ITEMS": [{"sku": "a", "Other": 2}, 3], "orderid": 4});
    catalog.operations()[0].arrange_body(&mut body, &Reading { any_case: true, ..Reading::STRICT });
    assert_eq!(body, json!({"orderId": 4, "items": [{"SKU": "a", "Other": 2}, 3]}));
}
