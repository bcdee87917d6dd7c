//! Paths and their operations: references followed, and only what the catalog reads.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{BYTES_PER_VALUE, MOST_NAMES, Reader};
use crate::base::json;
use crate::scenario::error::{Span, nearest};
use crate::scenario::node::{Kind, Node};

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
/// The statuses that a range stands for.
const RANGES: [(&str, &[u16]); 4] = [
    ("2XX", &[200]),
    ("3XX", &[302]),
    ("4XX", &[400, 401, 402, 403, 404, 405, 406, 409, 413, 415, 422, 429]),
    ("5XX", &[500, 502, 503, 504]),
];
/// Operations and paths of one document, and parameters of one operation.
const MOST_OPERATIONS: usize = 10_000;
const MOST_PARAMETERS: usize = 1_000;
/// Parameters of one path, of which the router takes no more.
const MOST_IN_PATH: usize = 25;
/// Headers that OpenAPI says elsewhere.
const SAID_ELSEWHERE: [&str; 3] = ["accept", "content-type", "authorization"];

impl<'d> Reader<'d> {
    pub(super) fn paths(&mut self, schemes: &Map<String, Value>) -> Map<String, Value> {
        let mut paths = Map::new();
        let (mut router, mut ids) = (matchit::Router::new(), BTreeMap::new());
        let root = self.root;
        let Some(declared) = root.get("paths").filter(|paths| !paths.members().is_empty()) else {
            self.problem("S300", Span::default(), "no `paths`, so that nothing can be called")
                .help("documents of webhooks alone are not mounted");
            return paths;
        };
        self.security(root.get("security"), schemes);
        for (number, member) in declared.members().iter().filter(|member| !member.key.value.starts_with("x-")).enumerate() {
            let path = &member.key.value;
            if number.max(ids.len()) >= MOST_OPERATIONS {
                let message = format!("more than {MOST_OPERATIONS} operations, or paths, in one document");
                self.problem("S002", member.key.span, message).help("mount the part of it that your client calls");
                break;
            }
            if !path.starts_with('/') {
                self.problem("S300", member.key.span, format!("path `{path}` does not begin with `/`")).help(format!("write `/{path}`"));
                continue;
            }
            let parameters = path.matches('{').count();
            if parameters > MOST_IN_PATH {
                let message = format!("path with {parameters} parameters, at most {MOST_IN_PATH} are read");
                self.problem("S300", member.key.span, message).help("leave the path out, or make it shorter");
                continue;
            }
            if let Err(error) = router.insert(path.clone(), ()) {
                let message = format!("path `{path}` cannot be told from another one, or is none: {error}");
                self.problem("S300", member.key.span, message).help("a parameter is `{name}`, one for each part between slashes");
                continue;
            }
            let Some(item) = self.resolved(&member.value) else { continue };
            let mut operations = Map::new();
            for (method, operation) in METHODS.iter().filter_map(|method| Some((*method, item.get(method)?))) {
                let row = self.operation(path, method, operation, item.get("parameters"), schemes, &mut ids);
                operations.insert(method.to_owned(), row);
            }
            paths.insert(path.clone(), operations.into());
        }
        paths
    }

    fn operation(
        &mut self,
        path: &str,
        method: &str,
        operation: &'d Node,
        shared: Option<&'d Node>,
        schemes: &Map<String, Value>,
        ids: &mut BTreeMap<String, String>,
    ) -> Value {
        let declared = operation.get("operationId");
        let plain = |text: &str| {
            let letters = text.chars().map(|letter| if letter.is_ascii_alphanumeric() || "_.-".contains(letter) { letter } else { '_' });
            letters.collect::<String>()
        };
        let id = plain(&declared.map(Node::scalar).unwrap_or_else(|| format!("{method}{path}").replace(['{', '}'], "")));
        if let Some(other) = ids.insert(id.clone(), format!("{method} {path}")) {
            let span = declared.unwrap_or(operation).span;
            self.problem("S300", span, format!("operationId `{id}` is that of `{other}` as well"))
                .help("give each operation one of its own");
        }
        let mut row = json!({"operationId": id, "responses": self.responses(operation.get("responses"))});
        let tags = operation.get("tags").filter(|tags| self.takes_all(tags)).map_or(&[][..], Node::items);
        row["tags"] = tags.iter().map(|tag| tag.scalar().into()).collect::<Vec<Value>>().into();
        row["deprecated"] = operation.get("deprecated").is_some_and(Node::is_true).into();
        for name in ["security", "x-evidence", "x-rate-limit"] {
            if let Some(node) = operation.get(name) {
                row[name] = self.copy(node);
            }
        }
        if let (None, Some(usual)) = (operation.get("security"), self.root.get("security")) {
            // It counts for each operation.
            self.takes_all(usual);
        }
        self.security(operation.get("security"), schemes);
        row["parameters"] = self.parameters(shared, operation.get("parameters")).into();
        if let Some(body) = operation.get("requestBody").and_then(|body| self.resolved(body)) {
            let content = self.content(body.get("content"), &["json", "x-www-form-urlencoded", "multipart/form-data"]);
            if !content.is_empty() {
                row["requestBody"] = json!({"required": body.get("required").is_some_and(Node::is_true), "content": content});
            }
        }
        row
    }

    /// The parameters of an operation; its own take the places of those that all operations of the path have.
    fn parameters(&mut self, shared: Option<&'d Node>, own: Option<&'d Node>) -> Vec<Value> {
        let (mut rows, mut places) = (Vec::new(), BTreeMap::new());
        for (number, node) in [shared, own].into_iter().flatten().flat_map(Node::items).enumerate() {
            if number >= MOST_PARAMETERS {
                let message = format!("more than {MOST_PARAMETERS} parameters of one operation");
                self.problem("S002", node.span, message).help("no URL has as many");
                break;
            }
            let Some(parameter) = self.parameter(node) else { continue };
            let place = (parameter["in"].to_string(), parameter["name"].to_string());
            if let Some(other) = places.insert(place, rows.len()) {
                rows[other] = None;
            }
            rows.push(Some(parameter));
        }
        rows.into_iter().flatten().collect()
    }

    /// What the requirements of an operation, or of all, name has to be there.
    fn security(&mut self, requirements: Option<&'d Node>, schemes: &Map<String, Value>) {
        for member in requirements.map_or(&[][..], Node::items).iter().flat_map(Node::members) {
            let name = &member.key.value;
            if !schemes.contains_key(name) {
                let nearest = nearest(name, schemes.keys().take(MOST_NAMES).map(String::as_str));
                let help = nearest
                    .map_or_else(|| "declare it in `components.securitySchemes`".to_owned(), |word| format!("did you mean `{word}`?"));
                self.problem("S301", member.key.span, format!("there is no security scheme `{name}`")).help(help);
            }
        }
    }

    fn parameter(&mut self, node: &'d Node) -> Option<Value> {
        let parameter = self.resolved(node)?;
        if !self.takes(parameter, 1) {
            return None;
        }
        let (name, place) = (parameter.get("name").map(Node::scalar)?, parameter.get("in").map(Node::scalar)?);
        match &*place {
            "path" | "query" | "header" => {}
            "cookie" => return None,
            other => {
                let message = format!("parameter `{name}` is in `{other}`");
                self.problem("S300", parameter.span, message).help("expected one of `path`, `query`, `header`, `cookie`");
                return None;
            }
        }
        if place == "header" && SAID_ELSEWHERE.iter().any(|other| name.eq_ignore_ascii_case(other)) {
            return None;
        }
        let schema = parameter.get("schema");
        let is_spread = parameter.get("explode").is_none_or(Node::is_true);
        // How objects and lists are spelled in a text is not judged.
        let is_plain = schema.is_some_and(|schema| self.is_plain(schema, is_spread));
        let is_required = parameter.get("required").is_some_and(Node::is_true) && (is_plain || place == "path");
        let is_deprecated = parameter.get("deprecated").is_some_and(Node::is_true);
        let schema = schema.filter(|_| is_plain).map_or_else(|| json!({}), |schema| self.schema(schema));
        Some(json!({"name": name, "in": place, "required": is_required, "deprecated": is_deprecated, "schema": schema}))
    }

    /// Whether the texts of a parameter are values of its schema, one by one.
    fn is_plain(&mut self, schema: &'d Node, is_spread: bool) -> bool {
        let Some(schema) = self.resolved(schema) else { return false };
        let is_object = schema.get("properties").is_some() || ["allOf", "anyOf", "oneOf"].iter().any(|name| schema.get(name).is_some());
        match schema.get("type").map(Node::scalar).unwrap_or_default().as_str() {
            "object" => false,
            "array" => is_spread,
            _ => !is_object,
        }
    }

    /// The media types that are read, with their schemas.
    fn content(&mut self, content: Option<&'d Node>, read: &[&str]) -> Map<String, Value> {
        let mut found = Map::new();
        for member in content.map_or(&[][..], Node::members) {
            let is_read = read.iter().any(|word| member.key.value.contains(word));
            if let Some(schema) = member.value.get("schema").filter(|_| is_read) {
                let schema = self.schema(schema);
                found.insert(member.key.value.clone(), json!({"schema": schema}));
            }
        }
        found
    }

    fn responses(&mut self, responses: Option<&'d Node>) -> Map<String, Value> {
        let mut found = Map::new();
        let mut ranges = Vec::new();
        for member in responses.map_or(&[][..], Node::members) {
            let status = member.key.value.to_uppercase();
            let is_known = status == "DEFAULT" || status.parse::<u16>().is_ok_and(|status| (100..600).contains(&status));
            let range = RANGES.iter().find(|(range, _)| *range == status);
            if !is_known && range.is_none() {
                if !status.starts_with("X-") && status != "1XX" {
                    let message = format!("`{}` is no status", member.key.value);
                    self.problem("S300", member.key.span, message).help("expected `200`, `2XX` or `default`");
                }
                continue;
            }
            let Some(response) = self.resolved(&member.value).filter(|response| self.takes(response, 1)) else { continue };
            let mut row = json!({"description": ""});
            let content = self.content(response.get("content"), &["json"]);
            if !content.is_empty() {
                row["content"] = content.into();
            }
            match range {
                // Each status that a range stands for has a copy.
                Some((_, statuses)) => {
                    let size = 1 + json::allocated(&row) / BYTES_PER_VALUE;
                    let rows = statuses.iter().take_while(|_| self.takes(response, size));
                    ranges.extend(rows.map(|status| (status.to_string(), row.clone())));
                }
                None => drop(found.insert(status.to_lowercase(), row)),
            }
        }
        for (status, row) in ranges {
            found.entry(status).or_insert(row);
        }
        if !found.keys().any(|status| status.starts_with('2')) {
            // Something has to be answered.
            let (status, row) = found.get("default").cloned().map_or(("204", json!({"description": ""})), |row| ("200", row));
            found.insert(status.to_owned(), row);
        }
        found
    }
}

impl Node {
    /// Whether it is a list, or a mapping.
    pub(super) fn is_collection(&self) -> bool {
        matches!(self.kind, Kind::List(_) | Kind::Map(_))
    }
}
