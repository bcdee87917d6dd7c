//! Values with a notation of their own: instants, durations, ranges, expressions and templates.

use std::ops::Range;
use std::time::Duration;

use jiff::{SignedDuration, SpanRelativeTo, Timestamp};

use super::expect::meant_count;
use super::members;
use super::reader::Reader;
use super::roots::{ExprContext, ROOTS, known_root, same_member};
use crate::base::time;
use crate::scenario::ast::{Answered, Between, Condition, Count, Pattern};
use crate::scenario::error::{Span, quoted, suggestion};
use crate::scenario::expr::types::{self, Looked, Type, Types};
use crate::scenario::expr::{Expr, ExprError, NEVER_CLOSED, NO_PATTERN, Path, PathUse, Step, Uses};
use crate::scenario::node::{Kind, Member, Node};
use crate::scenario::template::{self, Template};
use crate::scenario::types::split_way;

/// Longest duration: what is longer is a mistake.
const MAX_DURATION: SignedDuration = SignedDuration::from_hours(24 * 366 * 10);

/// What is said of a name that no row of `given` has, which another file may give.
pub(in crate::scenario) const NO_ROW: &str = "no earlier row of `given` is called";

/// Most patterns of one file.
const MAX_PATTERNS: usize = 256;
/// Of patterns that cannot be used, only so many are read.
const MAX_REFUSED: usize = 16;

/// What to do where a comment ends an expression.
const CUT: &str = "` #` begins a comment of yaml: quote the whole condition, for example `when: \"$request.body.note == 'a #1'\"`";

/// About the bytes that each byte of an expression takes once it is read.
const EXPRESSION: usize = 16;

impl Reader<'_> {
    pub(super) fn timestamp(&mut self, node: &Node, member: &str) -> Option<Timestamp> {
        let text = self.notation(node, member, "an instant")?;
        let read = text.parse().ok();
        if read.is_none() && time::is_beyond_the_calendar(&text) {
            self.problem("S008", node.span, format!("`{text}` is beyond the end of the calendar")).help(time::CLOCK_RANGE);
        } else if read.is_none() {
            self.problem("S008", node.span, format!("`{text}` is not an instant")).help("for example `2026-01-05T09:00:00Z`");
        }
        read
    }

    /// A duration that is not negative: `90s`, `+6h`, `1h30m`, `2d`.
    pub(super) fn duration(&mut self, node: &Node, member: &str) -> Option<SignedDuration> {
        let text = self.notation(node, member, "a duration")?;
        let read = duration(&text);
        if read.is_none() {
            self.bad_duration(node, &text);
        }
        read
    }

    pub(super) fn bad_duration(&mut self, node: &Node, text: &str) {
        if text.split("..").any(|end| time::is_span(end) && duration(end).is_none()) {
            self.problem("S008", node.span, format!("`{text}` is longer than ten years")).help("expected at most `3660d`");
            return;
        }
        let ends = text.split_once('-').or_else(|| text.split_once("...")).map(|(from, to)| (from.trim(), to.trim()));
        let help = match text.parse::<f64>() {
            Err(_) if ends.is_some_and(|(from, to)| duration(from).is_some() && duration(to).is_some()) => {
                let (from, to) = ends.unwrap_or_default();
                format!("two dots stand between two times: `{from}..{to}`")
            }
            Err(_) if text.parse::<Timestamp>().is_ok() => "this is an instant; a duration is, for example, `6h` or `2d`".to_owned(),
            Ok(_) => format!("add a unit: `{text}ms`, `{text}s`, `{text}m`, `{text}h` or `{text}d`"),
            Err(_) => "expected a number and a unit, for example `250ms`, `90s`, `6h` or `2d`".to_owned(),
        };
        self.problem("S008", node.span, format!("`{text}` is not a duration")).help(help);
    }

    /// `2s`, or `1s..3s` for anything between.
    pub(super) fn durations(&mut self, node: &Node, member: &str) -> Option<Between<Duration>> {
        let text = self.notation(node, member, "a duration, or two of them as in `1s..3s`")?;
        let (min, max) = text.split_once("..").unwrap_or((&text, &text));
        let mut ends = [min, max].map(|end| duration(end).and_then(|end| Duration::try_from(end).ok())).into_iter();
        let (Some(Some(min)), Some(Some(max))) = (ends.next(), ends.next()) else {
            self.bad_duration(node, &text);
            return None;
        };
        if min > max {
            self.problem("S008", node.span, format!("`{text}` goes from more to less")).help("write the shorter one first");
            return None;
        }
        Some(Between { min, max })
    }

    /// A number or a range: `2`, `1..2` or `1..`.
    pub(super) fn count(&mut self, node: &Node, member: &str) -> Option<Count> {
        let text = self.notation(node, member, "a count such as `2`, `1..2` or `1..`")?;
        let read = match text.split_once("..") {
            None => text.parse().ok().map(|exactly| Count { min: exactly, max: Some(exactly) }),
            Some((min, "")) => min.parse().ok().map(|min| Count { min, max: None }),
            Some((min, max)) => min.parse().ok().zip(max.parse().ok()).map(|(min, max)| Count { min, max: Some(max) }),
        };
        let read = read.filter(|count| count.max.is_none_or(|max| count.min <= max));
        if read.is_none() {
            let help = meant_count(&text).unwrap_or_else(|| "for example `2`, `1..2` or `1..`".to_owned());
            self.problem("S008", node.span, format!("`{text}` is not a count")).help(help);
        }
        read
    }

    /// A status or a class: `200` or `2xx`.
    pub(super) fn answered(&mut self, node: &Node, member: &str) -> Option<Answered> {
        if matches!(node.kind, Kind::List(_)) {
            let help = "write the class that all of them are of, for example `answered: 2xx`, or a row of `expect` for each";
            self.wrong_type(node, &format!("`{member}`"), "one status such as `200`, or `2xx`").help(help);
            return None;
        }
        let text = self.notation(node, member, "a status such as `200` or `2xx`")?;
        let read = match text.strip_suffix("xx") {
            Some(class) => class.parse().ok().filter(|class| (1..=5).contains(class)).map(Answered::Class),
            None => text.parse().ok().filter(|status| (100..=599).contains(status)).map(Answered::Status),
        };
        if read.is_none() {
            self.problem("S008", node.span, format!("`{text}` is not a status")).help("for example `200` or `2xx`");
        }
        read
    }

    /// Text or a number, as written.
    fn notation(&mut self, node: &Node, member: &str, expected: &str) -> Option<String> {
        match &node.kind {
            Kind::Text(text) => Some(text.clone()),
            Kind::Number(_) => Some(self.raw(node).to_owned()),
            _ => {
                self.wrong_type(node, &format!("`{member}`"), expected);
                None
            }
        }
    }

    /// An expression, or some joined by `all`, `any` or `not`.
    pub(super) fn condition(&mut self, node: &Node, context: ExprContext) -> Option<Condition> {
        match &node.kind {
            Kind::Text(text) => self.expression(node, text, context).map(Condition::Test),
            Kind::Bool(_) => self.expression(node, self.raw(node), context).map(Condition::Test),
            Kind::Map(_) => self.joined(node, context),
            Kind::List(_) => {
                let help = "`all: […]` holds if each of them does, `any: […]` if one does";
                self.wrong_type(node, "a condition", "an expression, `all`, `any` or `not`").help(help);
                None
            }
            _ => {
                self.wrong_type(node, "a condition", "an expression, `all`, `any` or `not`").help("for example `when: $call.nth == 1`");
                None
            }
        }
    }

    fn joined(&mut self, node: &Node, context: ExprContext) -> Option<Condition> {
        let fields = self.fields(node, "a condition", &members::CONDITION)?;
        let present = fields.present(&members::CONDITION);
        let [join] = present[..] else {
            if !present.is_empty() || !fields.may_mean(&members::CONDITION) {
                let message = format!("a condition needs exactly one of {}", quoted(&members::CONDITION));
                self.problem("S007", node.span, message).help("nest them in `all` or `any` to combine them");
            }
            return None;
        };
        let inner = fields.get(join)?;
        if matches!(&inner.kind, Kind::List(items) if items.is_empty()) {
            let message = if join == "any" { "none of no conditions is ever true" } else { "no condition at all" };
            self.problem(if join == "any" { "S101" } else { "S006" }, inner.span, message).label("expected conditions");
            return None;
        }
        match join {
            "not" if inner.kind == Kind::Bool(true) => {
                self.problem("S101", inner.span, "`not: true` is never true").help("leave `when` out where there is no condition");
                None
            }
            "not" => {
                let before = (self.problems.len(), self.warnings.len());
                let condition = Condition::Not(Box::new(self.condition(inner, context)?));
                self.check_joined(inner, &condition, before);
                Some(condition)
            }
            "all" | "any" => {
                let before = (self.problems.len(), self.warnings.len());
                let conditions = self.each(inner, join, |reader, item| reader.condition(item, context));
                let condition = if join == "all" { Condition::All(conditions) } else { Condition::Any(conditions) };
                self.check_joined(inner, &condition, before);
                Some(condition)
            }
            _ if context == ExprContext::Parcel || context == ExprContext::Verdict && join != "request" => {
                let help = format!("{} knows of {}", context.noun(), quoted(&context.joins()));
                self.problem("S011", inner.span, format!("`{join}` is not known here")).help(help);
                None
            }
            "chance" => {
                // By its number, so that what is written around it changes no draw.
                self.chances += 1;
                let number = self.chances;
                let share = self.share(inner, "chance").filter(|share| self.is_drawn(inner, *share));
                share.map(|share| Condition::Chance(share, number))
            }
            "clock" => self.window(inner).map(Condition::Clock),
            _ => self.requested(inner),
        }
    }

    /// Whether a share of calls is any at all.
    fn is_drawn(&mut self, node: &Node, share: f64) -> bool {
        if share == 0.0 {
            self.problem("S101", node.span, "a chance of 0 is never drawn").label("expected a share above 0");
        } else if share >= 1.0 {
            self.warn("S106", node.span, "a chance of 1 is drawn by every call", "leave it out, or write a share below 1");
        }
        share > 0.0
    }

    fn expression(&mut self, node: &Node, text: &str, context: ExprContext) -> Option<Expr> {
        let expr = self.value(node, text, context)?;
        self.check_types(node, text, &expr, context);
        Some(expr)
    }

    /// An expression that is there for its value, whatever its type.
    pub(super) fn value(&mut self, node: &Node, text: &str, context: ExprContext) -> Option<Expr> {
        self.affordable(node)?;
        let read = Expr::parse(text).map_err(|error| self.bad_expression(node, text, error)).ok()?;
        self.uses(node, text, read.uses(), context);
        Some(read)
    }

    /// Warns of a body that is JSON written as a text, and would be sent as one: in quotes.
    pub(super) fn json_in_text(&mut self, node: &Node) {
        if matches!(&node.kind, Kind::Text(text) if is_json(text)) {
            let help = "leave the quotes out: a body is written as YAML, of which JSON is a part";
            self.warn("S108", node.span, "the body is a text with JSON in it, and is sent in quotes", help);
        }
    }

    /// A value with `{{ expressions }}` in its texts.
    pub(super) fn template(&mut self, node: &Node) -> Option<Template> {
        match &node.kind {
            Kind::Text(text) if text.contains("{{") => self.filled_in(node, text),
            Kind::Text(text) => {
                if let Some((place, path)) = self.foreign_template(text) {
                    let span = self.locate(node, text, &place);
                    let help = format!("what is filled in is written `{{{{ {path} }}}}`");
                    self.warn("S108", span, "this text stays as it is written", &help);
                }
                Some(Template::Fixed(node.to_json()))
            }
            Kind::List(items) => {
                let items = items.iter().filter_map(|item| self.template(item));
                Some(Template::List(items.collect()))
            }
            Kind::Map(members) => {
                let members = members.iter().filter_map(|Member { key, value }| Some((key.value.clone(), self.template(value)?)));
                Some(Template::Object(members.collect()))
            }
            _ => Some(Template::Fixed(node.to_json())),
        }
    }

    /// A template of another language, `${request.body.name}`, `{$request.body.name}` or `$request.body.name` alone, or `${…}` with the
    /// name of a row of `given`: its place, and the path as it is written here.
    fn foreign_template(&self, text: &str) -> Option<(Range<usize>, String)> {
        let marks = [("<%", "%>"), ("{%", "%}")].into_iter().find_map(|(open, close)| {
            let at = text.find(open)?;
            Some(at..at + text[at..].find(close)? + close.len())
        });
        if let Some(place) = marks {
            return Some((place, "$request.body.name".to_owned()));
        }
        let with_blanks = || text.match_indices('{').map(|(at, _)| at).find(|at| text[at + 1..].trim_start_matches(' ').starts_with('$'));
        let begin = text.find("${").or_else(with_blanks);
        let (place, inner) = match begin {
            Some(at) => {
                let end = at + text[at..].find('}')?;
                (at..end + 1, &text[at + 1..end])
            }
            None => (0..text.len(), text.strip_prefix('$')?),
        };
        let path = inner.trim_start_matches(['$', '{']).trim().trim_start_matches('$');
        let root = path.split(['.', '[']).next()?;
        if path.contains(char::is_whitespace) {
            return None;
        }
        if path.contains('.') && ROOTS.iter().any(|(name, _)| &name[1..] == root) {
            return Some((place, format!("${path}")));
        }
        let is_row = begin.is_some() && self.given.iter().any(|(name, _)| name == root);
        is_row.then(|| (place, format!("$given.{path}")))
    }

    fn filled_in(&mut self, node: &Node, text: &str) -> Option<Template> {
        self.affordable(node)?;
        match template::read(text) {
            Ok((template, uses)) => {
                self.uses(node, text, &uses, self.filled_by);
                Some(template)
            }
            Err(error) => {
                self.bad_expression(node, text, error);
                None
            }
        }
    }

    /// Counts a pattern that cannot be used: finding that out may take as long as several others do.
    pub(super) fn refused_pattern(&mut self) {
        self.patterns = self.patterns.saturating_add(MAX_PATTERNS / MAX_REFUSED);
    }

    /// Compiled patterns take memory, so that a file can only have so many; the one too many is reported once.
    pub(super) fn affordable(&mut self, node: &Node) -> Option<()> {
        if self.patterns < MAX_PATTERNS {
            return Some(());
        }
        if self.patterns != usize::MAX {
            self.patterns = usize::MAX;
            let message = format!("more than {MAX_PATTERNS} patterns in one file");
            self.problem("S002", node.span, message).help("use `==`, `in` or `starts_with` where they do");
        }
        None
    }

    fn bad_expression(&mut self, node: &Node, text: &str, error: ExprError) {
        if error.message == NO_PATTERN {
            self.refused_pattern();
        }
        let span = self.locate(node, text, &error.range);
        let rest = self.source.text.get(node.span.end..).unwrap_or_default();
        let is_cut = error.message == NEVER_CLOSED && rest.lines().next().is_some_and(|line| line.trim_start().starts_with('#'));
        let problem = self.problem("S010", span, error.message);
        problem.label = error.label;
        problem.help = if is_cut { Some(CUT.to_owned()) } else { error.help };
    }

    /// Reports paths that can lead nowhere, and counts patterns.
    fn uses(&mut self, node: &Node, text: &str, uses: &Uses, context: ExprContext) {
        self.patterns += uses.patterns;
        self.expression_bytes += uses.pattern_bytes + text.len() * EXPRESSION;
        let roots: Vec<&str> = context.roots().iter().map(|(name, _)| *name).collect();
        for PathUse { path, range } in &uses.paths {
            let root = format!("${}", path.root);
            let members = context.roots().iter().find(|(name, _)| *name == root).map(|(_, members)| *members);
            let (message, help) = match (members, path.steps.first()) {
                (None, _) if ROOTS.iter().any(|(name, _)| *name == root) => {
                    (format!("`{root}` is not known here"), format!("{} sees {}", context.noun(), quoted(&roots)))
                }
                (None, _) => (format!("unknown path `{root}`"), known_root(&root, &roots)),
                (Some(members), Some(Step::Member(name))) if !members.is_empty() && !members.contains(&name.as_str()) => {
                    let same = same_member(&root, name, members).map(|same| format!("did you mean `{root}.{same}`?"));
                    (format!("`{root}` has no `{name}`"), same.unwrap_or_else(|| suggestion(name, members)))
                }
                (Some(_), Some(Step::Member(name))) if path.root == "given" && self.given.iter().all(|(other, _)| other != name) => {
                    let names: Vec<&str> = self.given.iter().map(|(name, _)| name.as_str()).collect();
                    let help = if names.is_empty() { "give an earlier row a name with `as`".to_owned() } else { suggestion(name, &names) };
                    (format!("{NO_ROW} `{name}`"), help)
                }
                (Some(_), _) => match self.look_up(&path.root, &path.members()) {
                    Looked::Missing { at, names } => match self.missing(path, at, &names) {
                        Some(found) => found,
                        None => continue,
                    },
                    Looked::Unlisted { at } => {
                        self.unlisted((node, text, range), path, at);
                        continue;
                    }
                    Looked::To(_) => continue,
                },
            };
            let span = self.locate(node, text, range);
            let tried = members.and_then(|_| self.tried(&path.root));
            self.problem("S011", span, message).help(help).label = tried;
        }
    }

    /// A member of a path that is not there, and what could stand there.
    fn missing(&self, path: &Path, at: usize, names: &[String]) -> Option<(String, String)> {
        let Some(Step::Member(name)) = path.steps.get(at) else { return None };
        let whole = Path { root: path.root.clone(), steps: path.steps[..at].to_vec() };
        let help = self.in_place_of(&whole.to_string(), self.look_up(&whole.root, &whole.members()), name, names);
        Some((format!("`{whole}` has no `{name}`"), help))
    }

    /// What to write in the place of a member that something does not have.
    pub(super) fn in_place_of(&self, whole: &str, found: Looked, name: &str, names: &[String]) -> String {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let is_position = name.bytes().all(|digit| digit.is_ascii_digit());
        let way = split_way(name).filter(|(first, _)| names.contains(first));
        match (found, way) {
            (Looked::To(found), _) if found == Type::NOTHING => "such calls have no body".to_owned(),
            (Looked::To(found), _) if is_position && found.may_be_list() => {
                format!("an element of a list is `{whole}[{name}]`, and in `request` one of `[{{…}}]`")
            }
            (Looked::To(found), _) if found == Type::LIST => format!("it is a list: `{whole}[0].{name}` is that of its first row"),
            (_, Some((first, rest))) => {
                format!("members stand in each other: `{whole}.{first}.{rest}`, and in `request` `{first}: {{{rest}: …}}`")
            }
            _ if names.is_empty() => "it has no members".to_owned(),
            _ => suggestion(name, &names),
        }
    }

    /// Which operations a condition was held against, where there are several.
    pub(super) fn tried(&self, root: &str) -> Option<String> {
        if matches!(self.about, Pattern::One(_)) || !["request", "answer"].contains(&root) {
            return None;
        }
        let names = self.vocabulary?.operations();
        let fits = |name: &&str| name.split_once('.').is_some_and(|(vendor, id)| self.about.matches(vendor, id));
        let names: Vec<&str> = names.filter(fits).collect();
        match names.len() {
            0 => None,
            1..=3 => Some(format!("tried: {}", quoted(&names))),
            count => Some(format!("tried: all {count} operations that fit `{}`", self.about)),
        }
    }

    /// Reports comparisons of unlike values, and conditions that can never be true.
    fn check_types(&mut self, node: &Node, text: &str, expr: &Expr, context: ExprContext) {
        if self.vocabulary.is_none() || self.is_full() {
            return;
        }
        // What a root is that is not known here says nothing more.
        if expr.uses().paths.iter().any(|used| !context.roots().iter().any(|(name, _)| name[1..] == used.path.root)) {
            return;
        }
        let tried = expr.uses().paths.iter().filter(|used| !used.path.steps.is_empty()).find_map(|used| self.tried(&used.path.root));
        for problem in expr.problems_as_condition(self) {
            let span = self.locate(node, text, &problem.range);
            if [types::ALWAYS, types::DOUBTFUL].contains(&problem.code) {
                self.warn(problem.code, span, problem.message, problem.help.as_deref().unwrap_or("leave it out"));
            } else {
                let told = self.problem(problem.code, span, problem.message);
                (told.help, told.label) = (problem.help, tried.clone());
            }
        }
    }

    /// Where a range of a decoded text stands in the file. Quotes, escapes and folded lines make the two differ, so the texts are
    /// walked side by side; if they part, the whole value is marked.
    pub(super) fn locate(&self, node: &Node, text: &str, range: &Range<usize>) -> Span {
        if self.is_full() {
            return node.span;
        }
        let raw = self.raw(node);
        let mut position = match raw.chars().next() {
            Some('|' | '>') => raw.find('\n').unwrap_or_default(),
            Some('\'' | '"') => 1,
            _ => 0,
        };
        let (mut start, mut end) = (None, None);
        for (at, wanted) in text.char_indices() {
            let same = |next: char| next == wanted || (wanted == ' ' && next == '\n');
            let Some(found) = raw.get(position..).and_then(|rest| rest.find(same)) else {
                return node.span;
            };
            position += found;
            if at == range.start {
                start = Some(position);
            }
            if at == range.end {
                end = Some(position);
            }
            position += wanted.len_utf8();
        }
        let start = start.unwrap_or(position);
        let end = end.unwrap_or(position).max(start);
        Span::new(node.span.start + start, node.span.start + end)
    }
}

/// Whether a text is an object or a list of JSON.
fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<serde_json::Value>(text).is_ok()
}

pub(super) fn duration(text: &str) -> Option<SignedDuration> {
    let text = text.trim();
    let span: jiff::Span = text.strip_prefix('+').unwrap_or(text).parse().ok()?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    (!duration.is_negative() && duration <= MAX_DURATION).then_some(duration)
}
