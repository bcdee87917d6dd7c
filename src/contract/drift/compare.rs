//! Every difference between two documents, and whether it breaks a client.
//!
//! A client breaks by what it may no longer send, and by what it may be answered that it does not know. What it may send in addition, and
//! what it is surer of to be answered, breaks nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::document::{self, Allowed, Document, LIMITS, Member, Operation};
use super::{Difference, Kind};

/// How deep schemas without names are compared.
const DEEPEST: usize = 24;

/// Statuses whose answers have no body, whatever a document says.
const BODILESS: [&str; 3] = ["204", "205", "304"];

pub(super) struct Comparison<'d> {
    published: &'d Document<'d>,
    before: &'d Document<'d>,
    pub found: Vec<Difference>,
    /// Pairs of schemas that were compared, by where they are told of and the places of both in memory.
    compared: BTreeSet<(String, Direction, *const Value, *const Value)>,
}

/// Whether a client sends a value or is answered with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Direction {
    Request,
    Answer,
}

#[derive(Clone)]
struct Place {
    subject: String,
    part: String,
    direction: Direction,
    depth: usize,
}

impl Place {
    fn below(&self, step: &str) -> Self {
        let sign = if self.part.contains('/') || step.is_empty() { "" } else { " " };
        Self { part: format!("{}{sign}/{step}", self.part), depth: self.depth + 1, ..self.clone() }
    }

    /// The place of what has a name of its own, wherever it is used.
    fn named(&self, name: Option<&str>) -> Self {
        let Some(name) = name else { return self.clone() };
        let part = if self.direction == Direction::Request { "request" } else { "answer" };
        Self { subject: format!("@{name}"), part: part.to_owned(), direction: self.direction, depth: 0 }
    }

    /// The place of a member: that of the schema with a name that declares it, else below this one.
    fn member(&self, name: &str, member: Member<'_>) -> Self {
        let outer = if member.owner.is_some() { self.named(member.owner) } else { self.clone() };
        outer.below(name)
    }
}

impl<'d> Comparison<'d> {
    pub fn new(published: &'d Document<'d>, before: &'d Document<'d>) -> Self {
        Self { published, before, found: Vec::new(), compared: BTreeSet::new() }
    }

    pub fn operations(&mut self) {
        let (new, old) = (self.published.operations(), self.before.operations());
        for (key, operation) in &new {
            match old.get(key) {
                Some(before) => self.operation(operation, before),
                None => self.tell(&operation.name, "", Kind::OperationAdded, String::new(), false),
            }
        }
        for (_, operation) in old.iter().filter(|(key, _)| !new.contains_key(*key)) {
            self.tell(&operation.name, "", Kind::OperationRemoved, String::new(), true);
        }
    }

    fn operation(&mut self, new: &Operation<'d>, old: &Operation<'d>) {
        let place = |part: &str, direction| Place { subject: new.name.clone(), part: part.to_owned(), direction, depth: 0 };
        let (published, before) = (self.published.parameters(new), self.before.parameters(old));
        for (name, row) in &published {
            let needed = row["required"] == true;
            let Some(other) = before.get(name) else {
                self.tell(&new.name, name, Kind::ParameterAdded, String::new(), needed);
                continue;
            };
            self.required(&place(name, Direction::Request), needed, other["required"] == true);
            self.schemas(&place(name, Direction::Request), &row["schema"], &other["schema"]);
        }
        for name in before.keys().filter(|name| !published.contains_key(*name)) {
            self.tell(&new.name, name, Kind::ParameterRemoved, String::new(), true);
        }
        let bodies = [&new.value["requestBody"], &old.value["requestBody"]];
        self.bodies(&place("request", Direction::Request), bodies, bodies[0]["required"] == true);
        self.answers(new, old, &place);
    }

    fn answers(&mut self, new: &Operation<'d>, old: &Operation<'d>, place: &dyn Fn(&str, Direction) -> Place) {
        let statuses = |operation: &Operation<'d>| operation.value["responses"].as_object();
        let (published, before) = (statuses(new), statuses(old));
        for (status, answer) in published.into_iter().flatten() {
            let part = format!("answer {status}");
            match before.and_then(|before| before.get(status)) {
                Some(_) if BODILESS.contains(&status.as_str()) => {}
                Some(other) => self.bodies(&place(&part, Direction::Answer), [answer, other], false),
                None if is_range(status) || covers(before, status) => {}
                None => self.tell(&new.name, &part, Kind::StatusAdded, String::new(), status.starts_with('2')),
            }
        }
        let gone = before.into_iter().flatten().filter(|(status, _)| published.is_none_or(|published| !published.contains_key(*status)));
        for (status, _) in gone.filter(|(status, _)| !is_range(status) && !covers(published, status)) {
            self.tell(&new.name, &format!("answer {status}"), Kind::StatusRemoved, String::new(), false);
        }
    }

    fn bodies(&mut self, place: &Place, [new, old]: [&'d Value; 2], needed: bool) {
        match (self.published.json(new), self.before.json(old)) {
            (Some(new), Some(old)) => self.schemas(place, new, old),
            (Some(_), None) => self.tell(&place.subject, &place.part, Kind::BodyAdded, String::new(), needed),
            (None, Some(_)) => self.tell(&place.subject, &place.part, Kind::BodyRemoved, String::new(), true),
            (None, None) => {}
        }
    }

    fn schemas(&mut self, used: &Place, new: &'d Value, old: &'d Value) {
        let ((inner, name), (other, _)) = (self.published.resolve(new), self.before.resolve(old));
        let place = used.named(name);
        let pair = (format!("{} {}", place.subject, place.part), place.direction, std::ptr::from_ref(inner), std::ptr::from_ref(other));
        if place.depth > DEEPEST {
            return;
        }
        // Beside a reference stands what is so in this place alone.
        let is_null_here = document::is_nullable(new) || document::is_nullable(old);
        let is_known = !self.compared.insert(pair);
        if is_known && !is_null_here {
            return;
        }
        let (new, old) = (self.published.allowed(new, name), self.before.allowed(old, None));
        if new.null != old.null && !new.types.is_empty() && !old.types.is_empty() {
            let breaking = new.null == (place.direction == Direction::Answer);
            let detail = if new.null { "null is allowed now" } else { "null is allowed no more" };
            let Place { subject, part, .. } = if is_null_here { used } else { &place };
            self.tell(subject, part, Kind::Null, detail.to_owned(), breaking);
        }
        if is_known {
            return;
        }
        self.types(&place, &new.types, &old.types);
        self.words(&place, new.words.as_ref(), old.words.as_ref());
        self.limits(&place, &new.limits, &old.limits);
        if new.may_be("object") && old.may_be("object") {
            self.members(&place, &new, &old);
        }
        if let (Some(new), Some(old)) = (new.items, old.items) {
            self.schemas(&place.below("*"), new, old);
        }
    }

    /// An object without members of its own may have any, so none of the other's is new or gone.
    fn members(&mut self, place: &Place, new: &Allowed<'d>, old: &Allowed<'d>) {
        let is_request = place.direction == Direction::Request;
        let is_meant = |document: &Document<'d>, member: &Member<'d>| document.is_meant(member.schema, is_request);
        for (name, member) in new.members.iter().filter(|(_, member)| is_meant(self.published, member)) {
            let inner = place.member(name, *member);
            let Some(other) = old.members.get(name) else {
                let breaking = is_request && new.required.contains(name);
                if breaking || !old.is_free() {
                    self.tell(&inner.subject, &inner.part, Kind::MemberAdded, String::new(), breaking);
                }
                continue;
            };
            self.required(&inner, new.required.contains(name), old.required.contains(name));
            self.schemas(&inner, member.schema, other.schema);
        }
        if new.is_free() {
            return;
        }
        for (name, member) in old.members.iter().filter(|(name, _)| !new.members.contains_key(*name)) {
            if !is_meant(self.before, member) {
                continue;
            }
            // A schema that is composed of others has no name for what is gone, but the one that had it may have one.
            let inner = if place.subject.starts_with('@') { place.below(name) } else { place.member(name, *member) };
            self.tell(&inner.subject, &inner.part, Kind::MemberRemoved, String::new(), true);
        }
    }

    fn types(&mut self, place: &Place, new: &BTreeSet<&str>, old: &BTreeSet<&str>) {
        if new.is_empty() || old.is_empty() || new == old {
            return;
        }
        // A number may be a whole one.
        let has = |types: &BTreeSet<&str>, kind: &str| types.contains(kind) || (kind == "integer" && types.contains("number"));
        let breaking = match place.direction {
            Direction::Request => !old.iter().all(|kind| has(new, kind)),
            Direction::Answer => !new.iter().all(|kind| has(old, kind)),
        };
        let list = |types: &BTreeSet<&str>| types.iter().copied().collect::<Vec<_>>().join(" or ");
        self.tell(&place.subject, &place.part, Kind::Type, format!("{}, was {}", list(new), list(old)), breaking);
    }

    fn words(&mut self, place: &Place, new: Option<&BTreeSet<String>>, old: Option<&BTreeSet<String>>) {
        let list = |words: Vec<&String>| words.into_iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        let (detail, breaking) = match (new, old) {
            (Some(new), Some(old)) if new != old => {
                let (added, gone): (Vec<_>, Vec<_>) = (new.difference(old).collect(), old.difference(new).collect());
                let breaking = if place.direction == Direction::Request { !gone.is_empty() } else { !added.is_empty() };
                let parts = [("added ", added), ("removed ", gone)].into_iter().filter(|(_, words)| !words.is_empty());
                (parts.map(|(what, words)| format!("{what}{}", list(words))).collect::<Vec<_>>().join("; "), breaking)
            }
            (Some(new), None) => (format!("only {} now", list(new.iter().collect())), place.direction == Direction::Request),
            (None, Some(old)) => (format!("any value, was one of {}", list(old.iter().collect())), place.direction == Direction::Answer),
            _ => return,
        };
        self.tell(&place.subject, &place.part, Kind::Enum, detail, breaking);
    }

    fn limits(&mut self, place: &Place, new: &BTreeMap<&str, f64>, old: &BTreeMap<&str, f64>) {
        for (keyword, is_least) in LIMITS {
            let (detail, is_narrower) = match (new.get(keyword), old.get(keyword)) {
                (Some(new), Some(old)) if new != old => (format!("{keyword} {new}, was {old}"), (new > old) == is_least),
                (Some(new), None) => (format!("{keyword} {new} now"), true),
                (None, Some(old)) => (format!("no {keyword} now, was {old}"), false),
                _ => continue,
            };
            let breaking = is_narrower == (place.direction == Direction::Request);
            self.tell(&place.subject, &place.part, Kind::Limit, detail, breaking);
        }
    }

    fn required(&mut self, place: &Place, new: bool, old: bool) {
        if new != old {
            let detail = if new { "required now" } else { "no longer required" };
            self.tell(&place.subject, &place.part, Kind::Required, detail.to_owned(), new == (place.direction == Direction::Request));
        }
    }

    fn tell(&mut self, subject: &str, place: &str, kind: Kind, detail: String, breaking: bool) {
        self.found.push(Difference { subject: subject.to_owned(), place: place.to_owned(), kind, detail, breaking });
    }
}

/// Whether a status stands for all errors, or for some hundred of them, which a document words as it likes.
fn is_range(status: &str) -> bool {
    status == "default" || (status.ends_with("XX") && !status.starts_with('2'))
}

/// Whether statuses say something of one that is not among them: by its range, and of errors by what they say of all others.
fn covers(statuses: Option<&serde_json::Map<String, Value>>, status: &str) -> bool {
    let range = format!("{}XX", &status[..status.len().min(1)]);
    statuses.is_some_and(|all| all.contains_key(&range) || (all.contains_key("default") && !status.starts_with('2')))
}
