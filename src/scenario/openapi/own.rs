//! The extensions of this project: `x-seatrial` of a document and `x-seatrial-parcel` of a schema. What is wrong with them is told at the
//! member that is.

use serde::Deserialize as _;

use super::{Kind, MOST_STEPS, Node, Reader};
use crate::carrier::Status;
use crate::engine::{Own, ParcelMap};
use crate::scenario::error::{Span, nearest, suggestion};

/// The extension of a document, and that of a schema.
const OF_DOCUMENT: &str = "x-seatrial";
const OF_SCHEMA: &str = "x-seatrial-parcel";
/// All that begin with the name of this project.
const OURS: [&str; 2] = [OF_DOCUMENT, OF_SCHEMA];

const OWN: [&str; 1] = ["errors"];
const ERRORS: [&str; 4] = ["body", "violation", "content_type", "statuses"];
/// Members of [`OF_SCHEMA`] that are places.
const PLACES: [&str; 4] = ["tracking_number", "carrier", "service", "status"];
/// Its members that are none, or hold several.
const OTHERS: [&str; 6] = ["form", "statuses", "from", "to", "days", "scans"];
const TOWN: [&str; 4] = ["city", "state", "zip", "country"];
/// The members of `scans`: the place of a list, and members of its rows.
const SCANS: [&str; 6] = ["list", "time", "status", "message", "city", "country"];

impl<'d> Reader<'d> {
    /// Tells an extension that is none of this project's, but reads like one.
    pub(super) fn extension(&mut self, name: &str, span: Span, expected: &str) {
        let is_like = || name.starts_with(OF_DOCUMENT) || nearest(name, OURS).is_some();
        if name.starts_with("x-") && name != expected && is_like() {
            let help = match OURS.contains(&name) {
                true if name == OF_DOCUMENT => format!("`{name}` stands outermost; a schema has `{expected}`"),
                true => format!("`{name}` stands in a schema; a document has `{expected}`"),
                false => format!("did you mean `{expected}`?"),
            };
            self.problem("S303", span, format!("`{name}` means nothing here")).help(help);
        }
    }

    /// What is wrong with `x-seatrial`.
    pub(super) fn own(&mut self, node: &'d Node) {
        let errors = node.get("errors").filter(|errors| matches!(errors.kind, Kind::Map(_)));
        let is_known = self.members(node, OF_DOCUMENT, &[&OWN]) & errors.is_none_or(|errors| self.members(errors, "errors", &[&ERRORS]));
        if let Err(error) = Own::deserialize(node.to_json())
            && is_known
        {
            let span = errors.map_or(node.span, |errors| errors.span);
            self.problem("S303", span, format!("`{OF_DOCUMENT}` cannot be read: {error}"))
                .help("it has `errors`, with `body`, `violation`, `content_type` and `statuses`");
        }
    }

    /// What is wrong with `x-seatrial-parcel` of a schema.
    pub(super) fn parcel(&mut self, schema: &'d Node, node: &'d Node) {
        let before = self.problems.len();
        self.members(node, OF_SCHEMA, &[&PLACES, &OTHERS]);
        for name in PLACES {
            node.get(name).into_iter().for_each(|place| self.place(schema, name, place));
        }
        for (end, town) in ["from", "to"].into_iter().filter_map(|end| Some((end, node.get(end)?))) {
            self.members(town, end, &[&TOWN]);
            for name in TOWN {
                town.get(name).into_iter().for_each(|place| self.place(schema, name, place));
            }
        }
        if let Some(statuses) = node.get("statuses") {
            self.members(statuses, "statuses", &[&Status::ALL.map(Status::word)]);
        }
        if let Some(scans) = node.get("scans") {
            self.members(scans, "scans", &[&SCANS]);
            let list = scans.get("list");
            list.into_iter().for_each(|place| self.place(schema, "list", place));
            let rows = list.and_then(|list| self.led_to(schema, &list.scalar())).and_then(|list| self.below(list, "0", 0));
            for member in SCANS[1..].iter().filter_map(|name| scans.get(name)) {
                rows.into_iter().for_each(|rows| self.named(rows, &member.scalar(), "", member.span));
            }
        }
        // What else may be wrong is told as it is read.
        if let Err(error) = ParcelMap::deserialize(node.to_json())
            && self.problems.len() == before
        {
            let help = "it has `tracking_number`; `docs/any-carrier.md` lists the others";
            self.problem("S303", node.span, format!("`{OF_SCHEMA}` cannot be read: {error}")).help(help);
        }
    }

    /// Tells the members of a mapping that it does not have; whether it has none of these.
    fn members(&mut self, node: &Node, of: &str, known: &[&[&str]]) -> bool {
        let known = known.concat();
        let unknown: Vec<_> = node.members().iter().filter(|member| !known.contains(&&*member.key.value)).collect();
        for member in &unknown {
            let name = &member.key.value;
            self.problem("S303", member.key.span, format!("`{of}` has no `{name}`")).help(suggestion(name, &known));
        }
        unknown.is_empty()
    }

    /// A place that is no JSON pointer, or leads to no property that the schema has, though one has nearly its name.
    fn place(&mut self, schema: &'d Node, name: &str, place: &'d Node) {
        let Kind::Text(pointer) = &place.kind else { return };
        let Some(steps) = pointer.strip_prefix('/') else {
            let message = format!("`{name}` is no place: `{pointer}` is no JSON pointer");
            self.problem("S303", place.span, message).help(format!("a pointer begins with `/`: `/{pointer}`"));
            return;
        };
        let (mut at, mut front) = (Some(schema), String::new());
        for step in steps.split('/') {
            let Some(node) = at else { return };
            let step = step.replace("~1", "/").replace("~0", "~");
            self.named(node, &step, &front, place.span);
            front = format!("{front}/{step}");
            at = self.below(node, &step, 0);
        }
    }

    /// Tells a name that a schema does not have, though it has a similar one.
    fn named(&mut self, node: &'d Node, name: &str, front: &str, span: Span) {
        let mut known = Vec::new();
        self.properties(node, &mut known, 0);
        if known.is_empty() || known.contains(&name) {
            return;
        }
        if let Some(near) = nearest(name, known) {
            let slash = if front.is_empty() && !self.is_pointer(span) { "" } else { "/" };
            self.problem("S303", span, format!("the schema has no `{name}`")).help(format!("did you mean `{front}{slash}{near}`?"));
        }
    }

    fn is_pointer(&self, span: Span) -> bool {
        self.source.text.get(span.start..span.end).is_some_and(|text| text.trim_start_matches(['"', '\'']).starts_with('/'))
    }

    /// The schema that a pointer into its values leads to.
    fn led_to(&mut self, schema: &'d Node, pointer: &str) -> Option<&'d Node> {
        let mut node = schema;
        for step in pointer.strip_prefix('/')?.split('/') {
            node = self.below(node, &step.replace("~1", "/").replace("~0", "~"), 0)?;
        }
        Some(node)
    }

    /// The schema of a member, or of the elements of a list, in a schema or one of its parts.
    fn below(&mut self, node: &'d Node, step: &str, depth: usize) -> Option<&'d Node> {
        let is_index = step == "-" || step.bytes().all(|byte| byte.is_ascii_digit());
        let own = node.get("properties").and_then(|rows| rows.get(step)).or_else(|| node.get("items").filter(|_| is_index));
        own.or_else(|| self.parts_of(node, depth).into_iter().find_map(|part| self.below(part, step, depth + 1)))
    }

    /// The names of properties that a schema or one of its parts has.
    fn properties(&mut self, node: &'d Node, known: &mut Vec<&'d str>, depth: usize) {
        let own = node.get("properties").map_or(&[][..], Node::members);
        known.extend(own.iter().map(|member| member.key.value.as_str()));
        for part in self.parts_of(node, depth) {
            self.properties(part, known, depth + 1);
        }
    }

    /// What a schema refers to, and its parts and alternatives.
    fn parts_of(&mut self, node: &'d Node, depth: usize) -> Vec<&'d Node> {
        if depth >= MOST_STEPS || !self.takes(node, 1) {
            return Vec::new();
        }
        let referred = node.get("$ref").map(Node::scalar).and_then(|text| self.at(text.strip_prefix('#')?));
        let parts = ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|name| node.get(name)).flat_map(Node::items);
        referred.into_iter().chain(parts).collect()
    }
}
