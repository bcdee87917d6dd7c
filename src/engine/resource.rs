//! Resources: documents that callers create, read, list, update and delete, as data.
//!
//! ```
//! # use seatrial::engine::Operations;
//! # use seatrial::engine::resource::Resource;
//! fn rows(rows: &mut Operations, tags: &'static Resource) {
//!     rows.create("addTag", tags).read("viewTag", tags).list("listTags", tags).update("updateTag", tags).delete("deleteTag", tags);
//! }
//! ```
//!
//! The members of a document are the properties of a component of the vendor's OpenAPI document, in their order:
//!
//! ```yaml
//! Tag:
//!   properties:
//!     id: {type: integer, x-source: id}
//!     name: {type: string}                              # as it was sent
//!     color: {type: string, default: '#000'}            # that, if it was not sent
//!     owner: {type: string, nullable: true}             # null, if it was not sent; what is not nullable is left out
//!     created: {type: string, x-source: created}        # or `updated`, by the virtual clock
//!     status: {type: string, readOnly: true, default: ACTIVE} # always that, whatever was sent
//!     account: {type: string, x-source: account}        # by a function of `Conventions::sources`
//!     links: {type: array, x-source: answer}            # in answers only
//!     price: {type: string, x-stored: two-places}       # by a function of `Conventions::forms`
//! ```
//!
//! What a body says is validated by the document. A behavior that fits neither the
//! members nor [`Resource::judge`] is a rule, which may call [`Resource::store`] for the plain part of it, or
//! [`Resource::store_part`] for what comes inside another body.

use http::StatusCode;
use serde_json::Value;

use crate::base::ids;
use crate::base::json::Written;
use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::engine::call::Validation;
use crate::engine::completion::Forms;
use crate::engine::cx::Cx;
use crate::engine::fields::{Field, Report};
use crate::engine::listing::{Listing, Page};
use crate::engine::refusal::Refusal;
use crate::engine::reply::{Outcome, Reply};
use crate::engine::vendor::Operations;
use crate::spec::{Schema, Schemas};
use crate::world::Kind;

/// The members of a body as they were read, or of a document.
pub use crate::base::members::Members;

/// Makes a member that no caller sends.
pub type MakeMember = fn(&Cx<'_>) -> Value;

/// Judges a body, and completes it.
pub type Judge = fn(&mut Cx<'_>, &mut Value, &mut Report<'_>) -> Result<(), Refusal>;

/// Reads members of a body that name other documents or bring them along; what the document has in their place.
pub type Parts = fn(&mut Cx<'_>, &Value, &mut Report<'_>) -> Result<Vec<(&'static str, Value)>, Refusal>;

/// Has the last word about a document.
pub type Finish = fn(&mut Cx<'_>, &Members, &mut Members) -> Result<(), Refusal>;

/// One kind of documents, and how callers treat it.
pub struct Resource {
    /// The kind under which it is stored.
    pub kind: Kind,
    /// Stores what a body brings along, before the body is copied, which then has ids in its place.
    pub parts: Parts,
    /// Adds to the report what only the world or several members can say about a valid body, and completes the body.
    pub judge: Judge,
    /// The component of the OpenAPI document whose properties are its members.
    pub schema: &'static str,
    /// Has the last word about a document before it is stored: the members that were read (but for lists and objects, which moved into
    /// the document), and the document.
    pub finish: Finish,
    /// Whether a document is whole ([`Cx::completed`]) also below its members, and what `x-stored` may name there.
    pub completed: Option<Forms>,
    /// What the query of its list may say.
    pub listing: &'static Listing,
    /// What it has in common with others.
    pub conventions: &'static Conventions,
}

/// What resources of a vendor have in common.
pub struct Conventions {
    /// The id of a new document.
    pub new_id: fn(&mut Cx<'_>) -> String,
    /// The id that a path names.
    pub named: fn(&Cx<'_>) -> String,
    /// How times of creation and change are written.
    pub stamp: fn(Timestamp) -> Value,
    /// What `x-source` of a member may name: the function makes it of the context.
    pub sources: &'static [(&'static str, MakeMember)],
    /// What `x-stored` of a member may name. The answer to the request itself shows the member as it was read, later ones as it is kept.
    pub forms: Forms,
    /// A blank text counts as not sent.
    pub blank_is_missing: bool,
    /// What an update leaves out keeps its value. Otherwise it is as in a new document.
    pub merges: bool,
    /// When what is wrong with the query of a list counts.
    pub lists: Validation,
    /// The status of the answer to a creation.
    pub created: StatusCode,
    /// Makes an answer of a document.
    pub answer: fn(&Cx<'_>, StatusCode, Value) -> Reply,
    /// Makes an answer of a page.
    pub page: fn(&Cx<'_>, Page<Written>) -> Reply,
    /// The answer to a deletion.
    pub deleted: fn() -> Reply,
}

impl Conventions {
    /// UUIDs, times of RFC 3339, documents as they are, 201 for new ones and 204 for what is gone; an update says only what changes.
    pub const USUAL: Self = Self {
        new_id: |cx| ids::uuid(&mut cx.rng).to_string(),
        named: |cx| cx.call.parameters.last().map(|(_, id)| id.clone()).unwrap_or_default(),
        stamp: |at| at.to_string().into(),
        sources: &[],
        forms: &[],
        blank_is_missing: false,
        merges: true,
        lists: Validation::First,
        created: StatusCode::CREATED,
        answer: |_, status, document| Reply::json(status, document),
        page: |_, page| Reply::ok(page.rows),
        deleted: || Reply::empty(StatusCode::NO_CONTENT),
    };
}

/// A document that was made from a body.
pub struct Made {
    pub id: String,
    pub document: Value,
    /// Members that the answer to its creation or change shows as they were sent.
    as_sent: Members,
}

impl Made {
    /// As the answer to its creation or change shows it.
    #[must_use]
    pub fn into_answer(self) -> Value {
        let mut answer = self.document;
        if let Value::Object(members) = &mut answer {
            members.extend(self.as_sent);
        }
        answer
    }
}

impl Resource {
    /// Documents with the members of a component, and nothing special.
    #[must_use]
    pub const fn new(kind: Kind, schema: &'static str, listing: &'static Listing, conventions: &'static Conventions) -> Self {
        Self { kind, schema, parts: none, judge: agreed, finish: unchanged, completed: None, listing, conventions }
    }

    /// The same, of which [`Resource::parts`] stores what bodies bring along.
    #[must_use]
    pub const fn with_parts(mut self, parts: Parts) -> Self {
        self.parts = parts;
        self
    }

    /// The same with another [`Resource::judge`].
    #[must_use]
    pub const fn judged(mut self, judge: Judge) -> Self {
        self.judge = judge;
        self
    }

    /// The same with another [`Resource::finish`].
    #[must_use]
    pub const fn finished(mut self, finish: Finish) -> Self {
        self.finish = finish;
        self
    }

    /// The same, whole also below its members.
    #[must_use]
    pub const fn completed(mut self, forms: Forms) -> Self {
        self.completed = Some(forms);
        self
    }

    /// The same with another [`Resource::listing`].
    #[must_use]
    pub const fn listed(mut self, listing: &'static Listing) -> Self {
        self.listing = listing;
        self
    }

    /// The same with other conventions.
    #[must_use]
    pub const fn with(mut self, conventions: &'static Conventions) -> Self {
        self.conventions = conventions;
        self
    }

    /// Stores a document that a body describes: a new one, or what becomes of one that is there. The report has what is wrong with the
    /// body so far.
    ///
    /// # Errors
    /// What is wrong with the body.
    pub fn store(&self, cx: &mut Cx<'_>, body: &Value, report: Report<'_>, before: Option<(String, Members)>) -> Result<Made, Refusal> {
        let made = self.make(cx, body, report, before)?;
        cx.docs.put(self.kind.clone(), &made.id, &made.document);
        Ok(made)
    }

    /// Stores what a part of a body describes; nothing if there is none, or something is wrong with it.
    ///
    /// # Errors
    /// What cannot be told with the rest.
    pub fn store_part(&self, cx: &mut Cx<'_>, part: &Field<'_, '_>, report: &mut Report<'_>) -> Result<Option<Made>, Refusal> {
        let Some(body) = part.value.filter(|_| report.is_fine(part)) else { return Ok(None) };
        report.part(part, self.store(cx, body, Report::of_part(), None))
    }

    /// Makes a document without storing it, such as a part of another one.
    ///
    /// # Errors
    /// What is wrong with the body.
    pub fn make(&self, cx: &mut Cx<'_>, body: &Value, mut report: Report<'_>, before: Option<(String, Members)>) -> Result<Made, Refusal> {
        let parts = (self.parts)(cx, body, &mut report)?;
        let mut body = put(parts, body);
        (self.judge)(cx, &mut body, &mut report)?;
        report.finish()?;
        let mut read = Members::from(body);
        let (id, before) = before.map_or_else(|| ((self.conventions.new_id)(cx), None), |(id, before)| (id, Some(before)));
        let kept = self.properties(cx).filter(|(_, schema)| schema.extension("x-stored").is_some());
        let sent = |(name, schema)| self.is_sent(&read, name, schema).then(|| (name.to_owned(), read[name].clone()));
        let as_sent = kept.filter_map(sent).collect();
        let mut document = self.document(cx, &id, &mut read, before.as_ref());
        if let Some(forms) = self.completed {
            document = cx.completed(self.schema, &document.into(), forms).into();
        }
        (self.finish)(cx, &read, &mut document)?;
        Ok(Made { id, document: document.into(), as_sent })
    }

    /// The document that the path names.
    ///
    /// # Errors
    /// `Missing`.
    pub fn find(&self, cx: &Cx<'_>) -> Result<(String, Members), Refusal> {
        let id = (self.conventions.named)(cx);
        let document = cx.docs.require(self.kind.clone(), &id)?;
        Ok((id, document))
    }

    fn document(&self, cx: &Cx<'_>, id: &str, read: &mut Members, before: Option<&Members>) -> Members {
        let conventions = self.conventions;
        let now = (conventions.stamp)(cx.now);
        let before = |name: &str| before.and_then(|before| before.get(name)).cloned();
        let member = |(name, schema): (&str, &Schema)| {
            let usual = || schema.default.clone().or(schema.nullable.then_some(Value::Null));
            let value = match schema.extension("x-source") {
                Some("id") => Some(id.into()),
                Some("created") => Some(before(name).unwrap_or_else(|| now.clone())),
                Some("updated") => Some(now.clone()),
                Some("answer") => None,
                Some(source) => lookup(conventions.sources, source).map(|make| make(cx)),
                None if schema.read_only => usual(),
                None => {
                    let form = schema.extension("x-stored").and_then(|form| lookup(conventions.forms, form));
                    let sent = self.is_sent(read, name, schema).then(|| take(&mut read[name]));
                    let sent = sent.map(|sent| match form {
                        Some(form) => form(&sent),
                        None => sent,
                    });
                    sent.or_else(|| if conventions.merges { before(name) } else { None }).or_else(usual)
                }
            };
            value.map(|value| (name.to_owned(), value))
        };
        self.properties(cx).filter_map(member).collect()
    }

    /// Whether a member of a body counts as sent. Where the default is an object, only an object does.
    fn is_sent(&self, read: &Members, name: &str, schema: &Schema) -> bool {
        let is_blank = |value: &Value| self.conventions.blank_is_missing && value == "";
        read.get(name).is_some_and(|value| match &schema.default {
            Some(Value::Object(_)) => value.is_object(),
            _ => !is_blank(value),
        })
    }

    fn properties<'w>(&self, cx: &Cx<'w>) -> impl Iterator<Item = (&'w str, &'w Schema)> {
        cx.catalog().schemas().properties(self.schema).into_iter().flatten()
    }

    /// What it needs, and its vendor's document or conventions lack.
    pub(super) fn unknown_words(&self, schemas: &Schemas) -> Vec<String> {
        let Some(properties) = schemas.properties(self.schema) else { return vec![format!("components/schemas/{}", self.schema)] };
        let has_source =
            |name: &str| ["id", "created", "updated", "answer"].contains(&name) || lookup(self.conventions.sources, name).is_some();
        let unknown = |(name, schema): (&str, &Schema)| {
            let source = schema.extension("x-source").filter(|source| !has_source(source));
            let form = schema.extension("x-stored").filter(|form| lookup(self.conventions.forms, form).is_none());
            source.or(form).map(|word| format!("`{word}` of `{}.{name}`", self.schema))
        };
        properties.filter_map(unknown).collect()
    }

    fn create(&self, cx: &mut Cx<'_>) -> Outcome {
        let made = self.store(cx, &cx.call.body, Report::of(cx.call), None)?;
        Ok((self.conventions.answer)(cx, self.conventions.created, made.into_answer()))
    }

    fn get(&self, cx: &mut Cx<'_>) -> Outcome {
        let (_, document) = self.find(cx)?;
        Ok((self.conventions.answer)(cx, StatusCode::OK, document.into()))
    }

    fn list(&self, cx: &mut Cx<'_>) -> Outcome {
        let page = self.listing.read(cx.call)?.documents(&cx.docs, self.kind.clone())?.written();
        Ok((self.conventions.page)(cx, page))
    }

    fn update(&self, cx: &mut Cx<'_>) -> Outcome {
        let before = self.find(cx)?;
        let made = self.store(cx, &cx.call.body, Report::of(cx.call), Some(before))?;
        Ok((self.conventions.answer)(cx, StatusCode::OK, made.into_answer()))
    }

    fn delete(&self, cx: &mut Cx<'_>) -> Outcome {
        let (id, _) = self.find(cx)?;
        cx.docs.remove(self.kind.clone(), &id);
        Ok((self.conventions.deleted)())
    }
}

fn none(_: &mut Cx<'_>, _: &Value, _: &mut Report<'_>) -> Result<Vec<(&'static str, Value)>, Refusal> {
    Ok(Vec::new())
}

/// A body with some members in the place of its own, which are not copied.
fn put(parts: Vec<(&'static str, Value)>, body: &Value) -> Value {
    let Value::Object(members) = body else { return body.clone() };
    let is_copied = |name: &str| parts.iter().all(|(part, _)| *part != name);
    let copied = |(name, value): (&String, &Value)| (name.clone(), if is_copied(name) { value.clone() } else { Value::Null });
    let mut body: Members = members.iter().map(copied).collect();
    body.extend(parts.into_iter().map(|(name, value)| (name.to_owned(), value)));
    body.into()
}

fn agreed(_: &mut Cx<'_>, _: &mut Value, _: &mut Report<'_>) -> Result<(), Refusal> {
    Ok(())
}

fn unchanged(_: &mut Cx<'_>, _: &Members, _: &mut Members) -> Result<(), Refusal> {
    Ok(())
}

/// A member of a body for its document. Lists and objects move, as they may be large.
fn take(member: &mut Value) -> Value {
    if member.is_array() || member.is_object() { std::mem::take(member) } else { member.clone() }
}

fn lookup<F: Copy>(rows: &[(&str, F)], wanted: &str) -> Option<F> {
    rows.iter().find(|(name, _)| *name == wanted).map(|(_, found)| *found)
}

impl Operations {
    /// A document is created from the body.
    pub fn create(&mut self, operation: impl Into<Name>, resource: &'static Resource) -> &mut Self {
        self.of(resource).resource(operation, Validation::Late, |cx: &mut Cx<'_>| resource.create(cx))
    }

    /// The document that the path names is answered.
    pub fn read(&mut self, operation: impl Into<Name>, resource: &'static Resource) -> &mut Self {
        self.of(resource).resource(operation, Validation::Noted, |cx: &mut Cx<'_>| resource.get(cx))
    }

    /// A page of the documents is answered.
    pub fn list(&mut self, operation: impl Into<Name>, resource: &'static Resource) -> &mut Self {
        self.of(resource).resource(operation, resource.conventions.lists, |cx: &mut Cx<'_>| resource.list(cx))
    }

    /// The document that the path names is changed. That it is not there is told before what is wrong with the body.
    pub fn update(&mut self, operation: impl Into<Name>, resource: &'static Resource) -> &mut Self {
        self.of(resource).resource(operation, Validation::Late, |cx: &mut Cx<'_>| resource.update(cx))
    }

    /// The document that the path names is deleted.
    pub fn delete(&mut self, operation: impl Into<Name>, resource: &'static Resource) -> &mut Self {
        self.of(resource).resource(operation, Validation::Noted, |cx: &mut Cx<'_>| resource.delete(cx))
    }

    fn of(&mut self, resource: &'static Resource) -> &mut Self {
        self.checks.push(Box::new(|schemas| resource.unknown_words(schemas)));
        self
    }
}
