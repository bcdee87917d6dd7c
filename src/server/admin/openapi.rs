//! The OpenAPI document of the admin API, made from the table of routes and the types that handlers return.

use http::StatusCode;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::scenario::{Vocabulary, schema};
use crate::server::admin::route::Route;
use crate::server::body::ProblemDocument;

/// The version of the API, which is raised by what `docs/versions.md` says.
pub(crate) const VERSION: &str = "1.0.0";

/// The document of these routes below `root`; scenarios know the vendors of `vocabulary`.
pub(crate) fn document(root: &str, routes: &[Route], vocabulary: &dyn Vocabulary) -> Value {
    let mut answers = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    answers.untagged_enum_variant_titles = false;
    let mut answers = answers.into_generator();
    let bodies = SchemaSettings::draft2020_12().for_deserialize().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut bodies = bodies.into_generator();
    let problem = answers.subschema_for::<ProblemDocument>();
    let mut paths: Map<String, Value> = Map::new();
    for route in routes {
        let path = paths.entry(format!("{root}{}", route.path)).or_insert_with(|| json!({}));
        path[route.method.as_str().to_lowercase()] = operation(route, &mut answers, &mut bodies, problem.as_value());
    }
    let mut schemas = answers.take_definitions(true);
    schemas.values_mut().for_each(close);
    for schema in [schema::of(vocabulary), schema::conversation()] {
        let parts = schema["$defs"].as_object().into_iter().flatten();
        schemas.extend(parts.map(|(name, part)| (name.clone(), part.clone())));
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {"title": "Seatrial admin API", "version": VERSION},
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas,
        },
        "security": [{}, {"token": []}],
    });
    point(&mut document);
    document
}

fn operation(route: &Route, answers: &mut SchemaGenerator, bodies: &mut SchemaGenerator, problem: &Value) -> Value {
    let in_path = route.path.split('/').filter_map(parameter);
    let in_path = in_path.map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}));
    let in_query = route.query.iter();
    let in_query =
        in_query.map(|(name, meaning)| json!({"name": name, "in": "query", "description": meaning, "schema": {"type": "string"}}));
    let parameters: Vec<Value> = in_path.chain(in_query).collect();
    let mut success = json!({"description": route.summary});
    if let Some(schema) = route.answer {
        success["content"] = json!({"application/json": {"schema": schema(answers)}});
        route.formats.iter().for_each(|format| success["content"][format] = json!({"schema": {"type": "string"}}));
    } else if route.success != StatusCode::NO_CONTENT {
        success["content"] = json!({"*/*": {}});
    }
    let refusal = json!({"description": "no", "content": {"application/problem+json": {"schema": problem}}});
    let mut operation = json!({
        "operationId": operation_id(route),
        "summary": route.summary,
        "parameters": parameters,
        "responses": {route.success.as_str(): success, "default": refusal},
    });
    if let Some(other) = route.or {
        operation["responses"][other.as_str()] = operation["responses"][route.success.as_str()].clone();
    }
    if let Some(schema) = route.body {
        operation["requestBody"] = json!({"content": {"application/json": {"schema": schema(bodies)}}});
    }
    operation
}

/// A name for a route: `getSandboxesFaultsByName`. Only a parameter at the end is part of it.
fn operation_id(route: &Route) -> String {
    let mut id = route.method.as_str().to_lowercase();
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    let segments: Vec<&str> = route.path.split(['/', '.']).filter(|segment| !segment.is_empty()).collect();
    for (index, segment) in segments.iter().enumerate() {
        match parameter(segment) {
            None => id.push_str(&capital(segment)),
            Some(name) if index + 1 == segments.len() => id.push_str(&format!("By{}", capital(name))),
            Some(_) => {}
        }
    }
    id
}

/// The name of a segment that is a parameter.
fn parameter(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// Forbids members that a schema does not name, in every object with named members. Branches of an object's `oneOf` share its
/// members, so that they stay open and the object itself is closed. A schema that says what else there may be is left alone.
fn close(schema: &mut Value) {
    let Some(members) = schema.as_object_mut() else { return };
    let has_branches = ["oneOf", "anyOf", "allOf"].iter().any(|name| members.contains_key(*name));
    let is_object = members.contains_key("properties");
    for (name, member) in members.iter_mut() {
        match (name.as_str(), member) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(close),
            ("items" | "additionalProperties", member) => close(member),
            ("oneOf" | "anyOf" | "allOf", Value::Array(branches)) if !is_object => branches.iter_mut().for_each(close),
            ("oneOf" | "anyOf" | "allOf", Value::Array(branches)) => {
                let properties = branches.iter_mut().filter_map(|branch| branch.get_mut("properties")?.as_object_mut());
                properties.flat_map(Map::values_mut).for_each(close);
            }
            _ => {}
        }
    }
    if is_object && !members.contains_key("additionalProperties") {
        members.insert(if has_branches { "unevaluatedProperties" } else { "additionalProperties" }.to_owned(), false.into());
    }
}

/// Turns references into the schema of scenarios, parts of which stand in several places, into references into the document.
fn point(value: &mut Value) {
    match value {
        Value::Array(rows) => rows.iter_mut().for_each(point),
        Value::Object(members) => {
            for own in ["$defs", "$id", "$schema"] {
                members.remove(own);
            }
            for (name, member) in members {
                match member.as_str().and_then(|target| target.strip_prefix("#/$defs/")) {
                    Some(part) if name == "$ref" => *member = format!("#/components/schemas/{part}").into(),
                    _ => point(member),
                }
            }
        }
        _ => {}
    }
}
