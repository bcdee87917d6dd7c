//! Checking requests and answers against the document; checkers are compiled on first use and kept.

use std::sync::OnceLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Registry, ValidationError, Validator};
use serde_json::{Map, Value, json};

use crate::spec::catalog::{Catalog, Operation, Parameter, ParameterIn};
use crate::spec::lower;

const BASE: &str = "urn:seatrial:spec";

/// One departure of a request or an answer from the document.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// In the body, or in the query.
    pub place: ParameterIn,
    /// Where: names and positions joined by dots, as frameworks print them (`parcels.0.weight`); empty for the whole body.
    pub path: String,
    /// What was expected.
    pub rule: Rule,
}

/// What a violated keyword asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// The member named last in the path is missing.
    Required,
    /// Another JSON type was expected; the first of the allowed ones.
    Type(String),
    /// One of these was expected.
    Enum(Vec<Value>),
    /// The text or list is too short.
    Shorter(u64),
    /// The text or list is too long.
    Longer(u64),
    /// The number is too small (limit, whether the limit itself is excluded).
    Below(Value, bool),
    /// The number is too large (limit, whether the limit itself is excluded).
    Above(Value, bool),
    /// The text does not match.
    Pattern(String),
    /// The text is not of the named format.
    Format(String),
    /// The member named last in the path is not known.
    Unknown,
    /// Another keyword.
    Other(String),
}

/// The raw document and the registry that its validators resolve references in.
pub(super) struct Schemas {
    pub document: Value,
    registry: OnceLock<Registry<'static>>,
}

impl Schemas {
    pub(super) fn new(document: Value) -> Self {
        Self { document, registry: OnceLock::new() }
    }

    fn registry(&self) -> &Registry<'static> {
        self.registry.get_or_init(|| {
            let mut lowered = self.document.clone();
            lower::document(&mut lowered);
            let builder = Registry::new().add(BASE, lowered).expect("the base is a valid URI");
            builder.prepare().expect("the spec test resolves every reference of every document")
        })
    }

    fn compile(&self, schema: &Value) -> Validator {
        jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .with_registry(self.registry())
            .should_validate_formats(true)
            .should_ignore_unknown_formats(true)
            .build(schema)
            .expect("the spec test compiles every schema of every document")
    }
}

impl Catalog {
    /// What is wrong with a request body; nothing if the operation takes no body. Unless `all` is wanted, the first thing is
    /// enough.
    #[must_use]
    pub fn check_body(&self, operation: &Operation, body: &Value, all: bool) -> Vec<Violation> {
        let validator = operation.body_validator.get_or_init(|| {
            let content = &operation.body.as_ref()?.content;
            let json = content.iter().find(|(media_type, _)| media_type.contains("json")).or(content.first());
            json.map(|(_, schema)| self.schemas.compile(&reference(schema)))
        });
        match validator {
            None => Vec::new(),
            Some(validator) if all => violations(validator, body, ParameterIn::Body),
            Some(validator) => {
                validator.validate(body).err().into_iter().flat_map(|error| read(&error, ParameterIn::Body)).take(1).collect()
            }
        }
    }

    /// What is wrong with the query, given as decoded pairs.
    #[must_use]
    pub fn check_query(&self, operation: &Operation, pairs: &[(String, String)]) -> Vec<Violation> {
        let validator = operation.query_validator.get_or_init(|| {
            let rows: Vec<&Parameter> = operation.parameters.iter().filter(|row| row.place == ParameterIn::Query).collect();
            let properties: Map<String, Value> = rows.iter().map(|row| (row.name.clone(), reference(&row.schema))).collect();
            let required: Vec<&str> = rows.iter().filter(|row| row.required).map(|row| row.name.as_str()).collect();
            (!rows.is_empty()).then(|| self.schemas.compile(&json!({"type": "object", "properties": properties, "required": required})))
        });
        let Some(validator) = validator else { return Vec::new() };
        let mut query = Map::new();
        for parameter in operation.parameters.iter().filter(|row| row.place == ParameterIn::Query) {
            let mut values = pairs.iter().filter(|(name, _)| *name == parameter.name).map(|(_, value)| value.as_str());
            if parameter.kind == "array" {
                let rows: Vec<Value> = values.map(Value::from).collect();
                if !rows.is_empty() {
                    query.insert(parameter.name.clone(), Value::Array(rows));
                }
            } else if let Some(value) = values.next_back() {
                query.insert(parameter.name.clone(), typed(&parameter.kind, value));
            }
        }
        violations(validator, &Value::Object(query), ParameterIn::Query)
    }

    /// What is wrong with an answer: an undeclared status, or a body that its schema refuses. `body` is `None` when the
    /// answer is not JSON.
    #[must_use]
    pub fn check_answer(&self, operation: &Operation, status: u16, body: Option<&Value>) -> Vec<Violation> {
        let row = operation.responses.iter().find(|row| row.status == Some(status));
        let Some(row) = row.or_else(|| operation.responses.iter().find(|row| row.status.is_none())) else {
            let rule = Rule::Other(format!("status {status} is not declared"));
            return vec![Violation { place: ParameterIn::Body, path: String::new(), rule }];
        };
        let validator = row.validator.get_or_init(|| row.schema.as_ref().map(|schema| self.schemas.compile(&reference(schema))));
        match (validator, body) {
            (Some(validator), Some(body)) => violations(validator, body, ParameterIn::Body),
            _ => Vec::new(),
        }
    }

    /// Compiles every checker of the document now; what the spec test calls.
    pub fn compile_all(&self) {
        for operation in &self.operations {
            let _ = self.check_body(operation, &Value::Null, true);
            let _ = self.check_query(operation, &[]);
            for row in &operation.responses {
                let _ = self.check_answer(operation, row.status.unwrap_or_default(), Some(&Value::Null));
            }
        }
    }
}

fn reference(pointer: &str) -> Value {
    json!({ "$ref": format!("{BASE}#{}", pointer.replace('{', "%7B").replace('}', "%7D")) })
}

/// The JSON value that a parameter's text stands for, or the text itself if it stands for none of that type.
fn typed(kind: &str, text: &str) -> Value {
    let parsed = match kind {
        "integer" => text.parse::<i64>().ok().map(Value::from),
        "number" => text.parse::<f64>().ok().and_then(serde_json::Number::from_f64).map(Value::Number),
        "boolean" => match text {
            "true" | "1" => Some(Value::Bool(true)),
            "false" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        _ => None,
    };
    parsed.unwrap_or_else(|| Value::from(text))
}

fn violations(validator: &Validator, instance: &Value, place: ParameterIn) -> Vec<Violation> {
    if validator.is_valid(instance) {
        return Vec::new();
    }
    validator.iter_errors(instance).flat_map(|error| read(&error, place)).collect()
}

fn read(error: &ValidationError<'_>, place: ParameterIn) -> Vec<Violation> {
    let path = error.instance_path().as_str().trim_start_matches('/').replace('/', ".");
    let here = |rule| vec![Violation { place, path: path.clone(), rule }];
    let below = |name: &str, rule| {
        let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        Violation { place, path, rule }
    };
    match error.kind() {
        ValidationErrorKind::Required { property } => vec![below(property.as_str().unwrap_or_default(), Rule::Required)],
        ValidationErrorKind::AdditionalProperties { unexpected } => unexpected.iter().map(|name| below(name, Rule::Unknown)).collect(),
        ValidationErrorKind::Type { kind } => here(Rule::Type(match kind {
            TypeKind::Single(kind) => kind.to_string(),
            TypeKind::Multiple(kinds) => kinds.iter().next().map(|kind| kind.to_string()).unwrap_or_default(),
        })),
        ValidationErrorKind::Enum { options } => here(Rule::Enum(options.as_array().cloned().unwrap_or_default())),
        ValidationErrorKind::MinLength { limit } | ValidationErrorKind::MinItems { limit } => here(Rule::Shorter(*limit)),
        ValidationErrorKind::MaxLength { limit } | ValidationErrorKind::MaxItems { limit } => here(Rule::Longer(*limit)),
        ValidationErrorKind::Minimum { limit } => here(Rule::Below(limit.clone(), false)),
        ValidationErrorKind::ExclusiveMinimum { limit } => here(Rule::Below(limit.clone(), true)),
        ValidationErrorKind::Maximum { limit } => here(Rule::Above(limit.clone(), false)),
        ValidationErrorKind::ExclusiveMaximum { limit } => here(Rule::Above(limit.clone(), true)),
        ValidationErrorKind::Pattern { pattern } => here(Rule::Pattern(pattern.clone())),
        ValidationErrorKind::Format { format } => here(Rule::Format(format.clone())),
        other => here(Rule::Other(other.keyword().to_owned())),
    }
}
