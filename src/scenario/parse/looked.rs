//! Where the paths of expressions lead, as far as a reader knows its vendors, and how often it may ask.

use std::ops::Range;

use super::reader::Reader;
use super::statuses;
use crate::scenario::ast::Pattern;
use crate::scenario::error::Span;
use crate::scenario::expr::types::{Looked, Type, Types};
use crate::scenario::expr::{Path, Step};
use crate::scenario::node::Node;
use crate::world::Note;

/// Most paths of one file that are held against the vendors' documents, so that a file of nothing but conditions is read in time.
const MOST_LOOKED_UP: usize = 20_000;
/// As how many a path counts that is held against the documents of several operations.
const MANY: usize = 20;

/// Most values of one file that are held against tests, to see whether conditions can hold.
const MOST_TRIED: usize = 500_000;

impl Reader<'_> {
    /// Warns of a path to what no document has. Who asks whether it `exists` knows that.
    pub(super) fn unlisted(&mut self, (node, text, range): (&Node, &str, &Range<usize>), path: &Path, at: usize) {
        let is_asked_for = text.get(range.end..).is_some_and(|rest| rest.trim_start().starts_with("exists"));
        let Some(Step::Member(name)) = path.steps.get(at).filter(|_| !is_asked_for) else { return };
        let whole = Path { root: path.root.clone(), steps: path.steps[..at].to_vec() };
        let span = self.locate(node, text, range);
        self.warn_of_unlisted(span, &whole.to_string(), name);
    }

    /// Warns that something has no member of a name in the document.
    pub(super) fn warn_of_unlisted(&mut self, span: Span, whole: &str, name: &str) {
        let note = if whole.ends_with("query") { Note::UNKNOWN_PARAMETER } else { Note::UNKNOWN_MEMBER };
        let help = foreign(name).map_or_else(|| format!("callers that send it get the note `{note}`"), str::to_owned);
        self.warn("S108", span, format!("`{whole}` has no `{name}` in the vendor's document"), &help);
    }
}

/// What to write in the place of a word by which other tools say how a value is compared.
pub(super) fn foreign(word: &str) -> Option<&'static str> {
    match word {
        "equalTo" | "equalToNumber" | "eq" | "value" | "values" => Some("the value itself stands here"),
        "matches" | "matching" | "regex" | "doesNotMatch" => Some("a regular expression stands here itself: `~/^A/`"),
        "contains" => Some("a text that is contained stands here between two asterisks: `\"*part*\"`"),
        "absent" => Some("`null` is what is not there"),
        "equalToJson" | "matchesJsonPath" | "matchesJsonSchema" | "jsonPath" => Some("write its members: `body: {name: Ada}`"),
        "greaterThan" | "lessThan" | "greaterThanEqualNumber" | "lessThanEqualNumber" => Some("a range stands here itself: `1..5`"),
        _ => None,
    }
}

impl Types for Reader<'_> {
    fn look_up(&self, root: &str, members: &[Option<&str>]) -> Looked {
        let open = Looked::To(Type::ANY);
        let Some(vocabulary) = self.vocabulary.filter(|_| self.looked_up.get() < MOST_LOOKED_UP) else { return open };
        let is_many = ["request", "answer", "done"].contains(&root) && !matches!(self.about, Pattern::One(_));
        self.looked_up.set(self.looked_up.get() + if is_many { MANY } else { 1 });
        let returned = match (root, members) {
            ("given", [Some(name), inner @ ..]) => {
                self.given.iter().find(|(other, _)| other == name).map(|(_, operation)| (operation, inner))
            }
            _ => None,
        };
        match returned {
            Some((operation, inner)) => vocabulary.look_up(&Pattern::One(operation.clone()), root, inner),
            None => vocabulary.look_up(&self.about, root, members),
        }
    }

    fn doubt_of_status(&self, number: f64) -> Option<(String, String)> {
        let vocabulary = self.vocabulary.filter(|_| self.looked_up.get() < MOST_LOOKED_UP)?;
        self.looked_up.set(self.looked_up.get() + if matches!(self.about, Pattern::One(_)) { 1 } else { MANY });
        let status = statuses::hardly_comes(number).filter(|status| !self.written_statuses.contains(status))?;
        let known = vocabulary.statuses(&self.about);
        let listed = || known.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
        let is_doubtful = !known.is_empty() && !known.contains(&status);
        is_doubtful
            .then(|| (format!("no answer with the status {status} is known of `{}`", self.about), format!("the document has {}", listed())))
    }

    fn pays(&self, values: usize) -> bool {
        self.tried.set(self.tried.get().saturating_add(values));
        self.tried.get() <= MOST_TRIED
    }
}
