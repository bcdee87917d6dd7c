//! The operations of one vendor, and the way from a method and path to one of them.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use http::Method;
use jsonschema::Validator;
use serde_json::Value;

use crate::base::text;
use crate::spec::load::{self, SpecError};
use crate::spec::validate::Schemas;

/// Every operation of one vendor's document.
pub struct Catalog {
    pub(super) operations: Vec<Operation>,
    pub(super) paths: Vec<PathEntry>,
    pub(super) router: matchit::Router<usize>,
    /// Whether fixed segments stand in the router in lower case, and match whatever the case of their letters.
    pub(super) case_insensitive: bool,
    pub(super) schemas: Schemas,
}

/// The operations that share a path.
pub(super) struct PathEntry {
    pub methods: Vec<(Method, usize)>,
}

/// One method and path of the document.
pub struct Operation {
    /// The document's `operationId`, such as `createConsignment`.
    pub id: String,
    /// The name that people use everywhere: `shipmate.createConsignment`.
    pub name: Arc<str>,
    /// Its position in [`Catalog::operations`].
    pub index: usize,
    /// Whether a call without a query may be wrong.
    pub needs_query: bool,
    /// The first tag: which `rules/<tag>.rs` to look at.
    pub tag: String,
    /// The HTTP method.
    pub method: Method,
    /// The path template below the vendor's mount.
    pub path: String,
    /// How we know that it behaves so: `recorded`, `documented`, `client` or `inferred`.
    pub evidence: String,
    /// Names of the security schemes that the call needs; empty when it is open to everybody.
    pub security: Vec<String>,
    /// What may stand in the path, the query and the headers.
    pub parameters: Vec<Parameter>,
    /// What may be sent, if anything.
    pub body: Option<Body>,
    pub(super) responses: Vec<Response>,
    pub(super) query_validator: OnceLock<Option<Validator>>,
    pub(super) body_validator: OnceLock<Option<Validator>>,
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterIn {
    /// In the body (of violations only).
    Body,
    /// In a segment of the path.
    Path,
    /// Behind the question mark.
    Query,
    /// In a header.
    Header,
}

/// One parameter of an operation.
pub struct Parameter {
    /// Its name on the wire.
    pub name: String,
    /// Where it stands.
    pub place: ParameterIn,
    /// Whether the call is wrong without it.
    pub required: bool,
    /// The JSON type that its text stands for: `string`, `integer`, `number`, `boolean` or `array`.
    pub kind: String,
    /// JSON pointer to its schema within the document.
    pub(super) schema: String,
}

/// The request body of an operation.
pub struct Body {
    /// Whether the call is wrong without it.
    pub required: bool,
    /// Media types with the JSON pointers of their schemas.
    pub(super) content: Vec<(String, String)>,
}

impl Body {
    /// The media types that the document lists.
    pub fn media_types(&self) -> impl Iterator<Item = &str> {
        self.content.iter().map(|(media_type, _)| media_type.as_str())
    }
}

/// One declared answer.
pub(super) struct Response {
    /// `None` is the document's `default`.
    pub status: Option<u16>,
    /// Pointer to the schema of its JSON body, when it has one.
    pub schema: Option<String>,
    pub validator: OnceLock<Option<Validator>>,
}

/// How much of an operation's behavior is written: the cheapest tier that is faithful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Answered from the document alone.
    Sample,
    /// State without code: one row.
    Resource,
    /// A hand-written rule.
    Rule,
}

/// What a method and path lead to.
#[derive(Debug)]
pub enum Route<'c> {
    /// An operation and the decoded parameters of its path.
    Found(&'c Operation, Vec<(String, String)>),
    /// The path exists, but only for these methods.
    WrongMethod(Vec<Method>),
    /// No operation has that path.
    Unknown,
}

impl Operation {
    /// Gives names in a query the letter case in which the document declares them.
    pub fn spell_as_declared(&self, query: &mut [(String, String)]) {
        for (name, _) in query {
            let mut declared = self.parameters.iter().filter(|row| row.place == ParameterIn::Query);
            if let Some(row) = declared.find(|row| row.name.eq_ignore_ascii_case(name)) {
                name.clone_from(&row.name);
            }
        }
    }

    /// The first declared success: its status, and the JSON pointer of its body's schema if it has one.
    #[must_use]
    pub fn success(&self) -> Option<(u16, Option<&str>)> {
        let row = self.responses.iter().find(|row| row.status.is_some_and(|status| (200..300).contains(&status)))?;
        Some((row.status?, row.schema.as_deref()))
    }
}

impl Catalog {
    /// Reads a document, given as JSON text, of the vendor with that id, whose paths may be found in any case of their letters.
    ///
    /// # Errors
    /// When the document is not OpenAPI 3.0, or two of its operations clash.
    pub fn load(vendor: &str, document: &str, case_insensitive: bool) -> Result<Self, SpecError> {
        load::catalog(vendor, document, case_insensitive)
    }

    /// All operations in the order of the document.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation with that `operationId`.
    #[must_use]
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    /// Finds the operation for a method and path; `HEAD` is served by `GET`.
    #[must_use]
    pub fn route(&self, method: &Method, path: &str) -> Route<'_> {
        let path = text::decode_unreserved(path);
        let key = if self.case_insensitive { Cow::Owned(path.to_ascii_lowercase()) } else { Cow::Borrowed(&*path) };
        let Ok(found) = self.router.at(&key) else { return Route::Unknown };
        let Some(entry) = self.paths.get(*found.value) else { return Route::Unknown };
        let wanted = if method == Method::HEAD { &Method::GET } else { method };
        let operation = entry.methods.iter().find(|(method, _)| method == wanted).and_then(|(_, index)| self.operations.get(*index));
        let Some(operation) = operation else {
            return Route::WrongMethod(entry.methods.iter().map(|(method, _)| method.clone()).collect());
        };
        let parameters = found.params.iter().map(|(name, value)| {
            // The same bytes of the path as they were sent: lower case is as long.
            let start = value.as_ptr() as usize - key.as_ptr() as usize;
            let value = path.get(start..start + value.len()).unwrap_or(value);
            (name.to_owned(), text::percent_decode(value))
        });
        Route::Found(operation, parameters.collect())
    }

    /// The part of the document that a JSON pointer names.
    #[must_use]
    pub fn fragment(&self, pointer: &str) -> Option<&Value> {
        self.schemas.document.pointer(pointer)
    }
}

impl std::fmt::Debug for Operation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.name)
    }
}
