//! Bodies of requests that are no scenario, read as scenarios are: every problem at once, each with its position.

use std::sync::Arc;

use jiff::SignedDuration;
use serde::de::IgnoredAny;

use super::reader::{Fields, Reader};
use super::{clock_mode, clock_start, members, outcome};
use crate::base::time::{self, Timestamp};
use crate::scenario::ast::ClockMode;
use crate::scenario::error::{Diagnostic, Source, Span};
use crate::scenario::node::{self, Kind, Node};

/// What a body is read as.
pub trait ReadBody: Sized {
    /// The names of its members.
    const MEMBERS: &'static [&'static str];

    /// Reads the members. What it cannot use it leaves out: the body is refused then.
    fn read(body: &mut Body<'_, '_, '_>) -> Self;
}

/// The members of a body, or of a mapping in it.
pub struct Body<'r, 's, 'n> {
    reader: &'r mut Reader<'s>,
    fields: Fields<'n>,
}

/// Reads a body; an empty one has no members. JSON is read strictly.
///
/// # Errors
/// Everything that is wrong with it.
pub fn body<T: ReadBody>(text: &str, file: &str, is_json: bool) -> Result<T, Vec<Diagnostic>> {
    let text = text.trim_start_matches('\u{feff}');
    let source = Arc::new(Source::new(file, text));
    if is_json
        && !text.trim().is_empty()
        && let Err(error) = serde_json::from_str::<IgnoredAny>(text)
    {
        let start = position(text, error.line(), error.column());
        let problem = Diagnostic::new("S001", &source, Span::new(start, (start + 1).min(text.len())), format!("this is no JSON: {error}"));
        return Err(vec![problem]);
    }
    let nothing = || Node::new(Span::default(), Kind::Map(Vec::new()));
    let (root, problems) = if text.trim().is_empty() { (Some(nothing()), Vec::new()) } else { node::load(&source) };
    let mut reader = Reader::new(&source, problems, None);
    let found = root.and_then(|root| {
        let fields = reader.fields(&root, members::BODY, T::MEMBERS)?;
        Some(T::read(&mut Body { reader: &mut reader, fields }))
    });
    let mut problems = reader.problems;
    problems.sort_by_key(|problem| problem.span.start);
    outcome((found, problems))
}

/// The byte of a line and column, both from 1.
fn position(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    text.floor_char_boundary((start + column.saturating_sub(1)).min(text.len()))
}

impl Body<'_, '_, '_> {
    pub fn text(&mut self, name: &str) -> Option<String> {
        let node = self.fields.get(name)?;
        if let Kind::Text(text) = &node.kind {
            return Some(text.clone());
        }
        self.reader.wrong_type(node, &format!("`{name}`"), "text");
        None
    }

    /// A text that has to be there.
    pub fn required(&mut self, name: &str) -> String {
        self.fields.require(self.reader, name);
        self.text(name).unwrap_or_default()
    }

    pub fn texts(&mut self, name: &str) -> Vec<String> {
        let read = |reader: &mut Reader<'_>, node: &Node| match &node.kind {
            Kind::Text(text) => Some(text.clone()),
            _ => {
                reader.wrong_type(node, &format!("an entry of `{name}`"), "text");
                None
            }
        };
        self.fields.get(name).map(|node| self.reader.each(node, name, read)).unwrap_or_default()
    }

    pub fn flag(&mut self, name: &str) -> Option<bool> {
        self.fields.get(name).and_then(|node| self.reader.boolean(node, name))
    }

    pub fn whole(&mut self, name: &str) -> Option<u64> {
        self.fields.get(name).and_then(|node| self.reader.whole(node, name, 0..=u64::MAX))
    }

    /// One of a closed list of words.
    pub fn choice<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> Option<T> {
        self.fields.get(name).and_then(|node| self.reader.choice(node, name, choices))
    }

    /// An instant that a clock can show.
    pub fn instant(&mut self, name: &str) -> Option<Timestamp> {
        self.fields.get(name).and_then(|node| clock_start(self.reader, node, name))
    }

    /// A span of time, which is not negative. One that no calendar holds is the longest there is.
    pub fn span(&mut self, name: &str) -> Option<SignedDuration> {
        let node = self.fields.get(name)?;
        let text = self.text(name)?;
        let span = time::span(&text).or_else(|| time::is_span(&text).then_some(SignedDuration::MAX));
        match span {
            Some(span) if span >= SignedDuration::ZERO => Some(span),
            Some(_) => {
                self.reader.problem("S008", node.span, format!("`{name}` cannot be `{text}`")).help("expected a span that is not negative");
                None
            }
            None => {
                self.reader.bad_duration(node, &text);
                None
            }
        }
    }

    /// How fast a clock passes, or that it stands.
    pub fn mode(&mut self, name: &str) -> Option<ClockMode> {
        self.fields.get(name).and_then(|node| clock_mode(self.reader, node))
    }

    /// A text, or what stands there, as it was written.
    pub fn raw(&mut self, name: &str) -> Option<String> {
        let node = self.fields.get(name)?;
        match &node.kind {
            Kind::Text(text) => Some(text.clone()),
            Kind::Map(_) => Some(self.reader.raw(node).to_owned()),
            _ => {
                self.reader.wrong_type(node, &format!("`{name}`"), "text or a mapping");
                None
            }
        }
    }

    /// A mapping in the body.
    pub fn mapping<T: ReadBody>(&mut self, name: &str, what: &'static str) -> Option<T> {
        let node = self.fields.get(name)?;
        let fields = self.reader.fields(node, what, T::MEMBERS)?;
        Some(T::read(&mut Body { reader: &mut *self.reader, fields }))
    }
}
