//! The `timelines`: what happens to parcels, as data.

use jiff::SignedDuration;

use super::members;
use super::pace;
use super::reader::{Fields, Reader};
use super::roots::ExprContext;
use crate::carrier::{Anchor, SHORTEST_ROUND, Status, countries, library};
use crate::scenario::ast::{Condition, Location, Pattern, Then, Timeline, TimelineStep, Trigger};
use crate::scenario::error::{Spanned, suggestion};
use crate::scenario::node::{Kind, Member, Node};

const THEN: [(&str, Then); 2] = [("hold", Then::Hold), ("repeat", Then::Repeat)];
const TRIGGERS: [&str; 3] = ["at", "after_reads", "on"];

pub(super) fn timelines(reader: &mut Reader<'_>, node: &Node) -> Vec<Timeline> {
    let entries = reader.entries(node, "timelines", "a mapping from names to timelines");
    entries.iter().filter_map(|entry| timeline(reader, entry)).collect()
}

fn timeline(reader: &mut Reader<'_>, Member { key, value }: &Member) -> Option<Timeline> {
    let problems = reader.problems.len();
    let fields = reader.fields(value, "a timeline", &members::TIMELINE)?;
    let parcels = fields.get("for").and_then(|node| reader.fields(node, "`for`", &members::TIMELINE_FOR));
    let part = |name: &str| parcels.as_ref().and_then(|parcels| parcels.get(name));
    let vendor = part("vendor").and_then(|node| reader.spanned(node, "vendor"));
    reader.about = vendor.as_ref().map_or(Pattern::Every, |vendor| Pattern::Vendor(vendor.value.clone()));
    let when = part("when").map(|node| reader.condition(node, ExprContext::Parcel).unwrap_or(Condition::unread(node.span.start)));
    // What is misspelt may say which parcels are meant.
    let when = when.or_else(|| (reader.problems.len() > problems).then(|| Condition::unread(value.span.start)));
    let then = fields.get("then").and_then(|node| reader.choice(node, "then", &THEN)).unwrap_or_default();
    let name = Spanned { value: key.value.clone(), span: key.span };
    if let Some(node) = fields.get("use") {
        if fields.get("steps").is_some() {
            reader.problem("S007", node.span, "a timeline has either `use` or `steps`").help("leave out one of them");
        }
        let names: Vec<(&str, &str)> = library::names().map(|(name, _)| (name, name)).collect();
        if let Some(node) = fields.get("from") {
            reader
                .problem("S007", node.span, "`from` needs steps of one's own")
                .help("leave it out: a timeline of the library counts from the label");
        }
        if let Some(node) = fields.get("then").filter(|_| then == Then::Repeat) {
            reader.warn("S106", node.span, "`repeat` changes nothing beside `use`", "the lives of the library do not begin again");
        }
        let library = reader.choice(node, "use", &names).map(str::to_owned);
        return Some(Timeline { name, vendor, when, library, steps: Vec::new(), then });
    }
    // What else it says is looked at without its steps, too.
    let is_misspelt = fields.get("steps").is_none() && fields.may_mean(&["use", "steps"]);
    let Some(node) = (if is_misspelt { None } else { fields.require(reader, "steps") }) else {
        return Some(Timeline { name, vendor, when, library: None, steps: Vec::new(), then });
    };
    let from = fields.get("from").and_then(|node| anchor(reader, node));
    let told_by = vendor.as_ref().map(|vendor| vendor.value.as_str());
    let steps = reader.each(node, "steps", |reader, node| step(reader, node, from, told_by));
    in_order(reader, &steps);
    let last = steps.last().filter(|step| Status::from_word(&step.status).is_some_and(Status::is_final));
    if let (Some(last), Some(node), Then::Repeat) = (last, fields.get("then"), then) {
        let message = format!("`repeat` changes nothing: the life of the parcel ends with `{}`", last.status);
        reader.warn("S106", node.span, message, "leave it out, or the status with which it ends");
    }
    let longest = steps.iter().filter_map(|step| if let Trigger::At(at, _) = step.trigger { Some(at) } else { None }).max();
    if let (Some(longest), Some(node), Then::Repeat, None) = (longest.filter(|at| *at < SHORTEST_ROUND), fields.get("then"), then, last) {
        let message = format!("a round lasts {SHORTEST_ROUND:#} at least: the last of these steps is at {longest:#}");
        reader.warn("S108", node.span, message, "let the last step be at `+1h` or later, or write more rounds as steps");
    }
    if node.kind == Kind::List(Vec::new()) {
        reader
            .problem("S006", node.span, format!("timeline `{}` has no steps", key.value))
            .help("for example `- {at: +6h, status: in_transit}`");
    }
    Some(Timeline { name, vendor, when, library: None, steps, then })
}

fn step(reader: &mut Reader<'_>, node: &Node, from: Option<Anchor>, vendor: Option<&str>) -> Option<TimelineStep> {
    let fields = reader.fields(node, "a step of a timeline", &members::STEP)?;
    let trigger = trigger(reader, node, &fields, from);
    let statuses = Status::ALL.map(|status| (status.word(), status.word()));
    let status = fields.require(reader, "status").and_then(|node| reader.choice(node, "status", &statuses));
    let code = fields.get("code").and_then(|node| code(reader, node, vendor));
    let location = fields.get("location").and_then(|node| location(reader, node));
    let message = fields.get("message").and_then(|node| reader.string(node, "message"));
    Some(TimelineStep { span: node.place(), trigger: trigger?, status: status?.to_owned(), code, location, message })
}

/// A code of the vendor that a timeline is for, or of any; vendors without codes of their own take none.
fn code(reader: &mut Reader<'_>, node: &Node, vendor: Option<&str>) -> Option<String> {
    let text = reader.string(node, "code")?;
    let known: Vec<&str> =
        reader.codes.iter().filter(|(id, _)| vendor.is_none_or(|own| own == *id)).flat_map(|(_, own)| own).copied().collect();
    if !known.is_empty() && !known.contains(&text.as_str()) {
        let of = vendor.map(|vendor| format!(" of {vendor}")).unwrap_or_default();
        reader.problem("S009", node.span, format!("unknown code `{text}`{of}")).help(suggestion(&text, &known));
    }
    Some(text)
}

fn trigger(reader: &mut Reader<'_>, node: &Node, fields: &Fields<'_>, from: Option<Anchor>) -> Option<Trigger> {
    let own = fields.get("from");
    if let Some(node) = own.filter(|_| fields.get("at").is_none()) {
        reader.problem("S007", node.span, "`from` stands beside `at` only").help("add `at: +1h`, or leave it out");
    }
    let from = own.and_then(|node| anchor(reader, node)).or(from);
    match fields.present(&TRIGGERS)[..] {
        ["at"] => {
            let node = fields.get("at")?;
            let at = reader.duration(node, "at")?;
            pace::first(reader, node, at);
            Some(Trigger::At(at, from))
        }
        ["after_reads"] => {
            fields.get("after_reads").and_then(|node| reader.whole(node, "after_reads", 1..=1_000_000)).map(Trigger::AfterReads)
        }
        ["on"] => fields.get("on").and_then(|node| reader.pattern(node, "on")).map(Trigger::On),
        [] if fields.may_mean(&TRIGGERS) => None,
        [] => {
            reader.problem("S006", node.span, "a step without a time").label("expected one of `at`, `after_reads`, `on`");
            None
        }
        _ => {
            reader.problem("S007", node.span, "a step needs exactly one of `at`, `after_reads` and `on`").help("split it into two steps");
            None
        }
    }
}

fn anchor(reader: &mut Reader<'_>, node: &Node) -> Option<Anchor> {
    reader.choice(node, "from", &Anchor::ALL.map(|anchor| (anchor.word(), anchor)))
}

fn location(reader: &mut Reader<'_>, node: &Node) -> Option<Location> {
    let fields = reader.fields(node, "a location", &members::LOCATION)?;
    let country = fields.get("country").and_then(|node| country(reader, node));
    let mut text = |name: &str| fields.get(name).and_then(|node| reader.string(node, name));
    Some(Location { city: text("city"), state: text("state"), postcode: text("postcode"), country })
}

/// A country by its code, as all carriers write it.
fn country(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    let text = reader.string(node, "country")?;
    let known = countries::find(&text).or_else(|| countries::named(&text));
    if known.is_none_or(|known| known.alpha2 != text) {
        let problem = reader.problem("S008", node.span, format!("`{text}` is no country's code"));
        problem.label("expected two letters of ISO 3166, such as `DE`");
        if let Some(known) = known {
            problem.help(format!("write `{}`", known.alpha2));
        }
    }
    Some(text)
}

/// Steps happen in the order in which they are written, so their times cannot go back, as long as they count from the same moment.
fn in_order(reader: &mut Reader<'_>, steps: &[TimelineStep]) {
    let (mut latest, mut since) = (SignedDuration::ZERO, None);
    for step in steps {
        let at = match step.trigger {
            Trigger::At(at, from) => {
                if from != since {
                    (latest, since) = (SignedDuration::ZERO, from);
                }
                at
            }
            Trigger::AfterReads(_) => continue,
            Trigger::On(_) => {
                // Offsets behind it count from the call.
                latest = SignedDuration::ZERO;
                continue;
            }
        };
        if at < latest {
            reader
                .problem("S015", step.span, format!("a step at {at:#} stands after one at {latest:#}"))
                .help("sort the steps; `at` counts from when the label was bought, or from what `from` names");
        }
        latest = latest.max(at);
    }
}
