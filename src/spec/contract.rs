//! A request held against the document to the letter, whatever its vendor takes for something else.
//!
//! Where `check.rs` with a vendor's reading says what the vendor finds wrong, this says what a client does wrong. Formats of the
//! vendor's own are looked at as the vendor does, because nobody else knows them. What the document does not list is a violation only
//! where it refuses other members; [`Operation::unknown_members`] tells of the rest.

use http::HeaderMap;
use serde_json::Value;

use crate::spec::catalog::{Body, Operation, check_headers};
use crate::spec::check::Checker;
use crate::spec::reading::Reading;
use crate::spec::schema::{SchemaId, Schemas};
use crate::spec::unknown::flatten;
use crate::spec::violation::{ParameterIn, Path, Step, Violation};

/// How deep bodies are looked into for deprecated members.
const DEEPEST: usize = 64;

/// A request as it was sent, taken apart and decoded.
pub(crate) struct SentRequest<'r> {
    /// The parameters of the path.
    pub parameters: &'r [(String, String)],
    pub headers: &'r HeaderMap,
    /// The body; `None` if it could not be read.
    pub body: Option<&'r Value>,
    /// Whether the body came as a form, in which every value is a text.
    pub is_form: bool,
}

impl Operation {
    /// How a request departs from the document, but for its query, which [`Operation::check_query`] holds against it.
    pub(crate) fn departures(&self, sent: &SentRequest<'_>, reading: &Reading) -> Vec<Violation> {
        let mut found = self.check_path(sent.parameters, reading);
        found.extend(check_headers(&self.schemas, reading, &self.parameters, sent.headers));
        let body = self.body.as_ref().and_then(|body| Some((body.required, body.schema()?)));
        if let Some((required, schema)) = body
            && let Some(body) = sent.body
            && (required || !body.is_null())
        {
            let mut checker = Checker::new(&self.schemas, reading, ParameterIn::Body);
            checker.texts = sent.is_form;
            if body.is_null() {
                checker.missing(schema, &Path::Root, None);
            } else {
                checker.whole(schema, body);
            }
            found.append(&mut checker.found.violations);
        }
        found
    }

    /// What a request uses that the document advises against: the operation itself, parameters and members of the body.
    pub(crate) fn deprecated(&self, query: &[(String, String)], headers: &HeaderMap, body: &Value) -> Vec<(ParameterIn, Vec<Step>)> {
        let mut found = Vec::new();
        if self.is_deprecated {
            found.push((ParameterIn::Path, Vec::new()));
        }
        for parameter in self.parameters.iter().filter(|row| row.is_deprecated || self.schemas[row.schema].is_deprecated) {
            let is_sent = match parameter.location {
                ParameterIn::Query => query.iter().any(|(name, _)| *name == parameter.name),
                ParameterIn::Header => headers.contains_key(&parameter.name),
                ParameterIn::Path => true,
                ParameterIn::Body => false,
            };
            if is_sent {
                found.push((parameter.location, vec![Step::Member(parameter.name.as_str().into())]));
            }
        }
        if self.schemas.have_deprecated
            && let Some(schema) = self.body.as_ref().and_then(Body::schema)
        {
            let mut members = Vec::new();
            deprecated_members(&self.schemas, &[schema], body, &mut Vec::new(), &mut members);
            found.extend(members.into_iter().map(|path| (ParameterIn::Body, path)));
        }
        found
    }
}

fn deprecated_members(schemas: &Schemas, ids: &[SchemaId], value: &Value, path: &mut Vec<Step>, found: &mut Vec<Vec<Step>>) {
    if path.len() >= DEEPEST {
        return;
    }
    let mut all = Vec::new();
    ids.iter().for_each(|id| flatten(schemas, *id, &mut all, DEEPEST));
    match value {
        Value::Array(rows) => {
            let items: Vec<SchemaId> = all.iter().filter_map(|schema| schema.items).collect();
            for (index, row) in rows.iter().enumerate().filter(|_| !items.is_empty()) {
                path.push(Step::Element(index));
                deprecated_members(schemas, &items, row, path, found);
                path.pop();
            }
        }
        Value::Object(members) => {
            let properties = || all.iter().filter_map(|schema| schema.object.as_deref()).flat_map(|rules| &rules.properties);
            for (name, member) in members {
                let inner: Vec<SchemaId> = properties().filter(|row| *row.name == **name).map(|row| row.schema).collect();
                path.push(Step::Member(name.as_str().into()));
                if inner.iter().any(|id| schemas[*id].is_deprecated) {
                    found.push(path.clone());
                } else if !inner.is_empty() {
                    deprecated_members(schemas, &inner, member, path, found);
                }
                path.pop();
            }
        }
        _ => {}
    }
}
