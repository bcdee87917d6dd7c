//! From the Schema Objects that openapiv3 reads to the checker's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use openapiv3::{AdditionalProperties, AnySchema, ReferenceOr, Schema as Source, SchemaKind, Type, VariantOrUnknownOrEmpty};
use serde::Serialize;
use serde_json::{Number, Value};

use crate::spec::schema::{Additional, Discriminator, JsonType, Limits, ObjectRules, Pattern, Property, Range, Schema, SchemaId, Schemas};

/// Turns the schemas of one document into numbered ones; each component once, however often it is referred to.
pub(super) struct Compiler<'d> {
    components: Option<&'d openapiv3::Components>,
    pub known: BTreeMap<&'d str, SchemaId>,
    pub schemas: Schemas,
    pub broken: Vec<String>,
    /// Components that were referred to and are not compiled yet, so that no chain of references takes stack.
    pending: Vec<(SchemaId, &'d Source)>,
    /// Each once, because what it takes when it is compiled counts once.
    patterns: BTreeMap<&'d str, Arc<Pattern>>,
}

impl<'d> Compiler<'d> {
    pub fn new(document: &'d openapiv3::OpenAPI) -> Self {
        Self {
            components: document.components.as_ref(),
            known: BTreeMap::new(),
            schemas: Schemas::default(),
            broken: Vec::new(),
            pending: Vec::new(),
            patterns: BTreeMap::new(),
        }
    }

    /// Compiles the components that were referred to.
    pub fn finish(&mut self) {
        while let Some((id, source)) = self.pending.pop() {
            self.schemas.rows[id.0] = self.compiled(source);
        }
    }

    pub fn schema(&mut self, source: &'d ReferenceOr<Source>) -> SchemaId {
        match source {
            ReferenceOr::Reference { reference } => self.component(reference),
            ReferenceOr::Item(source) => self.item(source),
        }
    }

    fn boxed(&mut self, source: &'d ReferenceOr<Box<Source>>) -> SchemaId {
        match source {
            ReferenceOr::Reference { reference } => self.component(reference),
            ReferenceOr::Item(source) => self.item(source),
        }
    }

    fn component(&mut self, reference: &'d str) -> SchemaId {
        let name = reference.strip_prefix("#/components/schemas/").unwrap_or(reference);
        if let Some(id) = self.known.get(name) {
            return *id;
        }
        match self.components.and_then(|components| components.schemas.get(name)) {
            Some(ReferenceOr::Item(source)) => {
                let id = self.reserve();
                self.known.insert(name, id);
                self.pending.push((id, source));
                id
            }
            // Known before it is followed, so that a circle of references ends: it allows anything.
            Some(ReferenceOr::Reference { reference }) => {
                let id = self.reserve();
                self.known.insert(name, id);
                let target = self.component(reference);
                self.schemas.rows[id.0].all_of = if target == id { Vec::new() } else { vec![target] };
                id
            }
            None => {
                self.broken.push(reference.to_owned());
                self.reserve()
            }
        }
    }

    fn item(&mut self, source: &'d Source) -> SchemaId {
        let id = self.reserve();
        self.schemas.rows[id.0] = self.compiled(source);
        id
    }

    fn reserve(&mut self) -> SchemaId {
        self.schemas.rows.push(Schema::default());
        SchemaId(self.schemas.rows.len() - 1)
    }

    fn compiled(&mut self, source: &'d Source) -> Schema {
        let data = &source.schema_data;
        let mut schema = match &source.schema_kind {
            SchemaKind::Type(Type::String(text)) => Schema {
                json_type: Some(JsonType::String),
                choices: values(&text.enumeration),
                format: format(&text.format),
                pattern: self.pattern(text.pattern.as_deref()),
                length: Limits { min: text.min_length, max: text.max_length },
                ..Schema::default()
            },
            SchemaKind::Type(Type::Number(number)) => Schema {
                json_type: Some(JsonType::Number),
                choices: values(&number.enumeration),
                format: format(&number.format),
                range: range(number.minimum, number.maximum, number.exclusive_minimum, number.exclusive_maximum),
                multiple_of: number.multiple_of,
                ..Schema::default()
            },
            SchemaKind::Type(Type::Integer(integer)) => Schema {
                json_type: Some(JsonType::Integer),
                choices: values(&integer.enumeration),
                format: format(&integer.format),
                range: Range {
                    min: integer.minimum.map(Number::from),
                    max: integer.maximum.map(Number::from),
                    above_min: integer.exclusive_minimum,
                    below_max: integer.exclusive_maximum,
                },
                #[expect(clippy::cast_precision_loss, reason = "nobody counts in multiples beyond 53 bits")]
                multiple_of: integer.multiple_of.map(|step| step as f64),
                ..Schema::default()
            },
            SchemaKind::Type(Type::Boolean(flag)) => {
                Schema { json_type: Some(JsonType::Boolean), choices: values(&flag.enumeration), ..Schema::default() }
            }
            SchemaKind::Type(Type::Array(list)) => Schema {
                json_type: Some(JsonType::Array),
                items: list.items.as_ref().map(|items| self.boxed(items)),
                item_count: Limits { min: list.min_items, max: list.max_items },
                unique_items: list.unique_items,
                ..Schema::default()
            },
            SchemaKind::Type(Type::Object(object)) => Schema {
                json_type: Some(JsonType::Object),
                object: Some(Box::new(ObjectRules {
                    properties: self.properties(&object.properties, &object.required),
                    required: unlisted(&object.properties, &object.required),
                    additional: self.additional(object.additional_properties.as_ref()),
                    count: Limits { min: object.min_properties, max: object.max_properties },
                })),
                ..Schema::default()
            },
            SchemaKind::AllOf { all_of } => Schema { all_of: self.list(all_of), ..Schema::default() },
            SchemaKind::AnyOf { any_of } => Schema { any_of: self.list(any_of), ..Schema::default() },
            SchemaKind::OneOf { one_of } => Schema { one_of: self.list(one_of), ..Schema::default() },
            SchemaKind::Not { not } => Schema { not: Some(self.schema(not)), ..Schema::default() },
            SchemaKind::Any(any) => self.any(any),
        };
        let extensions = data.extensions.iter().filter(|(name, _)| name.starts_with("x-"));
        schema.extensions = extensions.map(|(name, value)| (name.as_str().into(), value.clone())).collect();
        let documented = data.extensions.get("x-documented").and_then(|row| row.get("$ref")?.as_str());
        schema.documented = documented.map(|reference| self.component(reference));
        schema.sort_properties();
        schema.nullable = data.nullable;
        schema.sample = data.example.clone().or_else(|| data.default.clone());
        schema.default.clone_from(&data.default);
        schema.read_only = data.read_only;
        schema.is_deprecated = data.deprecated;
        schema.discriminator = data.discriminator.as_ref().map(|row| Box::new(self.discriminator(row, &source.schema_kind)));
        schema
    }

    /// A schema that mixes keywords of several types.
    fn any(&mut self, any: &'d AnySchema) -> Schema {
        let has_object_rules = !any.properties.is_empty()
            || !any.required.is_empty()
            || any.additional_properties.is_some()
            || any.min_properties.is_some()
            || any.max_properties.is_some();
        Schema {
            json_type: any.typ.as_deref().and_then(JsonType::named),
            choices: any.enumeration.clone(),
            format: any.format.as_deref().map(Into::into),
            pattern: self.pattern(any.pattern.as_deref()),
            length: Limits { min: any.min_length, max: any.max_length },
            range: range(any.minimum, any.maximum, any.exclusive_minimum.unwrap_or_default(), any.exclusive_maximum.unwrap_or_default()),
            multiple_of: any.multiple_of,
            items: any.items.as_ref().map(|items| self.boxed(items)),
            item_count: Limits { min: any.min_items, max: any.max_items },
            unique_items: any.unique_items.unwrap_or_default(),
            object: has_object_rules.then(|| {
                Box::new(ObjectRules {
                    properties: self.properties(&any.properties, &any.required),
                    required: unlisted(&any.properties, &any.required),
                    additional: self.additional(any.additional_properties.as_ref()),
                    count: Limits { min: any.min_properties, max: any.max_properties },
                })
            }),
            all_of: self.list(&any.all_of),
            any_of: self.list(&any.any_of),
            one_of: self.list(&any.one_of),
            not: any.not.as_ref().map(|not| self.schema(not)),
            ..Schema::default()
        }
    }

    fn pattern(&mut self, source: Option<&'d str>) -> Option<Arc<Pattern>> {
        source.map(|source| Arc::clone(self.patterns.entry(source).or_insert_with(|| Arc::new(Pattern::new(source)))))
    }

    fn list(&mut self, parts: &'d [ReferenceOr<Source>]) -> Vec<SchemaId> {
        parts.iter().map(|part| self.schema(part)).collect()
    }

    fn properties(&mut self, rows: &'d Properties, required: &[String]) -> Vec<Property> {
        let required: BTreeSet<&String> = required.iter().collect();
        let row = |(declared, (name, source)): (usize, (&'d String, &'d ReferenceOr<Box<Source>>))| Property {
            name: name.as_str().into(),
            schema: self.boxed(source),
            required: required.contains(name),
            declared,
        };
        rows.iter().enumerate().map(row).collect()
    }

    fn additional(&mut self, source: Option<&'d AdditionalProperties>) -> Additional {
        match source {
            None | Some(AdditionalProperties::Any(true)) => Additional::Any,
            Some(AdditionalProperties::Any(false)) => Additional::Refused,
            Some(AdditionalProperties::Schema(source)) => Additional::Schema(self.schema(source)),
        }
    }

    /// The mapping, and every alternative under its own name.
    fn discriminator(&mut self, source: &'d openapiv3::Discriminator, kind: &'d SchemaKind) -> Discriminator {
        let mapped = source.mapping.iter().map(|(value, reference)| (value.as_str(), reference.as_str()));
        let parts = match kind {
            SchemaKind::OneOf { one_of: parts } | SchemaKind::AnyOf { any_of: parts } => parts.as_slice(),
            SchemaKind::Any(any) if any.one_of.is_empty() => &any.any_of,
            SchemaKind::Any(any) => &any.one_of,
            _ => &[],
        };
        let named = parts.iter().filter_map(|part| match part {
            ReferenceOr::Reference { reference } => Some((reference.rsplit('/').next().unwrap_or_default(), reference.as_str())),
            ReferenceOr::Item(_) => None,
        });
        let alternatives = mapped.chain(named).map(|(value, reference)| (value.into(), self.component(reference))).collect();
        Discriminator { property: source.property_name.as_str().into(), alternatives }
    }
}

type Properties = indexmap::IndexMap<String, ReferenceOr<Box<Source>>>;

fn unlisted(properties: &Properties, required: &[String]) -> Vec<Box<str>> {
    required.iter().filter(|name| !properties.contains_key(*name)).map(|name| name.as_str().into()).collect()
}

fn values<T: Serialize>(rows: &[T]) -> Vec<Value> {
    rows.iter().filter_map(|row| serde_json::to_value(row).ok()).collect()
}

fn range(min: Option<f64>, max: Option<f64>, above_min: bool, below_max: bool) -> Range {
    Range { min: min.and_then(number), max: max.and_then(number), above_min, below_max }
}

/// A limit as the document writes it: openapiv3 keeps whole ones as floats.
#[expect(clippy::cast_possible_truncation, reason = "whole and within 53 bits")]
fn number(limit: f64) -> Option<Number> {
    if limit.fract() == 0.0 && limit.abs() < 9e15 { Some(Number::from(limit as i64)) } else { Number::from_f64(limit) }
}

fn format<T: Serialize>(format: &VariantOrUnknownOrEmpty<T>) -> Option<Box<str>> {
    match format {
        VariantOrUnknownOrEmpty::Item(known) => serde_json::to_value(known).ok()?.as_str().map(Into::into),
        VariantOrUnknownOrEmpty::Unknown(name) => Some(name.as_str().into()),
        VariantOrUnknownOrEmpty::Empty => None,
    }
}
