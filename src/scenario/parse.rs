//! Text to [`Scenario`], with every problem at once. The text becomes a tree of [nodes](super::node), and plain functions read the tree:
//! each reports what it cannot use and goes on with the rest, so one mistake hides no other.

mod accounts;
mod body;
mod conversation;
mod expect;
mod fault_words;
mod given;
mod joined;
mod limited;
mod looked;
pub(super) mod members;
mod named;
mod overrides;
mod pace;
mod reader;
mod roots;
mod shadowed;
mod shapes;
mod statuses;
#[cfg(test)]
mod tests;
mod timelines;
mod values;
mod webhooks;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

pub use self::body::{Body, ReadBody, body};
pub(super) use self::overrides::wire_faults;
use self::reader::Reader;
pub(super) use self::values::NO_ROW;
use super::ast::{Clock, ClockMode, Credentials, RateLimits, Scenario};
use super::check::{self, Vocabulary};
use super::combine;
use super::error::{Diagnostic, MAX_PROBLEMS, Source, Span, Spanned};
use super::node::{self, Kind, Member, Node};
use super::story::Story;
use crate::base::time::{self, Timestamp};

/// The version of scenario files that is read here.
pub const API_VERSION: &str = "seatrial/v1";
/// About the bytes that a value of a scenario takes once it is read.
const NODE: usize = 300;

/// The only kind there is.
pub const KIND: &str = "Scenario";

/// Reads a scenario without looking at what vendors there are, nor at what their accounts may have.
///
/// ```
/// let scenario = seatrial::scenario::parse("seed: 7", "inline").expect("a valid scenario");
/// assert_eq!(scenario.seed, Some(7));
/// ```
///
/// # Errors
///
/// Everything that is wrong with the text.
pub fn parse(text: &str, file: &str) -> Result<Scenario, Vec<Diagnostic>> {
    outcome(read(text, file, &node::SCENARIO, None, scenario))
}

/// Reads a scenario and checks it against the operations there are, reporting the problems of both together.
///
/// # Errors
///
/// Everything that is wrong with the text or with the names in it.
pub fn load(text: &str, file: &str, vocabulary: &dyn Vocabulary) -> Result<Scenario, Vec<Diagnostic>> {
    outcome(inspect(text, file, vocabulary))
}

/// Like [`load`], for a text that is one override.
///
/// # Errors
///
/// As [`load`].
pub fn load_override(text: &str, file: &str, vocabulary: &dyn Vocabulary) -> Result<Scenario, Vec<Diagnostic>> {
    outcome(inspect_with(text, file, vocabulary, |reader, root| {
        let span = root.span;
        let overrides = Node::new(span, Kind::List(vec![root.clone()]));
        let member = Member { key: Spanned { value: "overrides".to_owned(), span }, value: overrides };
        scenario(reader, &Node::new(span, Kind::Map(vec![member])))
    }))
}

/// What could be read of a scenario, so that more can be said about it, and everything that is wrong with the text or the names in it.
pub(super) fn inspect(text: &str, file: &str, vocabulary: &dyn Vocabulary) -> (Option<Scenario>, Vec<Diagnostic>) {
    inspect_with(text, file, vocabulary, scenario)
}

/// [`inspect`] for a conversation, with the scenario in it. What it names that nobody has made is told on request: it may be held with
/// braces that are sent as they are.
pub(super) fn inspect_conversation(
    text: &str,
    file: &str,
    limits: &node::Limits,
    vocabulary: &dyn Vocabulary,
    judges_names: bool,
) -> (Option<Story>, Vec<Diagnostic>) {
    let (story, mut problems) = read(text, file, limits, Some(vocabulary), |reader, root| {
        let story = conversation::story(reader, root);
        if judges_names {
            conversation::judge(reader, root, vocabulary);
        }
        story
    });
    check_names(story.as_ref().and_then(|story| story.scenario.as_ref()), vocabulary, &mut problems);
    (story, problems)
}

fn inspect_with(
    text: &str,
    file: &str,
    vocabulary: &dyn Vocabulary,
    scenario: impl Fn(&mut Reader<'_>, &Node) -> Option<Scenario>,
) -> (Option<Scenario>, Vec<Diagnostic>) {
    let (scenario, mut problems) = read(text, file, &node::SCENARIO, Some(vocabulary), scenario);
    check_names(scenario.as_ref(), vocabulary, &mut problems);
    (scenario, problems)
}

fn check_names(scenario: Option<&Scenario>, vocabulary: &dyn Vocabulary, problems: &mut Vec<Diagnostic>) {
    if let Some(scenario) = scenario {
        problems.extend(check::check(scenario, vocabulary));
        problems.sort_by_key(|problem| problem.span.start);
    }
}

/// Whether problems are with what calls meet and with what is expected of them alone, so that the sandbox can begin as the text says.
pub(super) fn can_begin(source: &Arc<Source>, problems: &[Diagnostic]) -> bool {
    let is_later = |member: &Member| ["overrides", "expect"].contains(&member.key.value.as_str());
    let members = |root: Node| if let Kind::Map(members) = root.kind { members } else { Vec::new() };
    let later: Vec<Span> = if problems.is_empty() {
        Vec::new()
    } else {
        node::load_all(source, &node::SCENARIO).0.into_iter().flat_map(members).filter(is_later).map(|member| member.value.span).collect()
    };
    let mut problems = problems.iter().filter(|problem| !problem.is_warning());
    problems.all(|problem| later.iter().any(|span| span.start <= problem.span.start && problem.span.start < span.end))
}

/// A text as JSON, several files as the one that they are together; `None` if it cannot be read.
#[must_use]
pub fn whole(text: &str) -> Option<Value> {
    combine::combine(node::load_all(&Arc::new(Source::new("", text)), &node::SCENARIO).0).map(|root| root.to_json())
}

/// YAML as JSON, under the limits of scenario files.
///
/// # Errors
///
/// Everything that is wrong with the text.
pub fn yaml(text: &str, file: &str) -> Result<Value, Vec<Diagnostic>> {
    let (tree, problems) = node::load(&Arc::new(Source::new(file, text)));
    outcome((tree.map(|tree| tree.to_json()), problems))
}

/// Like [`load`], for bytes of unknown encoding.
///
/// # Errors
///
/// As [`load`]; and when the bytes are not UTF-8.
pub fn load_bytes(bytes: &[u8], file: &str, vocabulary: &dyn Vocabulary) -> Result<Scenario, Vec<Diagnostic>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => load(text, file, vocabulary),
        Err(error) => {
            let start = error.valid_up_to();
            let text = String::from_utf8_lossy(bytes).into_owned();
            let source = Arc::new(Source::new(file, text));
            let span = Span::new(start, start + char::REPLACEMENT_CHARACTER.len_utf8());
            let mut problem = Diagnostic::new("S001", &source, span, "text is not utf-8");
            problem.help("save the file as utf-8");
            Err(vec![problem])
        }
    }
}

/// Whether a text is a conversation rather than a scenario: whether it has `steps`.
#[must_use]
pub fn is_conversation(text: &str) -> bool {
    let source = Arc::new(Source::new("", text));
    let members = match node::load_within(&source, &node::CONVERSATION).0 {
        Some(Node { kind: Kind::Map(members), .. }) => members,
        _ => return false,
    };
    members.iter().any(|member| member.key.value == "steps")
}

/// Reads a conversation, as YAML or JSON, and checks the scenario in it against the operations there are.
///
/// # Errors
///
/// Everything that is wrong with the text.
pub fn conversation(text: &str, file: &str, vocabulary: &dyn Vocabulary) -> Result<Story, Vec<Diagnostic>> {
    outcome(inspect_conversation(text, file, &node::CONVERSATION, vocabulary, false))
}

/// The same for one that a server was sent, which may be as large as a scenario.
///
/// # Errors
///
/// As [`conversation`].
pub fn sent_conversation(text: &str, file: &str, vocabulary: &dyn Vocabulary) -> Result<Story, Vec<Diagnostic>> {
    outcome(inspect_conversation(text, file, &node::SENT_CONVERSATION, vocabulary, false))
}

/// What of a conversation, or of the scenario in it, is more than is read of one, as a part of a sentence. Both are JSON behind the keys
/// of their lines.
#[must_use]
pub fn excess(conversation: &str, scenario: &str) -> Option<String> {
    let whole = node::CONVERSATION.exceeded_by(conversation).map(|much| format!("room in one file: it has {much}"));
    whole.or_else(|| node::SCENARIO.exceeded_by(scenario).map(|much| format!("room in one scenario: its own has {much}")))
}

pub(super) fn outcome<T>((found, problems): (Option<T>, Vec<Diagnostic>)) -> Result<T, Vec<Diagnostic>> {
    match found {
        Some(found) if problems.is_empty() => Ok(found),
        _ => Err(first_of(problems)),
    }
}

/// As many problems as are shown, and whether there are more.
pub(super) fn first_of(mut problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    // What could not be read as it is written was taken for a text, and is none of what is expected there either.
    let unread: BTreeSet<_> = problems.iter().filter(|problem| problem.code == "S014").map(|problem| problem.span.start).collect();
    problems.retain(|problem| problem.code != "S005" || !unread.contains(&problem.span.start));
    if let Some(last) = problems.get(MAX_PROBLEMS).cloned() {
        problems.truncate(MAX_PROBLEMS);
        problems.push(Diagnostic {
            code: "S002",
            message: format!("too many problems, only {MAX_PROBLEMS} are shown"),
            label: None,
            help: None,
            ..last
        });
    }
    problems
}

/// What could be read, and what could not.
fn read<T>(
    text: &str,
    file: &str,
    limits: &node::Limits,
    vocabulary: Option<&dyn Vocabulary>,
    read: impl Fn(&mut Reader<'_>, &Node) -> Option<T>,
) -> (Option<T>, Vec<Diagnostic>) {
    let text = text.trim_start_matches('\u{feff}');
    let source = Arc::new(Source::new(file, text));
    let (roots, problems) = node::load_all(&source, limits);
    let mut reader = Reader::new(&source, problems, vocabulary);
    let written: BTreeSet<u16> = roots.iter().flat_map(statuses::written).collect();
    reader.written_statuses.clone_from(&written);
    let found = match &roots[..] {
        [] => None,
        [root] => read(&mut reader, root),
        files => {
            // Each by itself, so that no mistake is hidden by another file; then all together, which makes no new ones.
            files.iter().for_each(|root| drop(read(&mut reader, root)));
            let problems = reader.problems;
            reader = Reader::new(&source, Vec::new(), vocabulary);
            reader.written_statuses = written;
            let found = combine::combine(roots).and_then(|root| read(&mut reader, &root));
            reader.problems = problems;
            found
        }
    };
    let mut problems = reader.problems;
    without_effects(&mut problems);
    problems.sort_by_key(|problem| problem.span.start);
    (found, problems)
}

/// Takes away what is told of a value only because it is an alias of no anchor, which is told as well.
fn without_effects(problems: &mut Vec<Diagnostic>) {
    let causes: Vec<Span> =
        problems.iter().filter(|problem| problem.message.ends_with(node::NO_ANCHOR)).map(|problem| problem.span).collect();
    problems.retain(|problem| {
        let is_behind = |cause: &Span| {
            let between = problem.source.text.get(problem.span.end..cause.start);
            problem.span.start <= cause.start && (cause.end <= problem.span.end || between.is_some_and(|text| text.trim() == ":"))
        };
        !["S005", "S006"].contains(&problem.code) || !causes.iter().any(is_behind)
    });
}

fn scenario(reader: &mut Reader<'_>, root: &Node) -> Option<Scenario> {
    let fields = reader.fields(root, reader::SCENARIO, &members::SCENARIO)?;
    let includes = fields.get("include");
    if let Some(node) = includes.filter(|node| node.kind == Kind::List(Vec::new())) {
        reader.warn("S106", node.span, "`include` names no file", "leave it out");
    } else if let Some(node) = includes.filter(|_| !reader.source.is_gathered()) {
        let help = "include the file where the scenario is read from a file, or send the files as one text";
        reader.problem("S020", node.span, "there is nothing beside this text that it could include").help(help);
    }
    if let Some(node) = fields.get("include") {
        reader.once(node);
    }
    if let Some(node) = fields.get("apiVersion") {
        reader.constant(node, "apiVersion", API_VERSION);
    }
    if let Some(node) = fields.get("kind") {
        reader.constant(node, "kind", KIND);
    }
    let clock = fields.get("clock").and_then(|node| clock(reader, node)).unwrap_or_default();
    reader.begins = clock.start;
    let (webhooks, subscriptions) = fields.get("webhooks").and_then(|node| webhooks::webhooks(reader, node)).unwrap_or_default();
    Some(Scenario {
        source: Arc::clone(reader.source),
        name: fields.get("name").and_then(|node| reader.string(node, "name")),
        description: fields.get("description").and_then(|node| reader.string(node, "description")),
        seed: fields.get("seed").and_then(|node| reader.whole(node, "seed", 0..=u64::MAX)),
        clock,
        credentials: fields.get("credentials").and_then(|node| reader.choice(node, "credentials", &CREDENTIALS)).unwrap_or_default(),
        accounts: fields.get("accounts").map(|node| accounts::accounts(reader, node)).unwrap_or_default(),
        given: fields.get("given").map(|node| given::given(reader, node)).unwrap_or_default(),
        timelines: fields.get("timelines").map(|node| timelines::timelines(reader, node)).unwrap_or_default(),
        overrides: fields.get("overrides").map(|node| overrides::overrides(reader, node)).unwrap_or_default(),
        rate_limits: fields.get("rate_limits").and_then(|node| rate_limits(reader, node)).unwrap_or_default(),
        webhooks,
        subscriptions,
        expect: fields.get("expect").map(|node| expect::expectations(reader, node)).unwrap_or_default(),
        warnings: std::mem::take(&mut reader.warnings),
        // The expressions of all members above.
        bytes: reader.expression_bytes + root.count() * NODE,
    })
}

const CREDENTIALS: [(&str, Credentials); 2] = [("listed", Credentials::Listed), ("any", Credentials::Any)];
const RATE_LIMITS: [(&str, RateLimits); 2] = [("off", RateLimits::Off), ("vendor", RateLimits::Vendor)];
fn rate_limits(reader: &mut Reader<'_>, node: &Node) -> Option<RateLimits> {
    let read = reader.choice(node, "rate_limits", &RATE_LIMITS);
    if let (None, Some(problem)) = (read, reader.problems.last_mut()) {
        problem.help(
            "`vendor` enforces the limits that vendors publish, `off` counts them alone; `rate_limit` of an override is one of your own",
        );
    }
    read
}

const MODES: [(&str, ClockMode); 2] = [("frozen", ClockMode::Frozen), ("realtime", ClockMode::Realtime)];

fn clock(reader: &mut Reader<'_>, node: &Node) -> Option<Clock> {
    let fields = reader.fields(node, "`clock`", &members::CLOCK)?;
    Some(Clock {
        start: fields.get("start").and_then(|node| clock_start(reader, node, "start")),
        mode: fields.get("mode").and_then(|node| clock_mode(reader, node)),
    })
}

fn clock_start(reader: &mut Reader<'_>, node: &Node, member: &str) -> Option<Timestamp> {
    let start = reader.timestamp(node, member)?;
    if start < time::EARLIEST {
        reader.problem("S008", node.span, format!("no clock can show {start}")).help(time::CLOCK_RANGE);
        return None;
    }
    Some(start)
}

fn clock_mode(reader: &mut Reader<'_>, node: &Node) -> Option<ClockMode> {
    if !matches!(node.kind, Kind::Map(_)) {
        let mode = reader.choice(node, "mode", &MODES);
        if mode.is_none()
            && let Some(problem) = reader.problems.last_mut()
        {
            problem.help("expected `frozen`, `realtime` or `{speed: 3600}`");
        }
        return mode;
    }
    let fields = reader.fields(node, "`mode`", &members::CLOCK_MODE)?;
    let speed = fields.require(reader, "speed")?;
    let factor = reader.number(speed, "speed")?;
    if factor <= 0.0 || factor > 1e9 {
        reader.problem("S008", speed.span, format!("speed {factor} is out of range")).help("expected more than 0 and at most 1000000000");
        return None;
    }
    Some(ClockMode::Speed(factor))
}
