//! What differs between an expectation and what came. Nothing here knows where the answers and the webhooks come from.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::substitute::Substitution;
use crate::base::time::Timestamp;
use crate::engine::{pairs, signing};
use crate::scenario::error::{Diagnostic, Span, Spanned};
use crate::scenario::matching::{self, Comparison, Difference, Members};
use crate::scenario::node::Node;
use crate::scenario::story::{Content, ExpectedAnswer, ExpectedWebhook, Hmac, Story};
use crate::world::Note;

/// Largest body that a failure has whole.
const TEXT: usize = 64 << 10;

/// An expectation that is not met, or a step that cannot be made, and the position of what was expected.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Where it stands in the conversation.
    pub span: Span,
    pub mismatch: Mismatch,
    /// For a webhook: which one of its step, from 1.
    pub webhook: Option<usize>,
}

impl Failure {
    /// One that is about no webhook.
    #[must_use]
    pub fn new(span: Span, mismatch: Mismatch) -> Self {
        Self { span, mismatch, webhook: None }
    }

    /// The failure with its line of the story, whose step with that number and title it is one of.
    #[must_use]
    pub fn diagnostic(&self, story: &Story, number: usize, title: &str) -> Diagnostic {
        Diagnostic::new("S018", &story.source, self.span, format!("step {number} ({title}): {self}"))
    }

    /// What would have been right instead of the marked text, where that can be said.
    #[must_use]
    pub fn found(&self) -> Option<Value> {
        match &self.mismatch {
            Mismatch::Status { found, .. } => Some((*found).into()),
            Mismatch::Header { found, expected: Value::String(_), .. } => found.clone().map(Value::from),
            Mismatch::Text { found, .. } | Mismatch::Fact { found, .. } => {
                Some(found.as_str().into()).filter(|found| !matching::is_cut(found))
            }
            Mismatch::Notes { found, .. } => Some(found.as_slice().into()),
            Mismatch::Body(difference) => match &**difference {
                Difference::Value { found, .. } => Some(found.clone()).filter(|found| !matching::is_cut(found)),
                _ => None,
            },
            _ => None,
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(number) = self.webhook {
            write!(f, "webhook {number}: ")?;
        }
        write!(f, "{}", self.mismatch)
    }
}

/// How a header differs from what is expected of it; null stands for one that must not be there.
fn header(found: Option<&str>, expected: &Value) -> String {
    match (found, expected) {
        (Some(found), Value::Null) => format!("found {found:?}, expected none"),
        (Some(found), expected) => format!("found {found:?}, expected {expected}"),
        (None, expected) => format!("is missing, expected {expected}"),
    }
}

/// How what came differs from what was expected.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Mismatch {
    #[error("status {found}, expected {expected}")]
    Status { expected: u16, found: u16 },
    #[error("status {0}, expected no whole answer")]
    Arrived(u16),
    /// `expected` is null for a header that must not be there.
    #[error("header {name}: {}", header(found.as_deref(), expected))]
    Header { name: String, expected: Value, found: Option<String> },
    #[error("{0}")]
    Body(Box<Difference>),
    #[error("the body does not match {expected:?}")]
    Text { expected: String, found: String },
    #[error("notes {found:?}, expected {expected:?}")]
    Notes { expected: Vec<String>, found: Vec<String> },
    /// A note that says that the answer is not the vendor's.
    #[error("{0}")]
    Departs(String),
    /// The document says otherwise about the answer.
    #[error("the document of {operation} says otherwise: {what}")]
    Document { operation: String, what: String },
    #[error("there is no answer: {0}")]
    Silence(String),
    #[error("the server refuses: {0}")]
    Refused(String),
    /// The verdict on an expectation of the scenario.
    #[error("the scenario expects otherwise: {0}")]
    Unmet(String),
    #[error("there is nothing to save at `{0}`")]
    NothingToSave(String),
    #[error("what was saved is too large together: `{0}` is left out")]
    TooMuchToSave(String),
    #[error("{0} more problems of the step are not listed")]
    Unlisted(usize),
    #[error("it is too much work for one step: not all of its patterns are tried")]
    TooMuchWork,
    #[error("{name} `{found}`, expected `{expected}`")]
    Fact { name: &'static str, expected: String, found: String },
    #[error("a webhook did not arrive: {0}")]
    NotArrived(Value),
    #[error("a webhook is not expected: {event} about {subject} at {at}: {body:.300}")]
    NotExpected { event: String, subject: String, at: Timestamp, body: String },
    #[error("it is not signed: there is no header {0}")]
    Unsigned(String),
    #[error("header {header} is `{found}`, expected something like `{shape}`")]
    Shape { header: String, found: String, shape: String },
    #[error("the signature in {header} is {found}, expected {expected}")]
    Signature { header: String, found: String, expected: String },
    #[error("the call has no method and path, headers that cannot be sent, or too much of what was saved")]
    Unsendable,
    #[error("there is no vendor `{0}`")]
    UnknownVendor(String),
    #[error("`{event}` is no event of {vendor}; expected `*` or some of {}", known.join(", "))]
    UnknownEvent { event: String, vendor: String, known: Vec<String> },
    #[error("`{vendor}` has no account to subscribe with: {why}")]
    NoSubscriber { vendor: String, why: String },
    #[error("there is no subscription `{0}` any more")]
    NotSubscribed(String),
}

/// An answer, wherever it comes from.
pub struct ReceivedAnswer<'a> {
    pub status: u16,
    pub headers: &'a http::HeaderMap,
    pub body: &'a [u8],
    /// The codes of its notes; `None` when the server is none that makes notes.
    pub notes: Option<Vec<&'a str>>,
}

/// A webhook that the receiver of the conversation got.
#[derive(Debug)]
pub struct ReceivedWebhook {
    pub at: Timestamp,
    pub event: String,
    pub subject: String,
    /// By their names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: String,
    /// The bytes that are signed, where the body is shown with other addresses in its links.
    pub signed: Option<String>,
}

/// How an answer differs from the expected one.
pub(super) fn answer(expected: &ExpectedAnswer, found: &ReceivedAnswer<'_>, values: &Substitution, step: &mut Comparison) -> Vec<Failure> {
    let Spanned { value: status, span } = expected.status;
    let mut failures = Vec::new();
    let Some(status) = status else { return vec![Failure::new(span, Mismatch::Arrived(found.status))] };
    if status != found.status {
        failures.push(Failure::new(span, Mismatch::Status { expected: status, found: found.status }));
    }
    let header = |name: &str| found.headers.get(name).and_then(|value| value.to_str().ok());
    failures.extend(content(&expected.content, &header, &String::from_utf8_lossy(found.body), values, step));
    if let Some((notes, codes)) = expected.notes.as_ref().zip(found.notes.as_ref())
        && *codes != notes.value
    {
        let codes = codes.iter().map(ToString::to_string).collect();
        failures.push(Failure::new(notes.span, Mismatch::Notes { expected: notes.value.clone(), found: codes }));
    }
    failures
}

/// The notes that no answer may have, whether or not it was expected.
pub(super) fn departures(notes: &[Note], span: Span) -> impl Iterator<Item = Failure> {
    notes.iter().filter(|note| note.is_failure()).map(move |note| Failure::new(span, Mismatch::Departs(note.to_string())))
}

/// How webhooks differ from the expected ones: the same number, each like its counterpart.
pub(super) fn webhooks(
    expected: &Spanned<Vec<ExpectedWebhook>>,
    found: &[ReceivedWebhook],
    values: &Substitution,
    step: &mut Comparison,
) -> Vec<Failure> {
    let mut failures = Vec::new();
    for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
        failures.extend(webhook(expected, found, values, step).into_iter().map(|failure| Failure { webhook: Some(index + 1), ..failure }));
    }
    for missing in expected.iter().skip(found.len()) {
        let missed = matching::kept(&missing.node.to_json());
        if step.lists(missing.node.span.end - missing.node.span.start) {
            failures.push(Failure::new(missing.node.span, Mismatch::NotArrived(missed)));
        }
    }
    for ReceivedWebhook { at, event, subject, body, .. } in found.iter().skip(expected.len()) {
        let (event, subject, body) = (event.clone(), subject.clone(), matching::beginning(body));
        if step.lists(event.len() + subject.len() + body.len()) {
            failures.push(Failure::new(expected.span, Mismatch::NotExpected { event, subject, at: *at, body }));
        }
    }
    failures
}

fn webhook(expected: &ExpectedWebhook, found: &ReceivedWebhook, values: &Substitution, step: &mut Comparison) -> Vec<Failure> {
    let at = found.at.to_string();
    let mut failures = Vec::new();
    for (name, fact) in &expected.facts {
        let found = match *name {
            "event" => &found.event,
            "subject" => &found.subject,
            "method" => "POST",
            _ => at.as_str(),
        };
        let expected = values.text(fact);
        if !step.text(&expected, found) && step.lists(found.len() + fact.len()) {
            failures
                .push(Failure::new(fact.span, Mismatch::Fact { name, expected: matching::beginning(&expected), found: found.to_owned() }));
        }
    }
    let header = |name: &str| found.headers.get(&name.to_ascii_lowercase()).map(String::as_str);
    failures.extend(content(&expected.content, &header, &found.body, values, step));
    if let Some(form) = &expected.form {
        let fields: Map<String, Value> = pairs(&found.body).into_iter().map(|(name, value)| (name, value.into())).collect();
        failures.extend(body(form, &values.found(fields.into()), Members::AtLeast, values, step));
    }
    if let Some(hmac) = &expected.hmac {
        let signed = signature(hmac, &header, found.signed.as_deref().unwrap_or(&found.body), values);
        failures.extend(signed.err().map(|mismatch| Failure::new(hmac.header.span, mismatch)));
    }
    failures
}

/// How headers and a body differ from what is expected of them.
fn content<'h>(
    expected: &Content,
    header: &dyn Fn(&str) -> Option<&'h str>,
    text: &str,
    values: &Substitution,
    step: &mut Comparison,
) -> Vec<Failure> {
    let mut failures = Vec::new();
    for (name, wanted) in &expected.headers {
        let found = header(name);
        let fits = match wanted {
            Some(wanted) => found.is_some_and(|found| step.text(&values.expected_text(wanted), &values.credentials.hide(found))),
            None => found.is_none(),
        };
        if !fits && step.lists(found.map_or(0, str::len)) {
            let span = wanted.as_ref().map_or(name.span, |wanted| wanted.span);
            let expected = wanted.as_ref().map(|wanted| wanted.value.clone()).into();
            failures.push(Failure::new(span, Mismatch::Header { name: name.value.clone(), expected, found: found.map(str::to_owned) }));
        }
    }
    let document = values.found(serde_json::from_str(text).unwrap_or(Value::Null));
    for (node, members) in [(&expected.json, Members::Exact), (&expected.has, Members::AtLeast)] {
        failures.extend(node.iter().flat_map(|node| body(node, &document, members, values, step)));
    }
    if let Some(wanted) = &expected.text
        && !step.text(&values.expected_text(wanted), &values.credentials.hide(text))
        && step.lists(text.len().min(TEXT))
    {
        let (expected, found) = (matching::beginning(wanted), text_kept(text));
        failures.push(Failure::new(wanted.span, Mismatch::Text { expected, found }));
    }
    failures
}

/// The text that came, unless it is large.
fn text_kept(text: &str) -> String {
    if text.len() > TEXT { matching::beginning(text) } else { text.to_owned() }
}

fn body(expected: &Node, found: &Value, members: Members, values: &Substitution, step: &mut Comparison) -> Vec<Failure> {
    let differences = step.differences(&values.expected(expected), found, members);
    differences.into_iter().map(|(span, difference)| Failure::new(span, Mismatch::Body(Box::new(difference)))).collect()
}

fn signature<'h>(hmac: &Hmac, header: &dyn Fn(&str) -> Option<&'h str>, body: &str, values: &Substitution) -> Result<(), Mismatch> {
    let name = || hmac.header.value.clone();
    let found = header(&hmac.header).ok_or_else(|| Mismatch::Unsigned(name()))?;
    let shape = || Mismatch::Shape { header: name(), found: found.to_owned(), shape: hmac.value.clone() };
    let mut parts = holes(&hmac.value, found).ok_or_else(shape)?;
    let digest = parts.remove("digest").unwrap_or_default();
    let mut over = Some(hmac.over.clone());
    for (hole, value) in &parts {
        over = over.and_then(|over| values.replaced(&over, &format!("{{{hole}}}"), value));
    }
    let signed = over.and_then(|over| values.replaced(&over, "{body}", body)).ok_or(Mismatch::TooMuchWork)?;
    let expected = signing::hmac_sha256(&values.text(&hmac.secret), signed.as_bytes());
    if expected == digest { Ok(()) } else { Err(Mismatch::Signature { header: name(), found: digest.to_owned(), expected }) }
}

/// What stands in the holes of a shape such as `t={time},v1={digest}`; `None` when a text has another.
fn holes<'t>(shape: &str, text: &'t str) -> Option<BTreeMap<String, &'t str>> {
    let mut parts = shape.split('{');
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut found = BTreeMap::new();
    for part in parts {
        let (name, literal) = part.split_once('}')?;
        let end = if literal.is_empty() { rest.len() } else { rest.find(literal)? };
        found.insert(name.to_owned(), &rest[..end]);
        rest = &rest[end + literal.len()..];
    }
    rest.is_empty().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::holes;

    #[test]
    fn holes_are_filled_or_the_shape_is_another() {
        let read = |shape, text| {
            holes(shape, text).map(|found| found.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>())
        };
        assert_eq!(read("t={time},v1={digest}", "t=12,v1=ab").as_deref(), Some(&["digest=ab".to_owned(), "time=12".to_owned()][..]));
        assert_eq!(read("{digest}", "ab").as_deref(), Some(&["digest=ab".to_owned()][..]));
        assert_eq!(read("sha256={digest}", "ab"), None);
        assert_eq!(read("{digest}!", "ab"), None);
        assert_eq!(read("ab", "abc"), None);
    }
}
