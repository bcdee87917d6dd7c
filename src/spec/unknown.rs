//! Members of a request that the document does not have, whether it forbids them or only does not list them. Looked for when the
//! check of a body has met such a member: a request that has none is not walked again.

use serde_json::Value;

use crate::base::text;
use crate::spec::schema::{Additional, JsonType, Schema, SchemaId, Schemas};
use crate::spec::violation::{Step, dotted};

/// How many are worth telling.
const MOST: usize = 100;
/// For how many of them a name is looked for that is near.
const HINTS: usize = 10;
/// How deep bodies and schemas are looked into.
const DEEPEST: usize = 64;

/// A member that the document does not have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UnknownMember {
    pub path: Vec<Step>,
    /// The names that the document has there, in its order.
    pub known: Vec<String>,
    /// The one of these that is nearest to it.
    pub near: Option<String>,
}

impl UnknownMember {
    /// Its path, joined by dots.
    pub(crate) fn dotted(&self) -> String {
        dotted(&self.path)
    }
}

/// The members of a value that none of the schemas of its place lists.
pub(crate) fn unknown_members(schemas: &Schemas, schema: SchemaId, value: &Value) -> Vec<UnknownMember> {
    let mut found = Vec::new();
    walk(schemas, &[schema], value, &mut Vec::new(), &mut found);
    found
}

fn walk(schemas: &Schemas, ids: &[SchemaId], value: &Value, path: &mut Vec<Step>, found: &mut Vec<UnknownMember>) {
    if found.len() >= MOST || path.len() >= DEEPEST {
        return;
    }
    let mut all = Vec::new();
    ids.iter().for_each(|id| flatten(schemas, *id, &mut all, DEEPEST));
    match value {
        Value::Array(rows) => {
            let items: Vec<SchemaId> = all.iter().filter_map(|schema| schema.items).collect();
            for (index, row) in rows.iter().enumerate().filter(|_| !items.is_empty()) {
                path.push(Step::Element(index));
                walk(schemas, &items, row, path, found);
                path.pop();
            }
        }
        Value::Object(members) => {
            let rules = || all.iter().filter_map(|schema| schema.object.as_deref());
            let properties: Vec<(&str, SchemaId)> =
                rules().flat_map(|rules| &rules.properties).map(|property| (&*property.name, property.schema)).collect();
            let is_described = all.iter().any(|schema| schema.documented.is_some());
            if properties.is_empty() || (!is_described && all.iter().any(|schema| is_open(schema))) {
                return;
            }
            let known: Vec<&str> = properties
                .iter()
                .map(|(name, _)| *name)
                .chain(rules().flat_map(|rules| rules.required.iter().map(|name| &**name)))
                .collect();
            for (name, member) in members {
                let inner: Vec<SchemaId> = properties.iter().filter(|(other, _)| other == name).map(|(_, id)| *id).collect();
                path.push(Step::Member(name.as_str().into()));
                if !inner.is_empty() {
                    walk(schemas, &inner, member, path, found);
                } else if found.len() < MOST && !known.contains(&name.as_str()) {
                    let near = if name.len() <= 100 && found.len() < HINTS { text::nearest(name, known.iter().copied()) } else { None };
                    let known = known.iter().map(|name| (*name).to_owned()).collect();
                    found.push(UnknownMember { path: path.clone(), known, near: near.map(str::to_owned) });
                }
                path.pop();
            }
        }
        _ => {}
    }
}

/// A schema with all its parts and alternatives, and with what the vendor's document says beyond it.
pub(super) fn flatten<'s>(schemas: &'s Schemas, id: SchemaId, all: &mut Vec<&'s Schema>, depth: usize) {
    let schema = &schemas[id];
    if depth == 0 || all.len() > 200 {
        return;
    }
    all.push(schema);
    for part in schema.all_of.iter().chain(&schema.any_of).chain(&schema.one_of).chain(&schema.documented) {
        flatten(schemas, *part, all, depth - 1);
    }
}

/// Whether objects of that schema may have members of any name.
fn is_open(schema: &Schema) -> bool {
    let is_composed = !(schema.all_of.is_empty() && schema.any_of.is_empty() && schema.one_of.is_empty());
    match &schema.object {
        Some(rules) => {
            let lists = !(rules.properties.is_empty() && rules.required.is_empty());
            matches!(rules.additional, Additional::Schema(_)) || (matches!(rules.additional, Additional::Any) && !lists && !is_composed)
        }
        None => schema.json_type == Some(JsonType::Object) && !is_composed,
    }
}
