//! What is wrong with a request or an answer: where, which value, which rule.

use std::fmt::{self, Display, Formatter};

use serde_json::{Number, Value};

use crate::base::json;
use crate::spec::schema::{JsonType, Limits, Range};

/// One departure of a request or an answer from the document.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// In the body, the query or another part of the request.
    pub location: ParameterIn,
    /// Where in it; empty for the whole.
    pub path: Vec<Step>,
    /// The value as it was sent, `None` where it was not. Of lists and objects only the type and the emptiness are kept, of texts at
    /// most [`LONGEST_VALUE`] bytes.
    pub value: Option<Value>,
    pub rule: Rule,
}

/// How many bytes of an offending text a violation keeps.
pub const LONGEST_VALUE: usize = 4096;

/// Where in a request a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterIn {
    /// In the body (of violations only).
    Body,
    /// In a segment of the path.
    Path,
    Query,
    Header,
}

impl ParameterIn {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
        }
    }
}

/// One segment of a path into a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A member that the schema names.
    Member(Box<str>),
    /// A member whose name is the caller's own.
    Key(Box<str>),
    /// An element of a list, counted from 0.
    Element(usize),
}

/// A path while a document is walked: it lives on the stack and costs nothing until something is wrong.
#[derive(Clone, Copy, Debug)]
pub enum Path<'p> {
    Root,
    /// A member that the schema names.
    Member(&'p Path<'p>, &'p str),
    /// A member whose name is the caller's own.
    Key(&'p Path<'p>, &'p str),
    /// An element of a list, counted from 0.
    Element(&'p Path<'p>, usize),
}

/// Which rule a value breaks, with the limits of that rule.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// It has to be sent. With the value `null` or a blank text where the vendor takes those for nothing.
    Required,
    /// It may not be null (or what the vendor reads as null).
    Null,
    /// It has to be of this JSON type.
    Type(JsonType),
    /// It has to be one of these.
    Enum(Vec<Value>),
    /// The text is too short.
    MinLength(Limits),
    /// The text is too long.
    MaxLength(Limits),
    /// The text does not match this regular expression.
    Pattern(String),
    /// The value is not of this format.
    Format(String),
    /// The number is too small.
    Minimum(Range),
    /// The number is too large.
    Maximum(Range),
    /// The number is no multiple of this one.
    MultipleOf(Number),
    /// The list has too few elements.
    MinItems(Limits),
    /// The list has too many elements.
    MaxItems(Limits),
    /// The list has two equal elements.
    UniqueItems,
    /// The object has too few members.
    MinProperties(Limits),
    /// The object has too many members.
    MaxProperties(Limits),
    /// The schema knows no member of that name.
    Unknown,
    /// None of the alternatives fits.
    AnyOf,
    /// Several of the alternatives fit where only one may.
    OneOf,
    /// It is what it must not be.
    Not,
    /// Something that only this vendor knows: its code, and the facts that the text needs.
    Vendor(&'static str, Value),
    /// Something that has no rule of its own, in words for people who read the journal.
    Other(String),
}

impl Violation {
    /// The path as frameworks print it, joined by dots: `parcels.0.weight`.
    #[must_use]
    pub fn dotted(&self) -> String {
        dotted(&self.path)
    }

    /// The path as a JSON pointer (RFC 6901): `/parcels/0/weight`.
    #[must_use]
    pub fn pointer(&self) -> String {
        let escaped = |step: &Step| format!("/{}", step.to_string().replace('~', "~0").replace('/', "~1"));
        self.path.iter().map(escaped).collect()
    }

    /// About how many bytes it takes in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let steps = self.path.iter().map(|step| size_of::<Step>() + step.name().len());
        let rule = match &self.rule {
            Rule::Enum(values) => values.iter().map(|value| size_of::<Value>() + json::allocated(value)).sum(),
            Rule::Pattern(text) | Rule::Format(text) | Rule::Other(text) => text.len(),
            Rule::Vendor(_, value) => json::allocated(value),
            _ => 0,
        };
        size_of::<Self>() + steps.sum::<usize>() + self.value.as_ref().map_or(0, json::allocated) + rule
    }

    /// The name of the first segment; empty for the whole document.
    #[must_use]
    pub fn top(&self) -> &str {
        self.path.first().map_or("", Step::name)
    }
}

/// A path joined by dots.
pub(crate) fn dotted(steps: &[Step]) -> String {
    let mut path = String::with_capacity(32);
    for step in steps {
        if !path.is_empty() {
            path.push('.');
        }
        match step {
            Step::Member(name) | Step::Key(name) => path.push_str(name),
            Step::Element(index) => path.push_str(&index.to_string()),
        }
    }
    path
}

impl Display for Rule {
    /// What was expected, for people who read the journal.
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let count = |limit: Option<usize>| limit.unwrap_or_default();
        let number = |limit: &Option<Number>| limit.as_ref().map(Number::to_string).unwrap_or_default();
        match self {
            Self::Required => out.write_str("is required"),
            Self::Null => out.write_str("must not be null"),
            Self::Type(json_type) => write!(out, "must be of the type {json_type}"),
            Self::Enum(choices) => write!(out, "must be one of {}", Value::from(choices.as_slice())),
            Self::MinLength(limits) => write!(out, "must have at least {} characters", count(limits.min)),
            Self::MaxLength(limits) => write!(out, "must have at most {} characters", count(limits.max)),
            Self::Pattern(pattern) => write!(out, "must match {pattern}"),
            Self::Format(format) => write!(out, "must be of the format {format}"),
            Self::Minimum(range) if range.above_min => write!(out, "must be more than {}", number(&range.min)),
            Self::Minimum(range) => write!(out, "must be at least {}", number(&range.min)),
            Self::Maximum(range) if range.below_max => write!(out, "must be less than {}", number(&range.max)),
            Self::Maximum(range) => write!(out, "must be at most {}", number(&range.max)),
            Self::MultipleOf(step) => write!(out, "must be a multiple of {step}"),
            Self::MinItems(limits) => write!(out, "must have at least {} elements", count(limits.min)),
            Self::MaxItems(limits) => write!(out, "must have at most {} elements", count(limits.max)),
            Self::UniqueItems => out.write_str("must not have equal elements"),
            Self::MinProperties(limits) => write!(out, "must have at least {} members", count(limits.min)),
            Self::MaxProperties(limits) => write!(out, "must have at most {} members", count(limits.max)),
            Self::Unknown => out.write_str("is not a member of the schema"),
            Self::AnyOf => out.write_str("fits no alternative"),
            Self::OneOf => out.write_str("fits several alternatives"),
            Self::Not => out.write_str("is what it must not be"),
            Self::Vendor(code, _) => write!(out, "breaks the vendor's rule `{code}`"),
            Self::Other(text) => out.write_str(text),
        }
    }
}

impl Step {
    /// The name of a member; empty for an element.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Member(name) | Self::Key(name) => name,
            Self::Element(_) => "",
        }
    }
}

impl Display for Step {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member(name) | Self::Key(name) => out.write_str(name),
            Self::Element(index) => index.fmt(out),
        }
    }
}

impl Path<'_> {
    /// The path as a list, for what outlives the walk.
    #[must_use]
    pub fn to_steps(&self) -> Vec<Step> {
        let (parent, step) = match self {
            Self::Root => return Vec::new(),
            Self::Member(parent, name) => (parent, Step::Member((*name).into())),
            Self::Key(parent, name) => (parent, Step::Key((*name).into())),
            Self::Element(parent, index) => (parent, Step::Element(*index)),
        };
        let mut steps = parent.to_steps();
        steps.push(step);
        steps
    }
}

/// What a violation keeps of a value.
pub(crate) fn kept(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::from(text.get(..text.floor_char_boundary(LONGEST_VALUE)).unwrap_or_default()),
        Value::Array(rows) if rows.is_empty() => Value::Array(Vec::new()),
        Value::Array(_) => Value::Array(vec![Value::Null]),
        Value::Object(members) if members.is_empty() => value.clone(),
        Value::Object(_) => Value::Object(std::iter::once(("…".to_owned(), Value::Null)).collect()),
        scalar => scalar.clone(),
    }
}
