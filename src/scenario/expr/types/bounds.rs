//! Conditions that no call fulfills, or that every call does, for more than one comparison alone.

use serde_json::Value;

use super::checking::Checking;
use super::holding::{Conflict, conflict};
use super::{ALWAYS, Looked, NEVER};
use crate::scenario::expr::{Comparison, Node, Step};
use crate::scenario::shape::Shape;

impl<'e> Checking<'e> {
    /// The path that a node stands for, and what is to be found there.
    pub fn shape_of(&self, node: &Node) -> Option<(&'e Node, &'e Shape)> {
        let Node::Path(path, _) = node else { return None };
        let ("", [Step::Index(index)]) = (&*path.root, &path.steps[..]) else { return None };
        let (path, shape) = self.shapes.get(*index)?;
        Some((path, (*shape)?))
    }

    /// Reports why some conditions cannot hold together, or an alternative in them cannot hold.
    pub fn contradictions(&mut self, roots: &[&Node]) {
        let goals: Vec<_> = roots.iter().map(|root| (*root, true)).collect();
        if let Some(found) = conflict(self, &goals) {
            self.never(&found);
        } else if let [root] = roots {
            self.alternatives(root);
        }
    }

    /// Reports alternatives that can never be taken.
    fn alternatives(&mut self, node: &Node) {
        let nodes = if let Node::Any(nodes) | Node::All(nodes) = node { &nodes[..] } else { &[] };
        for inner in nodes {
            let found = if matches!(node, Node::Any(_)) { conflict(self, &[(inner, true)]) } else { None };
            match found {
                Some(found) => self.never(&found),
                None => self.alternatives(inner),
            }
        }
    }

    fn never(&mut self, found: &Conflict<'_>) {
        let Some((node, holds)) = found.part else {
            let message = "each alternative contradicts what else has to hold".to_owned();
            self.problem(NEVER, 0..self.text.len(), message, None);
            return;
        };
        if let Some((path, _)) = self.shape_of(node) {
            let place = self.written(path);
            self.problem(NEVER, 0..self.text.len(), format!("no `{place}` is as these conditions ask"), None);
            return;
        }
        let written = self.written(node);
        let part = if holds { written } else { format!("not ({written})") };
        let what = if found.is_alone { "is never true" } else { "contradicts what else has to hold" };
        let help = if found.is_alone && holds { always_there(node) } else { None };
        self.problem(NEVER, self.range(node), format!("`{part}` {what}"), help);
    }

    /// Reports what holds for every call, as far as it has to hold by itself.
    pub fn always(&mut self, node: &Node) {
        match node {
            Node::All(nodes) => nodes.iter().for_each(|node| self.always(node)),
            Node::Literal(Value::Bool(true)) => {
                self.problem(ALWAYS, 0..self.text.len(), "`true` holds for every call".to_owned(), Some("leave it out".to_owned()));
            }
            _ if conflict(self, &[(node, false)]).is_some() => {
                let every = if self.text.contains("$parcel") { "parcel" } else { "call" };
                let message = format!("`{}` holds for every {every}", self.written(node));
                let help = self.known_of(node).unwrap_or_else(|| "leave it out".to_owned());
                self.problem(ALWAYS, self.range(node), message, Some(help));
            }
            _ => {}
        }
    }

    /// What is known of the path that a comparison is about.
    fn known_of(&self, node: &Node) -> Option<String> {
        let Node::Compare(_, sides, _) = node else { return None };
        let ((Node::Path(path, _), Node::Literal(_)) | (Node::Literal(_), Node::Path(path, _))) = &**sides else { return None };
        match self.types.look_up(&path.root, &path.members()) {
            Looked::To(found) => found.advice(None),
            Looked::Missing { .. } | Looked::Unlisted { .. } => None,
        }
    }
}

impl Comparison {
    /// What holds exactly where this comparison by size does not.
    pub(super) const fn opposite(self) -> Option<Self> {
        match self {
            Self::Less => Some(Self::GreaterOrEqual),
            Self::LessOrEqual => Some(Self::Greater),
            Self::Greater => Some(Self::LessOrEqual),
            Self::GreaterOrEqual => Some(Self::Less),
            _ => None,
        }
    }

    /// Whether two texts are in this order.
    pub(super) fn orders(self, one: &str, other: &str) -> bool {
        match self {
            Self::Less => one < other,
            Self::LessOrEqual => one <= other,
            Self::Greater => one > other,
            Self::GreaterOrEqual => one >= other,
            _ => false,
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

/// What is said of a path that is compared with `null`, and never is.
fn always_there(node: &Node) -> Option<String> {
    let Node::Compare(Comparison::Equal, sides, _) = node else { return None };
    let ((Node::Path(path, _), Node::Literal(Value::Null)) | (Node::Literal(Value::Null), Node::Path(path, _))) = &**sides else {
        return None;
    };
    Some(match (path.root.as_str(), &path.members()[..]) {
        ("answer", [Some("wire")]) => "it is always there; a call that got no answer has `$answer.status == null`".to_owned(),
        _ => "it is always there".to_owned(),
    })
}
