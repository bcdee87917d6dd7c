//! The operations of one vendor, and the way from a method and path to one of them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};
use serde::Deserialize;
use serde_json::Value;

use crate::base::name::Name;
use crate::base::text;
use crate::spec::arrange::{arrange, spell};
use crate::spec::check::{Checker, Findings};
use crate::spec::format;
use crate::spec::reading::{EmptyBody, Reading};
use crate::spec::schema::{JsonType, Schema, SchemaId, Schemas};
use crate::spec::unknown::{UnknownMember, unknown_members};
use crate::spec::violation::{ParameterIn, Path, Rule, Step, Violation};

/// Every operation of one vendor's document.
pub struct Catalog {
    pub(super) operations: Vec<Operation>,
    pub(super) paths: Vec<PathEntry>,
    pub(super) router: matchit::Router<usize>,
    /// What counts for calls that lead to no operation.
    pub(super) rate_limit: Option<RateLimit>,
    pub(super) schemas: Arc<Schemas>,
    /// Whether fixed segments stand in the router in lower case, and match whatever the case of their letters.
    pub(super) case_insensitive: bool,
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
    pub index: usize,
    /// Whether a call without a query may be wrong.
    pub needs_query: bool,
    /// The first tag: which `rules/<tag>.rs` to look at.
    pub tag: String,
    pub method: Method,
    /// The path template below the vendor's mount.
    pub path: String,
    /// Older path templates that lead to it as well.
    pub aliases: Vec<String>,
    /// Whether its service takes no value for one of another type (`x-strict-types`), however leniently the vendor reads.
    pub is_typed: bool,
    /// Whether the document advises against it.
    pub is_deprecated: bool,
    /// How we know that it behaves so: `recorded`, `documented`, `client` or `inferred`.
    pub evidence: String,
    /// Names of the security schemes that the call needs; empty when it is open to everybody.
    pub security: Vec<String>,
    /// The same as alternatives, of each of which all schemes are needed together; an empty one needs none.
    pub(crate) alternatives: Vec<Vec<String>>,
    /// The rights (OAuth scopes) that the call needs, whichever scheme lets it in.
    pub scopes: Vec<Name>,
    /// What may stand in the path, the query and the headers.
    pub parameters: Vec<Parameter>,
    /// What may be sent, if anything.
    pub body: Option<Body>,
    pub(super) rate_limit: Option<RateLimit>,
    pub(super) responses: Vec<Response>,
    /// From how many bytes of its body on a call may be answered with files, such as labels, that take a while to draw.
    pub draws_from: Option<usize>,
    pub(super) schemas: Arc<Schemas>,
}

/// How many calls a vendor publishes that it takes: the extension `x-rate-limit`, of one operation or of all in a document.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// Which calls of an account are counted together; all, unless the document tells them apart.
    #[serde(default)]
    pub class: Name,
    pub calls: u64,
    /// Whether each credential of an account is counted for itself.
    #[serde(default)]
    pub per: Per,
    /// How many calls it takes of credentials for tests, where that is not the same.
    pub test_calls: Option<u64>,
    /// In how many seconds.
    #[serde(default = "minute")]
    pub window: u32,
    /// Whether windows follow each other by the clock, and do not begin with a call.
    #[serde(default)]
    pub aligned: bool,
}

/// Whose calls are counted together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    #[default]
    Account,
    Credential,
}

fn minute() -> u32 {
    60
}

/// One parameter of an operation.
pub struct Parameter {
    /// Its name on the wire.
    pub name: String,
    pub location: ParameterIn,
    /// Whether the call is wrong without it.
    pub required: bool,
    /// Whether the document advises against it.
    pub is_deprecated: bool,
    pub(super) schema: SchemaId,
}

/// The request body of an operation.
pub struct Body {
    /// Whether the call is wrong without it.
    pub required: bool,
    pub(super) content: Vec<(String, SchemaId)>,
}

impl Body {
    /// The media types that the document lists.
    pub fn media_types(&self) -> impl Iterator<Item = &str> {
        self.content.iter().map(|(media_type, _)| media_type.as_str())
    }
}

pub(super) struct Response {
    /// `None` is the document's `default`.
    pub status: Option<u16>,
    /// The schema of its JSON body, when it has one.
    pub schema: Option<SchemaId>,
    /// The media types of its body, without their parameters.
    pub media_types: Vec<String>,
    pub headers: Vec<Parameter>,
}

/// How much of an operation's behavior is written: the cheapest tier that is faithful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Answered from the document alone.
    Sample,
    /// State without code: one row.
    Resource,
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

impl Body {
    /// The schema that bodies are held against: that of JSON, whatever they come as.
    pub(crate) fn schema(&self) -> Option<SchemaId> {
        let json = self.content.iter().find(|(media_type, _)| media_type.ends_with("json") || media_type.contains("json"));
        json.or(self.content.first()).map(|(_, schema)| *schema)
    }
}

impl Operation {
    /// Gives names in a query, and words that may stand in any case of letters, the spelling that the document has.
    pub fn spell_as_declared(&self, query: &mut [(String, String)]) {
        for (name, value) in query {
            let mut declared = self.parameters.iter().filter(|row| row.location == ParameterIn::Query);
            if let Some(row) = declared.find(|row| row.name.eq_ignore_ascii_case(name)) {
                name.clone_from(&row.name);
                let word = self.schemas[row.schema].in_other_case(&Value::from(value.as_str())).and_then(Value::as_str);
                word.into_iter().for_each(|word| word.clone_into(value));
            }
        }
    }

    /// Leaves the first value of each name in a query, but of those that are lists.
    pub fn keep_first_values(&self, query: &mut Vec<(String, String)>) {
        let is_list = |name: &str| {
            let mut declared = self.parameters.iter().filter(|row| row.location == ParameterIn::Query);
            declared.any(|row| row.name == name && self.schemas[row.schema].json_type == Some(JsonType::Array))
        };
        let mut seen = BTreeSet::new();
        query.retain(|(name, _)| seen.insert(name.clone()) || is_list(name));
    }

    /// What the query may filter lists by: the name of a parameter, the member of documents (a JSON pointer) that its `x-member` says,
    /// and its `x-test`.
    pub(crate) fn filters(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let parameters = self.parameters.iter().filter(|row| row.location == ParameterIn::Query);
        parameters.filter_map(|row| {
            let schema = &self.schemas[row.schema];
            Some((row.name.as_str(), schema.extension("x-member")?, schema.extension("x-test").unwrap_or("equal")))
        })
    }

    /// The first declared success: its status, and the schema of its body if it has one.
    #[must_use]
    pub(crate) fn success(&self) -> Option<(u16, Option<SchemaId>)> {
        let row = self.responses.iter().find(|row| row.status.is_some_and(|status| (200..300).contains(&status)))?;
        Some((row.status?, row.schema))
    }

    /// The schema of the JSON that is answered with a status, or by default.
    pub(crate) fn answer(&self, status: u16) -> Option<SchemaId> {
        self.response(status)?.schema
    }

    /// The schema that its bodies are held against.
    pub(crate) fn body_schema(&self) -> Option<SchemaId> {
        self.body.as_ref().and_then(Body::schema)
    }

    /// The schemas of its document.
    pub(crate) fn schemas(&self) -> &Schemas {
        &self.schemas
    }

    /// The schema of one of its parameters.
    pub(crate) fn parameter_schema(&self, parameter: &Parameter) -> &Schema {
        &self.schemas[parameter.schema]
    }

    /// The statuses that the document declares; `None` is its `default`.
    pub fn statuses(&self) -> impl Iterator<Item = Option<u16>> {
        self.responses.iter().map(|row| row.status)
    }

    /// What is wrong with a request body as the vendor reads it, and what the vendor makes of it. Nothing if the operation takes no
    /// body, or if there is none and none is needed.
    #[must_use]
    pub(crate) fn check_body(&self, body: &Value, reading: &Reading) -> Findings {
        let Some((declared, schema)) = self.body.as_ref().and_then(|declared| Some((declared, declared.schema()?))) else {
            return Findings::default();
        };
        if body.is_null() && !declared.required {
            return Findings::default();
        }
        let mut checker = Checker::new(&self.schemas, reading, ParameterIn::Body);
        checker.is_typed = self.is_typed;
        let counts_as_empty = match reading.empty_body {
            EmptyBody::Refused => false,
            EmptyBody::Null => body.is_null(),
            EmptyBody::Anything => !body.is_object(),
        };
        if counts_as_empty {
            let empty = Value::Object(serde_json::Map::new());
            checker.whole(schema, &empty);
            checker.found.changes.insert(0, (Vec::new(), Some(empty)));
        } else {
            checker.whole(schema, body);
        }
        checker.found
    }

    /// The members of a body that the document does not have.
    pub(crate) fn unknown_members(&self, body: &Value) -> Vec<UnknownMember> {
        self.body_schema().map_or_else(Vec::new, |schema| unknown_members(&self.schemas, schema, body))
    }

    /// Makes of a body what the vendor's language would hold: members as the document spells and arranges them, as far as the reading
    /// asks for that.
    pub(crate) fn arrange_body(&self, body: &mut Value, reading: &Reading) {
        let Some(schema) = self.body_schema() else { return };
        if reading.any_case {
            spell(&self.schemas, schema, body);
        }
        if reading.typed {
            arrange(&self.schemas, schema, body);
        }
    }

    /// The schema of the body, and those of the steps of a path into it, as far as the document knows them.
    pub(crate) fn schemas_along(&self, path: &[Step]) -> Vec<&Schema> {
        let mut next = self.body_schema();
        let mut along = Vec::with_capacity(path.len() + 1);
        let mut steps = path.iter();
        while let Some(schema) = next {
            along.push(&self.schemas[schema]);
            next = steps.next().and_then(|step| self.step(schema, step)).map(|(_, id)| id);
        }
        along
    }

    /// Where a step from a value of that schema leads: its position, and its schema.
    fn step(&self, id: SchemaId, step: &Step) -> Option<(usize, SchemaId)> {
        match step {
            Step::Element(index) => Some((*index, self.schemas.element(id)?)),
            Step::Member(name) | Step::Key(name) => self.schemas.property(id, name),
        }
    }

    /// What is wrong with the decoded parameters of the path.
    #[must_use]
    pub(crate) fn check_path(&self, pairs: &[(String, String)], reading: &Reading) -> Vec<Violation> {
        let mut checker = Checker::new(&self.schemas, reading, ParameterIn::Path);
        checker.texts = true;
        for (name, text) in pairs {
            let parameter = self.parameters.iter().find(|row| row.location == ParameterIn::Path && row.name == *name);
            if let Some(parameter) = parameter.filter(|row| !self.schemas[row.schema].is_any_text()) {
                checker.value(parameter.schema, &Value::from(text.as_str()), &Path::Member(&Path::Root, name), true);
            }
        }
        checker.found.violations
    }

    /// What is wrong with the query, given as decoded pairs.
    #[must_use]
    pub fn check_query(&self, pairs: &[(String, String)], reading: &Reading) -> Vec<Violation> {
        let mut checker = Checker::new(&self.schemas, reading, ParameterIn::Query);
        checker.texts = true;
        for parameter in self.parameters.iter().filter(|row| row.location == ParameterIn::Query) {
            let mut values = pairs.iter().filter(|(name, _)| *name == parameter.name).map(|(_, value)| value.as_str());
            let path = Path::Member(&Path::Root, &parameter.name);
            let schema = &self.schemas[parameter.schema];
            let value = if schema.json_type == Some(JsonType::Array) {
                let rows: Vec<Value> = values.map(Value::from).collect();
                (!rows.is_empty()).then_some(Value::Array(rows))
            } else {
                match values.next_back() {
                    Some(text) if schema.is_any_text() && !text.is_empty() => continue,
                    // A parameter without a value is as good as none, unless one is needed, or the vendor's language is typed.
                    Some("") if !reading.typed && !parameter.required => continue,
                    text => text.map(Value::from),
                }
            };
            match value {
                Some(value) => checker.value(parameter.schema, &value, &path, parameter.required),
                None if parameter.required => checker.missing(parameter.schema, &path, None),
                None => {}
            }
        }
        checker.found.violations
    }

    /// What is wrong with an answer: an undeclared status, or a body that its schema refuses. `body` is `None` when the
    /// answer is not JSON.
    #[must_use]
    pub fn check_answer(&self, status: u16, body: Option<&Value>) -> Vec<Violation> {
        let Some(row) = self.response(status) else {
            let rule = Rule::Other(format!("status {status} is not declared"));
            return vec![Violation { location: ParameterIn::Body, path: Vec::new(), value: None, rule }];
        };
        let Some((schema, body)) = row.schema.zip(body) else { return Vec::new() };
        let mut checker = Checker::new(&self.schemas, &Reading::STRICT, ParameterIn::Body);
        checker.whole(schema, body);
        checker.found.violations
    }

    /// What is wrong with the headers of an answer: a content type that the document does not have for the status, and headers that are
    /// missing or other than it says.
    #[must_use]
    pub fn check_answer_headers(&self, status: u16, headers: &HeaderMap, has_body: bool) -> Vec<Violation> {
        let Some(row) = self.response(status) else { return Vec::new() };
        let mut found = check_headers(&self.schemas, &Reading::STRICT, &row.headers, headers);
        let media_type = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).map(essence).unwrap_or_default();
        let fits = |declared: &String| match declared.split_once("/*") {
            Some((main, _)) => main == "*" || media_type.split('/').next() == Some(main),
            None => *declared == media_type,
        };
        if has_body && !row.media_types.is_empty() && !row.media_types.iter().any(fits) {
            found.push(Violation {
                location: ParameterIn::Header,
                path: vec![Step::Member(CONTENT_TYPE.as_str().into())],
                value: (!media_type.is_empty()).then(|| media_type.into()),
                rule: Rule::Enum(row.media_types.iter().map(|name| name.as_str().into()).collect()),
            });
        }
        found
    }

    /// What the document says of a status, or by default.
    pub(super) fn response(&self, status: u16) -> Option<&Response> {
        let row = self.responses.iter().find(|row| row.status == Some(status));
        row.or_else(|| self.responses.iter().find(|row| row.status.is_none()))
    }

    /// Where a path stands in the document, for sorting: the position of each member in its schema, of each element in its list.
    /// What the document does not know comes last.
    pub(crate) fn position(&self, location: ParameterIn, path: &[Step]) -> Vec<usize> {
        let mut positions = vec![usize::from(location != ParameterIn::Query)];
        let (mut schema, mut steps) = (None, path.iter());
        if location == ParameterIn::Body {
            schema = self.body_schema();
        } else if let Some(step) = steps.next() {
            let index = self.parameters.iter().position(|row| row.location == location && row.name == step.name());
            positions.push(index.unwrap_or(usize::MAX));
            schema = index.map(|index| self.parameters[index].schema);
        }
        for step in steps {
            let found = schema.and_then(|schema| self.step(schema, step));
            let index = if let Step::Element(index) = step { Some(*index) } else { found.map(|(index, _)| index) };
            positions.push(index.unwrap_or(usize::MAX));
            schema = found.map(|(_, id)| id);
        }
        positions
    }
}

/// Headers of a request or an answer held against those that are declared for it.
pub(super) fn check_headers(schemas: &Schemas, reading: &Reading, declared: &[Parameter], headers: &HeaderMap) -> Vec<Violation> {
    let mut checker = Checker::new(schemas, reading, ParameterIn::Header);
    checker.texts = true;
    for parameter in declared.iter().filter(|row| row.location == ParameterIn::Header) {
        let path = Path::Member(&Path::Root, &parameter.name);
        match headers.get(&parameter.name).map(|value| Value::from(String::from_utf8_lossy(value.as_bytes()))) {
            Some(value) => checker.value(parameter.schema, &value, &path, parameter.required),
            None if parameter.required => checker.missing(parameter.schema, &path, None),
            None => {}
        }
    }
    checker.found.violations
}

/// A media type without its parameters.
pub(super) fn essence(name: &str) -> String {
    name.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

impl Catalog {
    /// All operations in the order of the document.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    pub(crate) fn schemas(&self) -> &Schemas {
        &self.schemas
    }

    /// The operation with that `operationId`.
    #[must_use]
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    /// What the document says about how often that operation may be called, or a path that has none.
    #[must_use]
    pub fn rate_limit<'c>(&'c self, operation: Option<&'c Operation>) -> Option<&'c RateLimit> {
        operation.map_or(&self.rate_limit, |operation| &operation.rate_limit).as_ref()
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

    /// The formats and patterns of the document that a checker with that reading cannot judge; what the spec test calls.
    #[must_use]
    pub fn unknown_words(&self, reading: &Reading) -> Vec<String> {
        let Some(operation) = self.operations.first() else { return Vec::new() };
        let is_known = |name: &str| format::is_known(name) || reading.formats.iter().any(|(own, _)| *own == name);
        let rows = &operation.schemas.rows;
        let formats = rows.iter().filter_map(|row| row.format.as_deref()).filter(|name| !is_known(name));
        let patterns = rows.iter().filter_map(|row| row.pattern.as_ref()).filter(|row| row.compiled().is_none()).map(|row| &*row.source);
        formats.chain(patterns).map(str::to_owned).collect()
    }
}

impl std::fmt::Debug for Operation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.name)
    }
}
