//! Whether an expression can be what its author means: what its paths can lead to, which comparisons are of unlike values, which
//! conditions can never be true. Nothing is evaluated.

mod bounds;
mod checking;
mod ends;
mod holding;
mod meant;
mod narrowing;
mod texts;

use std::ops::{Range, RangeInclusive};

use regex::Regex;
use serde_json::Value;

use self::checking::Checking;
pub use self::texts::is_path_of;
use self::texts::{Numbers, Place, Texts};
use super::{Comparison, Expr, Node, Path, Step};
use crate::scenario::error::quoted;
use crate::scenario::need;
use crate::scenario::shape::Shape;

/// The kinds of values that something can have, and which texts and numbers these can be.
#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    kinds: u8,
    texts: Texts,
    numbers: Numbers,
}

impl Type {
    const NULL: u8 = 1;
    const TRUE_BIT: u8 = 2;
    const FLAG_BIT: u8 = Self::TRUE_BIT | 64;
    const NUMBER_BIT: u8 = 4;
    const TEXT_BIT: u8 = 8;
    const LIST_BIT: u8 = 16;
    const OBJECT_BIT: u8 = 32;

    /// Any kind: nothing is known of it.
    pub const ANY: Self = Self::of(127);
    pub const FLAG: Self = Self::of(Self::FLAG_BIT);
    pub const NUMBER: Self = Self::of(Self::NUMBER_BIT);
    pub const TEXT: Self = Self::of(Self::TEXT_BIT);
    pub const LIST: Self = Self::of(Self::LIST_BIT);
    pub const OBJECT: Self = Self::of(Self::OBJECT_BIT);
    /// Nothing, as where a path leads nowhere.
    pub const NOTHING: Self = Self::of(Self::NULL);
    /// A text that stands for what a document has as a number or a flag.
    pub const WRITTEN: Self = Self { kinds: Self::TEXT_BIT, texts: Texts::Written, numbers: Numbers::ANY };
    /// The code of a country, of ISO 3166 with two letters in capitals.
    pub const COUNTRY: Self = Self { kinds: Self::TEXT_BIT, texts: Texts::Countries, numbers: Numbers::ANY };

    const fn of(kinds: u8) -> Self {
        Self { kinds, texts: Texts::Any, numbers: Numbers::ANY }
    }

    /// Text that is one of some words.
    #[must_use]
    pub fn words<W: Into<String>>(words: impl IntoIterator<Item = W>) -> Self {
        Self { texts: Texts::Words(words.into_iter().map(Into::into).collect()), ..Self::TEXT }
    }

    /// The path of a request, which is one of some templates; any path where there is none.
    #[must_use]
    pub fn paths(templates: impl IntoIterator<Item = String>) -> Self {
        Self { texts: Texts::Paths(templates.into_iter().collect()), ..Self::TEXT }
    }

    /// Text that is one of some words, or another one that looks like none of them.
    #[must_use]
    pub fn usual_words<W: Into<String>>(words: impl IntoIterator<Item = W>) -> Self {
        Self { texts: Texts::Usual(words.into_iter().map(Into::into).collect()), ..Self::TEXT }
    }

    /// Text that is one of the words that a document lists, or another one that looks like none of them.
    #[must_use]
    pub fn listed<W: Into<String>>(words: impl IntoIterator<Item = W>) -> Self {
        Self { texts: Texts::Listed(words.into_iter().map(Into::into).collect()), ..Self::TEXT }
    }

    /// The same, where words may be in any case of letters.
    #[must_use]
    pub fn listed_in_any_case<W: Into<String>>(words: impl IntoIterator<Item = W>) -> Self {
        Self { texts: Texts::AnyCase(words.into_iter().map(Into::into).collect()), ..Self::TEXT }
    }

    /// What is to be said of a word that is none of those which the document lists, or that stands for what the document has as a
    /// number or a flag.
    #[must_use]
    pub fn doubt(&self, name: &str, word: &str) -> Option<(String, String)> {
        if self.is_written() {
            let quoteless = if self.kinds & Self::FLAG_BIT != 0 { ["true", "false"].contains(&word) } else { word.parse::<f64>().is_ok() };
            let written = if quoteless { format!(", without quotes: `{word}`") } else { String::new() };
            return Some((
                format!("`{name}` is compared with the text `{word}`"),
                format!("the document has {}{written}", self.unwritten()),
            ));
        }
        let words = self.texts.unlisted(word).filter(|_| self.is_text())?;
        Some((format!("`{word}` is no word that `{name}` has"), listed(words)))
    }

    /// The same of a text that none of the words has in it there.
    #[must_use]
    fn doubt_of_part(&self, name: &str, part: &str, place: Place) -> Option<(String, String)> {
        let words = self.texts.unlisted_part(part, place).filter(|_| self.is_text())?;
        let verb = match place {
            Place::Start => "begins with",
            Place::End => "ends with",
            Place::Anywhere => "contains",
        };
        Some((format!("no word that `{name}` has {verb} `{part}`"), listed(words)))
    }

    /// The same of a pattern that fits none of the words.
    #[must_use]
    fn doubt_of_pattern(&self, name: &str, pattern: &Regex) -> Option<(String, String)> {
        let words = self.texts.unlisted_pattern(pattern).filter(|_| self.is_text())?;
        Some((format!("`{pattern}` matches no word that `{name}` has"), listed(words)))
    }

    /// Whether it is text, if it is anything.
    fn is_text(&self) -> bool {
        self.kinds & !Self::NULL == Self::TEXT_BIT
    }

    /// What is to be said of something that it can look like, and hardly does.
    #[must_use]
    pub fn doubt_of_shape(&self, name: &str, shape: &Shape) -> Option<(String, String)> {
        let is_number = self.can_be(Self::NUMBER_BIT);
        match shape {
            Shape::Exact(Value::String(word), _) => self.doubt(name, word),
            Shape::Glob(_) if self.is_written() => {
                Some((format!("`{name}` is compared with a text"), format!("the document has {}", self.unwritten())))
            }
            Shape::Glob(glob) if self.is_text() => {
                Some((format!("`{glob}` fits no word that `{name}` has"), listed(self.texts.unlisted_glob(glob)?)))
            }
            Shape::Pattern(written, pattern, _) if self.is_text() => {
                Some((format!("`{written}` fits no word that `{name}` has"), listed(self.texts.unlisted_pattern(pattern)?)))
            }
            Shape::Exact(Value::Number(_), _) | Shape::Pattern(..) | Shape::Range(..) if self.is_written() && !is_number => {
                Some((format!("`{name}` is a flag"), "the document has a flag: `true` or `false`".to_owned()))
            }
            Shape::Members(_) if self.can_be(Self::LIST_BIT) && self.can_be(Self::OBJECT_BIT) && *self != Self::ANY => {
                let help = "of a list, the elements that it has are listed: `[{…}]`".to_owned();
                Some((format!("`{name}` may be a list, which no mapping fits"), help))
            }
            _ => None,
        }
    }

    /// Whether its texts stand for numbers or flags.
    fn is_written(&self) -> bool {
        self.can_be(Self::TEXT_BIT) && self.texts == Texts::Written
    }

    /// What it is beside the texts that stand for it.
    fn unwritten(&self) -> String {
        Self { kinds: self.kinds & !Self::TEXT_BIT, ..self.clone() }.noun()
    }

    /// Whether it can be a list, and is known.
    #[must_use]
    pub fn may_be_list(&self) -> bool {
        self.can_be(Self::LIST_BIT) && self.kinds & !Self::NULL != Self::ANY.kinds & !Self::NULL
    }

    /// A whole number within limits; `f64::INFINITY` is none.
    #[must_use]
    pub fn whole(limits: RangeInclusive<f64>) -> Self {
        Self { numbers: Numbers { least: *limits.start(), most: *limits.end(), whole: true }, ..Self::NUMBER }
    }

    /// What is of either of two types.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        let either = |bit: u8| (self.can_be(bit), other.can_be(bit));
        let texts = match either(Self::TEXT_BIT) {
            (true, true) => self.texts.clone().or(&other.texts),
            (false, true) => other.texts.clone(),
            _ => self.texts.clone(),
        };
        let numbers = match either(Self::NUMBER_BIT) {
            (true, true) => self.numbers.or(other.numbers),
            (false, true) => other.numbers,
            _ => self.numbers,
        };
        Self { kinds: self.kinds | other.kinds, texts, numbers }
    }

    /// The type of a value that is known.
    #[must_use]
    pub fn of_value(value: &Value) -> Self {
        match value {
            Value::Null => Self::of(Self::NULL),
            Value::Bool(true) => Self::of(Self::TRUE_BIT),
            Value::Bool(false) => Self::of(Self::FLAG_BIT & !Self::TRUE_BIT),
            Value::Number(number) => {
                number.as_f64().map_or(Self::NUMBER, |number| Self { numbers: Numbers::exactly(number), ..Self::NUMBER })
            }
            Value::String(text) => Self::words([text.as_str()]),
            Value::Array(_) => Self::LIST,
            Value::Object(_) => Self::OBJECT,
        }
    }

    /// The same in lower case.
    fn lowered(&self) -> Self {
        Self { texts: self.texts.lowered(), ..Self::of(Self::TEXT_BIT | Self::NULL) }
    }

    fn can_be(&self, kinds: u8) -> bool {
        self.kinds & kinds != 0
    }

    fn is_null(&self) -> bool {
        self.kinds == Self::NULL
    }

    /// Whether something of this type can be equal to something of another one, where neither is nothing.
    fn meets(&self, other: &Self) -> bool {
        let common = self.kinds & other.kinds & !Self::NULL;
        common & !(Self::NUMBER_BIT | Self::TEXT_BIT) != 0
            || common & Self::NUMBER_BIT != 0 && self.numbers.meets(other.numbers)
            || common & Self::TEXT_BIT != 0 && self.texts.meets(&other.texts)
    }

    /// Whether something of this type can be what something of another one is, or nothing as that is.
    fn shares(&self, other: &Self) -> bool {
        self.kinds & other.kinds & Self::NULL != 0 || self.meets(other)
    }

    /// Whether it is always this text.
    fn is_only(&self, word: Option<&str>) -> bool {
        self.kinds & !Self::NULL == Self::TEXT_BIT && word.is_some() && self.texts.only() == word
    }

    /// Whether a comparison by size can be true.
    fn compares(&self, comparison: Comparison, other: &Self) -> bool {
        let common = self.kinds & other.kinds;
        common & Self::TEXT_BIT != 0 || common & Self::NUMBER_BIT != 0 && self.numbers.compares(comparison, other.numbers)
    }

    /// Whether a request can have something that looks like this.
    #[must_use]
    pub fn fits(&self, shape: &Shape) -> bool {
        let text = |test: &dyn Fn(&str) -> bool| self.can_be(Self::TEXT_BIT) && self.texts.any(test);
        match shape {
            Shape::Exact(value @ Value::Number(number), written) => {
                self.meets(&Self::of_value(value)) || text(&|word| need::is_number(&word.into(), number, written))
            }
            Shape::Exact(Value::Null, _) => true,
            Shape::Exact(value, _) => self.meets(&Self::of_value(value)),
            Shape::Glob(glob) => self.can_be(Self::TEXT_BIT) && self.texts.fits_glob(glob),
            Shape::Pattern(_, regex, _) => self.can_be(Self::NUMBER_BIT) || text(&|word| regex.is_match(word)),
            Shape::Range(least, most) => {
                let range = Numbers { least: least.unwrap_or(f64::NEG_INFINITY), most: most.unwrap_or(f64::INFINITY), whole: false };
                let is_in = |word: &str| word.parse().is_ok_and(|number| range.meets(Numbers::exactly(number)));
                self.can_be(Self::NUMBER_BIT) && self.numbers.meets(range) || text(&is_in)
            }
            Shape::Elements(_) => self.can_be(Self::LIST_BIT),
            Shape::Members(_) => self.can_be(Self::OBJECT_BIT),
        }
    }

    /// What it is, in words for people.
    fn noun(&self) -> String {
        let nouns = [
            (Self::NULL, "nothing"),
            (Self::FLAG_BIT, "a flag"),
            (Self::NUMBER_BIT, "a number"),
            (Self::TEXT_BIT, "text"),
            (Self::LIST_BIT, "a list"),
            (Self::OBJECT_BIT, "an object"),
        ];
        let kinds = self.kinds & if self.is_null() { Self::NULL } else { !Self::NULL };
        nouns.iter().filter(|(bits, _)| kinds & bits != 0).map(|(_, noun)| *noun).collect::<Vec<_>>().join(" or ")
    }

    /// What to write in the place of something that it can never be.
    #[must_use]
    pub fn advice(&self, found: Option<&str>) -> Option<String> {
        let kinds = self.kinds & !Self::NULL;
        match kinds {
            Self::TEXT_BIT => self.texts.advice(found.unwrap_or_default()),
            Self::NUMBER_BIT => self.numbers.advice(),
            _ => found.and_then(|found| self.texts.advice(found)).or_else(|| Some(format!("it is {}", self.noun()))),
        }
    }
}

/// The words that a document has, for help.
fn listed(words: &[String]) -> String {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    format!("the document has {}", quoted(&words))
}

/// What a path leads to.
pub enum Looked {
    /// To something of this type, or nowhere.
    To(Type),
    /// Nowhere: the member at this position is not there. The names are those that could stand there.
    Missing { at: usize, names: Vec<String> },
    /// To what no document has: the member at this position is not there, and callers may send it nevertheless.
    Unlisted { at: usize },
}

/// Knows where the paths of expressions lead.
pub trait Types {
    /// Looks up the members of a path behind its root; an index of a list is `None`.
    fn look_up(&self, root: &str, members: &[Option<&str>]) -> Looked;

    /// What is to be said of a number that is hardly the status of an answer to the calls which are meant.
    fn doubt_of_status(&self, _: f64) -> Option<(String, String)> {
        None
    }

    /// Whether so many more values may be held against tests.
    fn pays(&self, _: usize) -> bool {
        true
    }
}

/// A mistake in an expression that can be read.
#[derive(Debug)]
pub struct TypeProblem {
    pub code: &'static str,
    pub message: String,
    pub range: Range<usize>,
    pub help: Option<String>,
}

const UNLIKE: &str = "S100";
const NEVER: &str = "S101";
/// The code of the warning of what is hardly meant so.
pub const DOUBTFUL: &str = "S108";
/// The code of a warning.
pub const ALWAYS: &str = "S106";

impl Expr {
    /// What is wrong with it as a condition.
    #[must_use]
    pub fn problems_as_condition(&self, types: &dyn Types) -> Vec<TypeProblem> {
        let mut checking = Checking { text: &self.text, types, shapes: &[], problems: Vec::new() };
        checking.condition(&self.root);
        checking.templates();
        if checking.problems.iter().all(|problem| problem.code == DOUBTFUL) {
            checking.contradictions(&[&self.root]);
            checking.always(&self.root);
        }
        checking.problems
    }
}

/// Conditions that are joined; `Open` is one of which nothing is known.
pub enum Joint<'e> {
    Test(&'e Expr),
    /// What is found where a path leads looks like this; where members are asked for, it is an object, whatever it has.
    Fits(Path, &'e Shape),
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Open,
}

impl<'e> Joint<'e> {
    /// Why it can never be true, if it cannot.
    #[must_use]
    pub fn contradiction(&self, types: &dyn Types) -> Option<String> {
        let mut shapes = Vec::new();
        let root = self.node(&mut shapes);
        let mut checking = Checking { text: "", types, shapes: &shapes, problems: Vec::new() };
        checking.contradictions(&[&root]);
        checking.problems.pop().map(|problem| problem.message)
    }

    /// Whether every call fulfills it.
    #[must_use]
    pub fn is_always(&self, types: &dyn Types) -> bool {
        let mut shapes = Vec::new();
        let root = self.node(&mut shapes);
        let checking = Checking { text: "", types, shapes: &shapes, problems: Vec::new() };
        holding::conflict(&checking, &[(&root, false)]).is_some()
    }

    /// It as one expression, in which those that are no expressions are paths without a name, to an index of `shapes`.
    fn node(&self, shapes: &mut Vec<(Node, Option<&'e Shape>)>) -> Node {
        let mut all = |joints: &[Self]| joints.iter().map(|joint| joint.node(shapes)).collect();
        let at = |index: usize| Path { root: String::new(), steps: vec![Step::Index(index)] };
        let (path, shape) = match self {
            Self::Test(expr) => return expr.root.clone(),
            Self::All(joints) => return Node::All(all(joints)),
            Self::Any(joints) => return Node::Any(all(joints)),
            Self::Not(joint) => return Node::Not(Box::new(joint.node(shapes))),
            Self::Fits(path, shape) => (path.clone(), Some(*shape)),
            Self::Open => (at(shapes.len()), None),
        };
        shapes.push((Node::Path(path, 0..0), shape));
        Node::Path(at(shapes.len() - 1), 0..0)
    }
}
