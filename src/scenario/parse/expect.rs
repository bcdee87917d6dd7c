//! The `expect` entries: what the consumer has to do. Their shape is checked here; the verdict is given elsewhere.

use super::members;
use super::reader::{Fields, Reader};
use super::roots::ExprContext;
use crate::scenario::ast::{Calls, Condition, Count, Deliveries, Expectation, Expected, Pattern};
use crate::scenario::error::quoted;
use crate::scenario::node::{Kind, Node};

const KINDS: [&str; 5] = ["call", "never", "order", "valid", "webhook"];
/// What may stand beside some of them, and beside which.
const BESIDE: [(&str, &[&str]); 5] = [
    ("count", &["call"]),
    ("when", &["call", "never", "valid"]),
    ("after", &["call", "never"]),
    ("within", &["call", "never", "order"]),
    ("except", &["valid"]),
];

/// Most expectations of one scenario: each is held against the whole journal.
const MOST: usize = 500;

pub(super) fn expectations(reader: &mut Reader<'_>, node: &Node) -> Vec<Expectation> {
    if let Kind::List(items) = &node.kind
        && let Some(first) = items.get(MOST)
    {
        reader.problem("S002", first.span, format!("more than {MOST} expectations")).help("split them into several scenarios");
        return Vec::new();
    }
    let expected = reader.each(node, "expect", |reader, node| reader.told_of(|reader| expectation(reader, node)));
    // Rows with mistakes may be meant otherwise.
    let sound: Vec<&Expectation> = expected.iter().filter(|(_, is_sound)| *is_sound).map(|(row, _)| row).collect();
    contradictions(reader, &sound);
    expected.into_iter().map(|(row, _)| row).collect()
}

/// So many pairs of conditions are held against each other.
const MOST_PAIRS: usize = 2_000;

/// Reports numbers of calls that exclude each other: of the same calls, or of some and of those among them.
fn contradictions(reader: &mut Reader<'_>, expected: &[&Expectation]) {
    let mut pairs = 0;
    for (index, row) in expected.iter().enumerate() {
        let (wide, most) = match &row.kind {
            Expected::Never(calls) => (calls, 0),
            Expected::Call { calls, count: Count { max: Some(max), .. } } => (calls, *max),
            _ => continue,
        };
        if wide.after.is_some() {
            continue;
        }
        let mut is_within = |reader: &mut Reader<'_>, calls: &Calls| {
            pairs += 1;
            reader.about = calls.on.value.clone();
            let is_simple = wide.when.is_none() || wide.when == calls.when;
            wide.on.value.covers(&calls.on.value)
                && (is_simple || pairs <= MOST_PAIRS && reader.implies(calls.when.as_ref(), wide.when.as_ref()))
        };
        let mut found = None;
        for (at, other) in expected.iter().enumerate().filter(|(at, _)| *at != index) {
            let least = match &other.kind {
                Expected::Call { calls, count } if count.min > most && is_within(reader, calls) => count.min,
                Expected::Order { calls, .. } => calls.iter().filter(|calls| is_within(reader, calls)).count() as u64,
                _ => 0,
            };
            if least > most {
                found = Some((at, *other, least));
                break;
            }
        }
        let Some((at, other, least)) = found else { continue };
        let on = match &other.kind {
            Expected::Call { calls, .. } => &calls.on.value,
            _ => &wide.on.value,
        };
        let line = |row: &Expectation| reader.source.position(row.place.start).0;
        let is_plain = |calls: &Calls| calls.when.is_none() && calls.after.is_none();
        let is_same =
            matches!(&other.kind, Expected::Call { calls, .. } if is_plain(calls) && is_plain(wide) && calls.on.value == wide.on.value);
        let (place, message, help) = match &row.kind {
            Expected::Never(_) => {
                let message = format!("`{on}` is expected on line {}, and here never to come", line(other));
                (row.place, message, "take one of the two away, or narrow this one with `when`")
            }
            _ if is_same => {
                let (later, earlier) = if at > index { (other, *row) } else { (*row, other) };
                let message = format!("`{on}` is expected so often here, and on line {} another number of times", line(earlier));
                (later.place, message, "take one of the two away, or narrow them with `when`")
            }
            _ => {
                let (wide, there) = (&wide.on.value, line(other));
                let message = format!("at most {most} of `{wide}` are expected here, and at least {least} of them on line {there}");
                (row.place, message, "take one of the two away, or change its `count`")
            }
        };
        reader.problem("S101", place, message).help(help);
    }
}

fn expectation(reader: &mut Reader<'_>, node: &Node) -> Option<Expectation> {
    let fields = reader.fields(node, "an expectation", &members::EXPECT)?;
    let kinds = fields.present(&KINDS);
    let [kind] = kinds[..] else {
        if !kinds.is_empty() || !(fields.may_mean(&KINDS) || reader.is_told(node)) {
            reader
                .problem("S007", node.span, "an expectation needs exactly one of `call`, `never`, `order`, `valid` and `webhook`")
                .help("write each as an entry of its own");
        }
        return None;
    };
    for (name, kinds) in BESIDE.iter().filter(|(_, kinds)| !kinds.contains(&kind)) {
        if let Some(member) = fields.entry(name) {
            let help = match (*name, kind) {
                ("within", "webhook") => "it stands inside of `webhook`".to_owned(),
                ("when", "order") => "write `{call: …, when: …}` in place of an operation".to_owned(),
                _ => format!("it belongs to {}", quoted(kinds)),
            };
            reader.problem("S007", member.key.span, format!("`{name}` cannot stand beside `{kind}`")).help(help);
        }
    }
    let subject = fields.get(kind)?;
    let kind = match kind {
        "call" => {
            let calls = calls(reader, subject, "call", &fields);
            let count = fields.get("count").and_then(|node| reader.count(node, "count")).unwrap_or(Count { min: 1, max: None });
            held_by_anything(reader, node, count);
            Expected::Call { calls: calls?, count }
        }
        "never" => Expected::Never(calls(reader, subject, "never", &fields)?),
        "valid" => {
            fields.get("except").into_iter().for_each(|node| reader.once(node));
            let except = fields.get("except").map(|node| reader.each(node, "except", |reader, item| reader.spanned(item, "except")));
            Expected::Valid { calls: calls(reader, subject, "valid", &fields)?, except: except.unwrap_or_default() }
        }
        "order" => {
            let calls = reader.each(subject, "order", ordered);
            if matches!(&subject.kind, Kind::List(items) if items.len() == 1) {
                reader.warn("S106", subject.span, "one call alone has no order", "name the calls that come after it, or write `call`");
            }
            if subject.kind == Kind::List(Vec::new()) {
                reader
                    .problem("S006", subject.span, "an order of no calls")
                    .help("for example `order: [shippo.CreateShipment, shippo.CreateTransaction]`");
            }
            Expected::Order { calls, within: fields.get("within").and_then(|node| reader.duration(node, "within")) }
        }
        _ => webhook(reader, subject)?,
    };
    Some(Expectation { span: node.span, place: node.place(), kind })
}

/// The calls that a row is about, with the conditions that stand beside them.
fn calls(reader: &mut Reader<'_>, node: &Node, kind: &str, fields: &Fields<'_>) -> Option<Calls> {
    let on = reader.pattern(node, kind);
    reader.about = on.as_ref().map_or(Pattern::Every, |on| on.value.clone());
    let when = when(reader, fields);
    let after = fields.get("after").and_then(|node| reader.pattern(node, "after"));
    let within = fields.get("within").and_then(|node| reader.duration(node, "within"));
    if let (Some(member), None) = (fields.entry("within"), fields.get("after")) {
        reader
            .problem("S006", member.key.span, "`within` needs `after`")
            .label("after which call?")
            .help("for example `after: shippo.CreateTransaction`");
    }
    Some(Calls { on: on?, when, after, within })
}

/// A call of an order: its operation, or that with a condition.
fn ordered(reader: &mut Reader<'_>, node: &Node) -> Option<Calls> {
    if !matches!(node.kind, Kind::Map(_)) {
        return reader.pattern(node, "order").map(Calls::of);
    }
    let fields = reader.fields(node, "a call of an order", &members::EXPECT_ORDERED)?;
    let on = fields.require(reader, "call").and_then(|node| reader.pattern(node, "call"));
    reader.about = on.as_ref().map_or(Pattern::Every, |on| on.value.clone());
    let when = when(reader, &fields);
    Some(Calls { when, ..Calls::of(on?) })
}

fn when(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Condition> {
    fields.get("when").and_then(|node| reader.condition(node, ExprContext::Verdict))
}

fn webhook(reader: &mut Reader<'_>, node: &Node) -> Option<Expected> {
    let fields = reader.fields(node, "`webhook`", &members::EXPECT_WEBHOOK)?;
    let event = fields.require(reader, "event").and_then(|node| reader.spanned(node, "event"));
    let min = fields.get("min").and_then(|node| reader.whole(node, "min", 0..=u64::MAX));
    let max = fields.get("max").and_then(|node| reader.whole(node, "max", 0..=u64::MAX));
    let answered = fields.get("answered").and_then(|node| reader.answered(node, "answered"));
    let within = fields.get("within").and_then(|node| reader.duration(node, "within"));
    // Without any number it is expected at least once; an upper limit alone allows none.
    let min = min.unwrap_or(u64::from(max.is_none()));
    if let (Some(max), Some(entry)) = (max, fields.entry("max"))
        && max < min
    {
        reader.problem("S008", entry.value.span, format!("`max` {max} is less than `min` {min}")).help("swap the two");
    }
    held_by_anything(reader, node, Count { min, max });
    let forged = fields.get("forged").and_then(|node| reader.boolean(node, "forged"));
    Some(Expected::Webhook(Deliveries { event: event?, count: Count { min, max }, answered, within, forged }))
}

/// What a count is that is written as in other languages.
pub(super) fn meant_count(text: &str) -> Option<String> {
    let words = text.trim().to_lowercase();
    let number = |beginnings: &[&str]| {
        let rest = beginnings.iter().find_map(|begin| words.strip_prefix(begin))?;
        rest.trim_matches([' ', ':']).parse::<u64>().ok()
    };
    let least = number(&[">=", "at least", "atleast", "min"]).or_else(|| number(&[">", "more than"])?.checked_add(1));
    let meant = least.map(|least| format!("{least}..")).or_else(|| {
        let most = number(&["..", "<=", "at most", "atmost", "max"]).map(|most| format!("0..{most}"));
        most.or_else(|| number(&["==", "=", "exactly"]).map(|exactly| exactly.to_string()))
    })?;
    Some(format!("write `{meant}`"))
}

/// Warns of a number that any number is.
fn held_by_anything(reader: &mut Reader<'_>, node: &Node, count: Count) {
    if count == (Count { min: 0, max: None }) {
        reader.warn("S106", node.span, "any number holds, none included", "say how many at least, or at most");
    }
}
