//! Things that the paths of a document show: created from the bodies of calls, read, listed, changed and deleted.
//!
//! A thing has the members of its schema: what was sent, else its default, else, where the document promises it, a sample, and times of
//! creation and change by their names. Answers are what the schema of the operation makes of it: the thing, or an envelope around it.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Map, Value};

use crate::base::ids;
use crate::base::json;
use crate::engine::call::Validation;
use crate::engine::cx::Cx;
use crate::engine::described::{Act, Kept};
use crate::engine::document::infer::{self, plain};
use crate::engine::document::pages::{self, Asked, Paged};
use crate::engine::refusal::Refusal;
use crate::engine::reply::{Outcome, Reply};
use crate::engine::sample;
use crate::engine::vendor::Operations;
use crate::spec::{JsonType, Operation, SchemaId, Schemas};

type Members = Map<String, Value>;

/// Adds the rows of all kinds.
pub(super) fn rows(kinds: &[Arc<Kept>], rows: &mut Operations) {
    for kept in kinds {
        for (operation, act) in &kept.acts {
            let (kept, act) = (Arc::clone(kept), act.clone());
            rows.resource(operation.clone(), Validation::Late, move |cx: &mut Cx<'_>| kept.act(cx, &act));
        }
    }
}

impl Kept {
    fn act(&self, cx: &mut Cx<'_>, act: &Act) -> Outcome {
        let operation = cx.call.operation.ok_or(Refusal::Broken)?;
        let names: Vec<&str> = cx.call.parameters.iter().map(|(_, value)| value.as_str()).collect();
        let owner = if matches!(act, Act::Create | Act::List(_)) { &names[..] } else { &names[..names.len().saturating_sub(1)] };
        self.require_owner(cx, owner)?;
        let key = key(&names);
        match act {
            Act::Create => self.create(cx, operation, &names),
            Act::List(filters) => self.list(cx, operation, filters, &names),
            Act::Read => {
                let document = self.find(cx, &key)?;
                cx.call.valid()?;
                let document = match &self.parcel {
                    // Some timelines count how often tracking is read.
                    Some(map) if map.read(cx, &document) => self.find(cx, &key)?,
                    _ => document,
                };
                Ok(self.answer(cx, operation, document))
            }
            Act::Replace | Act::Change => {
                let before = self.find(cx, &key)?;
                cx.call.valid()?;
                let sent = self.sent(cx);
                let id = before.get(&self.id).cloned().unwrap_or_default();
                let document = self.made(cx, &sent, &id, Some(&before), matches!(act, Act::Change));
                cx.docs.put(self.kind.clone(), &key, &document);
                Ok(self.answer(cx, operation, document))
            }
            Act::Delete => {
                let document = self.find(cx, &key)?;
                cx.call.valid()?;
                if let Some(map) = &self.parcel {
                    map.cancel(cx, &document);
                }
                cx.docs.remove(self.kind.clone(), &key);
                Ok(self.answer(cx, operation, document))
            }
        }
    }

    /// What a thing belongs to has to be there, where it is of a kind that is kept too.
    fn require_owner(&self, cx: &Cx<'_>, names: &[&str]) -> Result<(), Refusal> {
        let Some(last) = names.last() else { return Ok(()) };
        let owner = self.collection.rsplit_once('/').and_then(|(path, _)| path.rsplit_once("/{")).map(|(path, _)| path);
        let kinds = &cx.vendor.described.resources;
        let Some(owner) = owner.and_then(|path| kinds.iter().find(|kept| kept.collection == path)) else { return Ok(()) };
        if cx.docs.has(owner.kind.clone(), &key(names)) { Ok(()) } else { Err(Refusal::missing(owner.kind.clone(), *last)) }
    }

    fn find(&self, cx: &Cx<'_>, key: &str) -> Result<Members, Refusal> {
        let name = cx.call.parameters.last().map_or("", |(_, value)| value);
        cx.docs.get(self.kind.clone(), key).ok_or_else(|| Refusal::missing(self.kind.clone(), name))
    }

    /// The body of the call, without an envelope of one member that no thing has.
    fn sent(&self, cx: &Cx<'_>) -> Members {
        let Some(body) = cx.call.body.as_object() else { return Members::new() };
        let is_own = |name: &str| cx.catalog().schemas().property(self.shape, name).is_some();
        match body.iter().next() {
            Some((name, Value::Object(inner))) if body.len() == 1 && !is_own(name) => inner.clone(),
            _ => body.clone(),
        }
    }

    fn create(&self, cx: &mut Cx<'_>, operation: &Operation, owner: &[&str]) -> Outcome {
        cx.call.valid()?;
        let sent = self.sent(cx);
        let id = self.new_id(cx, &sent, owner);
        let name = text(&id);
        let key = key(&[owner, &[&*name]].concat());
        if cx.docs.has(self.kind.clone(), &key) {
            return Err(Refusal::wrong_state(self.kind.clone(), name, "there already"));
        }
        let mut document = self.made(cx, &sent, &id, None, false);
        if let Some(map) = &self.parcel {
            map.book(cx, &mut document, &sent, &key);
        }
        cx.docs.put(self.kind.clone(), &key, &document);
        Ok(self.answer(cx, operation, document))
    }

    /// The id that was sent, if callers may choose it, or else a new one: a number that counts up, a UUID, or letters that begin as the
    /// document's example does.
    fn new_id(&self, cx: &mut Cx<'_>, sent: &Members, owner: &[&str]) -> Value {
        let schemas = cx.catalog().schemas();
        let schema = schemas.property(self.shape, &self.id).map(|(_, id)| &schemas[id]);
        let is_fixed = schema.is_some_and(|schema| schema.read_only);
        if let Some(own) = sent.get(&self.id).filter(|value| !is_fixed && (value.is_string() || value.is_number())) {
            return own.clone();
        }
        let Some(schema) = schema else { return ids::hex(&mut cx.rng, 24).into() };
        let count = cx.docs.count(self.kind.clone()) as u64;
        match schema.json_type {
            Some(JsonType::Integer | JsonType::Number) if owner.is_empty() => cx.sequential_id(&self.kind, 1, 1_000..900_000, count).into(),
            Some(JsonType::Integer | JsonType::Number) => {
                let is_free = |number: &u64| !cx.docs.has(self.kind.clone(), &key(&[owner, &[&*number.to_string()]].concat()));
                (count + 1..).find(is_free).expect("numbers do not end").into()
            }
            _ if schema.format.as_deref() == Some("uuid") => ids::uuid(&mut cx.rng).to_string().into(),
            _ => {
                let example = schema.sample.as_ref().and_then(Value::as_str).unwrap_or_default();
                let prefix = example.find(['_', '-']).filter(|end| *end < 8).and_then(|end| example.get(..=end)).unwrap_or_default();
                let least = schema.length.min.unwrap_or_default().min(64);
                let most = schema.length.max.unwrap_or(prefix.len() + 24).max(prefix.len() + 1);
                let length = (most - prefix.len()).min(24).max(least.saturating_sub(prefix.len()));
                format!("{prefix}{}", ids::hex(&mut cx.rng, length)).into()
            }
        }
    }

    /// A thing as it is stored.
    fn made(&self, cx: &mut Cx<'_>, sent: &Members, id: &Value, before: Option<&Members>, merges: bool) -> Members {
        let schemas = cx.catalog().schemas();
        let members = schemas.members(self.shape);
        let now = cx.now.to_string();
        let mut document = Members::new();
        for (name, schema_id, required) in &members {
            let (name, schema) = (*name, &schemas[*schema_id]);
            let old = before.and_then(|before| before.get(name)).cloned();
            let new = sent.get(name).filter(|value| !schema.read_only && (!value.is_null() || schema.nullable)).cloned();
            let moment = moment(name, schema.format.as_deref());
            let kept = if merges || schema.read_only || moment == Some(Moment::Creation) { old } else { None };
            let value = match moment {
                _ if name == self.id => Some(id.clone()),
                Some(Moment::Change) => Some(stamp(&now, schema.format.as_deref())),
                Some(Moment::Creation) => new.or(kept).or_else(|| Some(stamp(&now, schema.format.as_deref()))),
                None => new.or(kept).or_else(|| schema.default.clone()),
            };
            let value = value.or_else(|| match (*required || schema.read_only, schema.nullable) {
                (true, _) => Some(sample::value(schemas, *schema_id, name, &Value::Null, &now, &mut cx.rng)),
                (false, true) => Some(Value::Null),
                (false, false) => None,
            });
            document.extend(value.map(|value| (name.to_owned(), value)));
        }
        if members.len() <= 1 {
            // The document does not say what they have.
            document.extend(sent.iter().filter(|(name, _)| **name != self.id).map(|(name, value)| (name.clone(), value.clone())));
        }
        document
    }

    fn has_id(&self, schemas: &Schemas, schema: SchemaId) -> bool {
        schemas.property(schema, &self.id).is_some()
    }

    /// An answer about one thing.
    fn answer(&self, cx: &mut Cx<'_>, operation: &Operation, document: Members) -> Reply {
        let (status, schema) = operation.success().unwrap_or((204, None));
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
        match schema {
            None => Reply::empty(status),
            Some(schema) => Reply::json(status, self.render(cx, schema, "", &document, 0)),
        }
    }

    /// What a schema makes of a thing: its members, or the envelope around it.
    fn render(&self, cx: &mut Cx<'_>, schema: SchemaId, name: &str, document: &Members, depth: usize) -> Value {
        let schemas = cx.catalog().schemas();
        if schema == self.shape {
            return document.clone().into();
        }
        let is_whole = self.has_id(schemas, schema);
        let has_id = |schema| self.has_id(schemas, schema);
        let mut members = Members::new();
        if !is_whole && (depth > 3 || infer::find(schemas, schema, depth, &has_id).is_none()) {
            return sampled(cx, schema, name);
        }
        for (name, inner, required) in schemas.members(schema) {
            let own = document.get(name).filter(|_| is_whole);
            let value = match own {
                Some(value) => Some(value.clone()),
                None if !is_whole && infer::find(schemas, inner, depth + 1, &has_id).is_some() => {
                    Some(self.render(cx, inner, name, document, depth + 1))
                }
                None => required.then(|| sampled(cx, inner, name)),
            };
            members.extend(value.map(|value| (name.to_owned(), value)));
        }
        members.into()
    }

    fn list(&self, cx: &mut Cx<'_>, operation: &Operation, filters: &[(String, String)], owner: &[&str]) -> Outcome {
        cx.call.valid()?;
        let prefix = if owner.is_empty() { String::new() } else { format!("{}/", key(owner)) };
        let prefix = prefix.as_str();
        let rows = || cx.docs.rows(self.kind.clone()).filter(move |(key, _)| key.starts_with(prefix));
        let asked = Asked::of(cx.call, operation);
        let wanted: Vec<(&str, Vec<&str>)> = filters.iter().filter_map(|(name, member)| Some((&**member, asked_for(cx, name)?))).collect();
        if !wanted.is_empty() && !cx.docs.may_read(rows().map(|(_, body)| body)) {
            return Err(Refusal::Broken);
        }
        let passes = |body: &str| {
            wanted.is_empty() || {
                let document: Members = json::read(body);
                let is_one =
                    |(member, texts): &(&str, Vec<&str>)| document.get(*member).is_some_and(|value| texts.contains(&&*text(value)));
                wanted.iter().all(is_one)
            }
        };
        let rows = rows().filter(|(_, body)| passes(body)).map(|(key, body)| (key[prefix.len()..].to_owned(), body));
        let Paged { rows, page } = asked.cut(rows);
        if !cx.docs.may_read(rows.iter().copied()) {
            return Err(Refusal::Broken);
        }
        let documents: Vec<Members> = rows.into_iter().map(json::read).collect();
        let Some((status, Some(schema))) = operation.success() else { return Ok(Reply::empty(StatusCode::NO_CONTENT)) };
        let shown = self.listed(cx, schema, "", &documents, &page, 0);
        Ok(Reply::json(StatusCode::from_u16(status).unwrap_or(StatusCode::OK), shown))
    }

    /// What a schema makes of a page: the list, or the envelope around it with what it says of pages.
    fn listed(&self, cx: &mut Cx<'_>, schema: SchemaId, name: &str, rows: &[Members], page: &pages::Page, depth: usize) -> Value {
        let schemas = cx.catalog().schemas();
        let has_id = |schema| self.has_id(schemas, schema);
        if schemas[schema].json_type == Some(JsonType::Array) {
            let element = schemas.element(schema).filter(|element| has_id(*element));
            return match element {
                Some(element) => rows.iter().map(|row| self.render(cx, element, "", row, 0)).collect(),
                None => sampled(cx, schema, name),
            };
        }
        let mut members = Members::new();
        for (name, inner, required) in schemas.members(schema) {
            let has_rows = infer::find_rows(schemas, inner, depth + 1, &has_id).is_some();
            let says_pages = depth < 2 && pages::has_any(schemas, inner);
            let value = match page.member(name, &schemas[inner]) {
                _ if has_rows => Some(self.listed(cx, inner, name, rows, page, depth + 1)),
                Some(value) => Some(value),
                None if says_pages => Some(self.listed(cx, inner, name, rows, page, depth + 1)),
                None => required.then(|| sampled(cx, inner, name)),
            };
            members.extend(value.map(|value| (name.to_owned(), value)));
        }
        members.into()
    }
}

/// The id of a thing in its table: those of what it belongs to, and its own.
fn key(names: &[&str]) -> String {
    names.iter().map(|name| name.replace('%', "%25").replace('/', "%2F")).collect::<Vec<_>>().join("/")
}

/// A text, or what stands for one in a path or query.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The texts that a query has under a name; several may be separated by commas.
fn asked_for<'c>(cx: &Cx<'c>, name: &str) -> Option<Vec<&'c str>> {
    let call = cx.call;
    let values = call.query.iter().filter(|(other, value)| other == name && !value.is_empty());
    let texts: Vec<&str> = values.flat_map(|(_, value)| value.split(',')).collect();
    (!texts.is_empty()).then_some(texts)
}

fn sampled(cx: &mut Cx<'_>, schema: SchemaId, name: &str) -> Value {
    let now = cx.now.to_string();
    sample::value(cx.catalog().schemas(), schema, name, &Value::Null, &now, &mut cx.rng)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Moment {
    Creation,
    Change,
}

/// Whether a member is the time of the creation or of the latest change.
fn moment(name: &str, format: Option<&str>) -> Option<Moment> {
    if !matches!(format, Some("date-time" | "date")) {
        return None;
    }
    match plain(name).as_str() {
        "created" | "createdat" | "createdon" | "datecreated" | "creationdate" | "createdate" | "createdtime" | "objectcreated" => {
            Some(Moment::Creation)
        }
        "updated" | "updatedat" | "updatedon" | "dateupdated" | "modified" | "modifiedat" | "lastmodified" | "datemodified"
        | "modifydate" | "objectupdated" | "lastupdated" => Some(Moment::Change),
        _ => None,
    }
}

fn stamp(now: &str, format: Option<&str>) -> Value {
    if format == Some("date") { now.get(..10).unwrap_or_default().into() } else { now.into() }
}
