//! Whether conditions that are joined by `all`, `any` and `not` can hold.

use std::sync::LazyLock;

use super::reader::Reader;
use super::shapes::is_always_there;
use crate::scenario::ast::{Condition, Window};
use crate::scenario::error::Span;
use crate::scenario::expr::types::Joint;
use crate::scenario::expr::{Expr, Path};
use crate::scenario::node::{Kind, Node};
use crate::scenario::shape::Shape;

/// So many conditions that have to hold together are held against each other.
const MOST_TOGETHER: usize = 64;

/// A condition that every call fulfills.
static TRUE: LazyLock<Expr> = LazyLock::new(|| Expr::parse("true").expect("it is an expression"));

impl Reader<'_> {
    /// Whether every call that fulfills a condition fulfills another one, where the vendors are known. One that no call fulfills is told by
    /// itself.
    pub(super) fn implies(&self, narrow: Option<&Condition>, wide: Option<&Condition>) -> bool {
        if wide.is_none() || wide == narrow {
            return true;
        }
        let own = || narrow.map(joint);
        let Some(wide) = wide.filter(|_| self.vocabulary.is_some()) else { return false };
        let left = Joint::All(own().into_iter().chain([Joint::Not(Box::new(joint(wide)))]).collect());
        left.contradiction(self).is_some() && own().is_none_or(|own| own.contradiction(self).is_none())
    }

    /// Reports joined conditions that no call fulfills, or that every call does, unless something is told of their parts already: there
    /// were so many problems and warnings before.
    pub(super) fn check_joined(&mut self, node: &Node, condition: &Condition, (problems, warnings): (usize, usize)) {
        let joint = joint(condition);
        let is_judged = self.vocabulary.is_some() && self.problems.len() == problems;
        let found = if is_judged { joint.contradiction(self) } else { None };
        let alike = if let Condition::All(conditions) = condition { excluded(conditions) } else { None };
        match (alike.or(found), condition) {
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

    /// What a request has to look like. Warns where each does.
    pub(super) fn requested(&mut self, node: &Node) -> Option<Condition> {
        let before = (self.problems.len(), self.warnings.len());
        let condition = Condition::Request(self.request(node)?);
        let is_judged = self.vocabulary.is_some() && (self.problems.len(), self.warnings.len()) == before;
        if is_judged && joint(&condition).is_always(self) {
            self.warn("S106", node.span, "every call is like this", "leave it out");
        }
        Some(condition)
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
        Condition::Request(parts) => {
            let mut left = MOST_TOGETHER;
            let is_any = |name: &str, shape: &Shape| is_always_there(name) && *shape == Shape::Members(Vec::new());
            let part = |(name, shape)| if is_any(name, shape) { Joint::Test(&TRUE) } else { fits(&[name], shape, &mut left) };
            Joint::All(parts.iter().map(|(name, shape)| (*name, shape)).map(part).collect())
        }
        Condition::Clock(window) if window.is_always() => Joint::Test(&TRUE),
        Condition::Chance(share, _) if *share >= 1.0 => Joint::Test(&TRUE),
        _ => Joint::Open,
    }
}

/// What the request has to look like where members lead, and within: so many parts, and nothing is known of the others.
fn fits<'c>(members: &[&str], shape: &'c Shape, left: &mut usize) -> Joint<'c> {
    if *left == 0 {
        return Joint::Open;
    }
    *left -= 1;
    let own = Joint::Fits(Path::of("request", members.iter().copied()), shape);
    let Shape::Members(rows) = shape else { return own };
    let inner = rows.iter().map(|(name, row)| fits(&[members, &[name]].concat(), row, left));
    Joint::All(std::iter::once(own).chain(inner).collect())
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
                (Condition::Not(inner), Condition::Clock(window)) | (Condition::Clock(window), Condition::Not(inner))
                    if has_window(inner, window) =>
                {
                    return Some(format!("the clock shows no `{window}` outside of what `not` excludes"));
                }
                _ => {}
            }
        }
    }
    None
}

/// Whether a condition is a window that has all of another one.
fn has_window(condition: &Condition, window: &Window) -> bool {
    matches!(condition, Condition::Clock(other) if window.is_within(other))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;
    use serde_json::{Value, json};

    use super::*;
    use crate::scenario::expr::Scope;
    use crate::scenario::expr::types::{Looked, Type, Types};

    struct Unknown;

    impl Types for Unknown {
        fn look_up(&self, _: &str, _: &[Option<&str>]) -> Looked {
            Looked::To(Type::ANY)
        }
    }

    struct World(Value);

    impl Scope for World {
        fn root(&self, root: &str) -> Option<&Value> {
            self.0.get(root)
        }
    }

    /// A shape as files have it, and `null` and flags.
    fn shape(text: &str) -> Shape {
        match serde_json::from_str(text) {
            Ok(value @ (Value::Null | Value::Bool(_) | Value::Number(_))) => Shape::Exact(value, text.to_owned()),
            _ => Shape::of_text(text.trim_matches('"')).expect("a shape").0,
        }
    }

    fn within(inner: Shape) -> Shape {
        Shape::Members(vec![("c".to_owned(), inner)])
    }

    /// Whether no call fulfills it.
    fn is_never(condition: &Condition) -> bool {
        Joint::Not(Box::new(joint(condition))).is_always(&Unknown)
    }

    #[test]
    fn shapes_that_no_value_has_are_known() {
        let elements = |text: &str| Shape::of_elements(vec![shape(text)]);
        for (one, other, expected) in [
            (shape("x"), shape("y"), true),
            (shape("x"), shape("x*"), false),
            (shape("x"), shape("y*"), true),
            (shape("2"), shape("\"2\""), false),
            (shape("2.0"), shape("\"2\""), false),
            (shape("2"), shape("\"3\""), true),
            (shape("2"), shape("~/^2$/"), false),
            (shape("2"), shape("2.*"), false),
            (shape("2"), shape("1..3"), false),
            (shape("2"), shape("3.."), true),
            (shape("1..2"), shape("2.."), false),
            (shape("..1"), shape("2.."), true),
            (shape("x*"), shape("y*"), true),
            (shape("x*"), shape("xy*"), false),
            (shape("*x"), shape("*y"), true),
            (shape("x*"), shape("*y"), false),
            (shape("null"), shape("x"), true),
            (shape("null"), within(shape("null")), true),
            (within(shape("x")), within(shape("y")), true),
            (within(shape("x")), Shape::Members(vec![("b".to_owned(), shape("y"))]), false),
            (elements("x"), elements("y"), false),
            (elements("x"), shape("x*"), true),
        ] {
            let never = |one: &Shape, other: &Shape| {
                is_never(&Condition::All([one, other].map(|shape| Condition::Request(vec![("body", shape.clone())])).into()))
            };
            assert_eq!((never(&one, &other), never(&other, &one)), (expected, expected), "{one:?} {other:?}");
        }
    }

    fn part() -> impl Strategy<Value = Condition> {
        let subject = || select(vec!["$request.a", "$request.b", "$request.a.c", "lower($request.a)"]);
        let rest = select(vec![
            "== 2",
            "!= 2",
            "== '2'",
            "!= 'ab'",
            "== true",
            "!= false",
            "== null",
            "!= null",
            "> 1",
            "<= 2.5",
            "< 'b'",
            "in ['a', 2]",
            "contains 'a'",
            "exists",
            "matches '^a'",
        ]);
        let function = select(vec!["starts_with", "ends_with"]);
        let text = select(vec!["", "a", "ab", "b", "2"]);
        let texts =
            vec!["2", "2.0", "\"2\"", "7", "a", "ab", "a*", "*b", "b*", "a*b", "*", "~/^2/", "~/b$/", "1..3", "3..", "..1", "true", "null"];
        let shape = select(texts).prop_map(shape);
        let shape = prop_oneof![
            3 => shape.clone(),
            1 => shape.clone().prop_map(within),
            1 => proptest::collection::vec(shape, 0..3).prop_map(Shape::of_elements),
        ];
        let test = |text: String| Condition::Test(Expr::parse(&text).expect("an expression"));
        prop_oneof![
            3 => (subject(), rest).prop_map(move |(subject, rest)| test(format!("{subject} {rest}"))),
            2 => (function, subject(), text).prop_map(move |(function, subject, text)| test(format!("{function}({subject}, '{text}')"))),
            4 => (select(vec!["a", "b"]), shape).prop_map(|(name, shape)| Condition::Request(vec![(name, shape)])),
        ]
    }

    fn condition() -> impl Strategy<Value = Condition> {
        part().prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                1 => inner.clone().prop_map(|one| Condition::Not(Box::new(one))),
                2 => proptest::collection::vec(inner.clone(), 1..4).prop_map(Condition::All),
                1 => proptest::collection::vec(inner, 1..4).prop_map(Condition::Any),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn what_can_hold_is_never_refused(condition in condition()) {
            let (never, always) = (is_never(&condition), joint(&condition).is_always(&Unknown));
            let values = json!([
                null, true, false, 0, 1, 2, 2.5, 3, 7, "", "a", "ab", "axb", "b", "bb", "AB", "2", "2.0", "7", [], ["a"], ["ab", 2], {},
                {"c": 2}, {"c": "2"}, {"c": "ab"}, {"c": "b"}, {"c": null}, {"c": true},
            ]);
            let values = values.as_array().expect("a list");
            for (one, other) in values.iter().flat_map(|one| values.iter().map(move |other| (one, other))) {
                let holds = condition.is_true(&World(json!({"request": {"a": one, "b": other}})));
                prop_assert!(if holds { !never } else { !always }, "{condition:?} with {one} and {other}");
            }
        }
    }
}
