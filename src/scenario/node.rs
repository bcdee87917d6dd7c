//! YAML (and so JSON) text as a tree that remembers where everything stood. It knows YAML and its dangers (aliases that multiply,
//! endless nesting, tags, numbers that lose digits), and nothing about scenarios.

mod load;
mod unreadable;

use serde_json::{Map, Number, Value};

pub(super) use self::load::{CONVERSATION, DOCUMENT, Limits, NO_ANCHOR, SCENARIO, SENT_CONVERSATION, load, load_all, load_within};
use super::error::{Span, Spanned};

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) span: Span,
    /// The alias that it stands for, where it is repeated by one.
    pub(super) alias: Option<Span>,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Member>),
}

/// One key of a mapping with its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    pub(super) key: Spanned<String>,
    pub(super) value: Node,
}

impl Node {
    pub(super) fn new(span: Span, kind: Kind) -> Self {
        Self { span, alias: None, kind }
    }

    /// Where it is repeated, or written.
    pub(super) fn place(&self) -> Span {
        self.alias.unwrap_or(self.span)
    }

    /// What a diagnostic calls this value.
    pub(super) fn found(&self) -> &'static str {
        match &self.kind {
            Kind::Null => "nothing",
            Kind::Bool(_) => "a boolean",
            Kind::Number(_) => "a number",
            Kind::Text(_) => "text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }

    /// How many values it has, itself included.
    pub(super) fn count(&self) -> usize {
        let children = match &self.kind {
            Kind::List(items) => items.iter().map(Self::count).sum(),
            Kind::Map(members) => members.iter().map(|member| member.value.count()).sum(),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) => 0,
        };
        1 + children
    }

    /// A value, all of which stands in one place.
    pub(super) fn from_json(value: &Value, span: Span) -> Self {
        let kind = match value {
            Value::Null => Kind::Null,
            Value::Bool(value) => Kind::Bool(*value),
            Value::Number(value) => Kind::Number(value.clone()),
            Value::String(value) => Kind::Text(value.clone()),
            Value::Array(items) => Kind::List(items.iter().map(|item| Self::from_json(item, span)).collect()),
            Value::Object(members) => {
                let member = |(name, value): (&String, &Value)| {
                    let key = Spanned { value: name.clone(), span };
                    Member { key, value: Self::from_json(value, span) }
                };
                Kind::Map(members.iter().map(member).collect())
            }
        };
        Self::new(span, kind)
    }

    /// The value without its positions.
    pub(super) fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Number(value) => Value::Number(value.clone()),
            Kind::Text(value) => Value::String(value.clone()),
            Kind::List(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Kind::Map(members) => {
                Value::Object(members.iter().map(|member| (member.key.value.clone(), member.value.to_json())).collect::<Map<_, _>>())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::scenario::error::{Diagnostic, Source};

    fn read(text: &str) -> (Option<Node>, Vec<Diagnostic>, Arc<Source>) {
        let source = Arc::new(Source::new("x.yaml", text));
        let (node, problems) = load(&source);
        (node, problems, source)
    }

    /// The text reads as this JSON, without problems.
    fn check(text: &str, json: &str) {
        let (node, problems, _) = read(text);
        assert_eq!(problems, [], "{text}");
        assert_eq!(node.map(|node| node.to_json().to_string()), Some(json.to_owned()), "{text}");
    }

    /// The text has exactly these problems: code and the marked text.
    fn refused(text: &str, expected: &[(&str, &str)]) {
        let (_, problems, source) = read(text);
        let found: Vec<_> = problems.iter().map(|it| (it.code, source.text.get(it.span.start..it.span.end).unwrap_or("?"))).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn scalars_follow_the_core_schema() {
        check(
            "[NO, yes, true, null, ~, 1, -2, +3, 1.5, 1e3, 0.5, .5, 2d, +6h]",
            r#"["NO","yes",true,null,null,1,-2,3,1.5,1000.0,0.5,0.5,"2d","+6h"]"#,
        );
        check(
            "[2026-01-05T09:00:00Z, 1..2, 0x1F, .inf, '1', 18446744073709551615]",
            r#"["2026-01-05T09:00:00Z","1..2","0x1F",".inf","1",18446744073709551615]"#,
        );
    }

    #[test]
    fn json_is_read_too_even_with_tabs() {
        check("{\n\t\"a\": [1, {\"b\": \"x\\u0041\"}],\n\t\"c\": null\n}\n", r#"{"a":[1,{"b":"xA"}],"c":null}"#);
    }

    #[test]
    fn aliases_are_copied() {
        check("a: &x {b: 1}\nc: [*x, *x]", r#"{"a":{"b":1},"c":[{"b":1},{"b":1}]}"#);
        refused("a: *b\nc: *d", &[("S001", "*b"), ("S001", "*d")]);
        refused("a: &x [*x]", &[("S002", "*x")]);
    }

    #[test]
    fn merge_keys_take_over_what_a_mapping_does_not_say_itself() {
        check("x: &x {a: 1, b: 2}\nc: {b: 3, <<: *x}", r#"{"x":{"a":1,"b":2},"c":{"b":3,"a":1}}"#);
        check("c:\n  <<: [{a: 1}, {a: 2, b: 2}]\n  d: 4", r#"{"c":{"d":4,"a":1,"b":2}}"#);
        check("x: &x {<<: {a: 1}}\ny: {<<: *x}\n'<<': 1", r#"{"x":{"a":1},"y":{"a":1},"<<":1}"#);
    }

    #[test]
    fn aliases_that_multiply_are_refused() {
        let mut wide = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        let mut deep = "a0: &a0 [x]\n".to_owned();
        for n in 1..100 {
            let before = n - 1;
            wide.push_str(&format!("a{n}: &a{n} [{}]\n", vec![format!("*a{before}"); 10].join(", ")));
            deep.push_str(&format!("a{n}: &a{n} [*a{before}]\n"));
        }
        assert_eq!(read(&wide).1.iter().map(|it| it.code).collect::<Vec<_>>(), ["S002"]);
        assert_eq!(read(&deep).1.iter().map(|it| it.code).collect::<Vec<_>>(), ["S002"]);
        assert_eq!(read(&"[".repeat(5000)).1.iter().map(|it| it.code).collect::<Vec<_>>(), ["S002"]);
        assert_eq!(read(&"- ".repeat(5000)).1.iter().map(|it| it.code).collect::<Vec<_>>(), ["S002"]);
    }

    #[test]
    fn what_would_be_ambiguous_is_refused() {
        refused("a: 1\na: 2", &[("S003", "a")]);
        refused("a: !!str 1\nb: !x y", &[("S014", "!!str"), ("S014", "!x")]);
        refused("zip: 01234\nn: 99999999999999999999", &[("S014", "01234"), ("S014", "99999999999999999999")]);
        refused("a: {<<: 1}\nb: {<<: [{c: 1}, 2]}", &[("S014", "<<"), ("S014", "<<")]);
        refused("a: 1\n---\nb: 2", &[("S014", "---")]);
        refused("? [a]\n: 1", &[("S014", "[a]")]);
    }

    #[test]
    fn collections_know_their_extent() {
        let (node, _, source) = read("a:\n  - b: 1\n    c: {d: 2}\n  - x\n\n# end\ne: 3\n");
        let Some(Node { kind: Kind::Map(members), .. }) = node else { panic!("a mapping") };
        let spans: Vec<_> = members.iter().map(|it| source.text.get(it.value.span.start..it.value.span.end).unwrap_or("?")).collect();
        assert_eq!(spans, ["- b: 1\n    c: {d: 2}\n  - x", "3"]);
    }
}
