//! What a document says about a place of a body, for those who write about bodies before there are any.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::spec::catalog::{Body, Operation, Parameter, Response};
use crate::spec::schema::{Additional, JsonType, Schema, SchemaId, Schemas};
use crate::spec::violation::ParameterIn;

/// What the document says of a place of a body.
#[derive(Debug, PartialEq, Eq)]
pub enum Place<'c> {
    /// It has one of these texts.
    Words(Vec<&'c str>),
    /// It has one of these texts, in any case of letters where a caller sends it.
    AnyCase(Vec<&'c str>),
    /// It has a value of one of these types.
    Kinds(Vec<JsonType>),
    /// The document says nothing of it.
    Unknown,
    /// The document has no member at this position of the path, but these.
    Missing(usize, Vec<&'c str>),
}

impl Operation {
    /// The place in a request body that a path of member names leads to; an index of a list is `None`.
    #[must_use]
    pub fn body_place(&self, members: &[Option<&str>]) -> Place<'_> {
        let schema = self.body.as_ref().and_then(Body::schema);
        schema.map_or(Place::Unknown, |schema| place(self.schemas(), schema, members))
    }

    /// Whether a call of it can name something: in its body, or in a text of its path or query. Numbers and words of a list are no names,
    /// nor are numbers that may also be written as text. Where it is known by which parameters and members it is named, one of these has
    /// to be there.
    #[must_use]
    pub fn can_name(&self, by: &[&str]) -> bool {
        let is_text = |row: &Parameter| match place(self.schemas(), row.schema, &[]) {
            Place::Kinds(kinds) => !kinds.iter().any(|kind| matches!(kind, JsonType::Integer | JsonType::Number | JsonType::Boolean)),
            Place::Words(_) | Place::AnyCase(_) => false,
            Place::Unknown | Place::Missing(..) => true,
        };
        let is_sent = |row: &&Parameter| [ParameterIn::Path, ParameterIn::Query].contains(&row.location);
        let mut sent = self.parameters.iter().filter(is_sent);
        if by.is_empty() {
            return self.body.is_some() || sent.any(is_text);
        }
        let body = self.body.as_ref().and_then(Body::schema);
        sent.any(|row| by.contains(&&*row.name))
            || self.body.is_some() && body.is_none_or(|schema| has_member(self.schemas(), schema, by, &mut BTreeSet::new()))
    }

    /// The places in the bodies of all answers that it has.
    pub fn answer_places(&self, members: &[Option<&str>]) -> impl Iterator<Item = Place<'_>> {
        self.responses.iter().filter_map(|row| row.schema).map(move |schema| place(self.schemas(), schema, members))
    }

    /// The places in the bodies of its answers that say that it was done.
    pub fn success_places(&self, members: &[Option<&str>]) -> impl Iterator<Item = Place<'_>> {
        self.successes().map(move |row| row.schema.map_or(Place::Unknown, |schema| place(self.schemas(), schema, members)))
    }

    /// Whether one of its answers that say that it was done may have a body.
    #[must_use]
    pub fn returns_something(&self) -> bool {
        let mut rows = self.successes().peekable();
        rows.peek().is_none() || rows.any(|row| !row.media_types.is_empty())
    }

    /// Whether its answers of a status have a JSON body.
    #[must_use]
    pub fn answers_with_body(&self, status: u16) -> bool {
        !matches!(status, 204 | 205 | 304) && self.response(status).is_some_and(|row| row.schema.is_some())
    }

    fn successes(&self) -> impl Iterator<Item = &Response> {
        let is_success = |row: &&Response| row.status.is_some_and(|status| status / 100 == 2);
        let has_some = self.responses.iter().any(|row| is_success(&row));
        self.responses.iter().filter(move |row| is_success(row) || !has_some && row.status.is_none())
    }
}

/// Whether a value has a member of one of some names, however deep.
fn has_member(schemas: &Schemas, id: SchemaId, names: &[&str], seen: &mut BTreeSet<SchemaId>) -> bool {
    if !seen.insert(id) {
        return false;
    }
    let schema = &schemas[id];
    let members = schema.object.iter().flat_map(|object| &object.properties);
    let own: Vec<SchemaId> = members.clone().map(|row| row.schema).collect();
    let parts = schema.all_of.iter().chain(&schema.any_of).chain(&schema.one_of).chain(&schema.items).copied();
    members.clone().any(|row| names.contains(&&*row.name))
        || own.into_iter().chain(parts).any(|part| has_member(schemas, part, names, seen))
}

fn place<'c>(schemas: &'c Schemas, mut id: SchemaId, members: &[Option<&str>]) -> Place<'c> {
    for (at, member) in members.iter().enumerate() {
        let next = match member {
            None => schemas.element(id),
            Some(name) => schemas.property(id, name).map(|(_, id)| id),
        };
        let Some(next) = next else {
            let mut names = Vec::new();
            add_names(schemas, id, &mut names);
            return if member.is_none() || names.is_empty() { Place::Unknown } else { Place::Missing(at, names) };
        };
        id = next;
    }
    let words = words(&schemas[id]).map(if schemas[id].takes_any_case() { Place::AnyCase } else { Place::Words });
    words.or_else(|| kinds(schemas, id).map(Place::Kinds)).unwrap_or(Place::Unknown)
}

/// The members that a schema lists, with those of its parts. None if its members have names of the caller's choice.
fn add_names<'c>(schemas: &'c Schemas, id: SchemaId, names: &mut Vec<&'c str>) {
    let schema = &schemas[id];
    if let Some(object) = schema.object.as_deref() {
        if matches!(object.additional, Additional::Schema(_)) {
            return;
        }
        names.extend(object.properties.iter().map(|row| &*row.name));
    }
    for part in schema.all_of.iter().chain(&schema.any_of).chain(&schema.one_of) {
        add_names(schemas, *part, names);
    }
}

/// The words of an enumeration of texts.
fn words(schema: &Schema) -> Option<Vec<&str>> {
    let is_closed = schema.json_type == Some(JsonType::String) && !schema.choices.is_empty();
    is_closed.then(|| schema.choices.iter().filter_map(Value::as_str).collect())
}

/// The types that a schema allows; `None` if it leaves that open.
fn kinds(schemas: &Schemas, id: SchemaId) -> Option<Vec<JsonType>> {
    let schema = &schemas[id];
    if let Some(own) = schema.json_type {
        return Some(vec![own]);
    }
    let either = |parts: &[SchemaId]| {
        let found: Option<Vec<_>> = parts.iter().map(|part| kinds(schemas, *part)).collect();
        found.filter(|found| !found.is_empty()).map(|found| found.concat())
    };
    // Of `allOf` any part that says a type says it for all of them.
    either(&schema.any_of).or_else(|| either(&schema.one_of)).or_else(|| schema.all_of.iter().find_map(|part| kinds(schemas, *part)))
}
