//! Conversations: what may stand in a story's steps. A story stays a plain value; here everything that could not be played is told.

use http::Method;
use serde_json::Value;

use super::members;
use super::reader::{Fields, Reader};
use crate::base::time;
use crate::scenario::matching;
use crate::scenario::node::{Kind, Node};

/// How often one step may be repeated.
const REPEATS: u64 = 10_000;

const KINDS: [&str; 4] = ["call", "advance", "subscribe", "receives"];
/// What belongs to a call alone.
const OF_CALL: [&str; 6] = ["headers", "json", "form", "text", "expect", "save"];

/// A story without mistakes.
pub(super) fn story(reader: &mut Reader<'_>, root: &Node) -> Option<Value> {
    let fields = reader.fields(root, "a conversation", &members::CONVERSATION)?;
    if let Some(node) = fields.get("about") {
        reader.string(node, "about");
    }
    if let Some(node) = fields.get("scenario") {
        reader.entries(node, "scenario", "a mapping");
    }
    headers(reader, &fields, false);
    let steps = fields.require(reader, "steps")?;
    reader.each(steps, "steps", step);
    reader.problems.is_empty().then(|| root.to_json())
}

fn step(reader: &mut Reader<'_>, node: &Node) -> Option<()> {
    let fields = reader.fields(node, "a step", &members::CONVERSATION_STEP)?;
    let [kind] = fields.present(&KINDS)[..] else {
        let help = "write each as a step of its own; a call is `call: GET /path`";
        reader.problem("S007", node.span, "a step needs exactly one of `call`, `advance`, `subscribe` and `receives`").help(help);
        return None;
    };
    if kind != "call" {
        for member in fields.present(&OF_CALL).into_iter().filter_map(|name| fields.entry(name)) {
            let name = &member.key.value;
            reader.problem("S007", member.key.span, format!("`{name}` cannot stand beside `{kind}`")).help("it belongs to `call`");
        }
    }
    if let Some(node) = fields.get("repeat") {
        reader.whole(node, "repeat", 1..=REPEATS);
    }
    let node = fields.get(kind)?;
    match kind {
        "call" => call(reader, &fields, node),
        "advance" => advance(reader, node),
        "subscribe" => subscribe(reader, node),
        _ => drop(reader.each(node, "receives", receipt)),
    }
    Some(())
}

fn call(reader: &mut Reader<'_>, fields: &Fields<'_>, node: &Node) {
    if let Some(text) = reader.string(node, "call") {
        let fits = text.split_once(' ').is_some_and(|(method, target)| method.parse::<Method>().is_ok() && !target.trim().is_empty());
        if !fits {
            reader
                .problem("S008", node.span, format!("`{text}` is not a call"))
                .help("expected a method and a path, for example `GET /tracks`");
        }
    }
    headers(reader, fields, false);
    alone(reader, fields, &["json", "form", "text"]);
    if let Some(node) = fields.get("save") {
        for member in reader.entries(node, "save", "names with paths into the answer") {
            reader.string(&member.value, &member.key.value);
        }
    }
    let Some(node) = fields.get("expect") else { return };
    let Some(expect) = reader.fields(node, "`expect`", &members::CONVERSATION_EXPECT) else { return };
    if let Some(node) = expect.require(reader, "status") {
        reader.whole(node, "status", 100..=999);
    }
    if let Some(node) = expect.get("notes") {
        reader.each(node, "notes", |reader, node| reader.string(node, "notes"));
    }
    says(reader, &expect);
}

fn advance(reader: &mut Reader<'_>, node: &Node) {
    let Some(text) = reader.string(node, "advance") else { return };
    if time::duration(&text).is_none() {
        reader.problem("S008", node.span, format!("`{text}` is not a span of time")).help("for example `90s`, `72h` or `2d`");
    }
}

fn subscribe(reader: &mut Reader<'_>, node: &Node) {
    let Some(fields) = reader.fields(node, "`subscribe`", &members::CONVERSATION_SUBSCRIBE) else { return };
    for name in ["vendor", "secret"] {
        if let Some(node) = fields.get(name) {
            reader.string(node, name);
        }
    }
    if let Some(node) = fields.get("events") {
        reader.each(node, "events", |reader, node| reader.string(node, "events"));
    }
    if let Some(node) = fields.get("format") {
        reader.choice(node, "format", &[("json", ()), ("form", ())]);
    }
    if let Some(node) = fields.get("answers") {
        reader.whole(node, "answers", 200..=599);
    }
}

/// One webhook that arrived.
fn receipt(reader: &mut Reader<'_>, node: &Node) -> Option<()> {
    let fields = reader.fields(node, "a webhook", &members::CONVERSATION_RECEIPT)?;
    for name in ["event", "subject", "method", "at"] {
        if let Some(text) = fields.get(name).and_then(|node| reader.spanned(node, name)) {
            matcher(reader, &Node { span: text.span, kind: Kind::Text(text.value) });
        }
    }
    alone(reader, &fields, &["json", "form", "text"]);
    says(reader, &fields);
    if let Some(node) = fields.get("form") {
        reader.entries(node, "form", "a mapping");
        matcher(reader, node);
    }
    let signature = reader.fields(fields.get("hmac")?, "`hmac`", &members::CONVERSATION_HMAC)?;
    for name in ["header", "secret"] {
        signature.require(reader, name).and_then(|node| reader.string(node, name));
    }
    for (name, hole) in [("value", "{digest}"), ("over", "{body}")] {
        let Some(node) = signature.get(name) else { continue };
        if reader.string(node, name).is_some_and(|text| !text.contains(hole)) {
            reader
                .problem("S008", node.span, format!("`{name}` has no place for `{hole}`"))
                .help("for example `t={time},v1={digest}` over `{time}.{body}`");
        }
    }
    Some(())
}

/// What an answer and a webhook are compared with alike.
fn says(reader: &mut Reader<'_>, fields: &Fields<'_>) {
    headers(reader, fields, true);
    for name in ["json", "has"] {
        if let Some(node) = fields.get(name) {
            matcher(reader, node);
        }
    }
    if let Some(node) = fields.get("text")
        && reader.string(node, "text").is_some()
    {
        matcher(reader, node);
    }
}

/// Header names with texts; `null` is for a header that must not be there.
fn headers(reader: &mut Reader<'_>, fields: &Fields<'_>, matched: bool) {
    let Some(node) = fields.get("headers") else { return };
    for member in reader.entries(node, "headers", "a mapping") {
        if member.value.kind != Kind::Null && reader.string(&member.value, &member.key.value).is_some() && matched {
            matcher(reader, &member.value);
        }
    }
}

/// At most one of some members.
fn alone(reader: &mut Reader<'_>, fields: &Fields<'_>, names: &[&'static str]) {
    if let [first, second, ..] = fields.present(names)[..]
        && let Some(member) = fields.entry(second)
    {
        reader.problem("S007", member.key.span, format!("`{second}` cannot stand beside `{first}`")).help("there is one body");
    }
}

/// Reports texts that look like matchers and are none, wherever they stand.
fn matcher(reader: &mut Reader<'_>, node: &Node) {
    match &node.kind {
        Kind::Text(text) => {
            if let Err(help) = matching::check(text) {
                reader.problem("S009", node.span, format!("`{text}` matches nothing")).help(help);
            }
        }
        Kind::List(rows) => rows.iter().for_each(|row| matcher(reader, row)),
        Kind::Map(rows) => rows.iter().for_each(|row| matcher(reader, &row.value)),
        _ => {}
    }
}
