//! The one expression language of scenarios: `when`, `expect` and templates all speak it. It is small, total and bounded on purpose: no
//! loops, no variables, no way to fail. It is not a programming language, and does not become one.
//!
//! ```text
//! $request.body.rate == $state.cheapest and $call.nth <= 2
//! $parcel.to.country in ['US', 'CA'] or $parcel.transit_days * 2 > 10
//! not $request.headers.idempotency-key exists
//! lower($request.body.email) matches '@example\.(com|org)$'
//! ```
//!
//! From loose to tight: `or`, `and`, `not`, one comparison (`==` `!=` `<` `<=` `>` `>=` `in` `contains` `matches` `exists`), `+` `-`,
//! `*` `/`, unary `-`. Functions: `len`, `lower`, `starts_with`, `ends_with`. `contains` looks into text and into lists; `matches` takes
//! a literal pattern for a linear-time engine.
//!
//! * A path (`$root.member[0]["odd name"].idempotency-key`) that leads nowhere is `null`; `exists` tells whether it is.
//! * Values of different types are never equal and never ordered; `!=` is the opposite of `==`. Numbers compare by value.
//! * Arithmetic on anything but numbers, and division by zero, is `null`.
//! * Only `true` counts as true.
//!
//! **Invariant:** evaluation stops after [`STEPS`] steps, or when the scope has none left; the value is then `null`, so not true.
//! A long text and a value that is copied count as many steps.

mod eval;
mod lex;
mod needs;
mod parse;
pub(super) mod types;

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::ops::Range;

use jiff::Timestamp;
use regex::Regex;
use serde_json::Value;

pub(super) use self::eval::BYTES_PER_PLACE;
pub(super) use self::lex::class;
pub(super) use self::needs::literals;
use super::need::Need;

/// What is said of a pattern that cannot be used.
pub(super) const NO_PATTERN: &str = "not a regular expression";
/// What is said of a text without its closing quote.
pub(super) const NEVER_CLOSED: &str = "text is never closed";
/// Most patterns of one expression, or of one text with expressions in it.
pub(super) const MAX_PATTERNS: usize = 16;

/// Most steps of one evaluation.
pub const STEPS: usize = 100_000;

/// What the paths of an expression refer to.
pub trait Scope {
    /// The value of `$root`: `request`, `state`, `call` or `parcel`. Header names are lower case.
    fn root(&self, root: &str) -> Option<&Value>;

    /// The value of `$root.name`, which may be there without the whole of the root.
    fn member(&self, root: &str, name: &str) -> Option<&Value> {
        self.root(root)?.get(name)
    }

    /// The virtual time; `None` where there is none.
    fn now(&self) -> Option<Timestamp> {
        None
    }

    /// A number from 0 to 1 that is drawn for a condition by its number in the file; `None` where nothing is drawn.
    fn chance(&self, _: usize) -> Option<f64> {
        None
    }

    /// The steps that are left for this and all further evaluations; `None` when there is no limit but that of each.
    fn steps(&self) -> Option<&Cell<usize>> {
        None
    }
}

/// An expression that has been read.
#[derive(Debug, Clone)]
pub struct Expr {
    text: String,
    root: Node,
    uses: Uses,
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// Why a text is not an expression; the range is in bytes of that text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExprError {
    pub message: String,
    pub range: Range<usize>,
    /// Short remark at the caret.
    pub label: Option<String>,
    /// What the author can do about it.
    pub help: Option<String>,
}

/// What an expression uses, for those who check it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Uses {
    pub(super) paths: Vec<PathUse>,
    /// How many patterns it holds compiled.
    pub(super) patterns: usize,
    /// About the bytes that these take.
    pub(super) pattern_bytes: usize,
}

/// A path as it stands in an expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PathUse {
    pub(super) path: Path,
    pub(super) range: Range<usize>,
}

/// A path such as `$root.member[0]`, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Path {
    pub(super) root: String,
    pub(super) steps: Vec<Step>,
}

impl Path {
    /// The path to a member within members of a root.
    pub(super) fn of<'n>(root: &str, members: impl Iterator<Item = &'n str>) -> Self {
        Self { root: root.to_owned(), steps: members.map(|name| Step::Member(name.to_owned())).collect() }
    }

    /// The names of its members; an index of a list is `None`.
    pub(super) fn members(&self) -> Vec<Option<&str>> {
        let mut members = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            members.push(if let Step::Member(name) = step { Some(name.as_str()) } else { None });
        }
        members
    }

    /// What it leads to in a scope.
    pub(super) fn find<'v>(&self, scope: &'v dyn Scope) -> Option<&'v Value> {
        match self.steps.as_slice() {
            [Step::Member(name), rest @ ..] => eval::walk(scope.member(&self.root, name)?, rest),
            steps => eval::walk(scope.root(&self.root)?, steps),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${}", self.root)?;
        self.steps.iter().try_for_each(|step| match step {
            Step::Member(name) => write!(f, ".{name}"),
            Step::Index(index) => write!(f, "[{index}]"),
        })
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    Member(String),
    Index(usize),
}

#[derive(Debug, Clone)]
enum Node {
    Literal(Value),
    /// With the range of the text that it is written in.
    Path(Path, Range<usize>),
    List(Vec<Node>),
    Any(Vec<Node>),
    All(Vec<Node>),
    Not(Box<Node>),
    /// With the range of the text that it is written in.
    Compare(Comparison, Box<(Node, Node)>, Range<usize>),
    /// With how many steps it takes to look through some text.
    Matches(Box<Node>, Regex, usize),
    Exists(Box<Node>),
    Negate(Box<Node>),
    Arithmetic(Box<Node>, Vec<(Operator, Node)>),
    Call(Function, Vec<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    Different,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Contains,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Len,
    Lower,
    StartsWith,
    EndsWith,
}

impl Operator {
    /// How an expression writes it, between two values.
    const fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
        }
    }
}

impl Function {
    /// What it is called in expressions.
    const fn name(self) -> &'static str {
        match self {
            Self::Len => "len",
            Self::Lower => "lower",
            Self::StartsWith => "starts_with",
            Self::EndsWith => "ends_with",
        }
    }
}

impl Expr {
    /// Reads an expression.
    ///
    /// # Errors
    ///
    /// When the text is not one, or is too long or nested too deeply to have a bounded cost.
    pub fn parse(text: &str) -> Result<Self, ExprError> {
        parse::parse(text)
    }

    /// The text it was read from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its value in a scope.
    #[must_use]
    pub fn eval<'s>(&'s self, scope: &'s dyn Scope) -> Cow<'s, Value> {
        eval::eval(&self.root, scope)
    }

    /// Whether its value is `true`.
    #[must_use]
    pub fn is_true(&self, scope: &dyn Scope) -> bool {
        *self.eval(scope) == Value::Bool(true)
    }

    /// Paths, and what each has to lead to for it to be true.
    pub(super) fn needs(&self) -> Vec<(Path, Need)> {
        needs::of(&self.root).into_iter().map(|(path, need)| (path.clone(), need)).collect()
    }

    /// The paths in it as they are written, with their values in a scope.
    pub fn values<'s>(&'s self, scope: &'s dyn Scope) -> impl Iterator<Item = (&'s str, Value)> {
        let value = |used: &'s PathUse| {
            let value = Node::Path(used.path.clone(), used.range.clone());
            (self.text.get(used.range.clone()).unwrap_or_default(), eval::eval(&value, scope).into_owned())
        };
        self.uses.paths.iter().map(value)
    }

    /// Whether it looks at `$root.member`, or at the whole of `$root`.
    #[must_use]
    pub fn mentions(&self, root: &str, member: &str) -> bool {
        let is_it = |step: &Step| matches!(step, Step::Member(name) if name == member);
        self.uses.paths.iter().any(|used| used.path.root == root && used.path.steps.first().is_none_or(is_it))
    }

    pub(super) fn uses(&self) -> &Uses {
        &self.uses
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    pub(super) struct World(Value);

    impl Scope for World {
        fn root(&self, root: &str) -> Option<&Value> {
            self.0.get(root)
        }
    }

    fn world() -> World {
        World(json!({
            "request": {
                "method": "POST",
                "body": {"rate": "r1", "qty": 3, "items": [{"sku": "A-1"}, {"sku": "B"}], "odd name": 1, "none": null},
                "headers": {"idempotency-key": "k1"},
            },
            "state": {"cheapest": "r1"},
            "call": {"nth": 2},
            "parcel": {"to": {"country": "CA"}, "weight": 2.5},
        }))
    }

    fn check(text: &str, expected: Value) {
        match Expr::parse(text) {
            Ok(expr) => assert_eq!(*expr.eval(&world()), expected, "{text}"),
            Err(error) => panic!("{text}: {error:?}"),
        }
    }

    fn refused(text: &str, marked: &str) {
        match Expr::parse(text) {
            Ok(expr) => panic!("{text}: {expr:?}"),
            Err(error) => assert_eq!(text.get(error.range.clone()), Some(marked), "{text}: {error:?}"),
        }
    }

    #[test]
    fn paths_lead_to_values_or_nowhere() {
        check("$request.body.rate", json!("r1"));
        check("$request.body.items[1].sku", json!("B"));
        check("$request.body[\"odd name\"]", json!(1));
        check("$request.headers.Idempotency-Key", json!("k1"));
        check("$request.body.items[9].sku", json!(null));
        check("$nothing.anything", json!(null));
        check("$request.body.rate.deeper", json!(null));
        check("$call.nth-1", json!(1));
    }

    #[test]
    fn comparisons_know_types() {
        check("$request.body.rate == $state.cheapest", json!(true));
        check("1 == 1.0", json!(true));
        check("1 == '1'", json!(false));
        check("1 < '2'", json!(false));
        check("1 != '1'", json!(true));
        check("null == $nothing.here", json!(true));
        check("'a' < 'b'", json!(true));
        check("2 >= 2", json!(true));
        check("[1, 'a'] == [1.0, 'a']", json!(true));
        check("9007199254740993 == 9007199254740992", json!(false));
    }

    #[test]
    fn words_combine_as_they_read() {
        check("not false and true or false", json!(true));
        check("not (1 == 1)", json!(false));
        check("not not true", json!(true));
        check("$parcel.to.country in ['US', 'CA']", json!(true));
        check("'CA' in 'CANADA'", json!(true));
        check("[1, 2] contains 2", json!(true));
        check("'abc' contains 'd'", json!(false));
        check("$request.body.none exists", json!(false));
        check("not $request.body.x exists", json!(true));
        check("$request.method matches '^(PUT|POST)$'", json!(true));
        check("1 matches '1'", json!(false));
        check("'it''s' == \"it's\"", json!(true));
        check("true and 1", json!(false));
    }

    #[test]
    fn arithmetic_never_fails() {
        check("1 + 2 * 3 - -4 / 2", json!(9));
        check("7 / 2", json!(3.5));
        check("$parcel.weight * 2", json!(5.0));
        check("1 / 0", json!(null));
        check("'a' + 1", json!(null));
        check("9223372036854775807 + 1", json!(9_223_372_036_854_775_808.0));
        check("- 'a'", json!(null));
        check("$request.body.qty>2", json!(true));
    }

    #[test]
    fn functions_take_text_and_lists() {
        check("len($request.body.items)", json!(2));
        check("len('äö')", json!(2));
        check("len(1)", json!(null));
        check("lower('ÄB')", json!("äb"));
        check("starts_with($request.body.items[0].sku, 'A-')", json!(true));
        check("ends_with('abc', 'b')", json!(false));
    }

    #[test]
    fn mistakes_are_marked_where_they_are() {
        refused("", "");
        refused("$request.body.rate = 1", "=");
        refused("1 == 2 == 3", "==");
        refused("$a and", "");
        refused("(1", "");
        refused("lenn(1)", "lenn");
        refused("len(1, 2)", "len(1, 2)");
        refused("'open", "'open");
        refused("$a matches $b", "$b");
        refused("$a matches '('", "'('");
        refused("$a == US", "US");
        refused("a.b == 1", "a.b");
        refused("$a ; $b", ";");
        refused("$a $b", "$b");
        refused("$.x", "$");
        refused("$a.", ".");
        refused("$a[x]", "x");
        assert!(Expr::parse(&"(".repeat(5_000)).is_err());
        assert!(Expr::parse(&"not ".repeat(900)).is_err());
        assert!(Expr::parse(&"1+".repeat(50_000)).is_err());
    }

    #[test]
    fn cost_is_bounded() {
        let big = World(json!({"request": {"body": "ab".repeat(4_000_000)}}));
        for many in [vec!["lower($request.body) contains 'x'"; 90].join(" or "), "$request.body matches '(a+b+)+x'".to_owned()] {
            let expr = Expr::parse(&many);
            assert_eq!(expr.map(|expr| expr.eval(&big).into_owned()), Ok(Value::Null), "{many}");
        }
        // A pattern that compiles to much takes more than another one.
        let text = World(json!({"request": {"body": "ab".repeat(150_000)}}));
        for (pattern, expected) in [("(a+b+)+x", json!(false)), ("([ab]{1,40}){1,40}x", Value::Null)] {
            let expr = Expr::parse(&format!("$request.body matches '{pattern}'"));
            assert_eq!(expr.map(|expr| expr.eval(&text).into_owned()), Ok(expected), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_an_expression_or_an_error(text in ".{0,80}") {
            let _ = Expr::parse(&text).map(|expr| expr.eval(&world()).into_owned());
        }

        #[test]
        fn any_words_are_an_expression_or_an_error(words in proptest::collection::vec(proptest::sample::select(vec![
            "$request", ".body", ".qty", "[0]", "(", ")", "[", "]", ",", "not", "and", "or", "==", "!=", "<", "in", "contains", "matches",
            "exists", "+", "-", "*", "/", "1", "2.5", "'a'", "true", "null", "len", "lower", "starts_with",
        ]), 0..24)) {
            let text = words.join(" ");
            match Expr::parse(&text) {
                Ok(expr) => drop(expr.eval(&world())),
                Err(error) => prop_assert!(text.get(error.range).is_some()),
            }
        }
    }
}
