//! The `expect` entries: what the consumer has to do. Their shape is checked here; the verdict is given elsewhere.

use super::members;
use super::reader::{Fields, Reader};
use super::values::ExprContext;
use crate::scenario::ast::{Condition, Count, Expectation, Expected};
use crate::scenario::node::{Kind, Node};

const KINDS: [&str; 4] = ["call", "never", "order", "webhook"];

/// Most expectations of one scenario: each is held against the whole journal.
const MOST: usize = 500;

pub(super) fn expectations(reader: &mut Reader<'_>, node: &Node) -> Vec<Expectation> {
    if let Kind::List(items) = &node.kind
        && let Some(first) = items.get(MOST)
    {
        reader.problem("S002", first.span, format!("more than {MOST} expectations")).help("split them into several scenarios");
        return Vec::new();
    }
    reader.each(node, "expect", expectation)
}

fn expectation(reader: &mut Reader<'_>, node: &Node) -> Option<Expectation> {
    let fields = reader.fields(node, "an expectation", &members::EXPECT)?;
    let [kind] = fields.present(&KINDS)[..] else {
        reader
            .problem("S007", node.span, "an expectation needs exactly one of `call`, `never`, `order` and `webhook`")
            .help("write each as an entry of its own");
        return None;
    };
    let foreign: &[&'static str] = match kind {
        "call" => &[],
        "never" => &["count"],
        _ => &["count", "when"],
    };
    for name in fields.present(foreign) {
        if let Some(member) = fields.entry(name) {
            reader.problem("S007", member.key.span, format!("`{name}` cannot stand beside `{kind}`")).help("it belongs to `call`");
        }
    }
    let subject = fields.get(kind)?;
    let kind = match kind {
        "call" => {
            let when = when(reader, &fields);
            let count = fields.get("count").and_then(|node| reader.count(node, "count")).unwrap_or(Count { min: 1, max: None });
            Expected::Call { on: reader.pattern(subject, "call")?, when, count }
        }
        "never" => {
            let when = when(reader, &fields);
            Expected::Never { on: reader.pattern(subject, "never")?, when }
        }
        "order" => {
            let calls = reader.each(subject, "order", |reader, item| reader.pattern(item, "order"));
            if subject.kind == Kind::List(Vec::new()) {
                reader
                    .problem("S006", subject.span, "an order of no calls")
                    .help("for example `order: [shippo.CreateShipment, shippo.CreateTransaction]`");
            }
            Expected::Order(calls)
        }
        _ => webhook(reader, subject)?,
    };
    Some(Expectation { span: node.span, kind })
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
    // Without any number it is expected at least once; an upper limit alone allows none.
    let min = min.unwrap_or(u64::from(max.is_none()));
    if let (Some(max), Some(entry)) = (max, fields.entry("max"))
        && max < min
    {
        reader.problem("S008", entry.value.span, format!("`max` {max} is less than `min` {min}")).help("swap the two");
    }
    Some(Expected::Webhook { event: event?, count: Count { min, max }, answered })
}
