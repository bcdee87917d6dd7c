//! Problems of scenario files, rendered as compilers do it: position, message, and help. Problems are values and are collected;
//! nothing in this module decides whether to stop. What the codes mean is in [`super::codes`].

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use schemars::JsonSchema;
use serde::Serialize;

/// A range of bytes in a source text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` up to `end`.
    #[must_use]
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Span,
}

impl<T> std::ops::Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// A text with the name that diagnostics give it. One that begins with the line `--- # file: NAME` is several files, each behind
/// such a line.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// File name, or whatever the text is known by.
    pub name: String,
    /// The text that spans refer to.
    pub text: String,
    /// The files that it is made of, in order; empty if it is one.
    parts: Vec<(Range<usize>, String)>,
}

/// What the line in front of each of several files begins with. It also begins a document of YAML.
pub(super) const FILE: &str = "--- # file: ";

impl Source {
    /// A text, and what it is known by.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let (name, text) = (name.into(), text.into());
        let mut parts: Vec<(Range<usize>, String)> = Vec::new();
        if text.starts_with(FILE) {
            let mut start = 0;
            for line in text.split_inclusive('\n') {
                let end = start + line.len();
                match (line.strip_prefix(FILE), parts.last_mut()) {
                    (Some(name), _) => parts.push((end..end, name.trim_end().to_owned())),
                    (None, Some((range, _))) => range.end = end,
                    (None, None) => {}
                }
                start = end;
            }
        }
        Self { name, text, parts }
    }

    /// Whether it was made of files, so that what they include is in it.
    #[must_use]
    pub fn is_gathered(&self) -> bool {
        !self.parts.is_empty()
    }

    /// Whether another text has the same files, whatever their names: paths differ with the folder that they are seen from.
    #[must_use]
    pub fn says_the_same(&self, text: &str) -> bool {
        let other = Self::new("", text);
        let mine = self.files().into_iter().map(|range| self.text.get(range));
        self.is_gathered() == other.is_gathered() && mine.eq(other.files().into_iter().map(|range| other.text.get(range)))
    }

    /// Where in the text its files are.
    pub(super) fn files(&self) -> Vec<Range<usize>> {
        if self.parts.is_empty() {
            return std::iter::once(0..self.text.len()).collect();
        }
        self.parts.iter().map(|(range, _)| range.clone()).collect()
    }

    /// The file that a byte belongs to: where it begins, and its name.
    #[must_use]
    pub fn file_at(&self, byte: usize) -> (usize, &str) {
        let found = self.parts.iter().rev().find(|(range, _)| range.start <= byte);
        found.map_or((0, &self.name), |(range, name)| (range.start, name))
    }

    /// Line and column of a byte in its file, both from 1; columns count characters.
    #[must_use]
    pub fn position(&self, byte: usize) -> (usize, usize) {
        let (start, byte) = (self.file_at(byte).0, self.floor(byte));
        let before = self.text.get(start.min(byte)..byte).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }

    /// The greatest character boundary that is not beyond `byte`.
    fn floor(&self, byte: usize) -> usize {
        let mut byte = byte.min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        byte
    }

    /// The whole lines that a span touches: number of the first, byte offset of the first, text without the last line break.
    fn lines(&self, span: Range<usize>) -> (usize, usize, &str) {
        let file = self.file_at(span.start).0;
        let start = self.text.get(..span.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        let end = self.text.get(span.end..).and_then(|after| after.find('\n')).map_or(self.text.len(), |at| span.end + at);
        let number = self.text.get(file.min(start)..start).unwrap_or_default().matches('\n').count() + 1;
        let text = self.text.get(start..end).unwrap_or_default();
        (number, start, text.strip_suffix('\r').unwrap_or(text))
    }
}

/// A problem of a file, as data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Diagnostic")]
pub struct DiagnosticView {
    /// Stable code, such as `S012`.
    pub code: &'static str,
    /// What was found, and what was expected.
    pub message: String,
    /// The name of the file.
    pub file: String,
    /// The line in the file, from 1.
    pub line: usize,
    /// The column in the line, in characters from 1.
    pub column: usize,
    /// A short remark at the position.
    pub label: Option<String>,
    /// What the author can do about it.
    pub help: Option<String>,
}

/// One problem of a scenario file.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// Stable code, such as `S012`; [`super::codes`] says what they mean.
    pub code: &'static str,
    /// What is wrong: what was found, what was expected.
    pub message: String,
    /// The text it is about.
    pub source: Arc<Source>,
    pub span: Span,
    /// Short remark at the caret.
    pub label: Option<String>,
    /// What the author can do about it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A problem that is found only when the scenario is bound to a machine.
    pub(super) fn at(code: &'static str, message: String, source: &Arc<Source>, span: Span, help: &str) -> Self {
        Self { code, message: cut(message), source: Arc::clone(source), span, label: None, help: Some(cut(help.to_owned())) }
    }

    pub(super) fn new(code: &'static str, source: &Arc<Source>, span: Span, message: impl Into<String>) -> Self {
        Self { code, message: cut(message.into()), source: Arc::clone(source), span, label: None, help: None }
    }

    pub(super) fn label(&mut self, label: impl Into<String>) -> &mut Self {
        self.label = Some(cut(label.into()));
        self
    }

    pub(super) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(cut(help.into()));
        self
    }

    #[must_use]
    pub fn file(&self) -> &str {
        self.source.file_at(self.span.start).1
    }

    /// Whether the file can be used all the same.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        ["S019", "S103", "S105", "S106", "S107", "S108", "S305"].contains(&self.code)
    }

    /// The problem as data, for tools.
    #[must_use]
    pub fn view(&self) -> DiagnosticView {
        let (line, column) = self.source.position(self.span.start);
        let Self { code, message, label, help, .. } = self.clone();
        DiagnosticView { code, message, file: self.file().to_owned(), line, column, label, help }
    }

    /// The problem as a compiler prints it. [`fmt::Display`] does this with [`Renderer::plain`].
    #[must_use]
    pub fn render(&self, renderer: &Renderer) -> String {
        let start = self.source.floor(self.span.start);
        let end = self.source.floor(self.span.end).max(start);
        // A value that goes on over several lines is marked on its first one: the rest would only push the message off the screen.
        let end = self.source.text.get(start..end).and_then(|text| text.find('\n')).map_or(end, |at| start + at);
        let (number, offset, text) = self.source.lines(start..end);
        let level = if self.is_warning() { Level::WARNING } else { Level::ERROR };
        let title = level.primary_title(self.message.as_str()).id(self.code);
        let group = if text.len() <= LONGEST_LINE {
            let mark = self.mark(start - offset..(end - offset).min(text.len()));
            title.element(Snippet::source(text).line_start(number).path(self.file()).annotation(mark))
        } else {
            // Of a line that no screen holds, only what stands around the mark: all of it would take long, and show nothing.
            let end = self.source.floor(end.min(start + LONGEST_LINE));
            let from = self.source.floor(start.saturating_sub(AROUND).max(offset));
            let to = self.source.floor((end + AROUND).min(offset + text.len()));
            let (line, column) = self.source.position(start);
            let excerpt = self.source.text.get(from..to).unwrap_or_default();
            let snippet = Snippet::source(excerpt).line_start(number).annotation(self.mark(start - from..end - from));
            title.element(Origin::path(self.file()).line(line).char_column(column)).element(snippet)
        };
        let mut rendered = renderer.render(&[group]);
        if let Some(help) = &self.help {
            rendered.push('\n');
            rendered.push_str(&renderer.render(&[Group::with_title(Level::HELP.secondary_title(help.as_str()))]));
        }
        rendered
    }

    fn mark(&self, span: Range<usize>) -> Annotation<'_> {
        AnnotationKind::Primary.span(span).label(self.label.as_deref())
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(&Renderer::plain()))
    }
}

impl std::error::Error for Diagnostic {}

/// How many bytes a text of a problem has; a list of what is known may be long.
const LONGEST_TEXT: usize = 8 << 10;

/// The beginning of a text that repeats much of a file.
fn cut(text: String) -> String {
    if text.len() <= LONGEST_TEXT { text } else { format!("{}…", &text[..text.floor_char_boundary(LONGEST_TEXT / 4)]) }
}

/// Most problems that are reported for one file, and that suggestions are sought for.
pub(super) const MAX_PROBLEMS: usize = 100;

/// Bytes of a line that is shown whole, and of a mark.
const LONGEST_LINE: usize = 1000;

/// Bytes on both sides of a mark that are shown of a longer line.
const AROUND: usize = 60;

/// What is longer than this resembles nothing; comparing it would only take long.
const MAX_WORD: usize = 100;

/// The word of `known` that is nearest to `found`, if it is near enough to be a misspelling.
pub(super) fn nearest<'a>(found: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if found.len() > MAX_WORD {
        return None;
    }
    let wanted = found.to_lowercase();
    let limit = (wanted.chars().count() / 3).max(1);
    // Words that are longer or shorter by more than may differ are not compared.
    let length = wanted.chars().count();
    known
        .into_iter()
        .filter(|word| word.len() <= 8 * MAX_WORD && word.chars().count().abs_diff(length) <= 2 * limit)
        .map(|word| (strsim::damerau_levenshtein(&wanted, &word.to_lowercase()), word))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// The help for an unknown word: the nearest one, or those that have a word in common with it, else the whole list.
pub(super) fn suggestion(found: &str, known: &[&str]) -> String {
    let related = || known.iter().copied().filter(|word| is_related(found, word)).collect::<Vec<_>>();
    match nearest(found, known.iter().copied()) {
        Some(word) => format!("did you mean `{word}`?"),
        None if (1..=4).contains(&related().len()) => format!("did you mean {}?", quoted(&related()).replace(", ", " or ")),
        None if known.len() == 1 => format!("expected {}", quoted(known)),
        None => format!("expected one of {}", quoted(known)),
    }
}

/// Whether two names have a word in common, or one begins with the other: `connection_reset` and `reset`, `Sunday` and `sun`.
fn is_related(found: &str, word: &str) -> bool {
    if found.len() > MAX_WORD || word.len() > MAX_WORD {
        return false;
    }
    let (found, word) = (found.to_lowercase(), word.to_lowercase());
    let parts = |text: &str| text.split(|letter: char| !letter.is_alphanumeric()).map(str::to_owned).collect::<Vec<_>>();
    let own = parts(&word);
    parts(&found).iter().any(|part| part.len() > 3 && own.contains(part)) || word.len() > 2 && found.starts_with(&word)
}

/// Words in backticks with commas between.
pub(super) fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagnostic(text: &str, span: Span) -> Diagnostic {
        let source = Arc::new(Source::new("scenarios/acme/happy.yaml", text));
        let mut diagnostic = Diagnostic::new("S012", &source, span, "unknown operation `creatLabel`");
        diagnostic.label("no such operationId in acme").help("did you mean `createLabel`?");
        diagnostic
    }

    #[test]
    fn a_problem_looks_like_a_compiler_error() {
        let shown = diagnostic("a:\n  b:\n  - op: creatLabel\nc: d\n", Span::new(16, 26)).to_string();
        insta::assert_snapshot!(shown, @r"
        error[S012]: unknown operation `creatLabel`
         --> scenarios/acme/happy.yaml:3:9
          |
        3 |   - op: creatLabel
          |         ^^^^^^^^^^ no such operationId in acme
        help: did you mean `createLabel`?
        ");
    }

    #[test]
    fn spans_outside_the_text_do_no_harm() {
        for (start, end) in [(0, 0), (90, 99), (5, 2), (3, 4)] {
            assert!(diagnostic("käse: ü\n", Span::new(start, end)).to_string().starts_with("error[S012]"));
        }
        assert!(diagnostic("", Span::new(0, 0)).to_string().starts_with("error[S012]"));
    }

    #[test]
    fn of_a_long_line_only_a_part_is_shown() {
        let text = format!("- op: {0}, käse: creatLabel, {0}\n", "x".repeat(100_000));
        let at = text.find("creatLabel").expect("it is there");
        let shown = diagnostic(&text, Span::new(at, at + 10)).to_string();
        let line = shown.lines().find(|line| line.starts_with("1 | ")).unwrap_or_default();
        assert!(shown.contains("happy.yaml:1:100015\n"), "{shown}");
        assert!(line.contains("x, käse: creatLabel, x") && line.len() < 200, "{shown}");
        assert!(shown.contains(&format!("\n  |{}^^^^^^^^^^ no such", " ".repeat(60))), "{shown}");
        let all = diagnostic(&text, Span::new(0, text.len())).to_string();
        assert!(all.len() < 4000, "{all}");
    }

    #[test]
    fn the_nearest_word_is_suggested() {
        let known = ["createLabel", "voidLabel"];
        assert_eq!(nearest("creatLabel", known), Some("createLabel"));
        assert_eq!(nearest("CREATELABEL", known), Some("createLabel"));
        assert_eq!(nearest("track", known), None);
    }

    #[test]
    fn positions_count_characters() {
        let source = Source::new("", "ä\nöx");
        assert_eq!(source.position(5), (2, 2));
    }

    #[test]
    fn positions_are_those_of_the_file() {
        let text = "--- # file: a.yaml\nx: 1\ny: 2\n--- # file: b.yaml\nz: 3";
        let source = Arc::new(Source::new("both", text));
        let at = |word: &str| {
            let start = text.find(word).expect("it is there");
            Diagnostic::new("S012", &source, Span::new(start, start + 1), "x").view()
        };
        let found = ["x:", "y:", "z:"].map(|word| (at(word).file, at(word).line, at(word).column));
        assert_eq!(
            found,
            [("a.yaml", 1, 1), ("a.yaml", 2, 1), ("b.yaml", 1, 1)].map(|(file, line, column)| (file.to_owned(), line, column))
        );
        let start = text.find("3").expect("it is there");
        let shown = Diagnostic::new("S012", &source, Span::new(start, start + 1), "x").to_string();
        assert!(shown.contains("b.yaml:1:4\n") && shown.contains("\n1 | z: 3\n"), "{shown}");
        assert!(!Source::new("one", "x: 1").is_gathered());
    }
}
