//! Reads nodes as values of the expected type. Every function reports what it finds instead and returns `None`; callers go on.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::members;
use super::roots::ExprContext;
use crate::base::decimal;
use crate::base::time::Timestamp;
use crate::engine::AccountRows;
use crate::scenario::ast::{Operation, Pattern};
use crate::scenario::check::Vocabulary;
use crate::scenario::error::{Diagnostic, MAX_PROBLEMS, Source, Span, Spanned, nearest, quoted, suggestion};
use crate::scenario::node::{Kind, Member, Node};

/// What `accounts` may name, with what each can have in its rows.
pub(super) type Mounts<'v> = Vec<(&'v str, &'v AccountRows)>;

/// What diagnostics call the outermost mapping.
pub(super) const SCENARIO: &str = "a scenario";

pub(super) struct Reader<'s> {
    pub(super) source: &'s Arc<Source>,
    pub(super) problems: Vec<Diagnostic>,
    /// What is allowed and may surprise.
    pub(super) warnings: Vec<Diagnostic>,
    /// `None` when the vendors are not known, so that every account is taken as it is.
    pub(super) mounts: Option<Mounts<'s>>,
    /// What paths of expressions lead to; `None` when the vendors are not known.
    pub(super) vocabulary: Option<&'s dyn Vocabulary>,
    /// The operations that expressions are about.
    pub(super) about: Pattern,
    /// The names of business failures; none when the vendors are not known.
    pub(super) failures: BTreeSet<&'static str>,
    /// The codes that steps of timelines may have, by vendor.
    pub(super) codes: Vec<(&'s str, Vec<&'static str>)>,
    /// The names of the rows of `given` so far, with their operations.
    pub(super) given: Vec<(String, Operation)>,
    /// What templates can refer to at the moment.
    pub(super) filled_by: ExprContext,
    /// The statuses that the files write somewhere, which answers may have as well.
    pub(super) written_statuses: BTreeSet<u16>,
    /// When the clock of the scenario begins, if the file says so.
    pub(super) begins: Option<Timestamp>,
    /// How many paths of expressions were looked up so far.
    pub(super) looked_up: Cell<usize>,
    /// How many values were held against tests so far, to see whether conditions can hold.
    pub(super) tried: Cell<usize>,
    /// How many chances are drawn so far.
    pub(super) chances: usize,
    /// The matchers of a conversation so far, and about the bytes that their patterns take.
    pub(super) matchers: BTreeSet<String>,
    pub(super) matcher_bytes: usize,
    /// How many patterns the file has so far.
    pub(super) patterns: usize,
    /// About the bytes that its expressions take.
    pub(super) expression_bytes: usize,
}

/// The members of a mapping, all of them known ones.
pub(super) struct Fields<'n> {
    span: Span,
    what: &'static str,
    members: &'n [Member],
    /// The members that are told as misspelt, as they should be written.
    misspelt: Vec<String>,
    /// Whether a member is told of that resembles none.
    has_strange: bool,
}

impl<'n> Fields<'n> {
    /// A member, if it is there and has a value.
    pub(super) fn get(&self, name: &str) -> Option<&'n Node> {
        self.entry(name).map(|member| &member.value).filter(|node| node.kind != Kind::Null)
    }

    /// A member, if it is there, even if it is `null`.
    pub(super) fn entry(&self, name: &str) -> Option<&'n Member> {
        self.members.iter().find(|member| is_called(member, name))
    }

    /// Whether something holds for every value that is there.
    pub(super) fn all(&self, holds: impl Fn(&Node) -> bool) -> bool {
        self.members.iter().all(|member| holds(&member.value))
    }

    /// A member that has to be there.
    pub(super) fn require(&self, reader: &mut Reader<'_>, name: &str) -> Option<&'n Node> {
        let found = self.get(name);
        if found.is_none() && !self.misspelt.iter().any(|other| other == name) {
            let message = format!("`{name}` is missing");
            let span = self.entry(name).map_or(self.span, |member| member.key.span);
            reader.problem("S006", span, message).label(format!("{} needs `{name}`", self.what));
        }
        found
    }

    /// Whether a member that is told of as misspelt is one of some that are missing.
    pub(super) fn misspells(&self, names: &[&str]) -> bool {
        self.misspelt.iter().any(|name| names.contains(&name.as_str()))
    }

    /// Whether a member that is told of as unknown may be meant for one of some that are missing.
    pub(super) fn may_mean(&self, names: &[&str]) -> bool {
        self.has_strange || self.misspells(names)
    }

    /// Those of some members that are there.
    pub(super) fn present(&self, names: &[&'static str]) -> Vec<&'static str> {
        names.iter().copied().filter(|name| self.get(name).is_some()).collect()
    }
}

/// The longest value that is repeated in a help.
const LONGEST_RAW: usize = 80;

/// Members that make what stands beside them narrower: one without a value would be taken for "any" where somebody meant to write one.
const NARROWING: [&str; 14] =
    ["when", "request", "chance", "clock", "count", "min", "max", "answered", "after", "within", "times", "skip", "per", "items"];

impl<'s> Reader<'s> {
    pub(super) fn new(source: &'s Arc<Source>, problems: Vec<Diagnostic>, vocabulary: Option<&'s dyn Vocabulary>) -> Self {
        let mounts = vocabulary.map(Vocabulary::mounts);
        let failures = vocabulary.iter().flat_map(|vocabulary| vocabulary.failures()).map(|(_, row)| row.name).collect();
        let (about, given, filled_by) = (Pattern::Every, Vec::new(), ExprContext::Call);
        Self {
            source,
            problems,
            warnings: Vec::new(),
            mounts,
            vocabulary,
            failures,
            codes: vocabulary.map(Vocabulary::codes).unwrap_or_default(),
            about,
            given,
            filled_by,
            written_statuses: BTreeSet::new(),
            begins: None,
            looked_up: Cell::new(0),
            tried: Cell::new(0),
            chances: 0,
            matchers: BTreeSet::new(),
            matcher_bytes: 0,
            patterns: 0,
            expression_bytes: 0,
        }
    }

    /// Whether a word is the name of a business failure.
    pub(super) fn has_failure(&self, word: &str) -> bool {
        self.failures.contains(word)
    }

    /// Whether a further problem would not be shown, so that no work need be spent on it.
    pub(super) fn is_full(&self) -> bool {
        self.problems.len() > MAX_PROBLEMS
    }

    pub(super) fn problem(&mut self, code: &'static str, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        let at = self.problems.len();
        self.problems.push(Diagnostic::new(code, self.source, span, message));
        &mut self.problems[at]
    }

    /// What is read, and whether there are no problems with it.
    pub(super) fn told_of<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<(T, bool)> {
        let before = self.problems.len();
        read(self).map(|found| (found, self.problems.len() == before))
    }

    /// Whether a problem is told of something in a node.
    pub(super) fn is_told(&self, node: &Node) -> bool {
        self.problems.iter().any(|problem| node.span.start <= problem.span.start && problem.span.end <= node.span.end)
    }

    /// Tells of something that does nothing, or not what its author may think, and is taken all the same.
    pub(super) fn warn(&mut self, code: &'static str, span: Span, message: impl Into<String>, help: &str) {
        if self.warnings.len() < MAX_PROBLEMS {
            self.warnings.push(Diagnostic::at(code, message.into(), self.source, span, help));
        }
    }

    pub(super) fn wrong_type(&mut self, node: &Node, what: &str, expected: &str) -> &mut Diagnostic {
        let found = node.found();
        self.problem("S005", node.span, format!("{what} is {found}, expected {expected}")).label(format!("expected {expected}"))
    }

    fn wrong_member(&mut self, node: &Node, member: &str, expected: &str) -> &mut Diagnostic {
        self.wrong_type(node, &format!("`{member}`"), expected)
    }

    /// A mapping with no members but known ones. Unknown ones are reported, and the known ones are still read.
    pub(super) fn fields<'n>(&mut self, node: &'n Node, what: &'static str, known: &[&str]) -> Option<Fields<'n>> {
        self.fields_beside(node, what, known, |_| false)
    }

    /// [`Reader::fields`], where the caller itself tells of some unknown members.
    pub(super) fn fields_beside<'n>(
        &mut self,
        node: &'n Node,
        what: &'static str,
        known: &[&str],
        is_told: impl Fn(&str) -> bool,
    ) -> Option<Fields<'n>> {
        let Kind::Map(members) = &node.kind else {
            let written = members::written(what).map_or_else(|| format!("its members are {}", quoted(known)), str::to_owned);
            self.wrong_type(node, what, "a mapping").help(written);
            return None;
        };
        // Members that begin with `x-` are a place for anchors.
        let is_free = |member: &Member| what == SCENARIO && member.key.value.starts_with("x-");
        let is_known = |member: &Member| known.iter().any(|name| is_called(member, name)) || is_told(&member.key.value);
        for member in members.iter().filter(|member| !is_known(member) && !is_free(member)) {
            if self.is_full() {
                break;
            }
            let name = &member.key.value;
            let is_alone = what != members::BODY && nearest(name, known.iter().copied()).is_none();
            let elsewhere = || is_alone.then(|| members::elsewhere(name)).flatten();
            let anchors = || format!("a place for anchors has a name that begins with `x-`: `{}`", members::free(name));
            let help = match what == SCENARIO && self.has_anchor(member) {
                true => Some(anchors()),
                false => members::instead(what, member, known).or_else(elsewhere),
            };
            self.problem("S004", member.key.span, format!("unknown member `{name}`"))
                .label(format!("not a member of {what}"))
                .help(help.unwrap_or_else(|| suggestion(name, known)));
        }
        let blank = members.iter().filter(|member| member.value.kind == Kind::Null && NARROWING.contains(&&*member.key.value));
        for member in blank.filter(|member| what != SCENARIO && is_known(member)) {
            let name = &member.key.value;
            self.problem("S005", member.key.span, format!("`{name}` says nothing")).help("write its value, or leave it out");
        }
        let is_on = |member: &&Member| known.contains(&"on") && is_called(member, "on");
        if let [first, second] = &members.iter().filter(is_on).collect::<Vec<_>>()[..] {
            let message = format!("`{}` is the same member as `{}`", second.key.value, first.key.value);
            self.problem("S003", second.key.span, message).help("readers of YAML 1.1 take the one for the other; remove one of the two");
        }
        let unknown = members.iter().filter(|member| !is_known(member) && !is_free(member)).take(MAX_PROBLEMS);
        let (mut misspelt, mut has_strange) = (Vec::new(), false);
        for member in unknown {
            let (name, instead) = (member.key.value.as_str(), members::instead(what, member, known));
            let meant = instead.iter().find_map(|help| known.iter().find(|own| help.starts_with(&format!("write `{own}: "))));
            misspelt.extend(meant.map(|own| (*own).to_owned()));
            match nearest(name, known.iter().copied()).filter(|_| instead.is_none()) {
                Some(near) => misspelt.push(near.to_owned()),
                None => has_strange = true,
            }
        }
        Some(Fields { span: first_line(node), what, members, misspelt, has_strange })
    }

    /// Whether the value of a member is marked by an anchor.
    fn has_anchor(&self, member: &Member) -> bool {
        self.source.text.get(member.key.span.end..member.value.span.start).is_some_and(|between| between.contains('&'))
    }

    /// All members of a mapping whose names are free.
    pub(super) fn entries<'n>(&mut self, node: &'n Node, member: &str, expected: &str) -> &'n [Member] {
        if let Kind::Map(members) = &node.kind {
            return members;
        }
        let problem = self.wrong_member(node, member, expected);
        if matches!(node.kind, Kind::List(_)) {
            problem.help(format!("write a name in front of each: `{member}: {{name: …}}`"));
        }
        &[]
    }

    /// A list, each item read by a function; items that it cannot read are left out.
    pub(super) fn each<T>(&mut self, node: &Node, member: &str, read: impl Fn(&mut Self, &Node) -> Option<T>) -> Vec<T> {
        let Kind::List(items) = &node.kind else {
            let raw = self.raw(node);
            let problem = self.wrong_member(node, member, "a list");
            match node.kind {
                Kind::Map(_) => drop(problem.help("start each entry with `- `")),
                Kind::Text(_) | Kind::Number(_) if raw.len() < LONGEST_RAW => drop(problem.help(format!("write `{member}: [{raw}]`"))),
                _ => {}
            }
            return Vec::new();
        };
        items.iter().filter_map(|item| read(self, item)).collect()
    }

    /// Tells of what stands twice in a list that says no more by it.
    pub(super) fn once(&mut self, node: &Node) {
        let Kind::List(items) = &node.kind else { return };
        let mut seen = BTreeSet::new();
        for item in items {
            let word = self.raw(item);
            if !seen.insert(word) {
                self.warn("S106", item.span, format!("`{word}` stands twice in the list"), "take one of them away");
            }
        }
    }

    /// Text; numbers are taken as they are written, since postcodes and codes often look like numbers.
    pub(super) fn string(&mut self, node: &Node, member: &str) -> Option<String> {
        match &node.kind {
            Kind::Text(text) => Some(text.clone()),
            Kind::Number(_) => Some(self.raw(node).to_owned()),
            _ => {
                let problem = self.wrong_member(node, member, "text");
                if matches!(node.kind, Kind::Bool(_)) {
                    problem.help("quote it; readers of YAML 1.1 make `true` and `false` of `on`, `yes`, `off` and `no`");
                }
                None
            }
        }
    }

    /// An amount of money that is not negative, as it is written.
    pub(super) fn amount(&mut self, node: &Node, member: &str) -> Option<String> {
        let text = self.string(node, member)?;
        if decimal::half_up(&text, 2).is_some() {
            return Some(text);
        }
        self.problem("S008", node.span, format!("`{text}` is no amount of money")).label("expected a number such as `12.50`, from zero");
        None
    }

    pub(super) fn spanned(&mut self, node: &Node, member: &str) -> Option<Spanned<String>> {
        self.string(node, member).map(|value| Spanned { value, span: node.span })
    }

    /// A value as it stands in the file.
    pub(super) fn raw(&self, node: &Node) -> &'s str {
        self.source.text.get(node.span.start..node.span.end).unwrap_or_default()
    }

    pub(super) fn boolean(&mut self, node: &Node, member: &str) -> Option<bool> {
        if let Kind::Bool(value) = node.kind {
            return Some(value);
        }
        let word = if let Kind::Text(word) = &node.kind { word.to_lowercase() } else { String::new() };
        let problem = self.wrong_member(node, member, "`true` or `false`");
        match word.as_str() {
            "yes" | "on" | "true" => problem.help(format!("write `{member}: true`")),
            "no" | "off" | "false" => problem.help(format!("write `{member}: false`")),
            _ => problem,
        };
        None
    }

    pub(super) fn number(&mut self, node: &Node, member: &str) -> Option<f64> {
        let number = match &node.kind {
            Kind::Number(number) => number.as_f64(),
            _ => None,
        };
        if number.is_none() {
            let text = if let Kind::Text(text) = &node.kind { text.trim() } else { "" };
            let percent = text.strip_suffix('%').and_then(|text| text.trim().parse::<f64>().ok());
            let digits = text.trim_end_matches(|letter: char| !letter.is_ascii_digit());
            let problem = self.wrong_member(node, member, "a number");
            match percent {
                Some(percent) => drop(problem.help(format!("write `{member}: {}`", percent / 100.0))),
                None if digits.parse::<f64>().is_ok() => drop(problem.help(format!("write `{member}: {digits}`"))),
                None => {}
            }
        }
        number
    }

    /// A whole number within limits.
    pub(super) fn whole(&mut self, node: &Node, member: &str, limits: RangeInclusive<u64>) -> Option<u64> {
        let Kind::Number(number) = &node.kind else {
            let is_number = matches!(&node.kind, Kind::Text(text) if text.parse::<u64>().is_ok());
            let raw = self.raw(node).trim_matches(['"', '\'']);
            let problem = self.wrong_member(node, member, "a whole number");
            if is_number {
                problem.help(format!("take the quotes away: `{member}: {raw}`"));
            }
            return None;
        };
        match number.as_u64() {
            Some(value) if limits.contains(&value) => Some(value),
            _ => {
                let expected = match (*limits.start(), *limits.end()) {
                    (min, u64::MAX) => format!("expected a whole number from {min}"),
                    (min, max) => format!("expected a whole number from {min} to {max}"),
                };
                self.problem("S008", node.span, format!("`{member}` cannot be {number}")).label(expected);
                None
            }
        }
    }

    /// A share from 0 to 1.
    pub(super) fn share(&mut self, node: &Node, member: &str) -> Option<f64> {
        let share = self.number(node, member)?;
        if (0.0..=1.0).contains(&share) {
            return Some(share);
        }
        let problem = self.problem("S008", node.span, format!("`{member}` cannot be {share}"));
        problem.label("expected a share from 0 to 1");
        if (1.0..=100.0).contains(&share) {
            problem.help(format!("write `{member}: {}` for {share} of a hundred", share / 100.0));
        }
        None
    }

    /// One of a closed list of words.
    pub(super) fn choice<T: Copy>(&mut self, node: &Node, member: &str, choices: &[(&str, T)]) -> Option<T> {
        // Readers of YAML 1.1, and the JSON that they write, have `false` in the place of `off`.
        let off = "off".to_owned();
        let word = match &node.kind {
            Kind::Text(word) => Some(word),
            Kind::Bool(false) if choices.iter().any(|(known, _)| *known == off) => Some(&off),
            _ => None,
        };
        let Some(word) = word else {
            let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
            self.wrong_member(node, member, &format!("one of {}", quoted(&words)));
            return None;
        };
        let found = choices.iter().find(|(known, _)| known == word).map(|(_, choice)| *choice);
        if found.is_none() {
            let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
            self.problem("S009", node.span, format!("unknown {member} `{word}`")).help(suggestion(word, &words));
        }
        found
    }

    /// A member with only one possible value.
    pub(super) fn constant(&mut self, node: &Node, member: &str, expected: &str) {
        if node.kind != Kind::Text(expected.to_owned()) {
            let found = match &node.kind {
                Kind::Text(text) => format!("`{text}`"),
                _ => node.found().to_owned(),
            };
            self.problem("S009", node.span, format!("`{member}` is {found}, expected `{expected}`"))
                .help(format!("write `{member}: {expected}`"));
        }
    }
}

/// Whether a member has a name. Readers of YAML 1.1, and the JSON that they write, have `true` in the place of `on`.
fn is_called(member: &Member, name: &str) -> bool {
    member.key.value == name || name == "on" && member.key.value == "true"
}

/// Where a mapping that lacks something is marked: at its first key, as marking all of it would only be noise.
fn first_line(node: &Node) -> Span {
    match &node.kind {
        Kind::Map(members) => members.first().map_or(node.span, |member| member.key.span),
        _ => node.span,
    }
}
