//! Schema Objects: the keywords of 3.1 (JSON Schema 2020-12) in those of 3.0.

use serde_json::{Map, Number, Value, json};

use super::{BYTES_PER_VALUE, MOST_PATTERN_BYTES, Reader};
use crate::base::patterns::{LARGE, LONGEST, MOST_PLACES, Unfit};
use crate::scenario::error::suggestion;
use crate::scenario::node::{Kind, Node};
use crate::spec;

/// Keywords that say something about values, and are not held against them.
const NOT_JUDGED: [&str; 13] = [
    "if",
    "then",
    "else",
    "dependentSchemas",
    "dependentRequired",
    "patternProperties",
    "propertyNames",
    "contains",
    "minContains",
    "maxContains",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
];
/// Keywords without which a schema means something else.
const NOT_READ: [&str; 3] = ["$dynamicRef", "$recursiveRef", "$dynamicAnchor"];
const TYPES: [&str; 7] = ["string", "number", "integer", "boolean", "array", "object", "null"];
/// Extensions that mean something here.
const EXTENSIONS: [&str; 2] = ["x-any-case", "x-seatrial-parcel"];

type Members = Map<String, Value>;

impl<'d> Reader<'d> {
    pub(super) fn schema(&mut self, node: &'d Node) -> Value {
        if !self.takes(node, 1) {
            return json!({});
        }
        match &node.kind {
            Kind::Bool(true) => json!({}),
            Kind::Bool(false) => json!({"not": {}}),
            Kind::Map(_) => match node.get("$ref") {
                Some(reference) => self.referring(node, reference),
                None => self.keywords(node),
            },
            _ => {
                self.problem("S300", node.span, format!("{} where a schema is expected", node.found())).help("a schema is a mapping");
                json!({})
            }
        }
    }

    /// A reference to a component, and in 3.1 what stands beside it.
    fn referring(&mut self, node: &'d Node, reference: &'d Node) -> Value {
        let Some(name) = self.component(reference) else { return json!({}) };
        let target = json!({"$ref": format!("#/components/schemas/{name}")});
        let says_nothing = ["$ref", "description", "summary", "title", "example", "examples", "$comment", "deprecated", "externalDocs"];
        let is_alone = node.members().iter().all(|member| says_nothing.contains(&&*member.key.value) || member.key.value.starts_with("x-"));
        if !self.is_newer || is_alone {
            return target;
        }
        let mut beside = self.keywords(node);
        let Some(members) = beside.as_object_mut() else { return target };
        match members.entry("allOf").or_insert_with(|| json!([])) {
            Value::Array(parts) => parts.push(target),
            _ => return target,
        }
        beside
    }

    /// The component that a reference leads to; a schema that stands elsewhere becomes one.
    fn component(&mut self, reference: &'d Node) -> Option<String> {
        let target = self.target(reference)?;
        let Kind::Text(text) = &reference.kind else { return None };
        let name = text.strip_prefix("#/components/schemas/").filter(|name| !name.contains(['/', '~', '%']));
        if let Some(name) = name {
            return Some(name.to_owned());
        }
        if let Some(name) = self.hoisted.get(text) {
            return Some(name.clone());
        }
        let name = format!("seatrial.{}", self.hoisted.len());
        self.hoisted.insert(text.clone(), name.clone());
        self.pending.push((name.clone(), target));
        Some(name)
    }

    fn keywords(&mut self, node: &'d Node) -> Value {
        let mut out = Members::new();
        let mut is_nullable = false;
        for member in node.members() {
            let (name, value) = (member.key.value.as_str(), &member.value);
            match name {
                "type" => is_nullable |= self.types(value, &mut out),
                "nullable" => is_nullable |= value.is_true(),
                "const" => drop(out.insert("enum".to_owned(), json!([self.copy(value)]))),
                "enum" | "example" | "default" => drop(out.insert(name.to_owned(), self.copy(value))),
                "examples" => {
                    if let Some(first) = value.items().first() {
                        let first = self.copy(first);
                        out.entry("example").or_insert(first);
                    }
                }
                "exclusiveMinimum" | "exclusiveMaximum" => {
                    let limit = if name == "exclusiveMinimum" { "minimum" } else { "maximum" };
                    match &value.kind {
                        Kind::Bool(flag) => drop(out.insert(name.to_owned(), (*flag).into())),
                        Kind::Number(number) => {
                            out.insert(limit.to_owned(), Value::Number(number.clone()));
                            out.insert(name.to_owned(), true.into());
                        }
                        _ => self.wrong(value, "a number"),
                    }
                }
                "minimum" | "maximum" if out.get(&format!("exclusiveM{}", &name[1..])) == Some(&Value::Bool(true)) && self.is_newer => {}
                "minimum" | "maximum" | "multipleOf" => match &value.kind {
                    Kind::Number(number) => drop(out.insert(name.to_owned(), Value::Number(number.clone()))),
                    _ => self.wrong(value, "a number"),
                },
                "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" => match count(value) {
                    Some(count) => drop(out.insert(name.to_owned(), count.into())),
                    None => self.wrong(value, "a whole number"),
                },
                "uniqueItems" | "readOnly" | "writeOnly" | "deprecated" => drop(out.insert(name.to_owned(), value.is_true().into())),
                "pattern" | "format" if self.takes_all(value) => {
                    if name == "pattern" {
                        self.pattern(value);
                    }
                    out.insert(name.to_owned(), value.scalar().into());
                }
                "required" if self.takes_all(value) => {
                    let names: Vec<Value> = value.items().iter().map(|name| name.scalar().into()).collect();
                    if !names.is_empty() {
                        out.insert(name.to_owned(), names.into());
                    }
                }
                "properties" => {
                    let mut rows = Members::new();
                    for row in value.members() {
                        if self.takes(&row.value, row.key.value.len() / BYTES_PER_VALUE) {
                            rows.insert(row.key.value.clone(), self.schema(&row.value));
                        }
                    }
                    out.insert(name.to_owned(), rows.into());
                }
                "items" => drop(out.insert(name.to_owned(), if value.items().is_empty() { self.schema(value) } else { self.tuple(value) })),
                "prefixItems" => {
                    let tuple = self.tuple(value);
                    out.entry("items").or_insert(tuple);
                }
                "additionalProperties" => {
                    let rest = if let Kind::Bool(flag) = value.kind { flag.into() } else { self.schema(value) };
                    out.insert(name.to_owned(), rest);
                }
                "allOf" | "anyOf" | "oneOf" => is_nullable |= self.list(name, value, &mut out),
                "not" => drop(out.insert(name.to_owned(), self.schema(value))),
                "discriminator" if self.takes_all(value) => self.discriminator(value, &mut out),
                "x-seatrial-parcel" => {
                    self.parcel(node, value);
                    out.insert(name.to_owned(), self.copy(value));
                }
                name if EXTENSIONS.contains(&name) => drop(out.insert(name.to_owned(), self.copy(value))),
                name if NOT_READ.contains(&name) => {
                    let help = "say it with `$ref` and `components.schemas`";
                    self.problem("S302", member.key.span, format!("`{name}` is not read")).help(help);
                }
                name if NOT_JUDGED.contains(&name) && self.told.insert(name.to_owned()) => {
                    let help = "all values pass that the rest of the schema takes";
                    self.problem("S305", member.key.span, format!("`{name}` is not held against values")).help(help);
                }
                name => self.extension(name, member.key.span, "x-seatrial-parcel"),
            }
        }
        if is_nullable {
            out.insert("nullable".to_owned(), true.into());
        }
        out.into()
    }

    /// Tells a pattern that is too large, and one that is not held against texts.
    fn pattern(&mut self, value: &'d Node) {
        let Kind::Text(text) = &value.kind else { return };
        if self.pattern_bytes > MOST_PATTERN_BYTES || !self.patterns.insert(text) {
            return;
        }
        let bytes = match spec::compile(text) {
            Ok(pattern) => pattern.bytes,
            Err(Unfit::TooLarge) => {
                let message = format!("pattern of {} bytes is too large", text.len());
                self.problem("S306", value.span, message).help(format!(
                    "at most {LONGEST} bytes, {} places and {} KiB once it is compiled",
                    MOST_PLACES,
                    LARGE >> 10
                ));
                LARGE
            }
            Err(Unfit::Unread(why)) => {
                if self.told.insert("pattern".to_owned()) {
                    let message = format!("pattern is not held against values: {why}");
                    self.problem("S305", value.span, message).help("all values pass that the rest of the schema takes");
                }
                0
            }
        };
        let before = self.pattern_bytes;
        self.pattern_bytes += bytes;
        if before <= MOST_PATTERN_BYTES && self.pattern_bytes > MOST_PATTERN_BYTES {
            let message = format!("patterns that take more than {} MiB together once they are compiled", MOST_PATTERN_BYTES >> 20);
            self.problem("S306", value.span, message).help("mount the part of the document that your client calls");
        }
    }

    /// One type, or several; whether `null` is one of them.
    fn types(&mut self, value: &'d Node, out: &mut Members) -> bool {
        let rows = if value.is_collection() { value.items() } else { std::slice::from_ref(value) };
        let names: Vec<String> = rows.iter().map(Node::scalar).collect();
        for (row, name) in rows.iter().zip(&names) {
            if !TYPES.contains(&&**name) {
                self.problem("S300", row.span, format!("unknown type `{name}`")).help(suggestion(name, &TYPES));
                return false;
            }
        }
        let others: Vec<&String> = names.iter().filter(|name| *name != "null").collect();
        match &others[..] {
            [] => drop(out.insert("enum".to_owned(), json!([null]))),
            [one] => drop(out.insert("type".to_owned(), (*one).clone().into())),
            several => {
                let parts: Vec<Value> = several.iter().map(|name| json!({"type": name})).collect();
                out.insert("allOf".to_owned(), json!([{"anyOf": parts}]));
            }
        }
        others.len() < names.len()
    }

    /// The parts of a schema; whether one of the alternatives is `null`.
    fn list(&mut self, name: &str, value: &'d Node, out: &mut Members) -> bool {
        let is_null = |part: &&Node| part.get("type").is_some_and(|kind| kind.scalar() == "null");
        let nulls = value.items().iter().filter(|part| name != "allOf" && is_null(part)).count();
        let parts: Vec<&'d Node> = value.items().iter().filter(|part| name == "allOf" || !is_null(part)).collect();
        let parts: Vec<Value> = parts.into_iter().map(|part| self.schema(part)).collect();
        if parts.is_empty() {
            return nulls > 0;
        }
        // One alternative is no choice, and may be null beside it.
        let name = if nulls > 0 && parts.len() == 1 { "allOf" } else { name };
        match out.get_mut(name).and_then(Value::as_array_mut) {
            Some(known) => known.extend(parts),
            None => drop(out.insert(name.to_owned(), parts.into())),
        }
        nulls > 0
    }

    /// The elements of a list that has a schema for each place: any of them.
    fn tuple(&mut self, value: &'d Node) -> Value {
        let parts: Vec<Value> = value.items().iter().map(|part| self.schema(part)).collect();
        if parts.is_empty() { json!({}) } else { json!({"anyOf": parts}) }
    }

    fn discriminator(&mut self, value: &'d Node, out: &mut Members) {
        let Some(property) = value.get("propertyName").map(Node::scalar) else { return };
        let mut mapping = Members::new();
        for row in value.get("mapping").map_or(&[][..], Node::members) {
            let target = row.value.scalar();
            let name = target.strip_prefix("#/components/schemas/").unwrap_or(&target);
            if self.at(&format!("/components/schemas/{name}")).is_some() {
                mapping.insert(row.key.value.clone(), format!("#/components/schemas/{name}").into());
            } else {
                self.problem("S301", row.value.span, format!("`{target}` refers to nothing")).help("name a schema of `components`");
            }
        }
        out.insert("discriminator".to_owned(), json!({"propertyName": property, "mapping": mapping}));
    }

    fn wrong(&mut self, node: &Node, expected: &str) {
        self.problem("S300", node.span, format!("{} here, expected {expected}", node.found())).help("see the specification of JSON Schema");
    }
}

/// A whole number that is not negative, however it is written.
fn count(node: &Node) -> Option<u64> {
    let Kind::Number(number) = &node.kind else { return None };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, not negative and within 53 bits")]
    let whole =
        |number: &Number| number.as_f64().filter(|value| value.fract() == 0.0 && (0.0..9e15).contains(value)).map(|value| value as u64);
    number.as_u64().or_else(|| whole(number))
}
