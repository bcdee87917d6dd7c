//! Whether a condition can hold at all: the values that its parts leave each other, and the alternatives of `or` and `in` one by one.
//! What is compared with fixed values is a subject: a path, or what is calculated from paths, whose types are the values that it begins
//! with. Nothing else is known of subjects, so that what is refused here is refused by every call.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use regex::Regex;
use serde_json::Value;

use super::checking::Checking;
use super::narrowing::Known;
use super::texts::Place;
use super::{Type, ends};
use crate::scenario::expr::{Comparison, Function, Node, Scope, eval};
use crate::scenario::shape::Shape;

/// How many values are held against tests at the most. Beyond them a condition may hold.
const MOST_TRIED: usize = 4_000;

/// Something that has to be true, or anything else.
type Goal<'n> = (&'n Node, bool);

/// Why goals cannot hold together.
pub(super) struct Conflict<'n> {
    /// The part that the others leave no value for; `None` where several alternatives each have another one.
    pub part: Option<Goal<'n>>,
    /// Whether it is impossible by itself.
    pub is_alone: bool,
}

/// A test of a subject, with the part of the condition that it is.
#[derive(Clone)]
pub(super) struct Test<'n> {
    subject: String,
    of: &'n Node,
    pub kind: Kind<'n>,
    pub holds: bool,
    part: Goal<'n>,
}

#[derive(Clone)]
pub(super) enum Kind<'n> {
    True,
    Exists,
    Compare(Comparison, Value),
    Matches(&'n Regex),
    Part(Place, String),
    /// It looks like this; of an object, that it is one.
    Fits(&'n Shape),
}

/// What has to hold: tests, and alternatives of which one has to.
#[derive(Clone, Default)]
struct Goals<'n> {
    tests: Vec<Test<'n>>,
    choices: Vec<Vec<Choice<'n>>>,
}

#[derive(Clone)]
enum Choice<'n> {
    Goal(Goal<'n>),
    Test(Test<'n>),
}

struct Solver<'c, 'n> {
    checking: &'c Checking<'n>,
    /// What subjects can be by themselves.
    types: BTreeMap<String, Type>,
    left: usize,
}

/// Where no path leads anywhere.
struct Nowhere;

impl Scope for Nowhere {
    fn root(&self, _: &str) -> Option<&Value> {
        None
    }
}

/// Why some goals cannot all be met; `None` if they can, as far as can be seen.
pub(super) fn conflict<'n>(checking: &Checking<'n>, goals: &[Goal<'n>]) -> Option<Conflict<'n>> {
    let mut solver = Solver { checking, types: BTreeMap::new(), left: MOST_TRIED };
    let mut all = Goals::default();
    goals.iter().find_map(|goal| solver.add(&mut all, *goal).err()).or_else(|| solver.solve(&all))
}

/// Whether a part of a condition is the same for every call.
fn is_fixed(node: &Node) -> bool {
    match node {
        Node::Literal(_) => true,
        Node::Path(..) => false,
        Node::List(nodes) | Node::Any(nodes) | Node::All(nodes) | Node::Call(_, nodes) => nodes.iter().all(is_fixed),
        Node::Not(inner) | Node::Matches(inner, ..) | Node::Exists(inner) | Node::Negate(inner) => is_fixed(inner),
        Node::Compare(_, sides, _) => is_fixed(&sides.0) && is_fixed(&sides.1),
        Node::Arithmetic(first, rest) => is_fixed(first) && rest.iter().all(|(_, node)| is_fixed(node)),
    }
}

/// What a subject is told by; `None` for what is true or false by itself.
fn name_of(node: &Node) -> Option<String> {
    let all = |nodes: &[Node]| Some(nodes.iter().map(name_of).collect::<Option<Vec<_>>>()?.join(", "));
    Some(match node {
        Node::Literal(value) => value.to_string(),
        Node::Path(path, _) => format!("{path:?}"),
        Node::List(nodes) => format!("[{}]", all(nodes)?),
        Node::Call(function, nodes) => format!("{}({})", function.name(), all(nodes)?),
        Node::Negate(inner) => format!("-({})", name_of(inner)?),
        Node::Arithmetic(first, rest) => rest
            .iter()
            .try_fold(name_of(first)?, |text, (operator, node)| Some(format!("({text}) {} ({})", operator.sign(), name_of(node)?)))?,
        Node::Any(_) | Node::All(_) | Node::Not(_) | Node::Compare(..) | Node::Matches(..) | Node::Exists(_) => return None,
    })
}

/// Where exchanges end in no way with which callers receive such a status: the later of the two parts.
fn without_status<'n>(goals: &Goals<'n>, found: &BTreeMap<&str, Known>) -> Option<Conflict<'n>> {
    let is_of_answer =
        |test: &Test<'_>, member: &str| matches!(test.of, Node::Path(path, _) if path.root == "answer" && path.members() == [Some(member)]);
    let about = |member: &str| goals.tests.iter().rposition(|test| is_of_answer(test, member));
    let (wire, status) = (about("wire")?, about("status")?);
    let known = |index: usize| found.get(&*goals.tests[index].subject);
    let (end, received) = (known(wire)?, known(status)?);
    let can_be = end.is.texts.any(|word| ends::status(word).shares(&received.is));
    (!can_be).then(|| Conflict { part: Some(goals.tests[wire.max(status)].part), is_alone: false })
}

impl<'n> Solver<'_, 'n> {
    /// Pays for some values; `None` when enough was tried.
    fn pay(&mut self, values: usize) -> Option<()> {
        self.left = self.left.checked_sub(values)?;
        self.checking.types.pays(values).then_some(())
    }

    /// Takes a goal apart into tests and choices.
    fn add(&self, goals: &mut Goals<'n>, (node, holds): Goal<'n>) -> Result<(), Conflict<'n>> {
        match node {
            Node::Not(inner) => self.add(goals, (inner, !holds)),
            Node::All(nodes) if holds => nodes.iter().try_for_each(|node| self.add(goals, (node, true))),
            Node::Any(nodes) if !holds => nodes.iter().try_for_each(|node| self.add(goals, (node, false))),
            Node::All(nodes) | Node::Any(nodes) => {
                goals.choices.push(nodes.iter().map(|node| Choice::Goal((node, holds))).collect());
                Ok(())
            }
            node if is_fixed(node) => {
                let is_met = (*eval::eval(node, &Nowhere) == Value::Bool(true)) == holds;
                if is_met { Ok(()) } else { Err(Conflict { part: Some((node, holds)), is_alone: true }) }
            }
            Node::Compare(comparison, sides, _) => self.compare(goals, *comparison, &sides.0, &sides.1, (node, holds)),
            node if let Some((path, shape)) = self.checking.shape_of(node) => Self::test(goals, path, Kind::Fits(shape), (node, holds)),
            Node::Matches(inner, regex, _) => Self::test(goals, inner, Kind::Matches(regex), (node, holds)),
            Node::Exists(inner) => Self::test(goals, inner, Kind::Exists, (node, holds)),
            Node::Call(function @ (Function::StartsWith | Function::EndsWith), arguments) => match &arguments[..] {
                [whole, Node::Literal(Value::String(part))] => {
                    let place = if *function == Function::StartsWith { Place::Start } else { Place::End };
                    Self::test(goals, whole, Kind::Part(place, part.clone()), (node, holds))
                }
                _ => Ok(()),
            },
            _ => Self::test(goals, node, Kind::True, (node, holds)),
        }
    }

    fn compare(
        &self,
        goals: &mut Goals<'n>,
        comparison: Comparison,
        left: &'n Node,
        right: &'n Node,
        part: Goal<'n>,
    ) -> Result<(), Conflict<'n>> {
        let (subject, comparison, value) = match (is_fixed(left), is_fixed(right)) {
            (false, true) => (left, comparison, right),
            (true, false) => (right, comparison.turned(), left),
            _ => return self.same(comparison, left, right, part),
        };
        let value = eval::eval(value, &Nowhere).into_owned();
        let Value::Array(items) = &value else { return Self::test(goals, subject, Kind::Compare(comparison, value), part) };
        if comparison != Comparison::In {
            return Self::test(goals, subject, Kind::Compare(comparison, value), part);
        }
        let Some(name) = name_of(subject) else { return Ok(()) };
        let test = |item: &Value| Test {
            subject: name.clone(),
            of: subject,
            kind: Kind::Compare(Comparison::Equal, item.clone()),
            holds: part.1,
            part,
        };
        match (&items[..], part.1) {
            ([], true) => return Err(Conflict { part: Some(part), is_alone: true }),
            ([], false) => {}
            ([only], true) => goals.tests.push(test(only)),
            (items, true) => goals.choices.push(items.iter().map(|item| Choice::Test(test(item))).collect()),
            (items, false) => goals.tests.extend(items.iter().map(test)),
        }
        Ok(())
    }

    /// A comparison of something with itself.
    fn same(&self, comparison: Comparison, left: &'n Node, right: &'n Node, part: Goal<'n>) -> Result<(), Conflict<'n>> {
        let (Some(one), Some(other)) = (name_of(left), name_of(right)) else { return Ok(()) };
        let has_order = || self.checking.type_of(left).is_within(Type::NUMBER_BIT | Type::TEXT_BIT);
        let holds = match comparison {
            _ if one != other => return Ok(()),
            Comparison::Equal => true,
            Comparison::Different | Comparison::Less | Comparison::Greater => false,
            Comparison::LessOrEqual | Comparison::GreaterOrEqual if has_order() => true,
            _ => return Ok(()),
        };
        if holds == part.1 { Ok(()) } else { Err(Conflict { part: Some(part), is_alone: true }) }
    }

    fn test(goals: &mut Goals<'n>, of: &'n Node, kind: Kind<'n>, part: Goal<'n>) -> Result<(), Conflict<'n>> {
        let subject = name_of(of);
        goals.tests.extend(subject.map(|subject| Test { subject, of, kind, holds: part.1, part }));
        Ok(())
    }

    fn solve(&mut self, goals: &Goals<'n>) -> Option<Conflict<'n>> {
        let mut found: BTreeMap<&str, Known> = BTreeMap::new();
        // Once more, for what came before something that it excludes.
        for is_again in [false, true] {
            for test in &goals.tests {
                let is_alone = !is_again && !found.contains_key(&*test.subject);
                let checking = self.checking;
                let known = match found.entry(&test.subject) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(place) => {
                        let own = self.types.entry(test.subject.clone()).or_insert_with(|| checking.type_of(test.of));
                        place.insert(Known::of(own.clone()))
                    }
                };
                self.pay(1 + known.is.texts.count())?;
                known.narrow(test);
                if known.is.kinds == 0 {
                    return Some(Conflict { part: Some(test.part), is_alone });
                }
            }
        }
        if let Some(conflict) = without_status(goals, &found) {
            return Some(conflict);
        }
        let (first, rest) = goals.choices.split_first()?;
        let mut last = None;
        for choice in first {
            let mut goals = Goals { tests: goals.tests.clone(), choices: rest.to_vec() };
            let added = match choice {
                Choice::Goal(goal) => self.add(&mut goals, *goal),
                Choice::Test(test) => {
                    goals.tests.push(test.clone());
                    Ok(())
                }
            };
            self.pay(1 + goals.tests.len() + rest.len())?;
            last = Some(match added {
                Ok(()) => self.solve(&goals)?,
                Err(conflict) => conflict,
            });
        }
        let is_one = first.len() == 1 || matches!(first.first(), Some(Choice::Test(_)));
        last.map(|last| if is_one { Conflict { is_alone: false, ..last } } else { Conflict { part: None, is_alone: false } })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;
    use serde_json::json;

    use super::*;
    use crate::scenario::expr::Expr;
    use crate::scenario::expr::types::{Looked, Types};

    /// Calls are counted, and nothing else is known.
    struct Counted;

    impl Types for Counted {
        fn look_up(&self, root: &str, _: &[Option<&str>]) -> Looked {
            Looked::To(if root == "call" { Type::whole(1.0..=f64::INFINITY) } else { Type::ANY })
        }
    }

    struct World(Value);

    impl Scope for World {
        fn root(&self, root: &str) -> Option<&Value> {
            self.0.get(root)
        }
    }

    fn part() -> impl Strategy<Value = String> {
        let subject = || {
            select(vec![
                "$request.a",
                "$request.b",
                "$call.nth",
                "$call.nth + 1",
                "10 / $call.nth",
                "2 - $request.a",
                "len($request.a)",
                "lower($request.a)",
            ])
        };
        let sign = select(vec!["==", "!=", "<", "<=", ">", ">=", "in", "contains"]);
        let value = select(vec!["0", "1", "2", "2.5", "-1", "'a'", "'ab'", "'B'", "true", "false", "null", "[]", "[1, 'a']", "1 + 1"]);
        let alone = select(vec!["exists", "matches '^a'", "== $request.b", "<= $request.a"]);
        prop_oneof![
            4 => (subject(), sign, value).prop_map(|(one, sign, other)| format!("{one} {sign} {other}")),
            1 => (subject(), alone).prop_map(|(one, rest)| format!("{one} {rest}")),
            1 => Just("starts_with($request.a, 'a')".to_owned()),
            1 => Just("$request.b".to_owned()),
        ]
    }

    fn condition() -> impl Strategy<Value = String> {
        part().prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                inner.clone().prop_map(|one| format!("not ({one})")),
                (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one}) and ({other})")),
                (inner.clone(), inner).prop_map(|(one, other)| format!("({one}) or ({other})")),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn what_is_told_is_so(text in condition()) {
            let expr = Expr::parse(&text).expect("an expression");
            let checking = Checking { text: &text, types: &Counted, shapes: &[], problems: Vec::new() };
            let [never, always] = [true, false].map(|holds| conflict(&checking, &[(&expr.root, holds)]).is_some());
            prop_assert!(!never || !always);
            let values = json!([null, true, false, 0, 1, 2, 2.5, -1, "", "a", "ab", "B", [], [1], ["a"], {}]);
            let values = values.as_array().expect("a list");
            for (one, other) in values.iter().flat_map(|one| values.iter().map(move |other| (one, other))) {
                for nth in 1..4 {
                    let world = World(json!({"request": {"a": one, "b": other}, "call": {"nth": nth}}));
                    let holds = expr.is_true(&world);
                    prop_assert!(if holds { !never } else { !always }, "{text} with {one}, {other} and {nth}");
                }
            }
        }
    }
}
