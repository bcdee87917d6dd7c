//! `latency` and `rate_limit` of an override.

use std::time::Duration;

use super::members;
use super::reader::Reader;
use crate::scenario::ast::{Between, Latency, Per, RateLimit, Spread};
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
