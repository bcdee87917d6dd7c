//! From an OpenAPI 3.0 document to a catalog.
//!
//! openapiv3 reads the structure from a skeleton in which every Schema Object is `{}`; the schemas themselves stay raw
//! JSON, which keeps every keyword and its order, and are only ever named by JSON pointer.

use std::sync::OnceLock;

use http::Method;
use openapiv3::{OpenAPI, Parameter as SpecParameter, ReferenceOr, StatusCode};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::spec::catalog::{Body, Catalog, Operation, Parameter, ParameterIn, PathEntry, Response};
use crate::spec::validate::Schemas;

/// Why a document cannot be used.
#[derive(Debug, Error)]
pub enum SpecError {
    /// It is not JSON, or not an OpenAPI 3.0 document.
    #[error("the document of `{vendor}` is not OpenAPI 3.0: {source}")]
    Shape {
        /// Whose document.
        vendor: String,
        /// What the reader says.
        source: serde_json::Error,
    },
    /// Something in it contradicts something else.
    #[error("the document of `{vendor}` {problem}")]
    Contradiction {
        /// Whose document.
        vendor: String,
        /// What is wrong.
        problem: String,
    },
}

pub(super) fn catalog(vendor: &str, text: &str, case_insensitive: bool) -> Result<Catalog, SpecError> {
    let shape = |source| SpecError::Shape { vendor: vendor.to_owned(), source };
    let document: Value = serde_json::from_str(text).map_err(shape)?;
    let skeleton: OpenAPI = serde_json::from_value(skeleton(&document)).map_err(shape)?;
    let mut loader = Loader { vendor, document: &document, skeleton: &skeleton, case_insensitive };
    let (operations, paths, router) = loader.read()?;
    Ok(Catalog { operations, paths, router, case_insensitive, schemas: Schemas::new(document) })
}

/// What a catalog is made of.
type Parts = (Vec<Operation>, Vec<PathEntry>, matchit::Router<usize>);

struct Loader<'d> {
    vendor: &'d str,
    document: &'d Value,
    skeleton: &'d OpenAPI,
    case_insensitive: bool,
}

impl Loader<'_> {
    fn read(&mut self) -> Result<Parts, SpecError> {
        let (mut operations, mut paths, mut router) = (Vec::<Operation>::new(), Vec::new(), matchit::Router::new());
        for (path, item) in &self.skeleton.paths.paths {
            let ReferenceOr::Item(item) = item else {
                return Err(self.contradiction(format!("refers to another file for `{path}`")));
            };
            let key = if self.case_insensitive { lowercase(path) } else { path.clone() };
            router.insert(key, paths.len()).map_err(|error| self.contradiction(format!("has a clash at `{path}`: {error}")))?;
            let mut methods = Vec::new();
            for (method, operation) in item.iter() {
                let mut read = self.operation(path, method, operation, &item.parameters)?;
                if operations.iter().any(|other| other.id == read.id) {
                    return Err(self.contradiction(format!("uses the operationId `{}` twice", read.id)));
                }
                read.index = operations.len();
                methods.push((read.method.clone(), read.index));
                operations.push(read);
            }
            paths.push(PathEntry { methods });
        }
        Ok((operations, paths, router))
    }

    fn operation(
        &self,
        path: &str,
        method: &str,
        operation: &openapiv3::Operation,
        shared: &[ReferenceOr<SpecParameter>],
    ) -> Result<Operation, SpecError> {
        let base = format!("/paths/{}/{method}", escape(path));
        let id = operation.operation_id.clone().ok_or_else(|| self.contradiction(format!("has no operationId for `{method} {path}`")))?;
        let item = format!("/paths/{}", escape(path));
        let mut parameters = self.parameters(&item, shared)?;
        for own in self.parameters(&base, &operation.parameters)? {
            parameters.retain(|other| other.name != own.name || other.place != own.place);
            parameters.push(own);
        }
        let security = operation.security.as_ref().or(self.skeleton.security.as_ref());
        let evidence = operation.extensions.get("x-evidence").and_then(Value::as_str).unwrap_or("inferred");
        Ok(Operation {
            name: format!("{}.{id}", self.vendor).into(),
            id,
            index: 0,
            needs_query: parameters.iter().any(|row| row.place == ParameterIn::Query && row.required),
            tag: operation.tags.first().cloned().unwrap_or_default(),
            method: Method::from_bytes(method.to_uppercase().as_bytes()).expect("openapiv3 knows the methods"),
            path: path.to_owned(),
            evidence: evidence.to_owned(),
            security: security.into_iter().flatten().flat_map(|scheme| scheme.keys().cloned()).collect(),
            parameters,
            body: operation.request_body.as_ref().map(|_| self.body(&format!("{base}/requestBody"))),
            responses: self.responses(&base, operation),
            query_validator: OnceLock::new(),
            body_validator: OnceLock::new(),
        })
    }

    fn parameters(&self, base: &str, rows: &[ReferenceOr<SpecParameter>]) -> Result<Vec<Parameter>, SpecError> {
        let mut parameters = Vec::new();
        for place in 0..rows.len() {
            let pointer = self.resolve(format!("{base}/parameters/{place}"));
            let raw = self.document.pointer(&pointer).unwrap_or(&Value::Null);
            let text = |member: &str| raw.get(member).and_then(Value::as_str).unwrap_or_default();
            let schema = self.resolve(format!("{pointer}/schema"));
            parameters.push(Parameter {
                name: text("name").to_owned(),
                place: match text("in") {
                    "path" => ParameterIn::Path,
                    "query" => ParameterIn::Query,
                    "header" => ParameterIn::Header,
                    other => return Err(self.contradiction(format!("has a parameter in `{other}` at `{pointer}`"))),
                },
                required: raw.get("required").and_then(Value::as_bool).unwrap_or(false),
                kind: self.document.pointer(&format!("{schema}/type")).and_then(Value::as_str).unwrap_or("string").to_owned(),
                schema,
            });
        }
        Ok(parameters)
    }

    fn body(&self, base: &str) -> Body {
        let base = self.resolve(base.to_owned());
        let required = self.document.pointer(&format!("{base}/required")).and_then(Value::as_bool).unwrap_or(false);
        Body { required, content: self.content(&base) }
    }

    fn content(&self, base: &str) -> Vec<(String, String)> {
        let content = self.document.pointer(&format!("{base}/content")).and_then(Value::as_object);
        let rows = content.into_iter().flatten().filter(|(_, media)| media.get("schema").is_some());
        rows.map(|(name, _)| (name.clone(), format!("{base}/content/{}/schema", escape(name)))).collect()
    }

    fn responses(&self, base: &str, operation: &openapiv3::Operation) -> Vec<Response> {
        let row = |status: Option<u16>, key: &str| {
            let content = self.content(&self.resolve(format!("{base}/responses/{key}")));
            let json = content.into_iter().find(|(media_type, _)| media_type.contains("json"));
            Response { status, schema: json.map(|(_, schema)| schema), validator: OnceLock::new() }
        };
        let mut rows: Vec<Response> = operation
            .responses
            .responses
            .keys()
            .filter_map(|status| match status {
                StatusCode::Code(code) => Some(row(Some(*code), &code.to_string())),
                StatusCode::Range(_) => None,
            })
            .collect();
        rows.extend(operation.responses.default.as_ref().map(|_| row(None, "default")));
        rows
    }

    /// Follows `$ref`s within the document, so that a pointer always names the thing itself.
    fn resolve(&self, mut pointer: String) -> String {
        for _ in 0..16 {
            let target = self.document.pointer(&pointer).and_then(|value| value.get("$ref")).and_then(Value::as_str);
            match target.and_then(|target| target.strip_prefix('#')) {
                Some(target) => pointer = target.to_owned(),
                None => break,
            }
        }
        pointer
    }

    fn contradiction(&self, problem: String) -> SpecError {
        SpecError::Contradiction { vendor: self.vendor.to_owned(), problem }
    }
}

/// A path template with its fixed parts in lower case.
fn lowercase(template: &str) -> String {
    let mut is_name = false;
    let lower = template.chars().map(|letter| {
        is_name = letter == '{' || (is_name && letter != '}');
        if is_name { letter } else { letter.to_ascii_lowercase() }
    });
    lower.collect()
}

/// One segment of a JSON pointer.
fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

/// The document with every Schema Object replaced by `{}`, and without what openapiv3 need not see.
fn skeleton(document: &Value) -> Value {
    match document {
        Value::Object(members) => {
            let keep = members.iter().filter(|(name, _)| !matches!(name.as_str(), "components" | "example" | "examples"));
            let bare = |name: &str, value: &Value| if name == "schema" { Value::Object(Map::new()) } else { skeleton(value) };
            Value::Object(keep.map(|(name, value)| (name.clone(), bare(name, value))).collect())
        }
        Value::Array(rows) => Value::Array(rows.iter().map(skeleton).collect()),
        other => other.clone(),
    }
}
