//! What a conversation names and nobody has made: values that no step saves, vendors and events that there are not, and webhooks that
//! nobody is told of. It can be held all the same, and what is not filled in stays as it is written: this is for those who check it.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::scenario::check::{Checker, Vocabulary};
use crate::scenario::conversation::placeholders::{self, ALWAYS, VARIABLE, is_name};
use crate::scenario::conversation::wrong_form;
use crate::scenario::error::{Span, Spanned, nearest, quoted, suggestion};
use crate::scenario::node::{Kind, Member, Node};
use crate::scenario::parse::reader::Reader;
use crate::scenario::parse::roots::ROOTS;
use crate::world::Note;

/// The members of a step in which nothing is filled in.
const AS_WRITTEN: [&str; 8] = ["save", "note", "poll", "repeat", "base64", "advance", "unsubscribe", "subscribe"];

/// Reports the names in a conversation that refer to nothing.
pub(in crate::scenario::parse) fn judge(reader: &mut Reader<'_>, root: &Node, vocabulary: &dyn Vocabulary) {
    let mut checker = Checker::new(reader.source, vocabulary);
    let vendor = text_of(root, "vendor");
    vendor.iter().for_each(|name| checker.vendor_or_mount(name));
    let Some(Node { kind: Kind::List(steps), .. }) = member(root, "steps") else { return };
    let saved = |step| rows(member(step, "save")).iter().map(|row| row.key.value.as_str());
    let mut names = Names { known: ALWAYS.into(), later: steps.iter().flat_map(saved).collect(), is_told: false };
    // The headers of all calls: a step may have its own until the value is there.
    let of_all = Names { known: names.known.union(&names.later).copied().collect(), ..Names::default() };
    member(root, "headers").iter().for_each(|node| of_all.look(reader, node, false));
    names.is_told = member(root, "scenario").is_some_and(|scenario| member(scenario, "webhooks").is_some());
    for step in steps {
        if member(step, "repeat").is_some() {
            names.known.extend(saved(step));
        }
        for row in rows(Some(step)).iter().filter(|row| !AS_WRITTEN.contains(&row.key.value.as_str())) {
            let is_value = row.key.value != "call" && row.key.value != "headers";
            names.is_told |= ["call", "headers", "json", "form", "text"].contains(&&*row.key.value) && mentions(&row.value, "{{inbox}}");
            names.look(reader, &row.value, is_value);
            if row.key.value == "call" {
                names.look_at_path(reader, &row.value);
            }
        }
        if let Some(made) = member(step, "subscribe") {
            names.is_told = true;
            member(made, "secret").iter().for_each(|node| names.look(reader, node, false));
            let own = text_of(made, "vendor").or_else(|| Some(Spanned { span: key_of(step, "subscribe")?, ..vendor.clone()? }));
            let events: Vec<_> = items(member(made, "events")).iter().filter_map(text).collect();
            own.iter().for_each(|vendor| checker.subscription(vendor, &events));
        }
        if let Some(node) = member(step, "receives") {
            let events = items(Some(node)).iter().filter_map(|row| text_of(row, "event"));
            events.filter(|event| !event.starts_with('~') && !event.contains("{{")).for_each(|event| checker.event(&event));
            if !names.is_told && !reader.is_full() && matches!(node.kind, Kind::List(_)) {
                let none = items(Some(node)).is_empty();
                let message =
                    if none { "this says nothing: nobody is told of anything" } else { "no webhook comes: nobody is told of anything" };
                let help = "a step before it is `subscribe: {vendor: …}`, or a call that registers `{{inbox}}`";
                reader.problem("S022", node.span, message).help(help);
            }
        }
        let expected = member(step, "expect").and_then(|expect| member(expect, "json"));
        // What has a type of its own is sent as it is.
        let is_typed = rows(member(step, "headers")).iter().any(|row| row.key.value.eq_ignore_ascii_case("content-type"));
        [member(step, "json").filter(|_| !is_typed), expected].iter().flatten().for_each(|node| reader.json_in_text(node));
        let notes = member(step, "expect").map(|expect| items(member(expect, "notes"))).unwrap_or_default();
        // Vendors have codes of their own.
        let is_misspelt = |code: &Spanned<String>| nearest(code, Note::CODES.map(|(known, _)| known)).is_some();
        notes.iter().filter_map(text).filter(is_misspelt).for_each(|code| checker.note(&code));
        names.known.extend(saved(step));
    }
    reader.problems.extend(checker.problems);
    reader.problems.append(&mut reader.warnings);
}

/// The names that have a value at a step.
#[derive(Default)]
struct Names<'n> {
    known: BTreeSet<&'n str>,
    /// Those that any step saves.
    later: BTreeSet<&'n str>,
    /// Whether somebody may have been told of something.
    is_told: bool,
}

impl Names<'_> {
    /// Reports what is not filled in, wherever it stands. Values may be a name with blanks around it, texts may not.
    fn look(&self, reader: &mut Reader<'_>, node: &Node, is_value: bool) {
        match &node.kind {
            Kind::Text(text) => self.look_into(reader, node, text, is_value),
            Kind::List(rows) => rows.iter().for_each(|row| self.look(reader, row, is_value)),
            Kind::Map(rows) => {
                for Member { key, value } in rows.iter().filter(|row| row.key.value != "base64" || is_value) {
                    self.look_into(reader, &Node::new(key.span, Kind::Null), &key.value, false);
                    self.look(reader, value, is_value);
                }
            }
            _ => {}
        }
    }

    fn look_into(&self, reader: &mut Reader<'_>, node: &Node, text: &str, is_value: bool) {
        for (place, name) in placeholders::all(text) {
            let is_whole = is_value && place == (0..text.len());
            let is_there = |name: &str| self.known.contains(name) || name.strip_prefix(VARIABLE).is_some_and(|rest| !rest.is_empty());
            let word = name.trim();
            let is_filled_in = is_there(name) || is_whole && self.known.contains(word);
            let meant = placeholders::meant(name).filter(|meant| is_there(meant));
            let owner = placeholders::owner(name).filter(|owner| self.known.contains(owner));
            // Paths are of other languages, or of scenarios that a call sends.
            let bare = word.strip_prefix('$').filter(|bare| !bare.contains('.') && !is_root(bare)).unwrap_or(word);
            let unknown = || is_name(bare).then(|| (format!("no step before saves `{bare}`"), self.help(bare)));
            let wrong = wrong_form(name, meant.as_deref(), owner).or_else(unknown);
            if let Some((message, help)) = wrong.filter(|_| !is_filled_in && !reader.is_full()) {
                let span = reader.locate(node, text, &place);
                reader.problem("S011", span, message).help(help);
            }
        }
        for (place, name) in placeholders::foreign(text).filter(|(place, _)| text[place.start..].starts_with('$')) {
            // A text around it may be one of another language, which is sent as it is.
            if self.is_saved(name) || is_value && place == (0..text.len()) {
                self.foreign(reader, node, text, &place, name);
            }
        }
    }

    /// Reports names in the path of a call that are written as other languages and documents write them.
    fn look_at_path(&self, reader: &mut Reader<'_>, node: &Node) {
        let Kind::Text(text) = &node.kind else { return };
        for (place, name) in placeholders::foreign(text.split('?').next().unwrap_or_default()) {
            if !self.is_saved(name) || !text[place.start..].starts_with('$') {
                self.foreign(reader, node, text, &place, name);
            }
        }
    }

    fn foreign(&self, reader: &mut Reader<'_>, node: &Node, text: &str, place: &Range<usize>, name: &str) {
        if reader.is_full() {
            return;
        }
        let span = reader.locate(node, text, place);
        let more = if self.known.contains(name) { String::new() } else { format!("; {}", self.help(name)) };
        let help = format!("what is filled in is written `{{{{{name}}}}}`{more}");
        let written = &text[place.clone()];
        if self.is_saved(name) {
            reader.problem("S011", span, format!("`{written}` is not filled in")).help(help);
        } else {
            reader.warn("S108", span, format!("`{written}` is sent as it is written"), &help);
        }
    }

    /// Whether a name has a value at some step.
    fn is_saved(&self, name: &str) -> bool {
        self.known.contains(name) || self.later.contains(name)
    }

    /// What to write in the place of a name that has no value.
    fn help(&self, name: &str) -> String {
        let saved: Vec<&str> = self.known.iter().copied().filter(|known| !ALWAYS.contains(known)).collect();
        // `n` is near every letter.
        match nearest(name, self.known.iter().copied().filter(|known| known.len() > 1)) {
            Some(near) => format!("did you mean `{{{{{near}}}}}`?"),
            None if self.later.contains(name) => "it is saved later than this".to_owned(),
            None if saved.is_empty() => format!("a step before it has `save: {{{name}: path.into.the.answer}}`"),
            // A letter is near every other.
            None if name.chars().count() == 1 => format!("saved before it: {}", quoted(&saved)),
            None => suggestion(name, &saved),
        }
    }
}

/// Whether a name, without its `$`, is a root of the paths of scenarios.
fn is_root(name: &str) -> bool {
    ROOTS.iter().any(|(known, _)| known.strip_prefix('$') == Some(name))
}

/// Whether a text stands somewhere in a value.
fn mentions(node: &Node, wanted: &str) -> bool {
    match &node.kind {
        Kind::Text(text) => text.contains(wanted),
        Kind::List(rows) => rows.iter().any(|row| mentions(row, wanted)),
        Kind::Map(rows) => rows.iter().any(|row| mentions(&row.value, wanted)),
        _ => false,
    }
}

fn rows(node: Option<&Node>) -> &[Member] {
    if let Some(Node { kind: Kind::Map(rows), .. }) = node { rows } else { &[] }
}

fn items(node: Option<&Node>) -> &[Node] {
    if let Some(Node { kind: Kind::List(items), .. }) = node { items } else { &[] }
}

fn member<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    rows(Some(node)).iter().find(|row| row.key.value == name).map(|row| &row.value)
}

fn key_of(node: &Node, name: &str) -> Option<Span> {
    rows(Some(node)).iter().find(|row| row.key.value == name).map(|row| row.key.span)
}

fn text(node: &Node) -> Option<Spanned<String>> {
    if let Kind::Text(text) = &node.kind { Some(Spanned { value: text.clone(), span: node.span }) } else { None }
}

fn text_of(node: &Node, name: &str) -> Option<Spanned<String>> {
    text(member(node, name)?)
}
