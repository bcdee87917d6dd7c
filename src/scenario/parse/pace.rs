//! `latency`, `rate_limit`, `after` and `per` of an override.

use std::time::Duration;

use jiff::SignedDuration;

use super::members;
use super::reader::{Fields, Reader};
use super::roots::ExprContext;
use super::values;
use crate::base::time::{self, Timestamp};
use crate::scenario::ast::{After, Between, Condition, Latency, Moment, Objects, Pattern, Per, RateLimit, Spread};
use crate::scenario::error::Spanned;
use crate::scenario::node::{Kind, Node};

/// How long an answer is held at most.
const LONGEST_LATENCY: Duration = Duration::from_secs(60 * 60);

/// How long each byte is held at most: a kilobyte takes more than a minute and a half then.
const LONGEST_BYTE: Duration = Duration::from_millis(100);

/// What calls can be counted by; the flags are those of [`Per`].
const PER: [(&str, (bool, bool)); 3] = [("credential", (true, false)), ("operation", (false, true)), ("sandbox", (false, false))];

/// How long an answer is held, by the wall clock: a time, two for anything between, or the long form.
pub(super) fn latency(reader: &mut Reader<'_>, node: &Node) -> Option<Latency> {
    if !matches!(node.kind, Kind::Map(_)) {
        let read = reader.durations(node, "latency")?;
        if read.max.is_zero() {
            reader.problem("S008", node.span, "`latency` of no time changes nothing").help("for example `200ms..2s`");
            return None;
        }
        is_bearable(reader, node, read.max)?;
        return Some(Latency { time: Spread::Even(read), per_byte: Duration::ZERO });
    }
    let fields = reader.fields(node, "`latency`", &members::LATENCY)?;
    let per_byte = match fields.get("per_byte") {
        Some(node) => {
            let read: Duration = reader.duration(node, "per_byte")?.try_into().ok()?;
            if read > LONGEST_BYTE {
                let help = "at most `100ms`; for example `50us`: 20 kilobytes in a second. A time that no length changes is `time`";
                reader.problem("S008", node.span, "each single byte would take so long").help(help);
                return None;
            }
            read
        }
        None => Duration::ZERO,
    };
    let time = match fields.present(&["time", "median", "p99"])[..] {
        ["time"] => {
            let node = fields.get("time")?;
            let read = reader.durations(node, "time")?;
            is_bearable(reader, node, read.max)?;
            Spread::Even(read)
        }
        ["median", "p99"] => {
            let (half, most) = (fields.get("median")?, fields.get("p99")?);
            let (median, p99) = (time(reader, half, "median"), time(reader, most, "p99"));
            let (median, p99) = (median?, p99?);
            if median > p99 || median.is_zero() {
                let help = "half of the answers take longer than `median`, and one in a hundred longer than `p99`";
                reader.problem("S008", most.span, "`p99` is less than `median`, or there is no `median`").help(help);
                return None;
            }
            Spread::LogNormal { median, p99 }
        }
        _ if fields.may_mean(&members::LATENCY) => return None,
        [] if !per_byte.is_zero() => Spread::Even(Between { min: Duration::ZERO, max: Duration::ZERO }),
        [] => {
            let label = "expected `time`, `median` with `p99`, or `per_byte`";
            reader.problem("S006", node.span, "`latency` of no time changes nothing").label(label);
            return None;
        }
        [only @ ("median" | "p99")] => {
            let other = if only == "median" { "p99" } else { "median" };
            reader.problem("S006", node.span, format!("`{other}` is missing")).label("`median` and `p99` go together");
            return None;
        }
        _ => {
            reader.problem("S007", node.span, "`latency` has a `time`, or a `median` with its `p99`").help("remove one of the two");
            return None;
        }
    };
    Some(Latency { time, per_byte })
}

/// A time that an answer may be held.
fn time(reader: &mut Reader<'_>, node: &Node, member: &str) -> Option<Duration> {
    let read = reader.duration(node, member)?.try_into().ok()?;
    is_bearable(reader, node, read)?;
    Some(read)
}

fn is_bearable(reader: &mut Reader<'_>, node: &Node, time: Duration) -> Option<()> {
    if time <= LONGEST_LATENCY {
        return Some(());
    }
    let help = "at most `1h`, which passes by the wall clock; what happens later is a matter of timelines";
    reader.problem("S008", node.span, "an answer is not held for so long").help(help);
    None
}

pub(super) fn rate_limit(reader: &mut Reader<'_>, node: &Node) -> Option<RateLimit> {
    let fields = reader.fields(node, "`rate_limit`", &members::RATE_LIMIT)?;
    let per = fields.get("per").and_then(|node| per(reader, node)).unwrap_or_default();
    let limit = fields.require(reader, "limit").and_then(|node| reader.whole(node, "limit", 0..=1_000_000_000).map(|limit| (node, limit)));
    if let Some((node, 0)) = limit {
        reader.problem("S008", node.span, "`limit` of no calls refuses every call").help("write `fault: 429` for that");
    }
    let limit = limit.map(|(_, limit)| limit);
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

/// A word, or a list of words that hold together.
fn per(reader: &mut Reader<'_>, node: &Node) -> Option<Per> {
    reader.once(node);
    let words = match &node.kind {
        Kind::List(items) if !items.is_empty() => items.iter().filter_map(|item| reader.choice(item, "per", &PER)).collect(),
        _ => vec![reader.choice(node, "per", &PER)?],
    };
    if words.len() > 1 && words.contains(&(false, false)) {
        reader.problem("S007", node.span, "`sandbox` counts all calls together").help("leave it out, or write `per: sandbox`");
        return None;
    }
    let any = |of: fn(&(bool, bool)) -> bool| words.iter().any(of);
    Some(Per { credential: any(|word| word.0), operation: any(|word| word.1) })
}

/// A time since the scenario came, two of them for what ends again, or the operations behind whose calls it is.
/// Beside a condition, some of that time has to be before its end.
pub(super) fn after(reader: &mut Reader<'_>, node: &Node, when: Option<&Condition>) -> Option<After> {
    let text = match &node.kind {
        Kind::Text(text) => text.clone(),
        Kind::Number(_) => reader.raw(node).to_owned(),
        _ => {
            let help = "for example `2h`, `2h..3h`, or the name of an operation";
            reader.wrong_type(node, "`after`", "a time, or an operation").help(help);
            return None;
        }
    };
    let is_time =
        |end: &str| values::duration(end).is_some() || end.trim_start_matches('+').starts_with(|letter: char| letter.is_ascii_digit());
    if !text.split("..").next().is_some_and(is_time) {
        return reader.pattern(node, "after").map(|on| After { moment: Moment::Call(on), text });
    }
    let (from, until) = text.split_once("..").map_or((text.as_str(), None), |(from, until)| (from, Some(until)));
    let until = until.filter(|until| !until.is_empty());
    let read = (values::duration(from), until.map(values::duration));
    let (Some(from), None | Some(Some(_))) = read else {
        reader.bad_duration(node, &text);
        return None;
    };
    let until = read.1.flatten();
    if until.is_some_and(|until| until <= from) {
        reader.problem("S008", node.span, format!("`{text}` is no time at all")).help("write the shorter one first: `2h..3h`");
        return None;
    }
    if from == SignedDuration::ZERO && until.is_none() {
        reader.warn("S106", node.span, "`after` no time is from the beginning", "leave it out");
    }
    if let Some(first) = first(reader, node, from)
        && let Some(end) = when.and_then(Condition::end).filter(|end| *end <= first)
    {
        let message = format!("the row begins at {first} at the earliest, and `when` holds before {end} alone");
        reader.problem("S101", node.span, message).help("shorten `after`, or move `until`");
    }
    Some(After { moment: Moment::Time(from, until), text })
}

/// The first instant that lies so long after the beginning of the scenario's clock, where the file says when that is. One beyond the end
/// of the calendar, where clocks end, is told of.
pub(super) fn first(reader: &mut Reader<'_>, node: &Node, after: SignedDuration) -> Option<Timestamp> {
    let begins = reader.begins?;
    let first = begins.checked_add(after).ok();
    if first.is_none() {
        let message = format!("this is beyond the end of the calendar: the clock begins at {begins}");
        reader.problem("S101", node.span, message).help(time::CLOCK_RANGE);
    }
    first
}

/// What calls are counted by: an expression, a word, or a list of them that hold together.
pub(super) fn objects(reader: &mut Reader<'_>, node: &Node, fields: &Fields<'_>, on: Option<&Spanned<Pattern>>) -> Option<Objects> {
    if fields.get("times").is_none() && fields.get("skip").is_none() && !fields.misspells(&["times", "skip"]) {
        let help = if fields.get("rate_limit").is_some() {
            "a limit counts by its own: `rate_limit: {per: credential, …}`"
        } else {
            "add what is counted: `skip: 1`, `times: 1`, or both for the second call about each"
        };
        reader.problem("S007", node.span, "`per` says what `times` and `skip` count by, and there is neither").help(help);
        return None;
    }
    reader.once(node);
    let rows = match &node.kind {
        Kind::List(rows) if !rows.is_empty() => rows.iter().collect(),
        _ => vec![node],
    };
    let mut found = Objects { by: Per { credential: false, operation: false }, values: Vec::new(), text: reader.raw(node).to_owned() };
    for row in rows {
        match &row.kind {
            Kind::Text(text) if text.contains('$') => {
                found.values.push(reader.value(row, text, ExprContext::Call)?);
                if text.trim() == "$call.nth" && matches!(on, Some(Spanned { value: Pattern::One(_), .. })) {
                    let what = if fields.get("skip").is_some() { "`skip` leaves each alone" } else { "`times` never ends the row" };
                    let message = format!("no two calls of an account have the same `$call.nth`, so that {what}");
                    reader.warn("S108", row.span, message, "count by what calls share; which call is meant says `when: $call.nth == 2`");
                }
            }
            Kind::Text(word) => {
                let Some((_, (credential, operation))) = PER.into_iter().find(|(known, _)| known == word && *known != "sandbox") else {
                    let help = format!("expected a path such as `$request.parameters.{word}`, `credential`, or `operation`");
                    reader.problem("S009", row.span, format!("unknown per `{word}`")).help(help);
                    return None;
                };
                if operation && matches!(on, Some(Spanned { value: Pattern::One(_), .. })) {
                    reader.warn("S106", row.span, "`operation` changes nothing: the row is about one", "leave it out");
                }
                found.by.credential |= credential;
                found.by.operation |= operation;
            }
            _ => {
                let help = "for example `$request.parameters.TransactionId`, or `credential`";
                reader.wrong_type(row, "`per`", "an expression, or a word").help(help);
                return None;
            }
        }
    }
    Some(found)
}
