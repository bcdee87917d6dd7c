//! From an OpenAPI 3.0 document to a catalog. openapiv3 reads all of it; references lead to `components` and nowhere else.

use std::collections::BTreeSet;
use std::sync::Arc;

use http::Method;
use indexmap::IndexMap;
use openapiv3::{Components, Header, MediaType, OpenAPI, ParameterData, ParameterSchemaOrContent, ReferenceOr, StatusCode};
use serde::Deserialize;
use thiserror::Error;

use crate::base::name::Name;
use crate::spec::catalog::{self, Body, Catalog, Operation, Parameter, PathEntry, RateLimit, Response};
use crate::spec::compile::Compiler;
use crate::spec::schema::SchemaId;
use crate::spec::violation::ParameterIn;

/// Why a document cannot be used.
#[derive(Debug, Error)]
pub enum SpecError {
    /// It is not JSON, or not an OpenAPI 3.0 document.
    #[error("the document of `{vendor}` is not OpenAPI 3.0: {source}")]
    Shape { vendor: String, source: serde_json::Error },
    /// Something in it contradicts something else.
    #[error("the document of `{vendor}` {problem}")]
    Contradiction { vendor: String, problem: String },
}

impl Catalog {
    /// Reads a document, given as JSON text, of the vendor with that id, whose paths may be found in any case of their letters.
    ///
    /// # Errors
    /// When the document is not OpenAPI 3.0, or two of its operations clash.
    pub fn load(vendor: &str, text: &str, case_insensitive: bool) -> Result<Self, SpecError> {
        let document: OpenAPI = serde_json::from_str(text).map_err(|source| SpecError::Shape { vendor: vendor.to_owned(), source })?;
        let mut loader = Loader { vendor, document: &document, compiler: Compiler::new(&document), case_insensitive };
        let mut catalog = loader.read()?;
        loader.compiler.finish();
        if let Some(reference) = loader.compiler.broken.first() {
            return Err(loader.contradiction(format!("refers to `{reference}`, which is not there")));
        }
        let Compiler { known, mut schemas, .. } = loader.compiler;
        schemas.names = known.into_iter().map(|(name, id)| (name.into(), id)).collect();
        schemas.have_deprecated = schemas.rows.iter().any(|schema| schema.is_deprecated);
        catalog.schemas = Arc::new(schemas);
        catalog.operations.iter_mut().for_each(|operation| operation.schemas = Arc::clone(&catalog.schemas));
        Ok(catalog)
    }
}

struct Loader<'d> {
    vendor: &'d str,
    document: &'d OpenAPI,
    compiler: Compiler<'d>,
    case_insensitive: bool,
}

impl<'d> Loader<'d> {
    fn read(&mut self) -> Result<Catalog, SpecError> {
        let (mut operations, mut paths, mut router) = (Vec::<Operation>::new(), Vec::new(), matchit::Router::new());
        let mut ids = BTreeSet::new();
        for (path, item) in &self.document.paths.paths {
            let ReferenceOr::Item(item) = item else {
                return Err(self.contradiction(format!("refers to another file for `{path}`")));
            };
            let aliases = self.aliases(item)?;
            for name in std::iter::once(path).chain(&aliases) {
                let key = if self.case_insensitive { lowercase(name) } else { name.clone() };
                router.insert(key, paths.len()).map_err(|error| self.contradiction(format!("has a clash at `{name}`: {error}")))?;
            }
            let mut methods = Vec::new();
            for (method, operation) in item.iter() {
                let mut read = self.operation(path, method, operation, &item.parameters)?;
                if !ids.insert(read.id.clone()) {
                    return Err(self.contradiction(format!("uses the operationId `{}` twice", read.id)));
                }
                read.index = operations.len();
                read.aliases.clone_from(&aliases);
                methods.push((read.method.clone(), read.index));
                operations.push(read);
            }
            paths.push(PathEntry { methods });
        }
        let rate_limit = self.rate_limit(None)?;
        Ok(Catalog { operations, paths, router, rate_limit, schemas: Arc::default(), case_insensitive: self.case_insensitive })
    }

    fn operation(
        &mut self,
        path: &str,
        method: &str,
        operation: &'d openapiv3::Operation,
        shared: &'d [ReferenceOr<openapiv3::Parameter>],
    ) -> Result<Operation, SpecError> {
        let id = operation.operation_id.clone().ok_or_else(|| self.contradiction(format!("has no operationId for `{method} {path}`")))?;
        let (mut parameters, own) = (self.parameters(shared)?, self.parameters(&operation.parameters)?);
        parameters.retain(|other| own.iter().all(|own| other.name != own.name || other.location != own.location));
        parameters.extend(own);
        let security = operation.security.as_ref().or(self.document.security.as_ref());
        let schemes = security.into_iter().flatten();
        let mut scopes: Vec<Name> = schemes.flat_map(|scheme| scheme.values().flatten()).cloned().map(Name::from).collect();
        scopes.dedup();
        let evidence = operation.extensions.get("x-evidence").and_then(serde_json::Value::as_str).unwrap_or("inferred");
        let responses = self.responses(operation)?;
        Ok(Operation {
            name: format!("{}.{id}", self.vendor).into(),
            id,
            index: 0,
            needs_query: parameters.iter().any(|row| row.location == ParameterIn::Query && row.required),
            tag: operation.tags.first().cloned().unwrap_or_default(),
            method: Method::from_bytes(method.to_uppercase().as_bytes()).expect("openapiv3 knows the methods"),
            path: path.to_owned(),
            aliases: Vec::new(),
            is_typed: operation.extensions.get("x-strict-types").and_then(serde_json::Value::as_bool) == Some(true),
            is_deprecated: operation.deprecated,
            evidence: evidence.to_owned(),
            scopes,
            alternatives: security.into_iter().flatten().map(|scheme| scheme.keys().cloned().collect()).collect(),
            security: security.into_iter().flatten().flat_map(|scheme| scheme.keys().cloned()).collect(),
            parameters,
            body: operation.request_body.as_ref().map(|body| self.body(body)).transpose()?,
            rate_limit: self.rate_limit(Some(operation))?,
            draws_from: if responses.iter().flat_map(|row| &row.media_types).any(|media_type| is_file(media_type)) {
                Some(0)
            } else {
                let size = operation.extensions.get("x-draws-from").and_then(serde_json::Value::as_u64);
                size.and_then(|size| usize::try_from(size).ok())
            },
            responses,
            schemas: Arc::default(),
        })
    }

    /// Other paths that lead to the same operations (`x-aliases`), with the same parameters.
    fn aliases(&self, item: &openapiv3::PathItem) -> Result<Vec<String>, SpecError> {
        let aliases = item.extensions.get("x-aliases").map(Vec::deserialize).transpose();
        aliases.map(Option::unwrap_or_default).map_err(|error| self.contradiction(format!("has `x-aliases` that are none: {error}")))
    }

    /// The limit of an operation, or else of the whole document.
    fn rate_limit(&self, operation: Option<&openapiv3::Operation>) -> Result<Option<RateLimit>, SpecError> {
        let own = operation.and_then(|operation| operation.extensions.get("x-rate-limit"));
        let limit = own.or_else(|| self.document.extensions.get("x-rate-limit"));
        let limit = limit.map(RateLimit::deserialize).transpose();
        limit.map_err(|error| self.contradiction(format!("has an `x-rate-limit` that is none: {error}")))
    }

    fn parameters(&mut self, rows: &'d [ReferenceOr<openapiv3::Parameter>]) -> Result<Vec<Parameter>, SpecError> {
        let mut parameters = Vec::new();
        for row in rows {
            let (location, data) = match self.resolved(row, "parameters", |components| &components.parameters)? {
                openapiv3::Parameter::Path { parameter_data, .. } => (ParameterIn::Path, parameter_data),
                openapiv3::Parameter::Query { parameter_data, .. } => (ParameterIn::Query, parameter_data),
                openapiv3::Parameter::Header { parameter_data, .. } => (ParameterIn::Header, parameter_data),
                openapiv3::Parameter::Cookie { parameter_data, .. } => {
                    return Err(self.contradiction(format!("has the parameter `{}` in a cookie", parameter_data.name)));
                }
            };
            parameters.push(self.parameter(location, data)?);
        }
        Ok(parameters)
    }

    fn parameter(&mut self, location: ParameterIn, data: &'d ParameterData) -> Result<Parameter, SpecError> {
        let ParameterSchemaOrContent::Schema(schema) = &data.format else {
            return Err(self.contradiction(format!("has no schema for the parameter `{}`", data.name)));
        };
        let (required, is_deprecated) = (data.required, data.deprecated == Some(true));
        Ok(Parameter { name: data.name.clone(), location, required, is_deprecated, schema: self.compiler.schema(schema) })
    }

    fn body(&mut self, body: &'d ReferenceOr<openapiv3::RequestBody>) -> Result<Body, SpecError> {
        let body = self.resolved(body, "requestBodies", |components| &components.request_bodies)?;
        Ok(Body { required: body.required, content: self.content(&body.content) })
    }

    fn content(&mut self, content: &'d IndexMap<String, MediaType>) -> Vec<(String, SchemaId)> {
        let rows = content.iter().filter_map(|(name, media)| Some((name.clone(), self.compiler.schema(media.schema.as_ref()?))));
        rows.collect()
    }

    fn responses(&mut self, operation: &'d openapiv3::Operation) -> Result<Vec<Response>, SpecError> {
        let declared = &operation.responses;
        let coded = declared.responses.iter().filter_map(|(status, row)| match status {
            StatusCode::Code(code) => Some((Some(*code), row)),
            StatusCode::Range(_) => None,
        });
        let mut rows = Vec::new();
        for (status, row) in coded.chain(declared.default.as_ref().map(|row| (None, row))) {
            let response = self.resolved(row, "responses", |components| &components.responses)?;
            let json = response.content.iter().find(|(media_type, _)| media_type.contains("json"));
            let schema = json.and_then(|(_, media)| media.schema.as_ref());
            let schema = schema.map(|schema| self.compiler.schema(schema));
            let media_types = response.content.keys().map(|name| catalog::essence(name)).collect();
            rows.push(Response { status, schema, media_types, headers: self.headers(&response.headers)? });
        }
        Ok(rows)
    }

    /// The headers of an answer; those whose value is no text of a schema are left out, and so is the content type, which counts elsewhere.
    fn headers(&mut self, rows: &'d IndexMap<String, ReferenceOr<Header>>) -> Result<Vec<Parameter>, SpecError> {
        let mut headers = Vec::new();
        for (name, row) in rows.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("content-type")) {
            let header = self.resolved(row, "headers", |components| &components.headers)?;
            let ParameterSchemaOrContent::Schema(schema) = &header.format else { continue };
            let (required, is_deprecated) = (header.required, header.deprecated == Some(true));
            let schema = self.compiler.schema(schema);
            headers.push(Parameter { name: name.clone(), location: ParameterIn::Header, required, is_deprecated, schema });
        }
        Ok(headers)
    }

    /// What a reference to a component stands for.
    fn resolved<T>(
        &self,
        row: &'d ReferenceOr<T>,
        folder: &str,
        rows: impl Fn(&'d Components) -> &'d IndexMap<String, ReferenceOr<T>>,
    ) -> Result<&'d T, SpecError> {
        let reference = match row {
            ReferenceOr::Item(item) => return Ok(item),
            ReferenceOr::Reference { reference } => reference,
        };
        let name = reference.strip_prefix(&format!("#/components/{folder}/"));
        let found = name.and_then(|name| rows(self.document.components.as_ref()?).get(name)).and_then(ReferenceOr::as_item);
        found.ok_or_else(|| self.contradiction(format!("refers to `{reference}`, which is not there")))
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

/// Whether a media type is that of a file.
fn is_file(media_type: &str) -> bool {
    media_type.starts_with("image/") || ["application/pdf", "application/zpl", "application/octet-stream"].contains(&media_type)
}
