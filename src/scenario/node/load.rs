//! Parser events to a tree, under limits that hold before memory is spent.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle};
use serde_json::Number;

use super::unreadable::unreadable;
use super::{Kind, Member, Node};
use crate::scenario::error::{Diagnostic, Source, Span, Spanned};

/// What a text may take.
pub(in crate::scenario) struct Limits {
    /// Largest text that is read.
    bytes: usize,
    /// How deep a file may be nested, aliases included.
    pub(super) depth: usize,
    /// Most nodes of a tree, each alias counted with all that it stands for, and long texts as several.
    nodes: usize,
    /// Whether numbers have to keep their digits; others become texts.
    exact: bool,
    /// What to do about size, and about nesting.
    smaller: &'static str,
    pub(super) shallower: &'static str,
}

/// The limits of scenarios, which people write.
pub(in crate::scenario) const SCENARIO: Limits = Limits {
    bytes: 1024 * 1024,
    depth: 64,
    nodes: 100_000,
    exact: true,
    smaller: "split it into several scenarios, or make the data by calls",
    shallower: "no scenario needs that; look for a bracket or an indentation too many",
};

/// The limits of conversations, which programs write as well: as many calls as a journal has.
pub(in crate::scenario) const CONVERSATION: Limits = Limits {
    bytes: 32 * 1024 * 1024,
    nodes: 3_200_000,
    smaller: "split it into several conversations; an export has fewer calls with `since`, `before` or `limit`",
    shallower: "no conversation needs that; look for a bracket or an indentation too many",
    ..SCENARIO
};

/// The limits of conversations that a server is sent, which has others to serve.
pub(in crate::scenario) const SENT_CONVERSATION: Limits =
    Limits { smaller: "hold it by `seatrial contract run`, which reads larger ones", shallower: CONVERSATION.shallower, ..SCENARIO };

/// The limits of OpenAPI documents, which programs write.
pub(in crate::scenario) const DOCUMENT: Limits = Limits {
    bytes: 16 * 1024 * 1024,
    depth: 80,
    nodes: 1_000_000,
    exact: false,
    smaller: "mount the part of it that your client calls",
    shallower: "give schemas names in `components`, and refer to them",
};

/// What is told of an alias whose anchor is not there.
pub(in crate::scenario) const NO_ANCHOR: &str = "refers to no anchor";

/// So much text counts as one node more, so that copies of a long text are bounded too.
const BYTES_PER_NODE: usize = 256;

/// Reads the one document of a text, or of the last of its files that can be read. Problems that leave the shape of the tree intact (a
/// key twice, a tag) do not stop it; the tree is there if it could be built.
pub(in crate::scenario) fn load(source: &Arc<Source>) -> (Option<Node>, Vec<Diagnostic>) {
    load_within(source, &SCENARIO)
}

/// The same under other limits.
pub(in crate::scenario) fn load_within(source: &Arc<Source>, limits: &Limits) -> (Option<Node>, Vec<Diagnostic>) {
    let (mut roots, problems) = load_all(source, limits);
    (roots.pop(), problems)
}

impl Limits {
    /// What of a text is more than may be read, if it is: its bytes, or its values, of which there may be as many. The text is JSON
    /// behind the keys of its lines, as exports are.
    pub(in crate::scenario) fn exceeded_by(&self, text: &str) -> Option<String> {
        let (size, values) = (text.len(), most_nodes(text));
        let too_many = |found: usize, most: usize, what: &str| (found > most).then(|| format!("{found} {what}, of which {most} are read"));
        too_many(size, self.bytes, "bytes").or_else(|| too_many(values, self.nodes, "values"))
    }
}

/// So many nodes a text of JSON behind the keys of its lines may have: one behind each sign outside of its texts, and those that a line
/// begins with.
fn most_nodes(text: &str) -> usize {
    let of_line = |line: &str| {
        let (mut nodes, mut is_quoted, mut is_escaped) = (2, false, false);
        for byte in line.bytes() {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = is_quoted,
                b'"' => is_quoted = !is_quoted,
                b'{' | b'[' | b',' | b':' if !is_quoted => nodes += 1,
                _ => {}
            }
        }
        nodes
    };
    text.lines().map(of_line).sum()
}

/// Reads the document of each file of a text, all of them within the limits of one.
pub(in crate::scenario) fn load_all(source: &Arc<Source>, limits: &Limits) -> (Vec<Node>, Vec<Diagnostic>) {
    let (size, most) = (source.text.len(), limits.bytes);
    if size > most {
        let message = format!("file of {size} bytes is too large, at most {most} are read");
        let mut problem = Diagnostic::new("S002", source, Span::default(), message);
        problem.help(limits.smaller);
        return (Vec::new(), vec![problem]);
    }
    let (mut roots, mut problems, mut nodes) = (Vec::new(), Vec::new(), 0);
    for file in source.files() {
        let (start, anchors) = (file.start, BTreeMap::new());
        let mut loader = Loader { source, limits, start, stack: Vec::new(), anchors, names: 0, root: None, nodes, problems };
        let root = loader.read(file.clone());
        Loader { nodes, problems, .. } = loader;
        if root.as_ref().is_none_or(is_disturbed) {
            problems.extend(strange_blank(source, file));
        }
        roots.extend(root);
    }
    (roots, problems)
}

/// The first blank that stands where YAML wants a plain one, in front of a line or behind its first colon, and is another: a no-break
/// space, such as web pages and word processors have.
fn strange_blank(source: &Arc<Source>, file: Range<usize>) -> Option<Diagnostic> {
    let mut start = file.start;
    for line in source.text.get(file)?.split_inclusive('\n') {
        let inside = line.find(|letter: char| !letter.is_whitespace()).unwrap_or(line.len());
        let behind = line.find(':').map(|at| at + 1).filter(|at| line[*at..].starts_with(is_strange));
        if let Some(at) = line[..inside].find(is_strange).or(behind) {
            let blank = line[at..].chars().next()?;
            let span = Span::new(start + at, start + at + blank.len_utf8());
            let mut problem =
                Diagnostic::new("S001", source, span, format!("a blank that yaml does not know (U+{:04X})", u32::from(blank)));
            problem.help("replace it by a plain space: it comes from a web page or a word processor");
            return Some(problem);
        }
        start += line.len();
    }
    None
}

fn is_strange(letter: char) -> bool {
    letter.is_whitespace() && !letter.is_ascii_whitespace()
}

/// Whether a tree is what comes of such a blank: a text alone, or keys that begin with one.
fn is_disturbed(root: &Node) -> bool {
    match &root.kind {
        Kind::Map(members) => members.iter().any(|member| member.key.value.starts_with(is_strange) || is_disturbed(&member.value)),
        Kind::List(items) => items.iter().any(is_disturbed),
        Kind::Text(text) => text.lines().next().and_then(|line| line.split_once(':')).is_some_and(|(_, rest)| rest.starts_with(is_strange)),
        _ => false,
    }
}

/// What is known about an anchored node: enough to refuse an alias before it is copied.
struct Anchored {
    node: Node,
    nodes: usize,
    depth: usize,
}

/// A collection that is still open.
struct Open {
    node: Node,
    anchor: usize,
    /// The key whose value comes next; a refused one takes its value with it.
    key: Option<Option<Spanned<String>>>,
    keys: BTreeSet<String>,
    /// Whether it has a merge key, and the members that it takes over by it.
    is_merging: bool,
    merged: Vec<Member>,
    nodes: usize,
    depth: usize,
}

struct Loader<'s> {
    source: &'s Arc<Source>,
    limits: &'s Limits,
    /// Where the file begins in the text.
    start: usize,
    stack: Vec<Open>,
    anchors: BTreeMap<usize, Anchored>,
    names: usize,
    root: Option<Node>,
    nodes: usize,
    problems: Vec<Diagnostic>,
}

impl Loader<'_> {
    /// The document of a file.
    fn read(&mut self, file: Range<usize>) -> Option<Node> {
        // Anchors and unresolved aliases come as events, so that each missing name is a problem of its own and reading goes on.
        let options = granit_parser::options! {
            emit_unresolved_aliases: true,
            flow_nesting_limit: self.limits.depth,
            block_nesting_limit: self.limits.depth,
        };
        let (start, text) = (file.start, self.source.text.get(file).unwrap_or_default());
        for event in Parser::new_from_str_with_options(text, options) {
            match event {
                Ok((event, span)) => self.event(&event, span)?,
                Err(error) => {
                    self.problems.push(unreadable(self.source, start, &error, self.limits));
                    return None;
                }
            }
        }
        if self.root.is_none() {
            let message = "empty document, expected a mapping";
            self.problem("S005", Span::new(start, start), message).help("it has nothing but white space and comments");
        }
        self.root.take()
    }

    fn problem(&mut self, code: &'static str, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        let at = self.problems.len();
        self.problems.push(Diagnostic::new(code, self.source, span, message));
        &mut self.problems[at]
    }

    /// Takes one event into the tree; `None` when a limit forbids to go on.
    fn event(&mut self, event: &Event<'_>, at: granit_parser::Span) -> Option<()> {
        let start = self.start;
        let shifted = |range: Range<usize>| Span::new(start + range.start, start + range.end.max(range.start));
        let span = at.byte_range().map_or_else(|| Span::new(start, start), shifted);
        if let Some(tag) = at.tag_span().and_then(|tag| tag.byte_range()).map(shifted) {
            let found = self.source.text.get(tag.start..tag.end).unwrap_or_default().to_owned();
            self.problem("S014", tag, format!("tag `{found}` has no meaning here")).help("remove it; quote a value that has to be text");
        }
        match event {
            Event::DocumentStart(..) if self.root.is_some() => {
                self.problem("S014", span, "a second document, expected one per file").help("put each scenario into a file of its own");
                None
            }
            Event::Scalar(text, style, anchor, _) => {
                let kind = self.scalar(text, *style, span);
                self.finish(Node::new(span, kind), *anchor, 1 + text.len() / BYTES_PER_NODE, 1)
            }
            Event::SequenceStart(_, anchor, _) => self.open(Node::new(span, Kind::List(Vec::new())), *anchor),
            Event::MappingStart(_, anchor, _) => self.open(Node::new(span, Kind::Map(Vec::new())), *anchor),
            Event::SequenceEnd | Event::MappingEnd => {
                let mut open = self.stack.pop()?;
                // The end of a block collection is where the next token begins; the last child says where its text ends.
                let end = match &open.node.kind {
                    _ if span.end > span.start => span.end,
                    Kind::List(items) => items.last().map_or(span.end, |item| item.span.end),
                    Kind::Map(members) => members.last().map_or(span.end, |member| member.value.span.end),
                    _ => span.end,
                };
                open.node.span.end = end.max(open.node.span.start);
                if let Kind::Map(members) = &mut open.node.kind {
                    // What the mapping says itself counts; of the others the first.
                    for member in open.merged {
                        if open.keys.insert(member.key.value.clone()) {
                            members.push(member);
                        }
                    }
                }
                self.finish(open.node, open.anchor, open.nodes, open.depth)
            }
            Event::Alias(id) => self.alias(*id, span),
            Event::UnresolvedAlias(name) => {
                self.problem("S001", span, format!("alias `*{name}` {NO_ANCHOR}")).help(if name.contains(['.', '*']) {
                    format!("quote it: \"*{name}\"")
                } else {
                    format!("mark a value with `&{name}` above")
                });
                self.finish(Node::new(span, Kind::Null), 0, 1, 1)
            }
            _ => Some(()),
        }
    }

    fn alias(&mut self, id: usize, span: Span) -> Option<()> {
        let Some(anchored) = self.anchors.get(&id) else {
            self.problem("S002", span, "alias refers to the value that it stands in").help("write the value out");
            return None;
        };
        let (nodes, depth) = (anchored.nodes, anchored.depth);
        let Limits { nodes: most, depth: deepest, .. } = *self.limits;
        // Both limits are checked before the copy is made, so that aliases of aliases cost nothing.
        if self.nodes + nodes > most || self.stack.len() + depth > deepest {
            self.problem("S002", span, format!("aliases expand to more than {most} values or {deepest} levels"))
                .help("write the values out, or use fewer aliases of aliases");
            return None;
        }
        self.nodes += nodes;
        let node = Node { alias: Some(span), ..anchored.node.clone() };
        self.finish(node, 0, nodes, depth)
    }

    fn open(&mut self, node: Node, anchor: usize) -> Option<()> {
        let Limits { depth: deepest, shallower, .. } = *self.limits;
        if self.stack.len() >= deepest {
            self.problem("S002", node.span, format!("nested more than {deepest} levels deep")).help(shallower);
            return None;
        }
        self.stack.push(Open { node, anchor, key: None, keys: BTreeSet::new(), is_merging: false, merged: Vec::new(), nodes: 1, depth: 1 });
        Some(())
    }

    /// Puts a complete node where it belongs.
    fn finish(&mut self, node: Node, anchor: usize, nodes: usize, depth: usize) -> Option<()> {
        self.nodes += 1;
        let Limits { nodes: most, smaller, .. } = *self.limits;
        if self.nodes > most {
            self.problem("S002", node.span, format!("more than {most} values in one file")).help(smaller);
            return None;
        }
        if anchor > 0 {
            self.names += nodes;
            if self.names > most {
                self.problem("S002", node.span, format!("anchored values hold more than {most} values")).help("use fewer anchors");
                return None;
            }
            self.anchors.insert(anchor, Anchored { node: node.clone(), nodes, depth });
        }
        let Some(mut parent) = self.stack.pop() else {
            self.root = Some(node);
            return Some(());
        };
        parent.nodes += nodes;
        parent.depth = parent.depth.max(depth + 1);
        match &mut parent.node.kind {
            Kind::List(items) => items.push(node),
            Kind::Map(members) => match parent.key.take() {
                None => parent.key = Some(self.key(node)),
                Some(None) => {}
                Some(Some(key)) if self.is_merge(&key) => {
                    if std::mem::replace(&mut parent.is_merging, true) {
                        let help = "take over several mappings by one: `<<: [*one, *two]`";
                        self.problem("S003", key.span, "key `<<` stands twice in one mapping").help(help);
                    }
                    self.merge(&mut parent.merged, node, key.span);
                }
                Some(Some(key)) if !parent.keys.insert(key.value.clone()) => {
                    let message = format!("key `{}` stands twice in one mapping", key.value);
                    self.problem("S003", key.span, message).help("remove one of the two, or merge their values");
                }
                Some(Some(key)) => {
                    let mut value = node;
                    if value.kind == Kind::Null && value.span.start == value.span.end {
                        value.span = key.span;
                    }
                    members.push(Member { key, value });
                }
            },
            _ => {}
        }
        self.stack.push(parent);
        Some(())
    }

    /// Whether a key is the merge key, which has no quotes.
    fn is_merge(&self, key: &Spanned<String>) -> bool {
        self.source.text.get(key.span.start..key.span.end) == Some("<<")
    }

    /// Takes over the members of a mapping, or of each mapping of a list.
    fn merge(&mut self, merged: &mut Vec<Member>, node: Node, key: Span) {
        match node.kind {
            Kind::Map(members) => merged.extend(members),
            Kind::List(rows) if rows.iter().all(|row| matches!(row.kind, Kind::Map(_))) => {
                merged.extend(
                    rows.into_iter().filter_map(|row| if let Kind::Map(members) = row.kind { Some(members) } else { None }).flatten(),
                );
            }
            // Told already: an alias that refers to no anchor.
            Kind::Null if self.source.text.get(node.span.start..).is_some_and(|rest| rest.starts_with('*')) => {}
            _ => {
                let message = format!("merge key `<<` has {}, expected a mapping or a list of them", node.found());
                self.problem("S014", key, message).help("name an anchor: `<<: *name`");
            }
        }
    }

    /// A key; `None`, and a problem, for what cannot be one.
    fn key(&mut self, node: Node) -> Option<Spanned<String>> {
        let raw = self.source.text.get(node.span.start..node.span.end).unwrap_or_default();
        let value = match node.kind {
            Kind::Text(text) => text,
            Kind::List(_) | Kind::Map(_) => {
                let message = format!("{} as key, expected a word", node.found());
                self.problem("S014", node.span, message).help("quote text that starts with `{`, `[` or `{{`");
                return None;
            }
            _ => raw.to_owned(),
        };
        Some(Spanned { value, span: node.span })
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, span: Span) -> Kind {
        if style != ScalarStyle::Plain {
            return Kind::Text(text.to_owned());
        }
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Kind::Null,
            "true" | "True" | "TRUE" => return Kind::Bool(true),
            "false" | "False" | "FALSE" => return Kind::Bool(false),
            _ => {}
        }
        match number(text) {
            Plain::Text => Kind::Text(text.to_owned()),
            Plain::Exact(number) => Kind::Number(number),
            Plain::Inexact if !self.limits.exact => Kind::Text(text.to_owned()),
            Plain::Inexact => {
                self.problem("S014", span, format!("number `{text}` would not keep its digits"))
                    .help(format!("write \"{text}\" for text; numbers have no leading zeros and at most 64 bits"));
                Kind::Text(text.to_owned())
            }
        }
    }
}

enum Plain {
    Text,
    Exact(Number),
    Inexact,
}

/// A plain scalar as a number of the YAML core schema, if it is one. Postcodes and tracking numbers look like numbers, so one that
/// would come back different is refused rather than changed.
fn number(text: &str) -> Plain {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return Plain::Text;
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        if digits.len() > 1 && digits.starts_with('0') {
            return Plain::Inexact;
        }
        let text = text.strip_prefix('+').unwrap_or(text);
        let whole = text.parse::<u64>().map(Number::from).or_else(|_| text.parse::<i64>().map(Number::from));
        return whole.map_or(Plain::Inexact, Plain::Exact);
    }
    let fractional = digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'-' | b'+'));
    match text.parse::<f64>() {
        Ok(value) if fractional => Number::from_f64(value).map_or(Plain::Inexact, Plain::Exact),
        _ => Plain::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_export_has_is_counted_as_it_is_read() {
        let row = "  - call: \"GET /a,b:{[\"\n    expect: {\"status\":200,\"json\":{\"a\":[1,\"x\\\"[,\",{}],\"b\":null}}\n";
        let text = format!("about: Calls\nsteps:\n{}", row.repeat(50));
        let limits = |nodes: usize, bytes: usize| Limits { nodes, bytes, ..CONVERSATION };
        let source = Arc::new(Source::new("x", &*text));
        let (root, problems) = load_within(&source, &CONVERSATION);
        assert_eq!(problems.len(), 0);
        let most = most_nodes(&text);
        let is_read = |nodes: usize| load_within(&source, &limits(nodes, text.len())).1.is_empty();
        assert!(root.is_some() && is_read(most) && !is_read(most * 3 / 4), "{most}");
        assert_eq!(limits(most, text.len()).exceeded_by(&text), None);
        assert!(limits(most - 1, text.len()).exceeded_by(&text).is_some_and(|much| much.contains("values")));
        assert!(limits(most, text.len() - 1).exceeded_by(&text).is_some_and(|much| much.contains("bytes")));
    }
}
