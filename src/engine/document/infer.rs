//! Which kinds of things the paths of a document show: a path that is posted to and listed or read below (`/boxes`, `/boxes/{id}`), whose
//! answers have an id.

use std::collections::BTreeMap;

use http::Method;

use crate::engine::described::{Act, Kept, ParcelMap};
use crate::spec::{Catalog, JsonType, Operation, ParameterIn, SchemaId, Schemas};
use crate::world::Kind;

/// How deep in an answer a thing may stand, as in `{"data": {"box": {…}}}`.
const DEEPEST: usize = 3;

/// How many members are looked through for it, because schemas that refer to each other multiply.
const MOST: usize = 2_000;

/// Every kind of things that the paths show, in the order of the document.
pub(super) fn resources(catalog: &Catalog) -> Vec<Kept> {
    let mut places: Places<'_> = BTreeMap::new();
    for operation in catalog.operations() {
        let path = operation.path.trim_end_matches('/');
        places.entry(path).or_default().push((operation, None));
        if let Some((collection, parameter)) = item(path) {
            places.entry(collection).or_default().push((operation, Some(parameter)));
        }
    }
    let collections = catalog.operations().iter().filter(|operation| operation.method == Method::POST);
    collections.filter_map(|create| resource(catalog, create, &places)).collect()
}

/// The operations of each path and, with the name of the parameter, of the path of one thing below it.
type Places<'c> = BTreeMap<&'c str, Vec<(&'c Operation, Option<&'c str>)>>;

fn resource(catalog: &Catalog, create: &Operation, places: &Places<'_>) -> Option<Kept> {
    let collection = create.path.trim_end_matches('/');
    let (_, last) = collection.rsplit_once('/')?;
    if last.starts_with('{') || last.is_empty() {
        return None;
    }
    let schemas = catalog.schemas();
    let here = places.get(collection)?;
    let parameter = here.iter().find_map(|(_, parameter)| *parameter);
    let of = |method: Method, is_item: bool| {
        here.iter()
            .find(|(operation, parameter)| parameter.is_some() == is_item && operation.method == method)
            .map(|(operation, _)| *operation)
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

/// The collection that a path is one thing of, and the name of the parameter that is all of it below that.
fn item(path: &str) -> Option<(&str, &str)> {
    let (collection, name) = path.rsplit_once("/{")?;
    let name = name.strip_suffix('}')?;
    (!name.contains(['{', '}', '/'])).then_some((collection, name))
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
    let members: Vec<_> = schemas.members(schema).into_iter().map(|(name, schema, _)| (plain(name), name, schema)).collect();
    let is_scalar = |schema: SchemaId| matches!(schemas[schema].json_type, Some(JsonType::String | JsonType::Integer | JsonType::Number));
    names
        .iter()
        .find_map(|wanted| members.iter().find(|(plain, _, schema)| plain == wanted && is_scalar(*schema)).map(|(_, name, _)| *name))
}

/// The thing itself in an answer.
pub(super) fn find(schemas: &Schemas, schema: SchemaId, depth: usize, has_id: &dyn Fn(SchemaId) -> bool) -> Option<SchemaId> {
    first(schemas, schema, depth, &mut MOST.clone(), &|schema| has_id(schema).then_some(Some(schema)))
}

/// What is found first in a schema, and in those of its members; `Some(None)` where it is in none of them.
fn first(
    schemas: &Schemas,
    schema: SchemaId,
    depth: usize,
    left: &mut usize,
    look: &dyn Fn(SchemaId) -> Option<Option<SchemaId>>,
) -> Option<SchemaId> {
    if let Some(found) = look(schema) {
        return found;
    }
    if depth >= DEEPEST || *left == 0 {
        return None;
    }
    let members = schemas.members(schema);
    *left = left.saturating_sub(members.len());
    members.into_iter().find_map(|(_, schema, _)| first(schemas, schema, depth + 1, left, look))
}

/// The element of the list of things in an answer.
pub(super) fn find_rows(schemas: &Schemas, schema: SchemaId, depth: usize, has_id: &dyn Fn(SchemaId) -> bool) -> Option<SchemaId> {
    let is_list = |schema: SchemaId| schemas[schema].json_type == Some(JsonType::Array);
    first(schemas, schema, depth, &mut MOST.clone(), &|schema| {
        is_list(schema).then(|| schemas.element(schema).filter(|element| has_id(*element)))
    })
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
