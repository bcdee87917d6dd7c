//! A case as people take it along: a line of curl, and a conversation with the calls that led to it.

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::judge::{Check, Problem};
use super::sent::Exchange;
use crate::contract::import::{Given, given, refer};
use crate::contract::{shape, write};
use crate::net::Reply;
use crate::spec::Operation;

/// What stands in place of a credential.
fn hidden(mount: &str, name: &str) -> String {
    let name: String = name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' }).collect();
    format!("SEATRIAL_FUZZ_{}_{name}", mount.to_uppercase())
}

/// The call as a line of curl. Credentials are variables of the shell.
pub(super) fn curl(mount: &str, base_url: &str, exchange: &Exchange, credentials: &HeaderMap) -> String {
    let quoted = |text: &str| shlex::try_quote(text).map_or_else(|_| String::from("''"), std::borrow::Cow::into_owned);
    let mut words = vec!["curl".to_owned(), "-sS".to_owned(), "-X".to_owned(), exchange.method.to_string()];
    words.push(quoted(&format!("{}{}", base_url.trim_end_matches('/'), exchange.target)));
    for (name, value) in &exchange.headers {
        let is_credential = credentials.contains_key(name);
        words.push("-H".to_owned());
        words.push(match value.to_str() {
            Ok(_) if is_credential => format!("\"{name}: ${}\"", hidden(mount, name.as_str())),
            Ok(text) => quoted(&format!("{name}: {text}")),
            Err(_) => quoted(&format!("{name};")),
        });
    }
    if !exchange.body.is_empty() {
        words.push("--data-raw".to_owned());
        words.push(quoted(&String::from_utf8_lossy(&exchange.body)));
    }
    words.join(" ")
}

/// The calls whose answers gave what a call refers to, the latest ones that did, and those that led to them.
pub(super) fn that_led(past: &[Exchange], exchange: &Exchange, most: usize) -> Vec<Exchange> {
    let mut wanted = vec![sent(exchange)];
    let mut found = Vec::new();
    // The call itself is the last one.
    for (index, earlier) in past.iter().enumerate().rev() {
        if found.len() >= most {
            break;
        }
        let Some(reply) = earlier.reply.as_ref().filter(|reply| (200..300).contains(&reply.status)) else { continue };
        let is_it = earlier.target == exchange.target && earlier.body == exchange.body && earlier.method == exchange.method;
        let makes = [http::Method::POST, http::Method::PUT].contains(&earlier.method);
        let gave = !is_it && makes && ids(earlier, reply, 0).iter().any(|row| wanted.iter().any(|text| refers(text, row.text())));
        if gave {
            wanted.push(sent(earlier));
            found.push((index, earlier.clone()));
        }
    }
    found.sort_by_key(|(index, _)| *index);
    found.into_iter().map(|(_, earlier)| earlier).collect()
}

/// The ids in an answer that its call did not send itself.
fn ids(exchange: &Exchange, reply: &Reply, step: usize) -> Vec<Given> {
    let own = sent(exchange);
    let mut found = given(&reply.body, step);
    found.retain(|row| shape::is_id(row.member()) && !refers(&own, row.text()));
    found
}

fn sent(exchange: &Exchange) -> String {
    format!("{} {}", exchange.target, String::from_utf8_lossy(&exchange.body))
}

/// Whether an id stands in a text by itself.
fn refers(text: &str, id: &str) -> bool {
    let is_word = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    id.len() >= 3
        && text.match_indices(id).any(|(at, _)| {
            let (before, after) = (text[..at].chars().next_back(), text[at + id.len()..].chars().next());
            !is_word(before) && !is_word(after)
        })
}

/// A conversation that ends with the case. What a server has to answer stands there where it is known; `contract run` holds all else
/// against the document.
pub(super) fn conversation(
    mount: &str,
    led: &[Exchange],
    exchange: &Exchange,
    problem: &Problem,
    operation: &Operation,
    credentials: &HeaderMap,
) -> String {
    let mut steps: Vec<Map<String, Value>> = Vec::new();
    let mut known = Vec::new();
    for (index, call) in led.iter().chain([exchange]).enumerate() {
        let mut step = step(mount, call, credentials);
        refer(&mut step, &mut steps, &known);
        let reply = call.reply.as_ref();
        known.extend(reply.map(|reply| ids(call, reply, index)).unwrap_or_default());
        let is_case = index == led.len();
        let status = if is_case { wanted(problem, operation, call) } else { reply.map(|reply| reply.status) };
        step.extend(status.map(|status| ("expect".to_owned(), Value::Object(Map::from_iter([("status".to_owned(), status.into())])))));
        steps.push(step);
    }
    let about = format!("{}: {}: {}", operation.name, problem.check.word(), problem.detail);
    let rows: Vec<Value> = steps.into_iter().map(Value::Object).collect();
    write::conversation(&Map::from_iter([
        ("vendor".to_owned(), mount.into()),
        ("about".to_owned(), about.into()),
        ("steps".to_owned(), rows.into()),
    ]))
}

fn step(mount: &str, call: &Exchange, credentials: &HeaderMap) -> Map<String, Value> {
    let mut step = Map::from_iter([("call".to_owned(), format!("{} {}", call.method, call.target).into())]);
    let is_json = call.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    let headers = call.headers.iter().filter(|(name, _)| !(is_json && *name == CONTENT_TYPE));
    let headers: Map<String, Value> = headers
        .map(|(name, value)| {
            let is_credential = credentials.contains_key(name);
            let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
            let text = if is_credential { format!("{{{{env.{}}}}}", hidden(mount, name.as_str())) } else { text };
            (name.to_string(), text.into())
        })
        .collect();
    if !headers.is_empty() {
        step.insert("headers".to_owned(), headers.into());
    }
    if !call.body.is_empty() {
        let text = String::from_utf8_lossy(&call.body).into_owned();
        let body = serde_json::from_str::<Value>(&text).ok().filter(|_| is_json);
        let (name, body) = body.map_or(("text", text.into()), |body| ("json", body));
        step.insert(name.to_owned(), body);
    }
    step
}

/// The status that the case should have had: one that the document declares, where any would do.
fn wanted(problem: &Problem, operation: &Operation, call: &Exchange) -> Option<u16> {
    let declared = |wanted: &[u16]| {
        let statuses: Vec<u16> = operation.statuses().flatten().collect();
        wanted.iter().copied().find(|status| statuses.contains(status)).or(wanted.first().copied())
    };
    match problem.check {
        Check::NegativeAccepted => declared(&[400, 422, 404]),
        Check::AuthIgnored => declared(&[401, 403]),
        Check::UseAfterDelete => declared(&[404, 410, 400]),
        Check::WrongMethod => Some(405),
        Check::PositiveRefused | Check::CreatedIsReadable | Check::ServerError | Check::Status => declared(&[200, 201, 202, 204]),
        Check::ContentType | Check::Headers | Check::Schema => call.reply.as_ref().map(|reply| reply.status),
    }
}
