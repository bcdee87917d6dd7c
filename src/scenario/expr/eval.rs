//! A tree to a value. Nothing here can fail: what makes no sense is `null`, and so is everything once the steps are used up.

use std::borrow::Cow;
use std::cmp::Ordering;

use memchr::memmem;
use serde_json::{Number, Value};

use super::{Comparison, Function, Node, Operator, Path, STEPS, Scope, Step};

/// So many bytes of text cost one step.
const BYTES_PER_STEP: usize = 256;

/// So many bytes of text cost one step for each place that a pattern may be at while it looks through them.
pub(in crate::scenario) const BYTES_PER_PLACE: usize = 16;

pub(super) fn eval<'s>(root: &'s Node, scope: &'s dyn Scope) -> Cow<'s, Value> {
    let left = scope.steps();
    let steps = left.map_or(STEPS, |left| left.get().min(STEPS));
    let mut run = Run { scope, steps };
    let value = run.node(root);
    if let Some(left) = left {
        left.set(left.get() - (steps - run.steps));
    }
    value.unwrap_or_default()
}

struct Run<'s> {
    scope: &'s dyn Scope,
    steps: usize,
}

impl<'s> Run<'s> {
    /// Pays for work; `None` when the steps are used up, which ends the evaluation.
    fn pay(&mut self, steps: usize) -> Option<()> {
        let left = self.steps.checked_sub(steps);
        self.steps = left.unwrap_or_default();
        left.map(drop)
    }

    fn pay_text(&mut self, text: &str) -> Option<()> {
        self.pay(1 + text.len() / BYTES_PER_STEP)
    }

    fn node(&mut self, node: &'s Node) -> Option<Cow<'s, Value>> {
        self.pay(1)?;
        Some(match node {
            Node::Literal(value) => Cow::Borrowed(value),
            Node::Path(path, _) => self.path(path)?,
            Node::List(items) => {
                let mut values = Vec::with_capacity(items.len());
                for item in items {
                    let value = self.node(item)?;
                    self.pay(size(&value))?;
                    values.push(value.into_owned());
                }
                Cow::Owned(Value::Array(values))
            }
            Node::Any(nodes) => {
                for node in nodes {
                    if self.is_true(node)? {
                        return Some(boolean(true));
                    }
                }
                boolean(false)
            }
            Node::All(nodes) => {
                for node in nodes {
                    if !self.is_true(node)? {
                        return Some(boolean(false));
                    }
                }
                boolean(true)
            }
            Node::Not(node) => boolean(!self.is_true(node)?),
            Node::Exists(node) => boolean(!self.node(node)?.is_null()),
            Node::Compare(comparison, sides, _) => {
                let (left, right) = (self.node(&sides.0)?, self.node(&sides.1)?);
                boolean(self.compare(*comparison, &left, &right)?)
            }
            Node::Matches(node, regex, cost) => {
                let value = self.node(node)?;
                let Some(text) = value.as_str() else {
                    return Some(boolean(false));
                };
                self.pay(1 + cost.saturating_mul(text.len()) / BYTES_PER_PLACE)?;
                boolean(regex.is_match(text))
            }
            Node::Negate(node) => number(arithmetic(Operator::Subtract, &Value::from(0), &*self.node(node)?)),
            Node::Arithmetic(first, rest) => {
                let mut value = self.node(first)?;
                for (operator, node) in rest {
                    let operand = self.node(node)?;
                    value = number(arithmetic(*operator, &value, &operand));
                }
                value
            }
            Node::Call(function, arguments) => self.call(*function, arguments)?,
        })
    }

    fn is_true(&mut self, node: &'s Node) -> Option<bool> {
        Some(*self.node(node)? == Value::Bool(true))
    }

    fn path(&mut self, path: &Path) -> Option<Cow<'s, Value>> {
        self.pay(path.steps.len())?;
        Some(path.find(self.scope).map_or(Cow::Owned(Value::Null), Cow::Borrowed))
    }

    fn compare(&mut self, comparison: Comparison, left: &Value, right: &Value) -> Option<bool> {
        if let (Value::String(left), Value::String(right)) = (left, right) {
            self.pay_text(if left.len() < right.len() { left } else { right })?;
        }
        Some(match comparison {
            Comparison::Equal => self.equal(left, right)?,
            Comparison::Different => !self.equal(left, right)?,
            Comparison::Less => order(left, right).is_some_and(Ordering::is_lt),
            Comparison::LessOrEqual => order(left, right).is_some_and(Ordering::is_le),
            Comparison::Greater => order(left, right).is_some_and(Ordering::is_gt),
            Comparison::GreaterOrEqual => order(left, right).is_some_and(Ordering::is_ge),
            Comparison::In => self.holds(right, left)?,
            Comparison::Contains => self.holds(left, right)?,
        })
    }

    /// Whether a list has the item, or a text the part.
    fn holds(&mut self, whole: &Value, part: &Value) -> Option<bool> {
        match (whole, part) {
            (Value::Array(items), part) => {
                for item in items {
                    if self.equal(item, part)? {
                        return Some(true);
                    }
                }
                Some(false)
            }
            (Value::String(whole), Value::String(part)) => {
                self.pay_text(whole)?;
                Some(memmem::find(whole.as_bytes(), part.as_bytes()).is_some())
            }
            _ => Some(false),
        }
    }

    /// Equality by value: `1` is `1.0`, also inside lists and objects.
    fn equal(&mut self, left: &Value, right: &Value) -> Option<bool> {
        self.pay(1)?;
        match (left, right) {
            (Value::Number(left), Value::Number(right)) => Some(compare_numbers(left, right) == Some(Ordering::Equal)),
            (Value::String(left), Value::String(right)) => {
                self.pay_text(left)?;
                Some(left == right)
            }
            (Value::Array(left), Value::Array(right)) => {
                if left.len() != right.len() {
                    return Some(false);
                }
                for (left, right) in left.iter().zip(right) {
                    if !self.equal(left, right)? {
                        return Some(false);
                    }
                }
                Some(true)
            }
            (Value::Object(left), Value::Object(right)) => {
                if left.len() != right.len() {
                    return Some(false);
                }
                for (name, left) in left {
                    match right.get(name) {
                        Some(right) if self.equal(left, right)? => {}
                        _ => return Some(false),
                    }
                }
                Some(true)
            }
            (left, right) => Some(left == right),
        }
    }

    fn call(&mut self, function: Function, arguments: &'s [Node]) -> Option<Cow<'s, Value>> {
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            values.push(self.node(argument)?);
        }
        for value in &values {
            if let Some(text) = value.as_str() {
                self.pay_text(text)?;
            }
        }
        let values: Vec<&Value> = values.iter().map(AsRef::as_ref).collect();
        Some(Cow::Owned(match (function, values.as_slice()) {
            (Function::Len, [Value::String(text)]) => Value::from(text.chars().count()),
            (Function::Len, [Value::Array(items)]) => Value::from(items.len()),
            (Function::Len, [Value::Object(members)]) => Value::from(members.len()),
            (Function::Lower, [Value::String(text)]) => Value::String(text.to_lowercase()),
            (Function::StartsWith, [Value::String(text), Value::String(part)]) => Value::Bool(text.starts_with(part.as_str())),
            (Function::EndsWith, [Value::String(text), Value::String(part)]) => Value::Bool(text.ends_with(part.as_str())),
            (Function::StartsWith | Function::EndsWith, _) => Value::Bool(false),
            _ => Value::Null,
        }))
    }
}

pub(super) fn walk<'v>(value: &'v Value, steps: &[Step]) -> Option<&'v Value> {
    steps.iter().try_fold(value, |value, step| match step {
        Step::Member(name) => value.get(name),
        Step::Index(index) => value.get(index),
    })
}

fn boolean(value: bool) -> Cow<'static, Value> {
    Cow::Owned(Value::Bool(value))
}

fn number(value: Option<Number>) -> Cow<'static, Value> {
    Cow::Owned(value.map_or(Value::Null, Value::Number))
}

/// What a copy of the value costs.
fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(size).sum::<usize>(),
        Value::String(text) => 1 + text.len() / BYTES_PER_STEP,
        _ => 1,
    }
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => compare_numbers(left, right),
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

/// Whole numbers exactly, others as far as a double goes.
fn compare_numbers(left: &Number, right: &Number) -> Option<Ordering> {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

/// Whole numbers stay whole where they can; what no longer fits becomes a double, and what is not a number is `None`.
fn arithmetic(operator: Operator, left: &Value, right: &Value) -> Option<Number> {
    let (left, right) = (left.as_number()?, right.as_number()?);
    if let (Some(left), Some(right)) = (left.as_i64(), right.as_i64()) {
        let whole = match operator {
            Operator::Add => left.checked_add(right),
            Operator::Subtract => left.checked_sub(right),
            Operator::Multiply => left.checked_mul(right),
            Operator::Divide if left.checked_rem(right) == Some(0) => left.checked_div(right),
            Operator::Divide => None,
        };
        if let Some(whole) = whole {
            return Some(Number::from(whole));
        }
    }
    let (left, right) = (left.as_f64()?, right.as_f64()?);
    Number::from_f64(match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
    })
}
