//! Comparisons with fixed values that have to hold together and cannot.

use std::collections::BTreeMap;

use serde_json::Value;

use super::checking::Checking;
use super::texts::Numbers;
use super::{ALWAYS, Looked, NEVER};
use crate::scenario::expr::{Comparison, Node};

impl Checking<'_> {
    /// Reports a comparison that contradicts others that have to hold together with it.
    pub fn contradictions(&mut self, roots: &[&Node]) {
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
                    let known = bounds.entry(name.clone()).or_insert_with(|| Bounds {
                        is: None,
                        numbers: match self.types.look_up(&path.root, &path.members()) {
                            Looked::To(found) => found.numbers,
                            Looked::Missing { .. } => Numbers::ANY,
                        },
                    });
                    if !known.add(comparison, value) {
                        let value = value.as_str().map_or_else(|| value.to_string(), |text| format!("'{text}'"));
                        let message = format!("`{name} {} {value}` contradicts what else has to hold", comparison.sign());
                        self.problem(NEVER, range.clone(), message, None);
                        return;
                    }
                }
                _ => {}
            }
        }
    }
}

impl Checking<'_> {
    /// Reports comparisons that hold for every call, as far as they have to hold by themselves.
    pub fn always(&mut self, node: &Node) {
        match node {
            Node::All(nodes) => nodes.iter().for_each(|node| self.always(node)),
            Node::Literal(Value::Bool(true)) => {
                self.problem(ALWAYS, 0..self.text.len(), "`true` holds for every call".to_owned(), Some("leave it out".to_owned()));
            }
            Node::Compare(comparison, sides, range) => {
                let (path, comparison, value) = match &**sides {
                    (Node::Path(path, _), Node::Literal(value)) => (path, *comparison, value),
                    (Node::Literal(value), Node::Path(path, _)) => (path, comparison.turned(), value),
                    _ => return,
                };
                // What every call has.
                let is_there = path.root == "call" || path.root == "request" && path.members() == [Some("method")];
                let Looked::To(found) = self.types.look_up(&path.root, &path.members()) else { return };
                let holds = match (comparison, comparison.opposite()) {
                    (Comparison::Equal, _) => found.is_only(value.as_str()),
                    (_, Some(opposite)) => value.as_f64().is_some_and(|number| !found.numbers.compares(opposite, Numbers::exactly(number))),
                    _ => false,
                };
                if is_there && holds {
                    let message = format!("`{}` holds for every call", self.text.get(range.clone()).unwrap_or_default());
                    self.problem(ALWAYS, range.clone(), message, found.advice(None).or_else(|| Some("leave it out".to_owned())));
                }
            }
            _ => {}
        }
    }
}

/// The values that a path can still have.
struct Bounds<'e> {
    is: Option<&'e Value>,
    numbers: Numbers,
}

impl<'e> Bounds<'e> {
    /// Takes a comparison into account; whether a value is left.
    fn add(&mut self, comparison: Comparison, value: &'e Value) -> bool {
        if let Some(number) = value.as_f64() {
            return self.numbers.narrow(comparison, number);
        }
        if comparison != Comparison::Equal {
            return self.is != Some(value) || comparison != Comparison::Different;
        }
        let before = self.is.replace(value);
        before.is_none_or(|before| before == value)
    }
}

impl Comparison {
    /// What holds exactly where this comparison by size does not.
    const fn opposite(self) -> Option<Self> {
        match self {
            Self::Less => Some(Self::GreaterOrEqual),
            Self::LessOrEqual => Some(Self::Greater),
            Self::Greater => Some(Self::LessOrEqual),
            Self::GreaterOrEqual => Some(Self::Less),
            _ => None,
        }
    }

    pub(super) fn sign(self) -> &'static str {
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
