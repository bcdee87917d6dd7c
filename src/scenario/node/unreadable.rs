//! Why a text is no YAML, in words of our own for common mistakes, at the place of the mistake.

use std::sync::Arc;

use granit_parser::{ErrorKind, ScanError};

use super::load::Limits;
use crate::scenario::error::{Diagnostic, Source, Span};

/// A ` #` on the line of a place, between quotes that are no quotes to YAML, as their value begins with something else.
fn comment_in_quotes(text: &str, from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
    let at = line.find(" #")?;
    let quotes = |quote: char| line[..at].matches(quote).count() % 2 == 1;
    (quotes('\'') || quotes('"')).then_some(from + at + 1)
}

/// The colon without a blank behind the first word of a line, or of the one before.
fn colon_without_blank(text: &str, at: usize) -> Option<usize> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |at| at + 1);
    let before = text.get(..start.saturating_sub(1)).map(|text| text.rfind('\n').map_or(0, |at| at + 1))?;
    [before, start].into_iter().find_map(|start| {
        let line = text.get(start..)?.lines().next()?;
        let word = line.trim_start_matches(|letter: char| letter.is_whitespace() || letter == '-');
        let (name, rest) = word.split_once(':')?;
        let is_word = !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
        let is_bare = is_word && rest.starts_with(|next: char| !next.is_whitespace() && next != '/');
        is_bare.then_some(start + line.len() - word.len() + name.len())
    })
}

/// So many lines are looked through for a quote that is open.
const MOST_LINES: usize = 50;

/// Why the parser stopped, in words of our own for common mistakes.
pub(super) fn unreadable(source: &Arc<Source>, begin: usize, error: &ScanError, limits: &Limits) -> Diagnostic {
    let text = source.text.as_str();
    let mut start = (begin + error.marker().byte_offset().unwrap_or_default()).min(text.len());
    let (message, help) = match error.kind() {
        ErrorKind::RecursionLimitExceeded => {
            let message = format!("nested more than {} levels deep", limits.depth);
            let mut problem = Diagnostic::new("S002", source, Span::new(start, start + 1), message);
            problem.help(limits.shallower);
            return problem;
        }
        ErrorKind::TabInIndentation | ErrorKind::TabInBlockIndentation | ErrorKind::TabNotAllowed => {
            // The parser has already moved beyond the tab.
            let before = text.get(..start).unwrap_or_default();
            start = before.rfind('\t').filter(|tab| tab + 1 == start).unwrap_or(start);
            ("tab where yaml expects spaces", "indent with spaces")
        }
        ErrorKind::MappingValueNotAllowed => match colon_without_blank(text, start) {
            Some(at) => {
                start = at;
                ("a blank is missing behind `:`", "write `name: value`")
            }
            None => ("`:` starts a value where none can be", "quote text that contains `: `, or check the indentation"),
        },
        ErrorKind::UnclosedFlowCollection { .. } => match comment_in_quotes(text, start) {
            Some(at) => {
                start = at;
                ("` #` begins a comment here, and what stands behind it is not read", "quote the whole value: `\"… 'a #1'\"`")
            }
            None => ("bracket is never closed", "add the closing bracket"),
        },
        ErrorKind::InvalidQuotedScalarIndent if let Some(at) = open_quote(text, start) => {
            start = at;
            ("quoted text is never closed in its line", "add the closing quote, or indent the lines that belong to it")
        }
        ErrorKind::UnclosedQuotedScalar => ("quoted text is never closed", "add the closing quote"),
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::SimpleKeyExpected => {
            ("expected `key: value`", "check the indentation, and that `:` is followed by a space")
        }
        ErrorKind::ExpectedBlockSequenceEntry => ("expected `- `, or less indentation", "members of one mapping start in the same column"),
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator => {
            ("expected `,` or a closing bracket", "between `{` or `[` and its end, quote text that contains `,`, `[`, `]`, `{` or `}`")
        }
        ErrorKind::MissingAnchorOrAliasName => ("`*` and `&` begin aliases and anchors", "quote it: \"*\""),
        ErrorKind::InvalidTrailingSingleQuotedScalar | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            ("text goes on after its closing quote", "quote all of it, or begin with something else")
        }
        ErrorKind::TabInPlainScalar => {
            // The place is where the value begins.
            start = text.get(start..).and_then(|rest| rest.find('\t')).map_or(start, |at| start + at);
            let line = text.get(..start).and_then(|before| before.rsplit('\n').next()).unwrap_or_default();
            if line.trim().is_empty() {
                ("tab where yaml expects spaces", "indent with spaces")
            } else {
                ("tab inside a value that has no quotes", "use spaces, or quote the value")
            }
        }
        ErrorKind::UnexpectedCharacter { .. } if text.get(start..).is_some_and(|rest| rest.starts_with("```")) => {
            ("these marks are not part of the file", "leave out the lines with them")
        }
        ErrorKind::UnexpectedCharacter { .. } if text.get(start..).is_some_and(|rest| rest.starts_with(['@', '`', '%'])) => {
            ("no yaml value begins with this character", "quote the value")
        }
        ErrorKind::UnexpectedCharacter { .. } => {
            ("character that no yaml text can have", "remove it; in double quotes, `\\x1b` and `\\u00ad` stand for such characters")
        }
        ErrorKind::UnknownQuotedScalarEscape => {
            start = unknown_escape(text, start).unwrap_or(start);
            ("unknown escape in double quotes", "write `\\\\` for a backslash, or use single quotes")
        }
        ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidLowSurrogateHexEscape
        | ErrorKind::InvalidLowSurrogate
        | ErrorKind::MissingLowSurrogate
        | ErrorKind::UnpairedLowSurrogate
        | ErrorKind::InvalidUnicodeEscape => ("escape in double quotes that stands for no character", "write the character itself"),
        kind => {
            let message = format!("not valid yaml: {}", kind.to_string().to_lowercase());
            let mut problem = Diagnostic::new("S001", source, Span::new(start, start + 1), message);
            problem.help("look at what stands before this place; when in doubt, quote the value");
            return problem;
        }
    };
    let mut problem = Diagnostic::new("S001", source, Span::new(start, start + 1), message);
    problem.help(help);
    problem
}

/// The backslash of the first escape that YAML does not have, in a text in double quotes that begins at a place or goes on there.
fn unknown_escape(text: &str, start: usize) -> Option<usize> {
    let mut letters = text.get(start..)?.char_indices();
    while let Some((at, letter)) = letters.next() {
        let is_unknown = |next: char| !"0abt\tnvfre \"/\\N_LPxuU\r\n".contains(next);
        if letter == '\\' && letters.next().is_some_and(|(_, next)| is_unknown(next)) {
            return Some(start + at);
        }
    }
    None
}

/// The quote that is open at the end of the last line before a place that has one.
fn open_quote(text: &str, start: usize) -> Option<usize> {
    let before = text.get(..start)?;
    let mut end = before.rfind('\n')?;
    for _ in 0..MOST_LINES {
        let line_start = text.get(..end)?.rfind('\n').map_or(0, |at| at + 1);
        let mut open = None::<(usize, char)>;
        for (at, letter) in text.get(line_start..end)?.char_indices() {
            open = match open {
                None if matches!(letter, '"' | '\'') => Some((line_start + at, letter)),
                Some((_, quote)) if quote == letter => None,
                open => open,
            };
        }
        if let Some((at, _)) = open {
            return Some(at);
        }
        end = line_start.checked_sub(1)?;
    }
    None
}
