//! A journal as a Pact (specification version 4): calls as HTTP interactions, deliveries of webhooks as messages, the scenario as the
//! state of the provider. What has to match in an answer is its types as the vendor's document has them, not the values of that day.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::base::entropy;
use crate::base::ids;
use crate::engine::{Machine, pairs};
use crate::spec::{JsonType, Schema, SchemaId, Schemas};

/// How deep rules go; what is deeper has to be there as it is.
const DEEPEST: usize = 24;
/// Headers of a request that a consumer's HTTP client makes by itself, or that are credentials, which are not told.
const LEFT_OUT: [&str; 8] =
    ["host", "connection", "content-length", "user-agent", "accept-encoding", "transfer-encoding", "accept", "cookie"];
/// What stands where a secret was, in exports.
const HIDDEN: &str = "[redacted]";
/// The form of times, and that of UUIDs.
const DATE_TIME: &str = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})?$";
const UUID: &str = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$";

/// Who speaks with whom, and in which state.
pub struct Parties<'p> {
    pub consumer: &'p str,
    /// The id of a vendor.
    pub provider: &'p str,
    /// The name of the scenario.
    pub state: &'p str,
}

/// The pact of the calls of one vendor, given as rows of an export of the journal, and of its deliveries as the admin API lists them.
/// Calls that a scenario disturbed, that were not answered, or of which a body was not kept whole are left out.
#[must_use]
pub fn pact(machine: &Machine, parties: &Parties<'_>, exchanges: &[Value], deliveries: &[Value]) -> Value {
    let mut seen = BTreeSet::new();
    let of_vendor = |row: &&Value| row["vendor"] == parties.provider;
    let whole = |row: &&Value| {
        row["effect"].is_null() && row["request"]["cut"] != true && row["answer"]["cut"] != true && row["answer"].is_object()
    };
    let http = exchanges.iter().filter(of_vendor).filter(whole).map(|row| interaction(machine, parties, row));
    let messages = deliveries.iter().filter(of_vendor).map(|row| message(parties, row));
    // The same call twice is one interaction.
    let interactions: Vec<Value> = http.chain(messages).filter(|row| seen.insert(row["key"].to_string())).collect();
    json!({
        "consumer": {"name": parties.consumer},
        "provider": {"name": parties.provider},
        "interactions": interactions,
        "metadata": {"pactSpecification": {"version": "4.0"}, "seatrial": {"version": env!("CARGO_PKG_VERSION")}},
    })
}

fn interaction(machine: &Machine, parties: &Parties<'_>, row: &Value) -> Value {
    let text = |name: &str| row[name].as_str().unwrap_or_default();
    let (path, query) = text("target").split_once('?').unwrap_or((text("target"), ""));
    let path = own_path(machine, parties.provider, path);
    let status = row["answer"]["status"].as_u64().unwrap_or_default();
    let mut request = json!({"method": text("method"), "path": path, "headers": headers(&row["request"]["headers"], false)});
    if !query.is_empty() {
        let mut members = Map::new();
        for (name, value) in pairs(query) {
            if let Value::Array(values) = members.entry(name).or_insert_with(|| json!([])) {
                values.push(value.into());
            }
        }
        request["query"] = members.into();
    }
    add_body(&mut request, &row["request"]);
    let mut response = json!({"status": status, "headers": headers(&row["answer"]["headers"], true)});
    add_body(&mut response, &row["answer"]);
    let operation = text("operation");
    let rules = rules(machine, operation, status, &mut response);
    if !rules.is_empty() {
        response["matchingRules"] = json!({"body": rules});
    }
    let name = if operation.is_empty() { format!("{} {path}", text("method")) } else { operation.to_owned() };
    let mut whole = json!({
        "type": "Synchronous/HTTP", "pending": false, "providerStates": [{"name": parties.state}], "request": request, "response": response,
    });
    whole["key"] = key(&whole["request"], &whole["response"]["status"]).into();
    whole["description"] = format!("{name} answers {status} ({})", whole["key"].as_str().unwrap_or_default()).into();
    whole
}

fn message(parties: &Parties<'_>, row: &Value) -> Value {
    let (event, text) = (row["event"].as_str().unwrap_or_default(), row["request"]["body"].as_str().unwrap_or_default());
    let (content, content_type) = match serde_json::from_str::<Value>(text) {
        Ok(json) => (like(json), "application/json"),
        Err(_) => (text.into(), "text/plain"),
    };
    let mut rules = Map::new();
    if content.is_object() || content.is_array() {
        add_rules(None, None, &content, "$", 0, &mut rules);
    }
    json!({
        "type": "Asynchronous/Messages", "pending": false, "description": format!("webhook {event}"),
        "key": key(&json!(event), &json!("webhook")), "providerStates": [{"name": parties.state}], "metadata": {"event": event},
        "contents": {"content": content, "contentType": content_type, "encoded": false}, "matchingRules": {"body": rules},
    })
}

/// The path below the mount: a verifier is given the vendor's base URL.
fn own_path(machine: &Machine, provider: &str, path: &str) -> String {
    let mount = machine.vendors().find(provider).map_or(provider, |vendor| &vendor.mount);
    crate::engine::below(path, mount).to_owned()
}

fn headers(all: &Value, is_answer: bool) -> Value {
    let told = |name: &str| if is_answer { name == "content-type" || name == "location" } else { !LEFT_OUT.contains(&name) };
    let is_hidden = |value: &Value| value.to_string().contains(HIDDEN);
    let rows = all.as_object().into_iter().flatten().filter(|(name, value)| told(&name.to_lowercase()) && !is_hidden(value));
    let list = |value: &Value| if value.is_array() { value.clone() } else { json!([value]) };
    Value::Object(rows.map(|(name, value)| (name.clone(), list(value))).collect())
}

fn add_body(part: &mut Value, message: &Value) {
    let body = &message["body"];
    if body.is_null() {
        return;
    }
    let named = message["headers"].as_object().into_iter().flatten().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let content_type = named.and_then(|(_, value)| value.as_str()).unwrap_or("application/json");
    let encoded = if message["base64"] == true { json!("base64") } else { json!(false) };
    part["body"] = json!({"content": body, "contentType": content_type, "encoded": encoded});
}

/// Names an interaction by what it asks, and by what comes of it.
fn key(request: &Value, status: &Value) -> String {
    let text = format!("{request} {status}");
    ids::in_hex(&entropy::fingerprint(text.as_bytes()).to_be_bytes())
}

/// The rules of an answer's body, whose lists become one element: the others are like it.
fn rules(machine: &Machine, operation: &str, status: u64, response: &mut Value) -> Map<String, Value> {
    let mut rules = Map::new();
    let content = response["body"]["content"].take();
    if content.is_null() {
        return rules;
    }
    let declared = operation.split_once('.').and_then(|(vendor, id)| {
        let loaded = machine.vendors().loaded().iter().find(|loaded| loaded.vendor.id == vendor)?;
        let operation = loaded.catalog().operation(id)?;
        Some((operation.schemas(), operation.answer(u16::try_from(status).ok()?)))
    });
    let (schemas, schema) = declared.map_or((None, None), |(schemas, schema)| (Some(schemas), schema));
    let content = like(content);
    if content.is_object() || content.is_array() {
        add_rules(schemas, schema, &content, "$", 0, &mut rules);
    }
    response["body"]["content"] = content;
    rules
}

/// A value whose lists have one element at most, without members that are `null`: these say nothing of what they are otherwise.
fn like(value: Value) -> Value {
    match value {
        Value::Array(rows) => rows.into_iter().take(1).map(like).collect(),
        Value::Object(members) => {
            let said = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(said.map(|(name, value)| (name, like(value))).collect())
        }
        other => other,
    }
}

fn add_rules(schemas: Option<&Schemas>, schema: Option<SchemaId>, value: &Value, path: &str, depth: usize, out: &mut Map<String, Value>) {
    if depth > DEEPEST {
        return;
    }
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                let below = schemas.zip(schema).and_then(|(schemas, schema)| schemas.property(schema, name)).map(|(_, id)| id);
                let is_word = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                let path = if is_word { format!("{path}.{name}") } else { format!("{path}['{}']", name.replace('\'', "\\'")) };
                add_rules(schemas, below, inner, &path, depth + 1, out);
            }
        }
        Value::Array(rows) => {
            // What each element has a list of may be empty in the next one.
            let least = usize::from(!rows.is_empty() && !path.contains("[*]"));
            let matcher = json!({"match": "type", "min": least});
            out.insert(path.to_owned(), json!({"combine": "AND", "matchers": [matcher]}));
            if let Some(first) = rows.first() {
                let element = schemas.zip(schema).and_then(|(schemas, schema)| schemas.element(schema));
                add_rules(schemas, element, first, &format!("{path}[*]"), depth + 1, out);
            }
        }
        scalar => {
            let schema = schemas.zip(schema).map(|(schemas, schema)| &schemas[schema]);
            let rule = match schema.filter(|schema| schema.nullable && !scalar.is_null()) {
                Some(schema) => json!({"combine": "OR", "matchers": [matcher(Some(schema), scalar), {"match": "null"}]}),
                None => json!({"combine": "AND", "matchers": [matcher(schema, scalar)]}),
            };
            out.insert(path.to_owned(), rule);
        }
    }
}

/// What a value has to be like.
fn matcher(schema: Option<&Schema>, value: &Value) -> Value {
    let choices: Vec<&str> = schema.into_iter().flat_map(|schema| &schema.choices).filter_map(Value::as_str).collect();
    if value.is_string() && !choices.is_empty() {
        let words: Vec<String> = choices.iter().map(|word| regex::escape(word)).collect();
        return json!({"match": "regex", "regex": format!("^({})$", words.join("|"))});
    }
    let json_type = schema.and_then(|schema| schema.json_type);
    match (value, json_type, schema.and_then(|schema| schema.format.as_deref())) {
        (Value::String(text), _, Some("date-time")) if regex::Regex::new(DATE_TIME).is_ok_and(|form| form.is_match(text)) => {
            json!({"match": "regex", "regex": DATE_TIME})
        }
        (Value::String(_), _, Some("uuid")) => json!({"match": "regex", "regex": UUID}),
        (Value::Number(_), Some(JsonType::Integer), _) => json!({"match": "integer"}),
        (Value::Number(_), ..) => json!({"match": "number"}),
        (Value::Bool(_), ..) => json!({"match": "boolean"}),
        (Value::Null, ..) => json!({"match": "null"}),
        _ => json!({"match": "type"}),
    }
}
