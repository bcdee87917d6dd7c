//! What of a scenario answers a call like it was answered.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::base::time;
use crate::engine::Machine;
use crate::server::admin::problem::Problem;
use crate::server::admin::secrets::{Exchange, ShownHeader};
use crate::world::{EffectKind, End, Sent};

/// Headers that no scenario says: those of the connection, those that the sandbox sets by its clock, and those that stand beside the bytes
/// of a body alone.
const NEVER_WRITTEN: [&str; 7] =
    ["connection", "content-length", "transfer-encoding", "keep-alive", "date", "content-type", "content-encoding"];

/// The members of an override that answers a call like it was answered, and as late.
pub(super) fn rule(machine: &Machine, exchange: &Exchange<'_>) -> Result<Map<String, Value>, Problem> {
    let (what, how) = answer(machine, exchange)?;
    let latency = exchange.entry.effect.as_ref().and_then(|effect| effect.latency).map(|time| ("latency", time::written(time).into()));
    Ok([(what, how)].into_iter().chain(latency).map(|(name, value)| (name.to_owned(), value)).collect())
}

/// The same, where the vendor shall do its work again if nothing but time was done to the call.
pub(super) fn rule_with_work(machine: &Machine, exchange: &Exchange<'_>) -> Result<Map<String, Value>, Problem> {
    let mut rule = rule(machine, exchange)?;
    if exchange.entry.effect.as_ref().is_some_and(|effect| effect.kind == EffectKind::Latency) && rule.contains_key("latency") {
        rule.retain(|name, _| name == "latency");
    }
    Ok(rule)
}

fn answer(machine: &Machine, exchange: &Exchange<'_>) -> Result<(&'static str, Value), Problem> {
    let entry = exchange.entry;
    let Sent { end, status, .. } = entry.wire.planned();
    let effect = entry.effect.as_ref();
    let is_committed = effect.is_some_and(|effect| effect.committed);
    let failure = effect.and_then(|effect| effect.failure.as_deref());
    // How much time is left to a limit is in its words, which those of a fault have not.
    let failing = failure.and_then(|failure| failure.parse::<u16>().ok());
    match (end, status.or(entry.status)) {
        (End::Sent | End::Abandoned, Some(_)) if failing.is_none() && failure.is_some() => Ok(("fault", failure.into())),
        (End::Sent | End::Abandoned, Some(status)) if is_committed && status >= 400 => {
            Ok(("fault", json!({"commit": true, "then": status})))
        }
        (End::Sent | End::Abandoned, Some(status)) if failing == Some(status) => Ok(("fault", status.into())),
        (End::Sent | End::Abandoned, Some(status)) => Ok(("respond", respond(machine, exchange, status))),
        (End::Sent | End::Abandoned, None) => Err(Problem::bad_request("this call has not been answered")),
        (end, status) => {
            // The fault that cuts an answer short is called by what it does, its end by what came of it.
            let fault = if end == End::Truncated { "truncate" } else { end.word() };
            let mut members = json!({"then": fault});
            if end == End::HtmlGateway {
                members["status"] = status.into();
            }
            if let Some(time) = effect.and_then(|effect| effect.lasts) {
                members["for"] = time::written(time).into();
            }
            if is_committed {
                members["commit"] = true.into();
            }
            let is_short = members.as_object().is_some_and(|members| members.len() == 1);
            Ok(("fault", if is_short { fault.into() } else { members }))
        }
    }
}

/// An answer written by hand: what the vendor would not add to it by itself.
fn respond(machine: &Machine, exchange: &Exchange<'_>, status: u16) -> Value {
    let Exchange { answer, .. } = exchange;
    let mut respond = json!({"status": status});
    let kind = answer.header("content-type");
    let (bytes, header) = (answer.bytes(), |name: &str| literal(&answer.header(name).into()));
    // A text is sent as it is where the type says that it is no JSON.
    if !kind.is_empty() && (bytes.is_some() || answer.body.is_string() && !kind.contains("json")) {
        respond["headers"] = json!({"content-type": header("content-type")});
    }
    if bytes.is_some() && !answer.header("content-encoding").is_empty() {
        respond["headers"]["content-encoding"] = header("content-encoding");
    }
    for own in own_headers(machine, exchange) {
        respond["headers"][own.name] = literal(&own.value.as_ref().into());
    }
    match bytes {
        Some(bytes) => respond["base64"] = STANDARD.encode(bytes).into(),
        None if answer.body.is_null() => {}
        None => respond["body"] = literal(&answer.body),
    }
    if is_off_spec(machine, exchange, status) {
        respond["off_spec"] = true.into();
    }
    respond
}

/// The headers of an answer that neither the vendor's have always, nor the connection, nor what stands for the bytes of a body.
pub(super) fn own_headers<'e>(machine: &Machine, exchange: &'e Exchange<'_>) -> impl Iterator<Item = &'e ShownHeader<'e>> {
    let usual = machine.usual_headers(exchange.entry);
    let is_usual =
        move |name: &str| NEVER_WRITTEN.contains(&name) || name.starts_with("seatrial-") || usual.iter().any(|usual| usual == name);
    exchange.answer.headers.iter().filter(move |own| !own.is_binary && !is_usual(own.name))
}

/// Whether an answer is another than the vendor's document has, as only who says so may write one.
fn is_off_spec(machine: &Machine, exchange: &Exchange<'_>, status: u16) -> bool {
    let Exchange { entry, answer, .. } = exchange;
    let loaded = machine.vendors().loaded().iter().find(|loaded| *loaded.vendor.id == *entry.vendor);
    let id = entry.operation.as_deref().and_then(|name| name.split_once('.')).map_or("", |(_, id)| id);
    let operation = loaded.and_then(|loaded| loaded.catalog().operation(id));
    let body = (!answer.body.is_string()).then_some(&answer.body);
    operation.is_some_and(|operation| !operation.check_answer(status, body).is_empty())
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
