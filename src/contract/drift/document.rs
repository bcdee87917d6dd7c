//! An OpenAPI document of 3.0 or 3.1 as a comparison sees it: operations, and what schemas allow.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::Value;

use super::DocumentError;

/// How many references may follow each other, and how deep schemas may be composed.
const DEEPEST: usize = 32;

const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

pub(super) struct Document<'d> {
    root: &'d Value,
    /// The path that its servers have in front of all of its paths.
    prefix: String,
}

pub(super) struct Operation<'d> {
    /// Method and path as the document writes them.
    pub name: String,
    pub value: &'d Value,
    shared: Option<&'d Value>,
}

/// What a schema allows, with all that it is composed of.
#[derive(Clone, Debug, Default)]
pub(super) struct Allowed<'d> {
    /// Types but null; none when any is allowed.
    pub types: BTreeSet<&'d str>,
    pub null: bool,
    pub members: IndexMap<&'d str, Member<'d>>,
    pub required: BTreeSet<&'d str>,
    /// The values of an enumeration.
    pub words: Option<BTreeSet<String>>,
    pub items: Option<&'d Value>,
    /// The narrowest limits that hold in any case, by their keywords.
    pub limits: BTreeMap<&'static str, f64>,
    /// Whether members that it does not name are forbidden.
    closed: bool,
}

/// A member of an object, with the name of the schema that declares it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member<'d> {
    pub schema: &'d Value,
    pub owner: Option<&'d str>,
}

impl<'d> Document<'d> {
    pub fn new(root: &'d Value, is_published: bool) -> Result<Self, DocumentError> {
        let version = root["openapi"].as_str().unwrap_or_default();
        if !version.starts_with("3.0") && !version.starts_with("3.1") {
            return Err(DocumentError::Version { version: root["openapi"].clone(), is_published });
        }
        if !root["paths"].is_object() {
            return Err(DocumentError::NoPaths { is_published });
        }
        let server: Option<http::Uri> = root["servers"][0]["url"].as_str().and_then(|url| url.parse().ok());
        let prefix = server.filter(|url| url.scheme().is_some()).map(|url| url.path().trim_end_matches('/').to_owned());
        Ok(Self { root, prefix: prefix.unwrap_or_default() })
    }

    /// What a reference refers to; anything else is itself. With the name of a schema that has one.
    pub fn resolve(&self, value: &'d Value) -> (&'d Value, Option<&'d str>) {
        let (mut found, mut name) = (value, None);
        for _ in 0..DEEPEST {
            let Some(reference) = found["$ref"].as_str() else { break };
            name = reference.strip_prefix("#/components/schemas/").or(name);
            let Some(next) = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer)) else { break };
            found = next;
        }
        (found, name)
    }

    /// The operations by method and path, in which names of parameters make no difference.
    pub fn operations(&self) -> BTreeMap<String, Operation<'d>> {
        let mut found = BTreeMap::new();
        for (path, item) in self.root["paths"].as_object().into_iter().flatten() {
            let (item, _) = self.resolve(item);
            let path = format!("{}{path}", self.prefix);
            let shape: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
            let shape: Vec<&str> = shape.into_iter().map(|part| if part.starts_with('{') { "{}" } else { part }).collect();
            for method in METHODS.iter().filter(|method| item[**method].is_object()) {
                let name = format!("{} {}", method.to_uppercase(), path);
                let operation = Operation { name, value: &item[*method], shared: item.get("parameters") };
                found.entry(format!("{method} {}", shape.join("/"))).or_insert(operation);
            }
        }
        found
    }

    /// The parameters of an operation but those of its path, by place and name.
    pub fn parameters(&self, operation: &Operation<'d>) -> BTreeMap<String, &'d Value> {
        let rows = operation.shared.into_iter().chain(operation.value.get("parameters")).filter_map(Value::as_array).flatten();
        let mut found = BTreeMap::new();
        for row in rows {
            let (row, _) = self.resolve(row);
            let (place, name) = (row["in"].as_str().unwrap_or_default(), row["name"].as_str().unwrap_or_default());
            // Names of headers are the same in any case of their letters.
            let name = if place == "header" { name.to_ascii_lowercase() } else { name.to_owned() };
            if place != "path" {
                found.insert(format!("{place} {name}"), row);
            }
        }
        found
    }

    /// Whether a member is one of requests, or of answers.
    pub fn is_meant(&self, member: &'d Value, is_request: bool) -> bool {
        let other = if is_request { "readOnly" } else { "writeOnly" };
        member[other] != true && self.resolve(member).0[other] != true
    }

    /// The schema of the JSON in a request or an answer.
    pub fn json(&self, holder: &'d Value) -> Option<&'d Value> {
        let (holder, _) = self.resolve(holder);
        let mut content = holder["content"].as_object()?.iter();
        let (_, media) = content.find(|(name, _)| name.contains("json") || *name == "*/*")?;
        media.get("schema")
    }

    /// What a schema allows, by itself and by what it is composed of. `owner` is its name.
    pub fn allowed(&self, schema: &'d Value, owner: Option<&'d str>) -> Allowed<'d> {
        let mut found = Allowed::default();
        self.add(schema, owner, &mut found, 0);
        if found.members.is_empty() && found.types.is_empty() && found.items.is_some() {
            found.types.insert("array");
        }
        found
    }

    fn add(&self, schema: &'d Value, owner: Option<&'d str>, found: &mut Allowed<'d>, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        found.null |= is_nullable(schema);
        let (schema, name) = self.resolve(schema);
        let owner = name.or(owner);
        let types = match &schema["type"] {
            Value::String(kind) => vec![kind.as_str()],
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            _ if schema["properties"].is_object() => vec!["object"],
            _ => Vec::new(),
        };
        found.null |= types.contains(&"null") || is_nullable(schema);
        found.types.extend(types.into_iter().filter(|kind| *kind != "null"));
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            found.members.entry(name).or_insert(Member { schema: member, owner });
        }
        found.closed |= schema["additionalProperties"] == false;
        found.required.extend(schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str));
        let words = schema["enum"].as_array().cloned().or_else(|| schema.get("const").map(|word| vec![word.clone()]));
        if let Some(words) = words {
            found.null |= words.iter().any(Value::is_null);
            let words =
                words.iter().filter(|word| !word.is_null()).map(|word| word.as_str().map_or_else(|| word.to_string(), str::to_owned));
            found.words.get_or_insert_default().extend(words);
        }
        found.items = found.items.or_else(|| schema.get("items"));
        for (keyword, is_least) in LIMITS {
            // Nothing is shorter than nothing.
            let says_nothing = |limit: &f64| *limit == 0.0 && ["minLength", "minItems"].contains(&keyword);
            let Some(limit) = schema[keyword].as_f64().filter(|limit| !says_nothing(limit)) else { continue };
            // In 3.0 a limit is exclusive by a flag beside it, in 3.1 by a keyword of its own.
            let keyword = match keyword {
                "minimum" if schema["exclusiveMinimum"] == true => "exclusiveMinimum",
                "maximum" if schema["exclusiveMaximum"] == true => "exclusiveMaximum",
                own => own,
            };
            let known = found.limits.entry(keyword).or_insert(limit);
            *known = if is_least { known.max(limit) } else { known.min(limit) };
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.add(part, owner, found, depth + 1);
        }
        for key in ["oneOf", "anyOf"] {
            let Some(parts) = schema[key].as_array() else { continue };
            let mut inner = Vec::new();
            for part in parts {
                let mut own = Allowed::default();
                self.add(part, owner, &mut own, depth + 1);
                inner.push(own);
            }
            found.either(inner);
        }
    }
}

/// The keywords that limit numbers, texts and lists, and whether they are the least that may be.
pub(super) const LIMITS: [(&str, bool); 8] = [
    ("minimum", true),
    ("exclusiveMinimum", true),
    ("maximum", false),
    ("exclusiveMaximum", false),
    ("minLength", true),
    ("maxLength", false),
    ("minItems", true),
    ("maxItems", false),
];

/// Whether a schema says that null is allowed: in the words of 3.0, or in those of the tools before it.
pub(super) fn is_nullable(schema: &Value) -> bool {
    schema["nullable"] == true || schema["x-nullable"] == true
}

impl<'d> Allowed<'d> {
    /// Whether it may be an object of any members.
    pub fn is_free(&self) -> bool {
        self.members.is_empty() && !self.closed && self.may_be("object")
    }

    pub fn may_be(&self, kind: &str) -> bool {
        self.types.is_empty() || self.types.contains(kind)
    }

    /// Adds alternatives: each may be there, and what all of them need is needed.
    fn either(&mut self, alternatives: Vec<Self>) {
        let needed =
            alternatives.iter().filter(|row| !row.types.is_empty()).map(|row| row.required.clone()).reduce(|one, other| &one & &other);
        self.required.extend(needed.unwrap_or_default());
        let texts: Vec<&Self> = alternatives.iter().filter(|row| row.types.contains("string") || row.words.is_some()).collect();
        if !texts.is_empty() && texts.iter().all(|row| row.words.is_some()) {
            self.words.get_or_insert_default().extend(texts.iter().flat_map(|row| row.words.clone().unwrap_or_default()));
        }
        for row in alternatives {
            self.null |= row.null;
            self.types.extend(row.types);
            for (name, member) in row.members {
                self.members.entry(name).or_insert(member);
            }
            self.items = self.items.or(row.items);
        }
    }
}
