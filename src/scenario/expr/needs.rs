//! What a tree needs of single values to be true, as far as that can be looked up for many trees at once.

use regex_syntax::hir::literal::{ExtractKind, Extractor};
use serde_json::Value;

use super::{Comparison, Function, Node, Path};
use crate::scenario::need::{Interval, Need};

pub(super) fn of(node: &Node) -> Vec<(&Path, Need)> {
    if let Node::All(nodes) = node { Need::of_all(nodes.iter().flat_map(of)) } else { one(node).into_iter().collect() }
}

fn one(node: &Node) -> Option<(&Path, Need)> {
    match node {
        Node::Compare(comparison, sides, _) => match &**sides {
            (value @ Node::Literal(_), place) => at(place, comparison.turned().needs(value)?),
            (place, value) => at(place, comparison.needs(value)?),
        },
        Node::Matches(inner, regex, _) => at(inner, Need::Parts(literals(regex.as_str())?)),
        Node::Call(Function::StartsWith | Function::EndsWith, arguments) => match arguments.as_slice() {
            [place, Node::Literal(Value::String(part))] => at(place, Need::part(part)?),
            _ => None,
        },
        _ => None,
    }
}

/// What is needed where a path leads, for it to be needed of a path, or of one in lower case.
fn at(place: &Node, need: Need) -> Option<(&Path, Need)> {
    match place {
        Node::Path(path, _) => Some((path, need)),
        Node::Call(Function::Lower, arguments) => match (arguments.as_slice(), need) {
            ([Node::Path(path, _)], need @ (Need::OneOf(_) | Need::Parts(_))) => Some((path, Need::Lowered(Box::new(need)))),
            _ => None,
        },
        _ => None,
    }
}

/// Texts of which one stands wherever a pattern fits: those that it begins with, or those that it ends with.
pub(in crate::scenario) fn literals(pattern: &str) -> Option<Vec<String>> {
    let hir = regex_syntax::parse(pattern).ok()?;
    let texts = |kind: ExtractKind| {
        let found = Extractor::new().kind(kind).extract(&hir);
        let texts = found.literals()?.iter().map(|literal| String::from_utf8(literal.as_bytes().to_vec()).ok());
        let texts = texts.collect::<Option<Vec<_>>>()?;
        (!texts.is_empty() && !texts.iter().any(String::is_empty)).then_some(texts)
    };
    let shortest = |texts: &Vec<String>| texts.iter().map(String::len).min();
    [ExtractKind::Prefix, ExtractKind::Suffix].into_iter().filter_map(texts).max_by_key(shortest)
}

impl Comparison {
    /// The same comparison with its sides exchanged.
    pub(super) const fn turned(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            Self::In => Self::Contains,
            Self::Contains => Self::In,
            same => same,
        }
    }

    /// What stands on its left side when it holds, with a literal on its right side: numbers and texts alone.
    fn needs(self, right: &Node) -> Option<Need> {
        let literal = |node: &Node| match node {
            Node::Literal(value @ (Value::Number(_) | Value::String(_))) => Some(value.clone()),
            _ => None,
        };
        Some(match self {
            Self::Equal => Need::OneOf(vec![literal(right)?]),
            Self::In => match right {
                Node::List(items) => Need::OneOf(items.iter().map(literal).collect::<Option<_>>()?),
                _ => return None,
            },
            Self::Greater | Self::GreaterOrEqual => Need::Within(Interval { least: Some(literal(right)?), most: None }),
            Self::Less | Self::LessOrEqual => Need::Within(Interval { least: None, most: Some(literal(right)?) }),
            Self::Contains => match right {
                Node::Literal(Value::String(part)) => Need::part(part)?,
                _ => return None,
            },
            Self::Different => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_have_texts_without_which_they_do_not_fit() {
        for (pattern, expected) in [
            ("^(RU|BY)$", Some(vec!["RU", "BY"])),
            (r"@example\.(com|org)$", Some(vec!["@example.com", "@example.org"])),
            (r"^Nobody \d+$", Some(vec!["Nobody "])),
            (r"\d+ Main$", Some(vec![" Main"])),
            ("^a?$", None),
            (".*", None),
        ] {
            let found = literals(pattern);
            assert_eq!(
                found.as_deref(),
                expected.map(|texts| texts.into_iter().map(str::to_owned).collect::<Vec<_>>()).as_deref(),
                "{pattern}"
            );
        }
    }
}
