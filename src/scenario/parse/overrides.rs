//! The `overrides`: what matching calls get instead of the vendor's usual answer.

use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode};

use super::conversation::{alone, base64};
use super::fault_words::same_as;
use super::limited::limited;
use super::members;
use super::pace::{after, latency, objects, rate_limit};
use super::reader::{Fields, Reader};
use super::roots::ExprContext;
use super::shadowed::shadowed;
use crate::engine::{Items, Wire};
use crate::scenario::ast::{Condition, Count, Effect, Failure, Fault, Override, Patch, Pattern, Refusal, Response};
use crate::scenario::error::{Span, Spanned, suggestion};
use crate::scenario::expr::class;
use crate::scenario::expr::types::{Looked, Types as _};
use crate::scenario::need::Need;
use crate::scenario::node::{Kind, Member, Node};
use crate::scenario::template::Template;

const EFFECTS: [&str; 5] = ["respond", "patch", "fault", "refuse", "rate_limit"];
/// How long silences are, and how long an answer drips, unless told otherwise.
const SILENCE: Duration = Duration::from_secs(60);
const DRIPPING: Duration = Duration::from_secs(10);
/// The longest time that either may take.
const LONGEST: Duration = Duration::from_secs(3600);
const FAILURES: [(&str, Wire); 17] = [
    ("reset", Wire::Reset),
    ("empty", Wire::Empty),
    ("timeout", Wire::Timeout(SILENCE)),
    ("truncate", Wire::Truncate),
    ("length_short", Wire::LengthShort),
    ("length_long", Wire::LengthLong),
    ("garbage", Wire::Garbage),
    ("bad_chunk", Wire::BadChunk),
    ("drip", Wire::Drip(DRIPPING)),
    ("stall", Wire::Stall(SILENCE)),
    ("html_gateway", Wire::Gateway(StatusCode::BAD_GATEWAY)),
    ("wrong_type", Wire::WrongType),
    ("bad_json", Wire::BadJson),
    ("duplicate_header", Wire::DuplicateHeader),
    ("tls_alert", Wire::TlsAlert),
    ("h2_reset", Wire::StreamReset),
    ("h2_goaway", Wire::GoAway),
];

/// The words for faults on the wire.
pub fn wire_faults() -> impl Iterator<Item = &'static str> {
    FAILURES.iter().map(|(word, _)| *word)
}

pub(super) fn overrides(reader: &mut Reader<'_>, node: &Node) -> Vec<Override> {
    let overrides = reader.each(node, "overrides", override_);
    shadowed(reader, &overrides);
    limited(reader, &overrides);
    overrides
}

fn override_(reader: &mut Reader<'_>, node: &Node) -> Option<Override> {
    let fields = reader.fields(node, "an override", &members::OVERRIDE)?;
    let on = fields.require(reader, "on").and_then(|node| reader.pattern(node, "on"));
    reader.about = on.as_ref().map_or(Pattern::Every, |on| on.value.clone());
    let when = fields.get("when").map(|node| reader.condition(node, ExprContext::Call));
    let effect = effect(reader, node, &fields);
    let latency = fields.get("latency").and_then(|node| latency(reader, node));
    // A number that could not be read must not turn into one without end, which would take every call from the overrides behind it.
    let times = fields.get("times").map(|node| reader.whole(node, "times", 1..=u64::MAX).unwrap_or(1));
    if let (Some(Effect::RateLimit(limit)), Some(times), Some(node)) = (&effect, times, fields.get("times"))
        && times <= limit.limit
    {
        let message = format!("`times: {times}` ends the row before its limit of {} is exceeded", limit.limit);
        reader.warn("S106", node.span, message, "leave `times` out, or let it be more than `limit`");
    }
    let skip = fields.get("skip").and_then(|node| reader.whole(node, "skip", 0..=u64::MAX)).unwrap_or_default();
    if let (Some(node), Some(Some(condition)), Some(Spanned { value: Pattern::One(_), .. })) = (fields.get("skip"), &when, &on) {
        skips_all(reader, node, skip, condition);
    }
    let after = fields.get("after").map(|node| after(reader, node, when.iter().flatten().next()));
    let per = fields.get("per").and_then(|node| objects(reader, node, &fields, on.as_ref()));
    // A condition that could not be read must not turn into one that always holds.
    let unread = || Condition::unread(node.span.start);
    let when = if matches!(after, Some(None)) { Some(unread()) } else { when.map(|when| when.unwrap_or_else(unread)) };
    Some(Override { span: node.span, place: node.place(), on: on?, when, after: after.flatten(), effect, latency, times, skip, per })
}

/// Warns of `skip` beside a condition that only so many calls of an account fulfill.
fn skips_all(reader: &mut Reader<'_>, node: &Node, skip: u64, condition: &Condition) {
    let named = condition.needs().into_iter().find_map(|(path, need)| match need {
        Need::OneOf(numbers) if path.to_string() == "$call.nth" => Some(numbers.len()),
        _ => None,
    });
    if let Some(count) = named.filter(|count| *count as u64 <= skip) {
        let message = format!("`skip: {skip}` leaves alone what the condition names: {count} of the calls of each account");
        reader.warn("S106", node.span, message, "leave it out: `$call.nth` counts the calls already");
    }
}

fn effect(reader: &mut Reader<'_>, node: &Node, fields: &Fields<'_>) -> Option<Effect> {
    match fields.present(&EFFECTS)[..] {
        ["respond"] => fields.get("respond").and_then(|node| response(reader, node)).map(Effect::Respond),
        ["patch"] => fields.get("patch").and_then(|node| patch(reader, node)).map(Effect::Patch),
        ["fault"] => fields.get("fault").and_then(|node| fault(reader, node)),
        ["refuse"] => fields.get("refuse").and_then(|node| refuse(reader, node)),
        ["rate_limit"] => fields.get("rate_limit").and_then(|node| rate_limit(reader, node)).map(Effect::RateLimit),
        [] => {
            if fields.get("latency").is_none() && !fields.may_mean(&["respond", "patch", "fault", "refuse", "rate_limit", "latency"]) {
                let label = "expected one of `respond`, `patch`, `fault`, `refuse`, `rate_limit`, `latency`";
                reader.problem("S006", node.span, "an override that changes nothing").label(label);
            }
            None
        }
        _ => {
            reader
                .problem("S007", node.span, "an override can have only one of `respond`, `patch`, `fault`, `refuse` and `rate_limit`")
                .help("split it into two overrides; the first that matches wins");
            None
        }
    }
}

fn response(reader: &mut Reader<'_>, node: &Node) -> Option<Response> {
    let fields = reader.fields(node, "`respond`", &members::RESPOND)?;
    let status = fields.require(reader, "status").and_then(|node| reader.whole(node, "status", 200..=599));
    let headers = headers(reader, &fields);
    alone(reader, &fields, &["body", "base64"]);
    let body = fields.entry("body").and_then(|member| reader.template(&member.value));
    let bytes = fields.get("base64").and_then(|node| base64(reader, node)).map(Into::into);
    let off_spec = fields.get("off_spec").and_then(|node| reader.boolean(node, "off_spec")).unwrap_or_default();
    // A body that could not be read is told of, and not missing.
    let is_there = ["body", "base64"].iter().any(|name| fields.entry(name).is_some()) || fields.may_mean(&["body", "base64"]);
    let off_spec = off_spec || (is_there && body.is_none() && bytes.is_none());
    let status_span = fields.get("status").map_or(node.span, |node| node.span);
    let span = fields.entry("body").map_or(status_span, |member| member.value.span);
    if let (Some(status @ (204 | 205 | 304)), Some(member)) = (status, fields.entry("body")) {
        let message = format!("`body` changes nothing: an answer with the status {status} has no body");
        reader.warn("S106", member.value.span, message, "leave it out, or answer with another status");
    }
    // What has a type of its own is sent as it is.
    if headers.iter().all(|(name, _)| !name.eq_ignore_ascii_case("content-type")) {
        fields.get("body").iter().for_each(|node| reader.json_in_text(node));
    }
    Some(Response { status: u16::try_from(status?).ok()?, headers, body, bytes, off_spec, span, status_span })
}

fn headers(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vec<(String, Template)> {
    let Some(node) = fields.get("headers") else { return Vec::new() };
    let entries = reader.entries(node, "headers", "a mapping from names to values");
    for (index, Member { key, .. }) in entries.iter().enumerate() {
        if entries[..index].iter().any(|before| before.key.value.eq_ignore_ascii_case(&key.value)) {
            let message = format!("the header `{}` stands twice: names of headers are the same in any case of letters", key.value);
            reader.warn("S108", key.span, message, "take one of them away");
        }
    }
    entries.iter().filter_map(|entry| header(reader, entry)).collect()
}

fn patch(reader: &mut Reader<'_>, node: &Node) -> Option<Patch> {
    let fields = reader.fields(node, "`patch`", &members::PATCH)?;
    let is_nothing = |node: &Node| match &node.kind {
        Kind::Null => true,
        Kind::Map(members) => members.is_empty(),
        Kind::List(items) => items.is_empty(),
        _ => false,
    };
    // A `body` of `null` makes the answer `null`.
    if fields.entry("body").is_none() && fields.all(is_nothing) {
        let label = "expected one of `status`, `headers`, `body`, `set`, `remove`";
        reader.problem("S006", node.span, "a patch that changes nothing").label(label);
        return None;
    }
    let status = fields.get("status").map(|node| reader.whole(node, "status", 200..=599));
    let headers = headers(reader, &fields);
    if let Some(member) = fields.entry("body").filter(|member| matches!(&member.value.kind, Kind::Map(members) if members.is_empty())) {
        reader.warn(
            "S106",
            member.value.span,
            "`body: {}` changes nothing of an object",
            "leave it out; `respond` answers with nothing in it",
        );
    }
    let is_bodiless = reader.vocabulary.is_some_and(|vocabulary| !vocabulary.return_something(&reader.about));
    for member in ["body", "set", "remove"].iter().filter_map(|name| fields.entry(name)).filter(|_| is_bodiless) {
        let message = format!("`{}` changes nothing: no answer of `{}` that it patches has a body", member.key.value, reader.about);
        reader.warn("S106", member.key.span, message, "leave it out; `respond` answers with a body");
    }
    if let Some(Member { value, .. }) = fields.entry("body") {
        members_lead_somewhere(reader, value, "");
    }
    fields.get("body").iter().for_each(|node| reader.json_in_text(node));
    let body = fields.entry("body").and_then(|member| reader.template(&member.value));
    let set = match fields.get("set") {
        Some(node) => {
            let entries = reader.entries(node, "set", "a mapping from JSON pointers to values");
            entries
                .iter()
                .filter_map(|Member { key, value }| {
                    let pointer = pointer(reader, &key.value, key.span)?;
                    leads_somewhere(reader, &pointer, IS_NEW, key.span);
                    Some((pointer, reader.template(value)?))
                })
                .collect()
        }
        None => Vec::new(),
    };
    let remove = match fields.get("remove") {
        Some(node) => reader.each(node, "remove", |reader, node| {
            let text = reader.string(node, "remove")?;
            let pointer = pointer(reader, &text, node.span)?;
            leads_somewhere(reader, &pointer, NOWHERE, node.span);
            Some(pointer)
        }),
        None => Vec::new(),
    };
    let status = match status {
        Some(status) => Some(u16::try_from(status?).ok()?),
        None => None,
    };
    Some(Patch { status, headers, body, set, remove })
}

fn pointer(reader: &mut Reader<'_>, text: &str, span: Span) -> Option<String> {
    let is_escape = |rest: &str| rest.starts_with(['0', '1']);
    let help = match text.split('~').skip(1).all(is_escape) {
        true if text.starts_with('/') => return Some(text.to_owned()),
        true => "for example `/rates/0/amount`",
        false => "`~0` stands for `~` in a name, and `~1` for `/`",
    };
    reader.problem("S008", span, format!("`{text}` is not a JSON pointer")).help(help);
    None
}

const NOWHERE: &str = "leads nowhere";
const IS_NEW: &str = "is new";

/// The same as [`leads_somewhere`] for each member of what is merged into a place of an answer.
fn members_lead_somewhere(reader: &mut Reader<'_>, node: &Node, place: &str) {
    let Kind::Map(members) = &node.kind else { return };
    for Member { key, value } in members {
        let pointer = format!("{place}/{}", key.value.replace('~', "~0").replace('/', "~1"));
        leads_somewhere(reader, &pointer, IS_NEW, key.span);
        members_lead_somewhere(reader, value, &pointer);
    }
}

/// Warns of a place in an answer that has a misspelt member on its way or at its end, by the documents of the only operation that is
/// meant: what it does where that is the last one.
fn leads_somewhere(reader: &mut Reader<'_>, pointer: &str, at_end: &str, span: Span) {
    let names: Vec<String> = pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
    let is_index = |name: &str| name == "-" || name.bytes().all(|digit| digit.is_ascii_digit());
    let members = names.iter().map(|name| (!is_index(name)).then_some(name.as_str()));
    let members: Vec<Option<&str>> = std::iter::once(Some("body")).chain(members).collect();
    let Looked::Missing { at, names } = reader.look_up("done", &members) else { return };
    if let Some(Some(name)) = members.get(at) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let help = match &names[..] {
            _ if name.contains("{{") => "nothing is filled in here; values take templates".to_owned(),
            [] => "it has no members".to_owned(),
            names => suggestion(name, names),
        };
        let what = if at + 1 == members.len() { at_end } else { NOWHERE };
        reader.warn("S106", span, format!("`{pointer}` {what}: no answer has `{name}` there"), &help);
    }
}

fn header(reader: &mut Reader<'_>, Member { key, value }: &Member) -> Option<(String, Template)> {
    if HeaderName::try_from(key.value.as_str()).is_err() {
        reader.problem("S008", key.span, format!("`{}` is not a header name", key.value)).help("letters, digits and hyphens");
        return None;
    }
    // A connection is out of step where lengths do not fit the body.
    let name = key.value.to_ascii_lowercase();
    if name.starts_with("seatrial-") || ["content-length", "transfer-encoding"].contains(&&*name) {
        let help = "a wrong length is `fault: length_long` or `fault: length_short`, and broken chunks are `fault: bad_chunk`";
        let help = if name.starts_with("seatrial-") { "it says what the journal has of the exchange: take another name" } else { help };
        reader.problem("S008", key.span, format!("`{}` is written by the server", key.value)).help(help);
        return None;
    }
    let template = match &value.kind {
        Kind::Text(text) if HeaderValue::try_from(text.as_str()).is_err() => {
            let help = "a header has one line, without control characters";
            reader
                .problem("S008", value.span, format!("value of header `{}` has characters that no header can have", key.value))
                .help(help);
            return None;
        }
        Kind::Text(_) | Kind::Number(_) | Kind::Bool(_) => reader.template(value)?,
        _ => {
            reader.wrong_type(value, &format!("header `{}`", key.value), "text");
            return None;
        }
    };
    Some((key.value.clone(), template))
}

/// The short form is the only one: what the vendor says.
fn refuse(reader: &mut Reader<'_>, node: &Node) -> Option<Effect> {
    let text = words(reader, node, "refuse")?;
    if reader.has_failure(reader.raw(node)) {
        let help = format!("write `fault: {}` for the business failure of this name", reader.raw(node));
        reader.problem("S007", node.span, "`refuse` takes the words of the refusal").help(help);
        return None;
    }
    if matches!(&node.kind, Kind::Number(number) if number.as_u64().is_some_and(|number| (400..600).contains(&number))) {
        let raw = reader.raw(node);
        reader.warn(
            "S108",
            node.span,
            format!("the vendor says \"{raw}\", with a status of its own"),
            &format!("write `fault: {raw}` for the status"),
        );
    }
    Some(Effect::Refuse(Refusal { failure: None, text: Some(text), items: None }))
}

/// What a vendor is to say.
fn words(reader: &mut Reader<'_>, node: &Node, member: &str) -> Option<Template> {
    if reader.string(node, member)?.is_empty() {
        reader.problem("S008", node.span, format!("`{member}` is empty")).help("write what the vendor says");
        return None;
    }
    match node.kind {
        Kind::Text(_) => reader.template(node),
        _ => Some(Template::Fixed(reader.raw(node).into())),
    }
}

/// How a call fails, in one word.
enum How {
    Failure(Failure),
    Business(Spanned<String>),
}

/// `reset`, `500`, `carrier_refuses`, or the long form, which also says whether the operation is carried out.
fn fault(reader: &mut Reader<'_>, node: &Node) -> Option<Effect> {
    if !matches!(node.kind, Kind::Map(_)) {
        return how(reader, node, "fault").map(|how| match how {
            How::Failure(then) => Effect::Fault(Fault { commit: false, then, span: node.span }),
            How::Business(name) => Effect::Refuse(Refusal { failure: Some(name), text: None, items: None }),
        });
    }
    let fields = reader.fields(node, "`fault`", &members::FAULT)?;
    let commit = fields.get("commit").map(|node| (node, reader.boolean(node, "commit")));
    if let (None, Some(status)) = (fields.get("then"), fields.get("status")) {
        let help = format!("write `fault: {}`, or name what goes wrong: `then: html_gateway`", reader.raw(status));
        reader.problem("S006", status.span, "`then` is missing").label("`fault` needs `then`").help(help);
        return None;
    }
    if fields.get("then").is_none() && fields.may_mean(&["then"]) {
        return None;
    }
    let written = fields.require(reader, "then");
    let span = written.map_or(node.span, |node| node.span);
    let then = written.and_then(|node| how(reader, node, "then"));
    // A member that this fault has not is told once, whatever it says.
    let is_timed = matches!(then, None | Some(How::Failure(Failure::Wire(Wire::Timeout(_) | Wire::Drip(_) | Wire::Stall(_)))));
    let is_gateway = matches!(then, None | Some(How::Failure(Failure::Wire(Wire::Gateway(_)))));
    let time = fields.get("for").map(|node| (node, if is_timed { lasting(reader, node) } else { None }));
    let status = fields.get("status").map(|node| (node, if is_gateway { gateway(reader, node) } else { None }));
    let text = fields.get("text").map(|node| (node, words(reader, node, "text")));
    let items = fields.get("items").map(|node| (node, items(reader, node)));
    let mut then = then?;
    if let Some((node, time)) = time {
        match (&mut then, time) {
            (How::Failure(Failure::Wire(Wire::Timeout(own) | Wire::Drip(own) | Wire::Stall(own))), time) => *own = time?,
            _ => has_no(reader, node, "for", "only `timeout`, `stall` and `drip` take time"),
        }
    }
    if let Some((node, status)) = status {
        match &mut then {
            How::Failure(Failure::Wire(Wire::Gateway(own))) => *own = status?,
            _ => has_no(reader, node, "status", "only `html_gateway` has one; a status of the vendor is `then: 503`"),
        }
    }
    match then {
        How::Failure(then) => {
            if let Some((node, _)) = text {
                has_no(reader, node, "text", "only business failures have one; `respond` writes an answer by hand");
            }
            if let Some((node, _)) = items {
                has_no(reader, node, "items", "only business failures do: some labels of a batch, and not others");
            }
            if let (Some((node, Some(false))), Failure::Wire(wire)) = (&commit, &then)
                && wire.needs_answer()
            {
                reader
                    .problem("S007", node.span, "this fault shows the vendor's answer, for which the work is done")
                    .help("leave `commit` out, or lose the answer: `reset`, `empty`, `timeout`");
            }
            Some(Effect::Fault(Fault { commit: commit.and_then(|(_, commit)| commit).unwrap_or_default(), then, span }))
        }
        How::Business(name) => {
            if let Some((node, _)) = commit {
                has_no(reader, node, "commit", "a vendor that says no has done what it says, and nothing else");
            }
            let text = match text {
                Some((_, text)) => Some(text?),
                None => None,
            };
            let items = match items {
                Some((node, items)) => Some(Spanned { value: items?, span: node.span }),
                None => None,
            };
            Some(Effect::Refuse(Refusal { failure: Some(name), text, items }))
        }
    }
}

/// Which of several things fail: their numbers from 1, or a share of them.
fn items(reader: &mut Reader<'_>, node: &Node) -> Option<Items> {
    if let Kind::Map(_) = &node.kind {
        let fields = reader.fields(node, "`items`", &members::ITEMS)?;
        let node = fields.require(reader, "chance")?;
        let share = reader.share(node, "chance")?;
        if share == 0.0 {
            reader.problem("S101", node.span, "a chance of 0 is never drawn").label("expected a share above 0");
        }
        return Some(Items::Share(share));
    }
    let rows = match &node.kind {
        Kind::List(rows) if !rows.is_empty() => rows.iter().collect(),
        _ => vec![node],
    };
    reader.once(node);
    let mut numbers = Vec::with_capacity(rows.len());
    for row in rows {
        let Count { min, max } = reader.count(row, "items")?;
        if max == Some(0) {
            reader.problem("S008", row.span, "there is no item 0").help("the first is 1");
        }
        numbers.push((min, max.unwrap_or(u64::MAX)));
    }
    Some(Items::Numbered(numbers))
}

fn has_no(reader: &mut Reader<'_>, node: &Node, member: &str, help: &str) {
    reader.problem("S007", node.span, format!("this fault has no `{member}`")).help(help);
}

/// How long a fault lasts.
fn lasting(reader: &mut Reader<'_>, node: &Node) -> Option<Duration> {
    let time: Duration = reader.duration(node, "for")?.try_into().ok()?;
    if time.is_zero() {
        reader.problem("S008", node.span, "`for` is no time at all").help("for example `90s`");
        return None;
    }
    if time > LONGEST {
        reader.problem("S008", node.span, "`for` is at most one hour").help("for example `90s`");
        return None;
    }
    Some(time)
}

fn gateway(reader: &mut Reader<'_>, node: &Node) -> Option<StatusCode> {
    let status = reader.whole(node, "status", 502..=504)?;
    u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok())
}

fn how(reader: &mut Reader<'_>, node: &Node, member: &str) -> Option<How> {
    match &node.kind {
        Kind::Number(_) => {
            let status = reader.whole(node, member, 400..=599)?;
            u16::try_from(status).ok().map(|status| How::Failure(Failure::Status(status)))
        }
        Kind::Text(word) if word.parse::<u16>().is_ok() => {
            reader.problem("S009", node.span, format!("unknown fault `{word}`")).help(format!("take the quotes away: `{member}: {word}`"));
            None
        }
        Kind::Text(word) if reader.has_failure(word) => Some(How::Business(Spanned { value: word.clone(), span: node.span })),
        Kind::Text(word) if class(word).is_some() => {
            let status = word.replace(['x', 'X'], "0");
            reader.problem("S009", node.span, format!("unknown fault `{word}`")).help(format!("name one status: `{member}: {status}`"));
            None
        }
        Kind::List(_) => {
            let help = "write a row for each; `times: 1` ends one, so that the next one follows";
            reader.wrong_type(node, &format!("`{member}`"), "one fault").help(help);
            None
        }
        _ => {
            let timed = if let Kind::Text(text) = &node.kind { text.split_once(' ') } else { None };
            if let Some((word, time)) = timed.filter(|(word, _)| FAILURES.iter().any(|(known, _)| known == word)) {
                let help = format!("write `fault: {{then: {word}, for: {time}}}`");
                reader.problem("S009", node.span, format!("unknown fault `{word} {time}`")).help(help);
                return None;
            }
            if let Kind::Text(word) = &node.kind
                && let Some(help) = same_as(word).filter(|_| !FAILURES.iter().any(|(known, _)| known == word))
            {
                reader.problem("S009", node.span, format!("unknown fault `{word}`")).help(help);
                return None;
            }
            let business: Vec<_> = reader.failures.iter().map(|name| (*name, None)).collect();
            let words: Vec<(&str, Option<Wire>)> = FAILURES.iter().map(|(word, wire)| (*word, Some(*wire))).chain(business).collect();
            reader.choice(node, "fault", &words).flatten().map(|wire| How::Failure(Failure::Wire(wire)))
        }
    }
}
