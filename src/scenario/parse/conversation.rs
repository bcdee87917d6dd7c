//! Conversations: every mistake of a file, and the steps that could be read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use jiff::SignedDuration;

mod names;

pub(super) use self::names::judge;
use super::members;
use super::reader::{Fields, Reader};
use crate::base::time;
use crate::engine::webhooks::Format;
use crate::scenario::conversation::HOST_NAME;
use crate::scenario::error::Spanned;
use crate::scenario::matching;
use crate::scenario::node::{Kind, Member, Node};
use crate::scenario::story::{
    Action, Body, Call, Content, ExpectedAnswer, ExpectedWebhook, HeaderText, Headers, Hmac, Poll, SentHeaders, Step, Story, Subscribe,
};

/// How often one step may be repeated.
const REPEATS: u64 = 10_000;

const KINDS: [&str; 5] = ["call", "advance", "subscribe", "unsubscribe", "receives"];
/// What belongs to a call alone.
const OF_CALL: [&str; 8] = ["headers", "json", "form", "text", "base64", "expect", "save", "poll"];

const FORMATS: [(&str, Format); 2] = [("json", Format::Json), ("form", Format::Form)];

pub(super) fn story(reader: &mut Reader<'_>, root: &Node) -> Option<Story> {
    let fields = reader.fields(root, "a conversation", &members::CONVERSATION)?;
    let about = fields.get("about").and_then(|node| reader.string(node, "about"));
    let vendor = fields.get("vendor").and_then(|node| reader.spanned(node, "vendor"));
    let scenario_text = fields.get("scenario").map(Node::to_json);
    let scenario = fields.get("scenario").and_then(|node| super::scenario(reader, node));
    let headers = sent_headers(reader, &fields);
    let steps = fields.require(reader, "steps")?;
    if matches!(&steps.kind, Kind::List(rows) if rows.is_empty()) {
        reader.problem("S006", steps.span, "`steps` has no step").help("for example `- call: GET /tracks`");
    }
    let steps = reader.each(steps, "steps", step);
    subscribed(reader, &steps);
    Some(Story { source: reader.source.clone(), about, vendor, scenario, scenario_text, headers, steps })
}

/// What is unsubscribed has to be subscribed before.
fn subscribed(reader: &mut Reader<'_>, steps: &[Step]) {
    let mut names: Vec<&str> = Vec::new();
    for step in steps {
        match &step.action {
            Action::Subscribe(made) => names.extend(made.value.name.as_deref()),
            Action::Unsubscribe(name) if !names.contains(&&*name.value) => {
                let help = "a step before it is `subscribe: {vendor: …, as: NAME}`";
                reader.problem("S008", name.span, format!("no step before subscribes `{}`", name.value)).help(help);
            }
            _ => {}
        }
    }
}

fn step(reader: &mut Reader<'_>, node: &Node) -> Option<Step> {
    let fields = reader.fields(node, "a step", &members::CONVERSATION_STEP)?;
    let kinds = fields.present(&KINDS);
    let [kind] = kinds[..] else {
        if kinds.is_empty() && fields.may_mean(&KINDS) {
            return None;
        }
        let help = "write each as a step of its own; a call is `call: GET /path`";
        reader
            .problem("S007", node.span, "a step needs exactly one of `call`, `advance`, `subscribe`, `unsubscribe` and `receives`")
            .help(help);
        return None;
    };
    if kind != "call" {
        for member in fields.present(&OF_CALL).into_iter().filter_map(|name| fields.entry(name)) {
            let name = &member.key.value;
            reader.problem("S007", member.key.span, format!("`{name}` cannot stand beside `{kind}`")).help("it belongs to `call`");
        }
    }
    let repeat = fields.get("repeat").and_then(|node| reader.whole(node, "repeat", 1..=REPEATS)).unwrap_or(1);
    let node = fields.get(kind)?;
    let action = match kind {
        "call" => Action::Call(Box::new(call(reader, &fields, node)?)),
        "advance" => advance(reader, node)?,
        "subscribe" => Action::Subscribe(Spanned { value: subscribe(reader, node)?, span: fields.entry(kind)?.key.span }),
        "unsubscribe" => Action::Unsubscribe(reader.spanned(node, "unsubscribe")?),
        _ => Action::Receives(Spanned { value: reader.each(node, "receives", webhook), span: fields.entry(kind)?.key.span }),
    };
    Some(Step { repeat, action })
}

fn call(reader: &mut Reader<'_>, fields: &Fields<'_>, node: &Node) -> Option<Call> {
    let line = reader.spanned(node, "call");
    if let Some(text) = &line {
        let fits = text.split_once(' ').is_some_and(|(method, target)| method.parse::<Method>().is_ok() && !target.trim().is_empty());
        if !fits {
            reader
                .problem("S008", node.span, format!("`{}` is not a call", text.value))
                .help("expected a method and a path, for example `GET /tracks`");
        } else {
            target(reader, node, text);
        }
    }
    let headers = sent_headers(reader, fields);
    alone(reader, fields, &["json", "form", "text", "base64"]);
    let value = |name: &str| fields.entry(name).map(|member| member.value.clone());
    let text = fields.get("text").and_then(|node| reader.string(node, "text")).map(Body::Text);
    let body = value("json").map(Body::Json).or_else(|| value("form").map(Body::Form)).or(text);
    let body = body.or_else(|| fields.get("base64").and_then(|node| base64(reader, node)).map(Body::Bytes));
    let mut save = Vec::new();
    if let Some(Node { kind: Kind::Text(path), span, .. }) = fields.get("save") {
        let name = path.rsplit(['.', '/']).next().unwrap_or_default();
        let problem = reader.problem("S005", *span, "`save` is text, expected names with paths into the answer");
        problem.help(format!("write a name in front of the path: `save: {{{name}: {path}}}`"));
    } else if let Some(node) = fields.get("save") {
        for member in reader.entries(node, "save", "names with paths into the answer") {
            let path = reader.spanned(&member.value, &member.key.value);
            save.extend(path.map(|path| (member.key.value.clone(), path)));
        }
    }
    let expect = fields.get("expect").and_then(|node| answer(reader, node));
    let poll = fields.get("poll").and_then(|node| poll(reader, node));
    Some(Call { line: line?, headers, body, expect, save, poll })
}

/// A call goes to a path below the vendor's mount, or to a link out of an answer.
fn target(reader: &mut Reader<'_>, node: &Node, text: &str) {
    let start = text.find(' ').map_or(0, |at| at + 1);
    let target = &text[start..];
    let link = format!("http://{HOST_NAME}/");
    if ["/", "{{", &link].iter().any(|beginning| target.starts_with(beginning)) {
        return;
    }
    let is_link = target.contains("://");
    let span = reader.locate(node, text, &(start..text.len()));
    let message = if is_link { format!("`{target}` is at another host") } else { format!("`{target}` does not begin with `/`") };
    let help = match is_link {
        true => "write the path below the vendor's mount, for example `GET /tracks`".to_owned(),
        false => format!("write `/{}`", target.trim_start_matches([' ', '/'])),
    };
    reader.problem("S008", span, message).help(help);
}

fn poll(reader: &mut Reader<'_>, node: &Node) -> Option<Poll> {
    let fields = reader.fields(node, "`poll`", &members::CONVERSATION_POLL)?;
    let mut length = |name| {
        let node = fields.require(reader, name)?;
        let text = reader.spanned(node, name)?;
        let span = time::span(&text).filter(SignedDuration::is_positive);
        if span.is_none() {
            reader.problem("S008", node.span, format!("`{}` is not a span of time", text.value)).help("for example `2s` or `5m`");
        }
        span
    };
    let (every, all) = (length("every"), length("for"));
    let (every, all) = (every?, all?);
    let times = u64::try_from(all.as_millis() / every.as_millis().max(1)).unwrap_or_default() + 1;
    Some(Poll { every, times: times.min(REPEATS) })
}

/// A body or a header that is no text.
pub(super) fn base64(reader: &mut Reader<'_>, node: &Node) -> Option<Vec<u8>> {
    let text = reader.string(node, "base64")?;
    let bytes = STANDARD.decode(&text).ok();
    if bytes.is_none() {
        reader.problem("S008", node.span, "`base64` is no base64").help("for example `aGVsbG8=`");
    }
    bytes
}

fn answer(reader: &mut Reader<'_>, node: &Node) -> Option<ExpectedAnswer> {
    let fields = reader.fields(node, "`expect`", &members::CONVERSATION_EXPECT)?;
    if let Some(member) = fields.entry("lost") {
        return lost(reader, &fields, member);
    }
    let status = fields.require(reader, "status").and_then(|node| {
        let value = reader.whole(node, "status", 100..=999)?;
        Some(Spanned { value: Some(u16::try_from(value).ok()?), span: node.span })
    });
    let notes = fields.get("notes").map(|node| {
        let value = reader.each(node, "notes", |reader, node| reader.string(node, "notes"));
        Spanned { value, span: node.span }
    });
    let content = content(reader, &fields);
    Some(ExpectedAnswer { status: status?, notes, content })
}

/// The expectation that no whole answer arrives, of which there is nothing more to say.
fn lost(reader: &mut Reader<'_>, fields: &Fields<'_>, member: &Member) -> Option<ExpectedAnswer> {
    if !reader.boolean(&member.value, "lost")? {
        reader.problem("S008", member.value.span, "`lost` is `true` or left out").help("an answer that arrives has a `status`");
        return None;
    }
    for other in fields.present(&["status", "headers", "json", "has", "text", "notes"]).into_iter().filter_map(|name| fields.entry(name)) {
        let name = &other.key.value;
        reader.problem("S007", other.key.span, format!("`{name}` cannot stand beside `lost`")).help("nothing of a lost answer is compared");
    }
    Some(ExpectedAnswer { status: Spanned { value: None, span: member.value.span }, notes: None, content: Content::default() })
}

fn advance(reader: &mut Reader<'_>, node: &Node) -> Option<Action> {
    let text = reader.spanned(node, "advance")?;
    let Some(span) = time::span(&text).filter(|_| time::duration(&text).is_some()) else {
        reader.problem("S008", node.span, format!("`{}` is not a span of time", text.value)).help("for example `90s`, `72h` or `2d`");
        return None;
    };
    Some(Action::Advance(text, span))
}

fn subscribe(reader: &mut Reader<'_>, node: &Node) -> Option<Subscribe> {
    let fields = reader.fields(node, "`subscribe`", &members::CONVERSATION_SUBSCRIBE)?;
    let mut text = |name| fields.get(name).and_then(|node| reader.string(node, name));
    let (vendor, account, secret, name) = (text("vendor"), text("account"), text("secret"), text("as"));
    let events = fields.get("events").map(|node| reader.each(node, "events", |reader, node| reader.string(node, "events")));
    let format = fields.get("format").and_then(|node| reader.choice(node, "format", &FORMATS));
    let receipt = |reader: &mut Reader<'_>, node: &Node| match &node.kind {
        Kind::Text(text) if text == "none" => Some(None),
        _ => reader.whole(node, "answers", 200..=599).map(Some),
    };
    let answers = fields.get("answers").map(|node| match &node.kind {
        Kind::List(_) => reader.each(node, "answers", receipt),
        _ => receipt(reader, node).into_iter().collect(),
    });
    let answers = answers.unwrap_or_default();
    Some(Subscribe { vendor, account, events: events.unwrap_or_default(), format: format.unwrap_or_default(), secret, answers, name })
}

/// One webhook that has to arrive.
fn webhook(reader: &mut Reader<'_>, node: &Node) -> Option<ExpectedWebhook> {
    let fields = reader.fields(node, "a webhook", &members::CONVERSATION_RECEIPT)?;
    let mut facts = Vec::new();
    for name in ["event", "subject", "method", "at"] {
        if let Some(text) = fields.get(name).and_then(|node| reader.spanned(node, name)) {
            matcher(reader, &Node::new(text.span, Kind::Text(text.value.clone())));
            facts.push((name, text));
        }
    }
    alone(reader, &fields, &["json", "form", "text"]);
    let content = content(reader, &fields);
    let form = fields.get("form");
    if let Some(node) = form {
        reader.entries(node, "form", "a mapping");
        matcher(reader, node);
    }
    let hmac = fields.get("hmac").and_then(|node| hmac(reader, node));
    Some(ExpectedWebhook { node: node.clone(), facts, content, form: form.cloned(), hmac })
}

fn hmac(reader: &mut Reader<'_>, node: &Node) -> Option<Hmac> {
    let fields = reader.fields(node, "`hmac`", &members::CONVERSATION_HMAC)?;
    let header = fields.require(reader, "header").and_then(|node| reader.spanned(node, "header"));
    let secret = fields.require(reader, "secret").and_then(|node| reader.string(node, "secret"));
    let mut shape = |name, hole: &str| {
        let Some(node) = fields.get(name) else { return Some(hole.to_owned()) };
        let text = reader.string(node, name)?;
        if !text.contains(hole) {
            reader
                .problem("S008", node.span, format!("`{name}` has no place for `{hole}`"))
                .help("for example `t={time},v1={digest}` over `{time}.{body}`");
        }
        Some(text)
    };
    let (value, over) = (shape("value", "{digest}"), shape("over", "{body}"));
    Some(Hmac { header: header?, secret: secret?, value: value?, over: over? })
}

/// What an answer and a webhook are compared with alike.
fn content(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Content {
    let headers = expected_headers(reader, fields);
    let [json, has] = ["json", "has"].map(|name| fields.entry(name).map(|member| member.value.clone()));
    for node in [&json, &has].into_iter().flatten() {
        matcher(reader, node);
    }
    let text = fields.get("text").and_then(|node| reader.spanned(node, "text").inspect(|_| matcher(reader, node)));
    Content { headers, json, has, text }
}

/// Header names with texts; `null` is for a header that must not be there.
fn expected_headers(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Headers {
    let Some(node) = fields.get("headers") else { return Vec::new() };
    let mut found = Vec::new();
    for member in reader.entries(node, "headers", "a mapping") {
        if member.value.kind == Kind::Null {
            found.push((member.key.clone(), None));
        } else if let Some(text) = reader.spanned(&member.value, &member.key.value) {
            matcher(reader, &member.value);
            found.push((member.key.clone(), Some(text)));
        }
    }
    found
}

/// Header names with texts, with `base64: …` for what is none, or with lists of them for headers that are sent several times; `null`
/// leaves out one of the story's.
fn sent_headers(reader: &mut Reader<'_>, fields: &Fields<'_>) -> SentHeaders {
    let Some(node) = fields.get("headers") else { return Vec::new() };
    let mut found = Vec::new();
    for Member { key, value } in reader.entries(node, "headers", "a mapping") {
        match &value.kind {
            Kind::Null => found.push((key.clone(), None)),
            Kind::List(rows) => {
                let values = rows.iter().filter_map(|row| sent_header(reader, row, &key.value)).collect::<Vec<_>>();
                found.extend(values.into_iter().map(|value| (key.clone(), Some(value))));
            }
            _ => found.extend(sent_header(reader, value, &key.value).map(|value| (key.clone(), Some(value)))),
        }
    }
    found
}

fn sent_header(reader: &mut Reader<'_>, node: &Node, name: &str) -> Option<HeaderText> {
    if matches!(node.kind, Kind::Map(_)) {
        let fields = reader.fields(node, "a header", &["base64"])?;
        return fields.require(reader, "base64").and_then(|node| base64(reader, node)).map(HeaderText::Bytes);
    }
    reader.spanned(node, name).map(HeaderText::Text)
}

/// At most one of some members.
pub(super) fn alone(reader: &mut Reader<'_>, fields: &Fields<'_>, names: &[&'static str]) {
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
            if !text.starts_with('~') || reader.matchers.contains(text) {
                return;
            }
            if reader.matcher_bytes > matching::PATTERNS {
                return;
            }
            let (checked, bytes) = matching::check(text);
            reader.matcher_bytes += bytes;
            if reader.matcher_bytes > matching::PATTERNS {
                let message = "the patterns of this conversation are too large together";
                reader.problem("S002", node.span, message).help("repeat a pattern, or use one of the words such as `~string`");
            } else if checked.is_ok() {
                reader.matchers.insert(text.clone());
            }
            if let Err(help) = checked {
                reader.problem("S009", node.span, format!("`{text}` matches nothing")).help(help.to_string());
            }
        }
        Kind::List(rows) => rows.iter().for_each(|row| matcher(reader, row)),
        Kind::Map(rows) => rows.iter().for_each(|row| matcher(reader, &row.value)),
        _ => {}
    }
}
