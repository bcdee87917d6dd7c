//! The `overrides`: what matching calls get instead of the vendor's usual answer.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{HeaderName, HeaderValue};

use super::members;
use super::reader::{Fields, Reader};
use super::values::ExprContext;
use crate::scenario::ast::{Between, Effect, Failure, Fault, Override, Pattern, Per, RateLimit, Response};
use crate::scenario::node::{Kind, Member, Node};
use crate::scenario::template::Template;

/// How long an answer is held at most.
const LONGEST_LATENCY: Duration = Duration::from_secs(60 * 60);

const EFFECTS: [&str; 3] = ["respond", "fault", "rate_limit"];
const FAILURES: [(&str, Failure); 4] =
    [("reset", Failure::Reset), ("empty", Failure::Empty), ("timeout", Failure::Timeout), ("truncate", Failure::Truncate)];
const PER: [(&str, Per); 2] = [("credential", Per::Credential), ("sandbox", Per::Sandbox)];

pub(super) fn overrides(reader: &mut Reader<'_>, node: &Node) -> Vec<Override> {
    let overrides = reader.each(node, "overrides", override_);
    shadowed(reader, &overrides);
    overrides
}

fn override_(reader: &mut Reader<'_>, node: &Node) -> Option<Override> {
    let fields = reader.fields(node, "an override", &members::OVERRIDE)?;
    let on = fields.require(reader, "on").and_then(|node| reader.pattern(node, "on"));
    let when = fields.get("when").map(|node| reader.condition(node, ExprContext::Call));
    let effect = effect(reader, node, &fields);
    let latency = fields.get("latency").and_then(|node| latency(reader, node));
    // A number that could not be read must not turn into one without end, which would take every call from the overrides behind it.
    let times = fields.get("times").map(|node| reader.whole(node, "times", 1..=u64::MAX).unwrap_or(1));
    let skip = fields.get("skip").and_then(|node| reader.whole(node, "skip", 0..=u64::MAX)).unwrap_or_default();
    // A condition that could not be read must not turn into one that always holds.
    Some(Override { span: node.span, on: on?, when: when.map_or(Some(None), |when| when.map(Some))?, effect, latency, times, skip })
}

/// How long an answer is held, by the wall clock.
fn latency(reader: &mut Reader<'_>, node: &Node) -> Option<Between<Duration>> {
    let read = reader.durations(node, "latency")?;
    if read.max > LONGEST_LATENCY {
        let help = "at most `1h`, which passes by the wall clock; what happens later is a matter of timelines";
        reader.problem("S008", node.span, "an answer is not held for so long").help(help);
        return None;
    }
    Some(read)
}

fn effect(reader: &mut Reader<'_>, node: &Node, fields: &Fields<'_>) -> Option<Effect> {
    match fields.present(&EFFECTS)[..] {
        ["respond"] => fields.get("respond").and_then(|node| response(reader, node)).map(Effect::Respond),
        ["fault"] => fields.get("fault").and_then(|node| fault(reader, node)).map(Effect::Fault),
        ["rate_limit"] => fields.get("rate_limit").and_then(|node| rate_limit(reader, node)).map(Effect::RateLimit),
        [] => {
            if fields.get("latency").is_none() {
                let label = "expected one of `respond`, `fault`, `rate_limit`, `latency`";
                reader.problem("S006", node.span, "an override that changes nothing").label(label);
            }
            None
        }
        _ => {
            reader
                .problem("S007", node.span, "an override can have only one of `respond`, `fault` and `rate_limit`")
                .help("split it into two overrides; the first that matches wins");
            None
        }
    }
}

fn response(reader: &mut Reader<'_>, node: &Node) -> Option<Response> {
    let fields = reader.fields(node, "`respond`", &members::RESPOND)?;
    let status = fields.require(reader, "status").and_then(|node| reader.whole(node, "status", 200..=599));
    let headers = match fields.get("headers") {
        Some(node) => {
            let entries = reader.entries(node, "headers", "a mapping from names to values");
            entries.iter().filter_map(|entry| header(reader, entry)).collect()
        }
        None => Vec::new(),
    };
    let body = fields.entry("body").and_then(|member| reader.template(&member.value));
    Some(Response { status: u16::try_from(status?).ok()?, headers, body })
}

fn header(reader: &mut Reader<'_>, Member { key, value }: &Member) -> Option<(String, Template)> {
    if HeaderName::try_from(key.value.as_str()).is_err() {
        reader.problem("S008", key.span, format!("`{}` is not a header name", key.value)).help("letters, digits and hyphens");
        return None;
    }
    let template = match &value.kind {
        Kind::Text(text) if HeaderValue::try_from(text.as_str()).is_err() => {
            reader.problem("S008", value.span, format!("value of header `{}` has characters that no header can have", key.value));
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

/// `reset`, `500`, or the long form, which also says whether the operation is carried out.
fn fault(reader: &mut Reader<'_>, node: &Node) -> Option<Fault> {
    if !matches!(node.kind, Kind::Map(_)) {
        return failure(reader, node, "fault").map(|then| Fault { commit: false, then });
    }
    let fields = reader.fields(node, "`fault`", &members::FAULT)?;
    let commit = fields.get("commit").and_then(|node| reader.boolean(node, "commit")).unwrap_or_default();
    let then = fields.require(reader, "then").and_then(|node| failure(reader, node, "then"))?;
    Some(Fault { commit, then })
}

fn failure(reader: &mut Reader<'_>, node: &Node, member: &str) -> Option<Failure> {
    if matches!(node.kind, Kind::Number(_)) {
        let status = reader.whole(node, member, 400..=599)?;
        return u16::try_from(status).ok().map(Failure::Status);
    }
    reader.choice(node, member, &FAILURES)
}

fn rate_limit(reader: &mut Reader<'_>, node: &Node) -> Option<RateLimit> {
    let fields = reader.fields(node, "`rate_limit`", &members::RATE_LIMIT)?;
    let per = fields.get("per").and_then(|node| reader.choice(node, "per", &PER)).unwrap_or_default();
    let limit = fields.require(reader, "limit").and_then(|node| reader.whole(node, "limit", 0..=1_000_000_000));
    let window = match fields.require(reader, "window") {
        Some(node) => reader.duration(node, "window").filter(|window| {
            if window.is_zero() {
                reader.problem("S008", node.span, "`window` cannot be zero").help("for example `60s`");
            }
            !window.is_zero()
        }),
        None => None,
    };
    Some(RateLimit { per, limit: limit?, window: window?.try_into().ok()? })
}

/// Reports overrides that can never be reached, because an earlier one takes every call that they could match.
fn shadowed(reader: &mut Reader<'_>, overrides: &[Override]) {
    let mut taken = BTreeMap::new();
    for entry in overrides {
        let on = &entry.on.value;
        let wider = match on {
            Pattern::Every => vec![Pattern::Every],
            Pattern::Vendor(_) => vec![Pattern::Every, on.clone()],
            Pattern::One(operation) => {
                vec![Pattern::Every, Pattern::Vendor(operation.vendor.clone()), on.clone()]
            }
        };
        let earlier = wider.iter().find_map(|on| Some((on, *taken.get(&on.to_string())?)));
        if let Some((earlier, span)) = earlier {
            if reader.is_full() {
                return;
            }
            let (line, _) = reader.source.position(span);
            let message = format!("override is never reached, `{earlier}` on line {line} takes every such call");
            reader.problem("S016", entry.on.span, message).help("move it up, or give the earlier one `when` or `times`");
        } else if entry.when.is_none() && entry.times.is_none() && entry.skip == 0 {
            taken.insert(on.to_string(), entry.span.start);
        }
    }
}
