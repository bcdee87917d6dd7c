//! Whether an expression can be what its author means: what its paths can lead to, which comparisons are of unlike values, which
//! conditions can never be true. Nothing is evaluated.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

use super::{Comparison, Expr, Function, Node, Path};
use crate::scenario::error::{nearest, quoted};

/// The kinds of values that something can have, and its words if they are a closed list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Type {
    kinds: u8,
    words: Option<Vec<String>>,
}

impl Type {
    const NULL: u8 = 1;
    const FLAG_BIT: u8 = 2;
    const NUMBER_BIT: u8 = 4;
    const TEXT_BIT: u8 = 8;
    const LIST_BIT: u8 = 16;
    const OBJECT_BIT: u8 = 32;

    /// Any kind: nothing is known of it.
    pub const ANY: Self = Self::of(63);
    pub const FLAG: Self = Self::of(Self::FLAG_BIT);
    pub const NUMBER: Self = Self::of(Self::NUMBER_BIT);
    pub const TEXT: Self = Self::of(Self::TEXT_BIT);
    pub const LIST: Self = Self::of(Self::LIST_BIT);
    pub const OBJECT: Self = Self::of(Self::OBJECT_BIT);

    const fn of(kinds: u8) -> Self {
        Self { kinds, words: None }
    }

    /// Text that is one of some words.
    #[must_use]
    pub fn words<W: Into<String>>(words: impl IntoIterator<Item = W>) -> Self {
        Self { words: Some(words.into_iter().map(Into::into).collect()), ..Self::TEXT }
    }

    /// What is of either of two types.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        let words = match (self.words, &other.words) {
            (Some(words), Some(others)) => Some(words.into_iter().chain(others.iter().cloned()).collect()),
            (words, None) if other.is_null() => words,
            _ => None,
        };
        Self { kinds: self.kinds | other.kinds, words }
    }

    /// The type of a value that is known.
    #[must_use]
    pub fn of_value(value: &Value) -> Self {
        match value {
            Value::Null => Self::of(Self::NULL),
            Value::Bool(_) => Self::FLAG,
            Value::Number(_) => Self::NUMBER,
            Value::String(text) => Self::words([text.as_str()]),
            Value::Array(_) => Self::LIST,
            Value::Object(_) => Self::OBJECT,
        }
    }

    fn can_be(&self, kinds: u8) -> bool {
        self.kinds & kinds != 0
    }

    fn is_null(&self) -> bool {
        self.kinds == Self::NULL
    }

    /// What it is, in words for people.
    fn noun(&self) -> String {
        let nouns = ["nothing", "a flag", "a number", "text", "a list", "an object"];
        let kinds = self.kinds & if self.is_null() { Self::NULL } else { !Self::NULL };
        nouns.iter().enumerate().filter(|(bit, _)| kinds >> bit & 1 == 1).map(|(_, noun)| *noun).collect::<Vec<_>>().join(" or ")
    }
}

/// What a path leads to.
pub enum Looked {
    /// To something of this type, or nowhere.
    To(Type),
    /// Nowhere: the member at this position is not there. The names are those that could stand there.
    Missing { at: usize, names: Vec<String> },
}

/// Knows where the paths of expressions lead.
pub trait Types {
    /// Looks up the members of a path behind its root; an index of a list is `None`.
    fn look_up(&self, root: &str, members: &[Option<&str>]) -> Looked;
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

impl Expr {
    /// What is wrong with it as a condition.
    #[must_use]
    pub fn problems_as_condition(&self, types: &dyn Types) -> Vec<TypeProblem> {
        let mut checking = Checking { text: &self.text, types, problems: Vec::new() };
        checking.condition(&self.root);
        if checking.problems.is_empty() {
            checking.contradictions(&[&self.root]);
        }
        checking.problems
    }
}

/// Whether several conditions that have to hold together contradict each other.
#[must_use]
pub fn contradiction(exprs: &[&Expr], types: &dyn Types) -> Option<String> {
    let mut checking = Checking { text: "", types, problems: Vec::new() };
    checking.contradictions(&exprs.iter().map(|expr| &expr.root).collect::<Vec<_>>());
    checking.problems.pop().map(|problem| problem.message)
}

struct Checking<'e> {
    text: &'e str,
    types: &'e dyn Types,
    problems: Vec<TypeProblem>,
}

impl Checking<'_> {
    fn problem(&mut self, code: &'static str, range: Range<usize>, message: String, help: Option<String>) {
        self.problems.push(TypeProblem { code, message, range, help });
    }

    /// Something that has to be true or false.
    fn condition(&mut self, node: &Node) {
        let found = self.node(node);
        if !found.can_be(Type::FLAG_BIT) {
            let message = format!("`{}` is {}, and only `true` counts as true", self.written(node), found.noun());
            let help = "compare it, or ask whether it `exists`".to_owned();
            self.problem(NEVER, self.range(node), message, Some(help));
        } else if matches!(node, Node::Literal(Value::Bool(false))) {
            self.problem(NEVER, 0..self.text.len(), "`false` is never true".to_owned(), None);
        }
    }

    fn node(&mut self, node: &Node) -> Type {
        match node {
            Node::Literal(value) => Type::of_value(value),
            Node::Path(path, _) => self.path(path),
            Node::List(items) => {
                items.iter().for_each(|item| drop(self.node(item)));
                Type::LIST
            }
            Node::Any(nodes) | Node::All(nodes) => {
                nodes.iter().for_each(|node| self.condition(node));
                Type::FLAG
            }
            Node::Not(inner) => {
                // What is not `true` makes `not` true: no mistake, unless it cannot be either.
                let found = self.node(inner);
                if !found.can_be(Type::FLAG_BIT) {
                    let message = format!("`{}` is {}, so that `not` is always true", self.written(inner), found.noun());
                    self.problem(UNLIKE, self.range(inner), message, Some("did you mean `not … exists`?".to_owned()));
                }
                Type::FLAG
            }
            Node::Compare(comparison, sides, range) => {
                self.compare(*comparison, &sides.0, &sides.1, range);
                Type::FLAG
            }
            Node::Matches(inner, ..) => {
                let found = self.node(inner);
                if !found.can_be(Type::TEXT_BIT) {
                    let message = format!("`{}` is {}, and patterns match text", self.written(inner), found.noun());
                    self.problem(UNLIKE, self.range(inner), message, None);
                }
                Type::FLAG
            }
            Node::Exists(inner) => {
                self.node(inner);
                Type::FLAG
            }
            Node::Negate(inner) => self.arithmetic([&**inner]),
            Node::Arithmetic(first, rest) => self.arithmetic(std::iter::once(&**first).chain(rest.iter().map(|(_, node)| node))),
            Node::Call(function, arguments) => self.call(*function, arguments),
        }
    }

    fn path(&mut self, path: &Path) -> Type {
        match self.types.look_up(&path.root, &path.members()) {
            Looked::To(found) => found.or(&Type::of(Type::NULL)),
            // Told where paths are looked at, in templates as well.
            Looked::Missing { .. } => Type::ANY,
        }
    }

    fn compare(&mut self, comparison: Comparison, left: &Node, right: &Node, range: &Range<usize>) {
        let (one, other) = (self.node(left), self.node(right));
        let unlike =
            |what: &str| format!("`{}` is {}, and `{}` is {}: {what}", self.written(left), one.noun(), self.written(right), other.noun());
        let common = one.kinds & other.kinds & !Type::NULL;
        let problem = match comparison {
            Comparison::Equal | Comparison::Different if one.is_null() || other.is_null() => None,
            Comparison::Equal if common == 0 => Some(unlike("they are never equal")),
            Comparison::Different if common == 0 => Some(unlike("they always differ")),
            Comparison::Less | Comparison::LessOrEqual | Comparison::Greater | Comparison::GreaterOrEqual
                if common & (Type::NUMBER_BIT | Type::TEXT_BIT) == 0 =>
            {
                Some(unlike("they have no order"))
            }
            Comparison::In | Comparison::Contains => {
                let (whole, part, (whole_node, part_node)) =
                    if comparison == Comparison::In { (&other, &one, (right, left)) } else { (&one, &other, (left, right)) };
                self.holds(whole, part, whole_node, part_node)
            }
            _ => None,
        };
        if let Some(message) = problem {
            let help = self.advice(&one, &other, left, right);
            self.problem(UNLIKE, range.clone(), message, help);
            return;
        }
        self.words(comparison, (left, &one), (right, &other), range);
    }

    /// Whether something can be looked for in something.
    fn holds(&self, whole: &Type, part: &Type, whole_node: &Node, part_node: &Node) -> Option<String> {
        if !whole.can_be(Type::LIST_BIT | Type::TEXT_BIT) {
            return Some(format!("`{}` is {}, and only lists and text contain something", self.written(whole_node), whole.noun()));
        }
        if let Node::List(items) = whole_node {
            let is_like = |item: &Node| match item {
                Node::Literal(value) => Type::of_value(value).kinds & part.kinds != 0,
                _ => true,
            };
            let first = items.first()?;
            let unlike = || {
                let list = Type::of_value(if let Node::Literal(value) = first { value } else { &Value::Null }).noun();
                format!("`{}` is {}, and the list has {list}: it is never in it", self.written(part_node), part.noun())
            };
            return (!items.iter().any(is_like)).then(unlike);
        }
        if whole.kinds & !Type::NULL == Type::TEXT_BIT && !part.can_be(Type::TEXT_BIT) {
            return Some(format!("`{}` is {}, and only text is in text", self.written(part_node), part.noun()));
        }
        None
    }

    /// Words of which none can be the one that is compared with.
    fn words(&mut self, comparison: Comparison, left: (&Node, &Type), right: (&Node, &Type), range: &Range<usize>) {
        let ((known_node, known), other, other_node) = match (comparison, left.0, right.0) {
            (Comparison::Equal, Node::Literal(_), _) => (right, left.1.words.clone(), left.0),
            (Comparison::Equal, ..) => (left, right.1.words.clone(), right.0),
            (Comparison::In, _, Node::List(items)) => (left, literal_words(items), right.0),
            _ => return,
        };
        let (Some(known), Some(other)) = (&known.words, other) else { return };
        if known.iter().any(|word| other.contains(word)) {
            return;
        }
        let (known_text, other_text) = (self.written(known_node), self.written(other_node));
        let message = format!("`{known_text}` is never {}`{other_text}`", if comparison == Comparison::In { "in " } else { "" });
        let near = other.first().and_then(|word| nearest(word, known.iter().map(String::as_str)));
        let help = match (near, known.len()) {
            (Some(near), _) => format!("did you mean `'{near}'`?"),
            (None, 1) => format!("it is always `'{}'`", known[0]),
            (None, 2..=12) => format!("it is one of {}", quoted(&known.iter().map(String::as_str).collect::<Vec<_>>())),
            (None, _) => "it is one of many words, and none of these".to_owned(),
        };
        self.problem(NEVER, range.clone(), message, Some(help));
    }

    /// What to do about two values of unlike types.
    fn advice(&self, one: &Type, other: &Type, left: &Node, right: &Node) -> Option<String> {
        let (text, number) = if one.kinds & !Type::NULL == Type::TEXT_BIT { (left, right) } else { (right, left) };
        let is_text_and_number = one.kinds | other.kinds == Type::TEXT_BIT | Type::NUMBER_BIT | (one.kinds | other.kinds) & Type::NULL;
        if !is_text_and_number {
            return None;
        }
        match (number, text) {
            (Node::Literal(Value::Number(number)), _) => Some(format!("quote it: `'{number}'`")),
            (_, Node::Literal(Value::String(text))) if text.parse::<f64>().is_ok() => Some(format!("take the quotes away: `{text}`")),
            _ => None,
        }
    }

    fn arithmetic<'n>(&mut self, operands: impl IntoIterator<Item = &'n Node>) -> Type {
        for node in operands {
            let found = self.node(node);
            if !found.can_be(Type::NUMBER_BIT) {
                let message = format!("`{}` is {}, and only numbers can be calculated with", self.written(node), found.noun());
                self.problem(UNLIKE, self.range(node), message, None);
            }
        }
        Type::of(Type::NUMBER_BIT | Type::NULL)
    }

    fn call(&mut self, function: Function, arguments: &[Node]) -> Type {
        let (takes, gives) = match function {
            Function::Len => (Type::TEXT_BIT | Type::LIST_BIT | Type::OBJECT_BIT, Type::of(Type::NUMBER_BIT | Type::NULL)),
            Function::Lower => (Type::TEXT_BIT, Type::of(Type::TEXT_BIT | Type::NULL)),
            Function::StartsWith | Function::EndsWith => (Type::TEXT_BIT, Type::FLAG),
        };
        for argument in arguments {
            let found = self.node(argument);
            if !found.can_be(takes) {
                let message = format!("`{}` is {}, expected {}", self.written(argument), found.noun(), Type::of(takes).noun());
                self.problem(UNLIKE, self.range(argument), message, None);
            }
        }
        gives
    }

    /// Comparisons with fixed values that have to hold together and cannot.
    fn contradictions(&mut self, roots: &[&Node]) {
        let mut bounds: BTreeMap<String, Bounds<'_>> = BTreeMap::new();
        let mut open: Vec<&Node> = roots.iter().rev().copied().collect();
        while let Some(node) = open.pop() {
            match node {
                Node::All(nodes) => open.extend(nodes.iter().rev()),
                Node::Compare(comparison, sides, range) => {
                    let (path, comparison, value) = match &**sides {
                        (Node::Path(path, _), Node::Literal(value)) => (path, *comparison, value),
                        (Node::Literal(value), Node::Path(path, _)) => (path, comparison.turned(), value),
                        _ => continue,
                    };
                    let name = path.to_string();
                    let known = bounds.entry(name.clone()).or_insert_with(|| Bounds::of(&name));
                    if !known.add(comparison, value) {
                        let is_alone = matches!(roots, [Node::Compare(..)]);
                        let (sign, value) =
                            (comparison.sign(), value.as_str().map_or_else(|| value.to_string(), |text| format!("'{text}'")));
                        let message = match name.as_str() {
                            "$call.nth" if is_alone => format!("`$call.nth` counts from 1, so that it is never `{sign} {value}`"),
                            _ => format!("`{name} {sign} {value}` contradicts what else has to hold"),
                        };
                        self.problem(NEVER, range.clone(), message, None);
                        return;
                    }
                }
                _ => {}
            }
        }
    }

    /// A node as it is written, as far as that is known.
    fn written(&self, node: &Node) -> String {
        match node {
            Node::Literal(value) => value.as_str().map_or_else(|| value.to_string(), |text| format!("'{text}'")),
            Node::Path(path, _) => path.to_string(),
            Node::List(items) => format!("[{}]", items.iter().map(|item| self.written(item)).collect::<Vec<_>>().join(", ")),
            Node::Compare(_, _, range) => self.text.get(range.clone()).unwrap_or_default().to_owned(),
            _ => "it".to_owned(),
        }
    }

    fn range(&self, node: &Node) -> Range<usize> {
        match node {
            Node::Path(_, range) | Node::Compare(_, _, range) => range.clone(),
            _ => 0..self.text.len(),
        }
    }
}

fn literal_words(items: &[Node]) -> Option<Vec<String>> {
    let word = |item: &Node| if let Node::Literal(Value::String(text)) = item { Some(text.clone()) } else { None };
    items.iter().map(word).collect()
}

/// The values that a path can still have.
struct Bounds<'e> {
    is: Option<&'e Value>,
    least: f64,
    most: f64,
}

impl<'e> Bounds<'e> {
    fn of(path: &str) -> Self {
        Self { is: None, least: if path == "$call.nth" { 1.0 } else { f64::NEG_INFINITY }, most: f64::INFINITY }
    }

    /// Takes a comparison into account; whether a value is left.
    fn add(&mut self, comparison: Comparison, value: &'e Value) -> bool {
        let number = value.as_f64();
        match (comparison, number) {
            (Comparison::Equal, Some(number)) => {
                (self.least, self.most) = (self.least.max(number), self.most.min(number));
            }
            (Comparison::Equal, None) => {
                if self.is.is_some_and(|is| is != value) {
                    return false;
                }
                self.is = Some(value);
            }
            (Comparison::Less, Some(number)) => self.most = self.most.min(number.next_down()),
            (Comparison::LessOrEqual, Some(number)) => self.most = self.most.min(number),
            (Comparison::Greater, Some(number)) => self.least = self.least.max(number.next_up()),
            (Comparison::GreaterOrEqual, Some(number)) => self.least = self.least.max(number),
            _ => {}
        }
        self.least <= self.most
    }
}

impl Comparison {
    /// The same comparison with its sides exchanged.
    fn turned(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            same => same,
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::Different => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
            Self::Contains => "contains",
        }
    }
}
