//! Which kinds of things the paths of a document show: a path that is posted to and listed or read below (`/boxes`, `/boxes/{id}`), whose
//! answers have an id.

use http::Method;

use crate::engine::described::{Act, Kept, ParcelMap};
use crate::spec::{Catalog, JsonType, Operation, ParameterIn, SchemaId, Schemas};
use crate::world::Kind;

/// How deep in an answer a thing may stand, as in `{"data": {"box": {…}}}`.
const DEEPEST: usize = 3;

/// Every kind of things that the paths show, in the order of the document.
pub(super) fn resources(catalog: &Catalog) -> Vec<Kept> {
    let collections = catalog.operations().iter().filter(|operation| operation.method == Method::POST);
    collections.filter_map(|create| resource(catalog, create)).collect()
}

fn resource(catalog: &Catalog, create: &Operation) -> Option<Kept> {
    let collection = create.path.trim_end_matches('/');
    let (_, last) = collection.rsplit_once('/')?;
    if last.starts_with('{') || last.is_empty() {
        return None;
    }
    let schemas = catalog.schemas();
    let parameter = catalog.operations().iter().find_map(|operation| parameter_below(collection, &operation.path));
    let of = |method: Method, is_item: bool| {
        catalog.operations().iter().find(|operation| {
            let is_there = if is_item {
                parameter_below(collection, &operation.path).is_some()
            } else {
                operation.path.trim_end_matches('/') == collection
            };
            is_there && operation.method == method
        })
    };
    let (read, list) = (of(Method::GET, true), of(Method::GET, false));
    let replace = of(Method::PUT, true);
    let change = of(Method::PATCH, true).or_else(|| of(Method::POST, true));
    let delete = of(Method::DELETE, true);
    if [read, list, replace, change, delete].iter().all(Option::is_none) {
        return None;
    }
    let kind = singular(last);
    let names = id_names(parameter, &kind);
    let has_id = |schema: SchemaId| id_member(schemas, schema, &names).is_some();
    let answered = |operation: &Operation| operation.success().and_then(|(_, schema)| schema);
    let one = |operation: Option<&Operation>| find(schemas, answered(operation?)?, 0, &has_id);
    let row = |operation: Option<&Operation>| find_rows(schemas, answered(operation?)?, 0, &has_id);
    let shape = one(read).or_else(|| one(Some(create))).or_else(|| one(replace)).or_else(|| row(list))?;
    let id = id_member(schemas, shape, &names)?.to_owned();
    let mut acts = vec![(create.id.clone(), Act::Create)];
    let mut add = |operation: Option<&Operation>, act: Act| acts.extend(operation.map(|operation| (operation.id.clone(), act)));
    // What answers with something else is no part of it.
    let speaks = |operation: &&Operation| answered(operation).is_none_or(|schema| find(schemas, schema, 0, &has_id).is_some());
    add(read.filter(|operation| answered(operation).is_some()).filter(speaks), Act::Read);
    add(list.filter(|list| row(Some(*list)).is_some()), Act::List(list.map(|list| filters(schemas, list, shape)).unwrap_or_default()));
    add(replace.filter(speaks), Act::Replace);
    add(change.filter(speaks), Act::Change);
    add(delete, Act::Delete);
    if acts.len() < 2 || !speaks(&create) {
        return None;
    }
    let parcel = parcel_map(schemas, shape);
    Some(Kept { kind: Kind(kind.into()), collection: collection.to_owned(), id, shape, parcel, acts })
}

/// The name of the parameter that is all of a path below a collection.
fn parameter_below<'p>(collection: &str, path: &'p str) -> Option<&'p str> {
    let name = path.trim_end_matches('/').strip_prefix(collection)?.strip_prefix("/{")?.strip_suffix('}')?;
    (!name.contains(['{', '}', '/'])).then_some(name)
}

/// One thing of a word for several: `boxes`, `parcels`, `deliveries`.
fn singular(word: &str) -> String {
    let word = word.to_lowercase().replace('-', "_");
    if let Some(stem) = word.strip_suffix("ies") {
        return format!("{stem}y");
    }
    let stem = ["sses", "xes", "ches", "shes"].iter().find(|ending| word.ends_with(**ending)).and_then(|_| word.strip_suffix("es"));
    stem.or_else(|| word.strip_suffix('s').filter(|stem| !stem.ends_with('s'))).unwrap_or(&word).to_owned()
}

/// A name as it is compared with others: without case, dashes and underscores.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

/// What the member of an id may be called, the likeliest first.
fn id_names(parameter: Option<&str>, kind: &str) -> Vec<String> {
    let usual = ["id", "object_id", "uuid", "guid", "key", "reference", "number", "code"];
    let own = parameter.map(plain).into_iter().chain([plain(&format!("{kind}_id"))]);
    own.chain(usual.iter().map(|name| plain(name))).collect()
}

fn id_member<'s>(schemas: &'s Schemas, schema: SchemaId, names: &[String]) -> Option<&'s str> {
    let members = schemas.members(schema);
    let is_scalar = |schema: SchemaId| matches!(schemas[schema].json_type, Some(JsonType::String | JsonType::Integer | JsonType::Number));
    names
        .iter()
        .find_map(|wanted| members.iter().find(|(name, schema, _)| plain(name) == *wanted && is_scalar(*schema)).map(|(name, ..)| *name))
}

/// The thing itself in an answer.
pub(super) fn find(schemas: &Schemas, schema: SchemaId, depth: usize, has_id: &dyn Fn(SchemaId) -> bool) -> Option<SchemaId> {
    if has_id(schema) {
        return Some(schema);
    }
    if depth >= DEEPEST {
        return None;
    }
    let mut members = schemas.members(schema).into_iter();
    members.find_map(|(_, schema, _)| find(schemas, schema, depth + 1, has_id))
}

/// The element of the list of things in an answer.
pub(super) fn find_rows(schemas: &Schemas, schema: SchemaId, depth: usize, has_id: &dyn Fn(SchemaId) -> bool) -> Option<SchemaId> {
    if schemas[schema].json_type == Some(JsonType::Array) {
        return schemas.element(schema).filter(|element| has_id(*element));
    }
    if depth >= DEEPEST {
        return None;
    }
    let mut members = schemas.members(schema).into_iter();
    members.find_map(|(_, schema, _)| find_rows(schemas, schema, depth + 1, has_id))
}

/// Parameters of a list that are named like a member of its things, with that member.
fn filters(schemas: &Schemas, list: &Operation, shape: SchemaId) -> Vec<(String, String)> {
    let members = schemas.members(shape);
    let of_query = list.parameters.iter().filter(|row| row.location == ParameterIn::Query);
    let same = |name: &str| members.iter().find(|(member, ..)| plain(member) == plain(name)).map(|(member, ..)| (*member).to_owned());
    of_query.filter_map(|row| Some((row.name.clone(), same(&row.name)?))).collect()
}

/// What `x-seatrial-parcel` of the shape, or of a part of it, says.
fn parcel_map(schemas: &Schemas, shape: SchemaId) -> Option<ParcelMap> {
    let row = |schema: SchemaId| schemas[schema].extensions.iter().find(|(name, _)| **name == *"x-seatrial-parcel");
    let parts = std::iter::once(shape).chain(schemas[shape].all_of.iter().copied());
    let found = parts.filter_map(row).map(|(_, value)| value).next()?;
    serde_json::from_value(found.clone()).ok()
}
