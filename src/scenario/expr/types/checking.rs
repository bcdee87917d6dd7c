//! Looks through an expression for what its author cannot mean.

use std::ops::Range;

use serde_json::Value;

use super::texts::{Numbers, Place};
use super::{Looked, NEVER, Type, TypeProblem, Types, UNLIKE};
use crate::scenario::expr::{Comparison, Function, Node, Operator, Path};

/// So many values of a list are held against what they are compared with.
const MOST_ITEMS: usize = 16;

pub(super) struct Checking<'e> {
    pub text: &'e str,
    pub types: &'e dyn Types,
    pub problems: Vec<TypeProblem>,
}

impl Checking<'_> {
    pub fn problem(&mut self, code: &'static str, range: Range<usize>, message: String, help: Option<String>) {
        self.problems.push(TypeProblem { code, message, range, help });
    }

    /// Something that has to be true or false.
    pub fn condition(&mut self, node: &Node) {
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
            Node::Matches(inner, regex, _) => {
                let found = self.node(inner);
                if found.kinds & !Type::NULL == Type::TEXT_BIT && !found.texts.any(|word| regex.is_match(word)) {
                    let message = format!("`{}` never matches `{regex}`", self.written(inner));
                    self.problem(NEVER, self.range(inner), message, found.texts.advice(""));
                } else if !found.can_be(Type::TEXT_BIT) {
                    let message = format!("`{}` is {}, and patterns match text", self.written(inner), found.noun());
                    self.problem(UNLIKE, self.range(inner), message, None);
                }
                Type::FLAG
            }
            Node::Exists(inner) => {
                self.node(inner);
                Type::FLAG
            }
            Node::Negate(inner) => self.arithmetic([&**inner], true),
            Node::Arithmetic(first, rest) => {
                let keeps_whole = rest.iter().all(|(operator, _)| *operator != Operator::Divide);
                self.arithmetic(std::iter::once(&**first).chain(rest.iter().map(|(_, node)| node)), keeps_whole)
            }
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
        self.values(comparison, (left, &one), (right, &other), range);
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

    /// A comparison of values of which none can be as it says.
    fn values(&mut self, comparison: Comparison, left: (&Node, &Type), right: (&Node, &Type), range: &Range<usize>) {
        if left.1.is_null() || right.1.is_null() {
            return;
        }
        // What is known of the one side is held against what is written on the other.
        let (known, fixed) = if matches!(left.0, Node::Literal(_)) { (right, left) } else { (left, right) };
        let (name, value) = (self.written(known.0), self.written(fixed.0));
        let word = if let Node::Literal(Value::String(text)) = fixed.0 { Some(text.as_str()) } else { None };
        let found = match comparison {
            Comparison::Equal if !left.1.meets(right.1) => Some((format!("`{name}` is never `{value}`"), known.1.advice(word))),
            Comparison::Different if !left.1.meets(right.1) => {
                Some((format!("`{name}` always differs from `{value}`"), known.1.advice(word)))
            }
            Comparison::Different if known.1.is_only(word) => Some((format!("`{name}` is always `{value}`"), None)),
            Comparison::Less | Comparison::LessOrEqual | Comparison::Greater | Comparison::GreaterOrEqual
                if !left.1.compares(comparison, right.1) =>
            {
                let sign = if std::ptr::eq(known.0, left.0) { comparison } else { comparison.turned() }.sign();
                Some((format!("`{name}` is never `{sign} {value}`"), known.1.advice(None)))
            }
            Comparison::In => self.in_list(left, right),
            Comparison::Contains => Self::has(left.1, right.0, Place::Anywhere)
                .map(|(part, advice)| (format!("`{}` never contains `'{part}'`", self.written(left.0)), advice)),
            _ => None,
        };
        if let Some((message, help)) = found {
            self.problem(NEVER, range.clone(), message, help);
        }
    }

    /// A value that is never in a list, or never one of the values in it; a text that is in none.
    fn in_list(&self, left: (&Node, &Type), right: (&Node, &Type)) -> Option<(String, Option<String>)> {
        let name = self.written(left.0);
        let Node::List(items) = right.0 else {
            let (part, advice) = Self::has(right.1, left.0, Place::Anywhere)?;
            return Some((format!("`'{part}'` is never in `{}`", self.written(right.0)), advice));
        };
        let is_never = |item: &&Node| matches!(item, Node::Literal(value) if !value.is_null() && !left.1.meets(&Type::of_value(value)));
        let never: Vec<&Node> = items.iter().take(MOST_ITEMS).filter(is_never).collect();
        let first = never.first()?;
        let word = if let Node::Literal(Value::String(text)) = first { Some(text.as_str()) } else { None };
        let what =
            if never.len() == items.len() { format!("in `{}`", self.written(right.0)) } else { format!("`{}`", self.written(first)) };
        Some((format!("`{name}` is never {what}"), left.1.advice(word)))
    }

    /// A fixed text that none of the texts of a type has in it.
    fn has<'n>(whole: &Type, part: &'n Node, place: Place) -> Option<(&'n str, Option<String>)> {
        let Node::Literal(Value::String(part)) = part else { return None };
        let is_text = whole.kinds & !Type::NULL == Type::TEXT_BIT;
        (is_text && !whole.texts.has(part, place)).then(|| (part.as_str(), whole.texts.advice(part)))
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

    fn arithmetic<'n>(&mut self, operands: impl IntoIterator<Item = &'n Node>, keeps_whole: bool) -> Type {
        let mut whole = keeps_whole;
        for node in operands {
            let found = self.node(node);
            whole &= found.numbers.whole || matches!(node, Node::Literal(Value::Number(number)) if !number.is_f64());
            if !found.can_be(Type::NUMBER_BIT) {
                let message = format!("`{}` is {}, and only numbers can be calculated with", self.written(node), found.noun());
                self.problem(UNLIKE, self.range(node), message, None);
            }
        }
        Type { numbers: Numbers { whole, ..Numbers::ANY }, ..Type::of(Type::NUMBER_BIT | Type::NULL) }
    }

    fn call(&mut self, function: Function, arguments: &[Node]) -> Type {
        let takes = match function {
            Function::Len => Type::TEXT_BIT | Type::LIST_BIT | Type::OBJECT_BIT,
            Function::Lower | Function::StartsWith | Function::EndsWith => Type::TEXT_BIT,
        };
        let mut types = Vec::new();
        for argument in arguments {
            let found = self.node(argument);
            if !found.can_be(takes) {
                let message = format!("`{}` is {}, expected {}", self.written(argument), found.noun(), Type::of(takes).noun());
                self.problem(UNLIKE, self.range(argument), message, None);
            }
            types.push(found);
        }
        let place = if function == Function::StartsWith { Place::Start } else { Place::End };
        match (function, arguments, &types[..]) {
            (Function::Len, ..) => Type::whole(0.0..=f64::INFINITY).or(&Type::of(Type::NULL)),
            (Function::Lower, _, [found]) => found.lowered(),
            (Function::StartsWith | Function::EndsWith, [whole, part], [found, _]) => {
                if let Some((part, advice)) = Self::has(found, part, place) {
                    let verb = if place == Place::Start { "begins" } else { "ends" };
                    self.problem(NEVER, self.range(whole), format!("`{}` never {verb} with `'{part}'`", self.written(whole)), advice);
                }
                Type::FLAG
            }
            _ => Type::ANY,
        }
    }

    /// A node as it is written, as far as that is known.
    fn written(&self, node: &Node) -> String {
        match node {
            Node::Literal(value) => value.as_str().map_or_else(|| value.to_string(), |text| format!("'{text}'")),
            Node::Path(path, _) => path.to_string(),
            Node::List(items) => format!("[{}]", items.iter().map(|item| self.written(item)).collect::<Vec<_>>().join(", ")),
            Node::Compare(_, _, range) => self.text.get(range.clone()).unwrap_or_default().to_owned(),
            Node::Call(function, arguments) => {
                format!("{}({})", function.name(), arguments.iter().map(|node| self.written(node)).collect::<Vec<_>>().join(", "))
            }
            Node::Arithmetic(first, rest) => {
                rest.iter().fold(self.written(first), |text, (operator, node)| format!("{text} {} {}", operator.sign(), self.written(node)))
            }
            Node::Negate(inner) => format!("-{}", self.written(inner)),
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
