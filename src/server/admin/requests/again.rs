//! What of a scenario answers a call like it was answered.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::server::admin::problem::Problem;
use crate::server::admin::secrets::Exchange;
use crate::world::{End, Sent};

/// The member of an override, and its value, that answers a call like it was answered.
pub(super) fn rule(exchange: &Exchange<'_>) -> Result<(&'static str, Value), Problem> {
    let Exchange { entry, answer, .. } = exchange;
    let Sent { end, status, .. } = entry.wire.planned();
    let is_committed = entry.effect.as_ref().is_some_and(|effect| effect.committed);
    match (end, status.or(entry.status)) {
        (End::Sent | End::Abandoned, Some(status)) if is_committed && status >= 400 => {
            Ok(("fault", json!({"commit": true, "then": status})))
        }
        (End::Sent | End::Abandoned, Some(status)) => {
            let mut respond = json!({"status": status});
            let kind = answer.header("content-type");
            let (bytes, header) = (answer.bytes(), |name: &str| literal(&answer.header(name).into()));
            // A text is sent as it is where the type says that it is no JSON.
            if !kind.is_empty() && (bytes.is_some() || answer.body.is_string() && !kind.contains("json")) {
                respond["headers"] = json!({"content-type": header("content-type")});
            }
            match bytes {
                Some(bytes) => {
                    if !answer.header("content-encoding").is_empty() {
                        respond["headers"]["content-encoding"] = header("content-encoding");
                    }
                    respond["base64"] = STANDARD.encode(bytes).into();
                }
                None if answer.body.is_null() => {}
                None => respond["body"] = literal(&answer.body),
            }
            Ok(("respond", respond))
        }
        (End::Sent | End::Abandoned, None) => Err(Problem::bad_request("this call has not been answered")),
        (end, status) => {
            // The fault that cuts an answer short is called by what it does, its end by what came of it.
            let fault = if end == End::Truncated { "truncate" } else { end.word() };
            Ok((
                "fault",
                match (is_committed, end) {
                    (true, End::HtmlGateway) => json!({"commit": true, "then": fault, "status": status}),
                    (false, End::HtmlGateway) => json!({"then": fault, "status": status}),
                    (true, _) => json!({"commit": true, "then": fault}),
                    (false, _) => fault.into(),
                },
            ))
        }
    }
}

/// What of an answer no override can say, as a part of a sentence.
pub(super) fn lack(exchange: &Exchange<'_>) -> Option<String> {
    let message = &exchange.entry.answer;
    let lacks = exchange.entry.wire.planned().end.keeps_body() && message.is_cut();
    lacks.then(|| format!("the end of the body, of which {} of {} bytes were kept", message.body.len(), message.length))
}

/// A value whose texts stand for themselves, also where they look like templates.
fn literal(value: &Value) -> Value {
    match value {
        Value::String(text) => text.replace("{{", "{{ '{{' }}").into(),
        Value::Array(rows) => rows.iter().map(literal).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), literal(value))).collect(),
        other => other.clone(),
    }
}
