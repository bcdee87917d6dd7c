//! Resources: documents that callers create, read, list, update and delete, as data.
//!
//! ```
//! # use seatrial::engine::Operations;
//! # use seatrial::engine::resource::{Resource, Sent, Source};
//! fn rows(rows: &mut Operations, tags: &'static Resource) {
//!     rows.create("addTag", tags).read("viewTag", tags).list("listTags", tags).update("updateTag", tags).delete("deleteTag", tags);
//! }
//! # const MEMBERS: &[(&str, Source)] =
//! &[("id", Source::Id), ("name", Source::Sent(Sent::Null)), ("color", Source::Sent(Sent::Text("#000")))]
//! # ;
//! ```
//!
//! What a body says was validated by the document before, or is read by the vendor's own [`Resource::read`]. A behavior that fits
//! neither the members nor [`Resource::finish`] is a rule, which may call [`Resource::store`] for the plain part of it.

use http::StatusCode;
use serde_json::{Map, Value};

use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::engine::call::Validation;
use crate::engine::cx::Cx;
use crate::engine::listing::{Listing, Page};
use crate::engine::refusal::Refusal;
use crate::engine::reply::{Outcome, Reply};
use crate::engine::vendor::Operations;
use crate::world::Kind;

/// The members of a body, as they were read.
pub type Members = Map<String, Value>;

/// Reads the members of a body, or refuses it.
pub type ReadBody = fn(&mut Cx<'_>, &Value) -> Result<Members, Refusal>;

/// One kind of documents, and how callers treat it.
pub struct Resource {
    /// The kind under which it is stored.
    pub kind: Kind,
    /// Reads a body; `None` if the document validates it, which makes rows of valid requests.
    pub read: Option<ReadBody>,
    /// The members of the document in their order, and what they are made from.
    pub members: &'static [(&'static str, Source)],
    /// Has the last word about a document before it is stored: the members that were read, and the document. [`unchanged`] has none.
    pub finish: fn(&mut Cx<'_>, &Members, &mut Members) -> Result<(), Refusal>,
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
    pub named: fn(&Cx<'_>) -> Result<String, Refusal>,
    /// How times of creation and change are written.
    pub stamp: fn(Timestamp) -> Value,
    /// What an update leaves out keeps its value. Otherwise it is as in a new document.
    pub merges: bool,
    /// The status of the answer to a creation.
    pub created: StatusCode,
    /// Makes an answer of a document.
    pub answer: fn(&Cx<'_>, StatusCode, Value) -> Reply,
    /// Makes an answer of a page.
    pub page: fn(&Cx<'_>, Page<Value>) -> Reply,
    /// The answer to a deletion.
    pub deleted: fn() -> Reply,
}

/// What a member of a document is made from.
#[derive(Clone, Copy)]
pub enum Source {
    /// The member of that name that was read.
    Sent(Sent),
    /// The member that was read, in another form; the answer to the request itself still shows it as it was read.
    Kept(fn(&Value) -> Value, Sent),
    /// The id that it is stored under.
    Id,
    /// When it was created, by the virtual clock.
    Created,
    /// When it was last changed.
    Updated,
    /// Always the same, whatever was sent.
    Is(Sent),
    /// What the function makes of the context: the owner, the mode.
    Of(fn(&Cx<'_>) -> Value),
}

/// The value of a member that was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// There is no such member then.
    Absent,
    Null,
    Text(&'static str),
    Flag(bool),
    /// A list without elements.
    List,
    /// An object that has no members.
    Object,
}

/// A document that was made from a body.
pub struct Made {
    pub id: String,
    pub document: Value,
    /// As the answer to its creation or change shows it.
    pub shown: Value,
}

impl Resource {
    /// What has a reader of its own is judged by that.
    fn validation(&self) -> Validation {
        if self.read.is_none() { Validation::First } else { Validation::Noted }
    }

    /// Stores a document that a body describes: a new one, or what becomes of one that is there.
    ///
    /// # Errors
    /// What is wrong with the body.
    pub fn store(&self, cx: &mut Cx<'_>, body: &Value, before: Option<(String, Members)>) -> Result<Made, Refusal> {
        let made = self.make(cx, body, before)?;
        cx.docs.put(self.kind.clone(), &made.id, &made.document);
        Ok(made)
    }

    /// Makes a document without storing it, such as a part of another one.
    ///
    /// # Errors
    /// What is wrong with the body.
    pub fn make(&self, cx: &mut Cx<'_>, body: &Value, before: Option<(String, Members)>) -> Result<Made, Refusal> {
        let read = match self.read {
            Some(read) => read(cx, body)?,
            None => body.as_object().cloned().unwrap_or_default(),
        };
        let (id, before) = before.map_or_else(|| ((self.conventions.new_id)(cx), None), |(id, before)| (id, Some(before)));
        let mut document = self.document(cx, &id, &read, before.as_ref());
        (self.finish)(cx, &read, &mut document)?;
        let mut shown = document.clone();
        for (name, source) in self.members {
            if let (Source::Kept(..), Some(sent)) = (source, read.get(*name)) {
                shown.insert((*name).to_owned(), sent.clone());
            }
        }
        Ok(Made { id, document: document.into(), shown: shown.into() })
    }

    /// The document that the path names.
    ///
    /// # Errors
    /// `Missing`.
    pub fn find(&self, cx: &Cx<'_>) -> Result<(String, Members), Refusal> {
        let id = (self.conventions.named)(cx)?;
        let document = cx.docs.require(self.kind.clone(), &id)?;
        Ok((id, document))
    }

    fn document(&self, cx: &Cx<'_>, id: &str, read: &Members, before: Option<&Members>) -> Members {
        let now = (self.conventions.stamp)(cx.now);
        let kept = |name: &str| before.and_then(|before| before.get(name)).cloned();
        let missing = |name: &str, sent: Sent| if self.conventions.merges { kept(name).or(sent.value()) } else { sent.value() };
        let member = |(name, source): &(&'static str, Source)| {
            let value = match source {
                Source::Sent(sent) => read.get(*name).cloned().or_else(|| missing(name, *sent)),
                Source::Kept(form, sent) => read.get(*name).map(form).or_else(|| missing(name, *sent)),
                Source::Id => Some(id.into()),
                Source::Created => Some(kept(name).unwrap_or_else(|| now.clone())),
                Source::Updated => Some(now.clone()),
                Source::Is(sent) => sent.value(),
                Source::Of(make) => Some(make(cx)),
            };
            value.map(|value| ((*name).to_owned(), value))
        };
        self.members.iter().filter_map(member).collect()
    }

    fn create(&self, cx: &mut Cx<'_>) -> Outcome {
        let body = &cx.call.body;
        let made = self.store(cx, body, None)?;
        Ok((self.conventions.answer)(cx, self.conventions.created, made.shown))
    }

    fn get(&self, cx: &mut Cx<'_>) -> Outcome {
        let (_, document) = self.find(cx)?;
        Ok((self.conventions.answer)(cx, StatusCode::OK, document.into()))
    }

    fn list(&self, cx: &mut Cx<'_>) -> Outcome {
        let page = self.listing.read(cx.call)?.documents(&cx.docs, self.kind.clone())?.read();
        Ok((self.conventions.page)(cx, page))
    }

    fn update(&self, cx: &mut Cx<'_>) -> Outcome {
        let before = self.find(cx)?;
        let body = &cx.call.body;
        let made = self.store(cx, body, Some(before))?;
        Ok((self.conventions.answer)(cx, StatusCode::OK, made.shown))
    }

    fn delete(&self, cx: &mut Cx<'_>) -> Outcome {
        let (id, _) = self.find(cx)?;
        cx.docs.remove(self.kind.clone(), &id);
        Ok((self.conventions.deleted)())
    }
}

/// For [`Resource::finish`] where there is nothing to add.
///
/// # Errors
/// Never.
pub fn unchanged(_: &mut Cx<'_>, _: &Members, _: &mut Members) -> Result<(), Refusal> {
    Ok(())
}

impl Sent {
    fn value(self) -> Option<Value> {
        match self {
            Self::Absent => None,
            Self::Null => Some(Value::Null),
            Self::Text(text) => Some(text.into()),
            Self::Flag(flag) => Some(flag.into()),
            Self::List => Some(Value::Array(Vec::new())),
            Self::Object => Some(Map::new().into()),
        }
    }
}

impl Operations {
    /// A document is created from the body.
    pub fn create(&mut self, operation: impl Into<Name>, resource: &'static Resource) -> &mut Self {
        self.resource(operation, resource.validation(), |cx: &mut Cx<'_>| resource.create(cx))
    }

    /// The document that the path names is answered.
    pub fn read(&mut self, operation: impl Into<Name>, resource: &'static Resource) -> &mut Self {
        self.resource(operation, Validation::Noted, |cx: &mut Cx<'_>| resource.get(cx))
    }

    /// A page of the documents is answered.
    pub fn list(&mut self, operation: impl Into<Name>, resource: &'static Resource) -> &mut Self {
        self.resource(operation, Validation::Noted, |cx: &mut Cx<'_>| resource.list(cx))
    }

    /// The document that the path names is changed.
    pub fn update(&mut self, operation: impl Into<Name>, resource: &'static Resource) -> &mut Self {
        self.resource(operation, resource.validation(), |cx: &mut Cx<'_>| resource.update(cx))
    }

    /// The document that the path names is deleted.
    pub fn delete(&mut self, operation: impl Into<Name>, resource: &'static Resource) -> &mut Self {
        self.resource(operation, Validation::Noted, |cx: &mut Cx<'_>| resource.delete(cx))
    }
}
