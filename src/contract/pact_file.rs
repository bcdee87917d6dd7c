//! A Pact file, specification version 3 or 4: its HTTP interactions, as requests to send and answers to expect. Messages are counted,
//! because nobody asks for them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// What is read of a file.
#[derive(Debug)]
pub struct PactFile {
    pub consumer: String,
    pub provider: String,
    pub interactions: Vec<Interaction>,
    /// How many messages it has beside them.
    pub messages: usize,
}

/// A request and the answer that the consumer expects.
#[derive(Debug)]
pub struct Interaction {
    pub description: String,
    /// The states that the provider has to be in.
    pub states: Vec<String>,
    pub method: String,
    /// Path and query, encoded as they are sent.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub expected: Expected,
}

/// An answer as the consumer expects it.
#[derive(Debug)]
pub struct Expected {
    pub status: u64,
    pub headers: Vec<(String, String)>,
    /// `null` if any body will do.
    pub body: Value,
    /// Whether the body is no JSON, so that it has to be that text.
    pub is_text: bool,
    /// Matching rules by category, as the file has them.
    pub rules: Value,
}

/// Why a file is no Pact.
#[derive(Debug, thiserror::Error)]
pub enum PactFileError {
    #[error("it is no JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("it has no `{0}`, expected a Pact")]
    Missing(&'static str),
    #[error("it is of version {0} of the specification, and 3 and 4 are read")]
    Version(String),
}

impl PactFile {
    /// Reads a file.
    ///
    /// # Errors
    /// When it is no Pact of these versions.
    pub fn read(text: &str) -> Result<Self, PactFileError> {
        let whole: Value = serde_json::from_str(text)?;
        let name = |role: &'static str| {
            let name = whole[role]["name"].as_str().ok_or(PactFileError::Missing(role))?;
            Ok::<_, PactFileError>(name.to_owned())
        };
        let (consumer, provider) = (name("consumer")?, name("provider")?);
        let metadata = &whole["metadata"];
        let version = metadata.pointer("/pactSpecification/version").or_else(|| metadata.pointer("/pact-specification/version"));
        let version = version.and_then(Value::as_str).unwrap_or("1");
        if !version.starts_with("3.") && !version.starts_with("4.") {
            return Err(PactFileError::Version(version.to_owned()));
        }
        let rows = whole["interactions"].as_array();
        if rows.is_none() && !whole["messages"].is_array() {
            return Err(PactFileError::Missing("interactions"));
        }
        let is_http = |row: &&Value| row["type"].as_str().is_none_or(|kind| kind == "Synchronous/HTTP");
        let interactions: Vec<_> = rows.into_iter().flatten().filter(is_http).map(Interaction::of).collect();
        let all = rows.map_or(0, Vec::len) + whole["messages"].as_array().map_or(0, Vec::len);
        Ok(Self { consumer, provider, messages: all - interactions.len(), interactions })
    }
}

impl Interaction {
    fn of(row: &Value) -> Self {
        let (request, response) = (&row["request"], &row["response"]);
        let states = row["providerStates"].as_array().into_iter().flatten().filter_map(|state| state["name"].as_str());
        let states: Vec<String> = states.chain(row["providerState"].as_str()).map(str::to_owned).collect();
        let mut headers = pairs(&request["headers"]);
        let (body, content_type) = body(&request["body"]);
        let is_named = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        if let Some(content_type) = content_type.filter(|_| !is_named) {
            headers.push(("content-type".to_owned(), content_type));
        }
        let (expected, content_type) = body_value(&response["body"]);
        let is_text = expected.is_string() && content_type.is_some_and(|content_type| !content_type.contains("json"));
        Self {
            description: row["description"].as_str().unwrap_or_default().to_owned(),
            states,
            method: request["method"].as_str().unwrap_or("GET").to_uppercase(),
            target: target(request),
            headers,
            body,
            expected: Expected {
                status: response["status"].as_u64().unwrap_or(200),
                headers: pairs(&response["headers"]),
                body: expected,
                is_text,
                rules: response["matchingRules"].clone(),
            },
        }
    }
}

/// Names with one text each: values that are lists are joined, as they are in one header.
fn pairs(members: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let joined = |value: &Value| match value {
        Value::Array(rows) => rows.iter().map(text).collect::<Vec<_>>().join(", "),
        value => text(value),
    };
    members.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), joined(value))).collect()
}

fn target(request: &Value) -> String {
    let path = request["path"].as_str().unwrap_or("/");
    let query = match &request["query"] {
        Value::String(text) => text.clone(),
        Value::Object(members) => {
            let mut out = form_urlencoded::Serializer::new(String::new());
            for (name, values) in members {
                let rows = if let Value::Array(rows) = values { rows.as_slice() } else { std::slice::from_ref(values) };
                for value in rows {
                    out.append_pair(name, &value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                }
            }
            out.finish()
        }
        _ => String::new(),
    };
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// A body with its content type, where the file names that: in version 4 it is an object that says how its content is encoded.
fn body_value(body: &Value) -> (Value, Option<String>) {
    match body {
        Value::Object(members) if members.contains_key("content") && members.contains_key("contentType") => {
            let content_type = body["contentType"].as_str().map(str::to_owned);
            let bytes = body["content"].as_str().filter(|_| body["encoded"].is_string()).and_then(|text| STANDARD.decode(text).ok());
            let content = match bytes {
                Some(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into()),
                None => body["content"].clone(),
            };
            (content, content_type)
        }
        other => (other.clone(), None),
    }
}

fn body(body: &Value) -> (Vec<u8>, Option<String>) {
    let (content, content_type) = body_value(body);
    match content {
        Value::Null => (Vec::new(), None),
        Value::String(text) => (text.into_bytes(), content_type),
        json => (json.to_string().into_bytes(), content_type.or_else(|| Some("application/json".to_owned()))),
    }
}
