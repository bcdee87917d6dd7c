//! What of a scenario answers a call like it was answered.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::server::admin::problem::Problem;
use crate::server::admin::secrets::Exchange;
use crate::world::{EffectKind, End, Sent};

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
            for (name, value) in kept(exchange).0 {
                respond["headers"][name] = literal(&value.into());
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
            let mut how = json!({});
            if is_committed {
                how["commit"] = true.into();
            }
            how["then"] = fault.into();
            if end == End::HtmlGateway {
                how["status"] = status.into();
            }
            if let Some(time) = lasted(exchange).filter(|_| takes_time(end)) {
                how["for"] = time.into();
            }
            let is_plain = how.as_object().is_some_and(|members| members.len() == 1);
            Ok(("fault", if is_plain { fault.into() } else { how }))
        }
    }
}

/// What of an answer no override can say, as a part of a sentence.
pub(super) fn lack(what: &str, exchange: &Exchange<'_>) -> Option<String> {
    let Exchange { entry, .. } = exchange;
    let Sent { end, status, .. } = entry.wire.planned();
    let is_answer = what == "respond";
    let message = &entry.answer;
    let is_cut = is_answer && end.keeps_body() && message.is_cut();
    let body = is_cut.then(|| format!("the end of the body, of which {} of {} bytes were kept", message.body.len(), message.length));
    let lost = kept(exchange).1;
    let headers = (is_answer && !lost.is_empty()).then(|| format!("all values but the first of the headers {}", lost.join(", ")));
    let failed = entry.effect.as_ref().filter(|effect| matches!(effect.kind, EffectKind::Fault | EffectKind::Refuse) && effect.committed);
    let failed = failed.filter(|_| is_answer && status.is_some_and(|status| status < 400));
    let failed = failed.map(|_| "what stays of the failure, as an answer that is written by hand does nothing".to_owned());
    let is_latency = entry.effect.as_ref().is_some_and(|effect| effect.kind == EffectKind::Latency);
    let is_slow = lasted(exchange).is_none() && (takes_time(end) || is_latency);
    let time = is_slow.then(|| "how long it would have taken, as its caller left".to_owned());
    let lacks: Vec<_> = [body, headers, failed, time].into_iter().flatten().collect();
    (!lacks.is_empty()).then(|| lacks.join("; "))
}

/// How long an answer was held back, where that is all that was done to it.
pub(super) fn latency(exchange: &Exchange<'_>) -> Option<String> {
    let effect = exchange.entry.effect.as_ref()?;
    lasted(exchange).filter(|_| effect.kind == EffectKind::Latency)
}

/// How long a call took, if its caller did not leave before the end.
fn lasted(exchange: &Exchange<'_>) -> Option<String> {
    let Exchange { entry, .. } = exchange;
    let is_over = !matches!(entry.wire.get().end, End::Abandoned | End::UnderWay);
    let took = entry.took.get().filter(|_| is_over)?;
    Some(format!("{}ms", took.as_millis()))
}

/// Whether a fault takes a time that an override says.
fn takes_time(end: End) -> bool {
    matches!(end, End::Timeout | End::Stall | End::Drip)
}

/// The headers of an answer that are neither the server's nor about how its body is sent; and the names of those that came more than
/// once, which an override cannot say.
fn kept<'e>(exchange: &'e Exchange<'_>) -> (Vec<(&'e str, &'e str)>, Vec<&'e str>) {
    let (mut kept, mut lost): (Vec<(&str, &str)>, Vec<&str>) = (Vec::new(), Vec::new());
    let is_own = |name: &str| name.starts_with("seatrial-") || SERVERS.contains(&name);
    for header in exchange.answer.headers.iter().filter(|header| !is_own(header.name)) {
        match kept.iter().any(|(name, _)| *name == header.name) {
            true => lost.push(header.name),
            false => kept.push((header.name, &header.value)),
        }
    }
    (kept, lost)
}

/// Headers that the server writes, and those of content, which are said with the body.
const SERVERS: [&str; 8] =
    ["connection", "content-encoding", "content-length", "content-type", "date", "keep-alive", "trailer", "transfer-encoding"];

/// A value whose texts stand for themselves, also where they look like templates.
fn literal(value: &Value) -> Value {
    match value {
        Value::String(text) => text.replace("{{", "{{ '{{' }}").into(),
        Value::Array(rows) => rows.iter().map(literal).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), literal(value))).collect(),
        other => other.clone(),
    }
}
