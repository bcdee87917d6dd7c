//! Whether conditions that are joined by `all`, `any` and `not` can hold.

use super::reader::Reader;
use crate::scenario::ast::Condition;
use crate::scenario::error::Span;
use crate::scenario::expr::Path;
use crate::scenario::expr::types::Joint;
use crate::scenario::need::Need;
use crate::scenario::node::{Kind, Node};
use crate::scenario::shape::Shape;

/// So many conditions that have to hold together are held against each other.
const MOST_TOGETHER: usize = 64;

impl Reader<'_> {
    /// Reports joined conditions that no call fulfills, or that every call does, unless something is told of their parts already: there
    /// were so many problems and warnings before.
    pub(super) fn check_joined(&mut self, node: &Node, condition: &Condition, (problems, warnings): (usize, usize)) {
        let joint = joint(condition);
        let is_judged = self.vocabulary.is_some() && self.problems.len() == problems;
        let found = if is_judged { joint.contradiction(self) } else { None };
        let alike = if let Condition::All(conditions) = condition { excluded(conditions) } else { None };
        match (found.or(alike), condition) {
            // What is told of the part alone is less.
            (Some(_), Condition::Not(_)) => {
                self.warnings.truncate(warnings);
                self.problem("S101", node.span, "this holds always, so that `not` is never true").help("leave `not` out, or the row");
            }
            (Some(message), _) => {
                let help = if matches!(condition, Condition::All(_)) { "use `any` where one of them is enough" } else { "leave it out" };
                let span = part_of(node, &message);
                self.problem("S101", span, message).help(help);
            }
            (None, Condition::Any(_)) if is_judged && self.warnings.len() == warnings && joint.is_always(self) => {
                self.warn("S106", node.span, "one of these holds always", "leave them out");
            }
            _ => {}
        }
    }
}

/// Where a message is about: the one of some conditions that it names, or all of them.
fn part_of(node: &Node, message: &str) -> Span {
    let named = message.split('`').nth(1);
    let Kind::List(items) = &node.kind else { return node.span };
    let is_named = |item: &&Node| matches!(&item.kind, Kind::Text(text) if named == Some(text.trim()));
    items.iter().rfind(is_named).map_or(node.span, |item| item.span)
}

/// Conditions as those who look for contradictions have them.
pub(super) fn joint(condition: &Condition) -> Joint<'_> {
    match condition {
        Condition::Test(expr) => Joint::Test(expr),
        Condition::All(conditions) if conditions.len() <= MOST_TOGETHER => Joint::All(conditions.iter().map(joint).collect()),
        Condition::Any(conditions) if conditions.len() <= MOST_TOGETHER => Joint::Any(conditions.iter().map(joint).collect()),
        Condition::Not(condition) => Joint::Not(Box::new(joint(condition))),
        _ => Joint::Open,
    }
}

/// What one condition asks for that another one excludes.
fn excluded(conditions: &[Condition]) -> Option<String> {
    let conditions = &conditions[..conditions.len().min(MOST_TOGETHER)];
    for (index, one) in conditions.iter().enumerate() {
        for other in &conditions[index + 1..] {
            match (one, other) {
                (Condition::Clock(window), Condition::Clock(other)) if window.excludes(other) => {
                    return Some(format!("the clock never shows both `{window}` and `{other}`"));
                }
                (Condition::Not(inner), whole) | (whole, Condition::Not(inner)) if **inner == *whole => {
                    return Some("one of these conditions is the opposite of another".to_owned());
                }
                _ => {}
            }
        }
    }
    let requests = conditions.iter().filter_map(|condition| if let Condition::Request(parts) = condition { Some(parts) } else { None });
    let parts: Vec<&(&str, Shape)> = requests.flatten().take(MOST_TOGETHER).collect();
    for (index, (name, shape)) in parts.iter().enumerate() {
        let others = parts[index + 1..].iter().filter(|(other, _)| other == name);
        if let Some(members) = others.filter_map(|(_, other)| shape.conflict(other)).next() {
            let place = Path::of("request", std::iter::once(*name).chain(members));
            return Some(format!("no `{place}` is as both of these conditions ask"));
        }
    }
    let exprs = conditions.iter().flat_map(|condition| if let Condition::Test(expr) = condition { expr.needs() } else { Vec::new() });
    for (path, need) in exprs.filter(|(path, _)| path.root == "request").take(MOST_TOGETHER) {
        let members = path.members().into_iter().collect::<Option<Vec<_>>>().unwrap_or_default();
        let ([name, inner @ ..], Need::OneOf(values)) = (&members[..], &need) else { continue };
        let mut shapes = parts.iter().filter(|(part, _)| part == name).filter_map(|(_, shape)| shape.at(inner));
        if shapes.any(|shape| !values.iter().any(|value| shape.fits(value, None))) {
            return Some(format!("no `{path}` is as both of these conditions ask"));
        }
    }
    None
}
