//! Several files as one scenario. What a later file says goes before what an earlier one says: its values and settings take the place of
//! theirs, its overrides and timelines are looked at first. `given`, `expect` and `subscriptions` are added up in the order of the files.

use super::node::{Kind, Member, Node};

/// One tree of several, the first of which is the earliest.
pub(super) fn combine(roots: Vec<Node>) -> Option<Node> {
    roots.into_iter().reduce(|earlier, later| merge(earlier, later, &ROOT))
}

/// How two values of a name become one.
#[derive(Clone, Copy)]
enum How {
    /// The later in place of the earlier.
    Replace,
    /// Lists as one, the earlier first.
    Append,
    /// Lists or mappings as one, the later first.
    Prepend,
    /// Mappings member by member, some of them in a way of their own.
    Merge(&'static [(&'static str, How)]),
}

const ROOT: [(&str, How); 8] = [
    ("given", How::Append),
    ("expect", How::Append),
    ("overrides", How::Prepend),
    ("timelines", How::Prepend),
    ("accounts", How::Merge(&[])),
    ("clock", How::Merge(&[])),
    ("webhooks", How::Merge(&[("subscriptions", How::Append)])),
    ("include", How::Append),
];

fn merge(earlier: Node, later: Node, known: &[(&str, How)]) -> Node {
    let span = later.span;
    let kind = match (earlier.kind, later.kind) {
        (Kind::Map(mut members), Kind::Map(others)) => {
            for member in others {
                let how = known.iter().find(|(name, _)| *name == member.key.value).map_or(How::Replace, |(_, how)| *how);
                match members.iter().position(|other| other.key.value == member.key.value) {
                    None => members.push(member),
                    Some(at) => {
                        let other = members.remove(at);
                        members.insert(at, Member { value: both(other.value, member.value, how), key: member.key });
                    }
                }
            }
            Kind::Map(members)
        }
        (_, later) => later,
    };
    Node::new(span, kind)
}

fn both(earlier: Node, later: Node, how: How) -> Node {
    let span = later.span;
    let kind = match (how, earlier.kind, later.kind) {
        (How::Merge(known), earlier @ Kind::Map(_), later @ Kind::Map(_)) => {
            return merge(Node::new(span, earlier), Node::new(span, later), known);
        }
        (How::Append, Kind::List(mut items), Kind::List(others)) => {
            items.extend(others);
            Kind::List(items)
        }
        (How::Prepend, Kind::List(items), Kind::List(mut others)) => {
            others.extend(items);
            Kind::List(others)
        }
        (How::Prepend, Kind::Map(members), Kind::Map(mut others)) => {
            let is_new = |member: &Member| !others.iter().any(|other| other.key.value == member.key.value);
            let kept: Vec<Member> = members.into_iter().filter(is_new).collect();
            others.extend(kept);
            Kind::Map(others)
        }
        // What a file leaves empty does not take away what another says.
        (_, earlier, Kind::Null) => earlier,
        (_, _, later) => later,
    };
    Node::new(span, kind)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::scenario::error::Source;
    use crate::scenario::node;

    /// Two files become this one.
    fn check(earlier: &str, later: &str, expected: &str) {
        let read = |text: &str| node::load(&Arc::new(Source::new("x", text))).0.expect("it is YAML");
        let whole = combine(vec![read(earlier), read(later)]).expect("there are two");
        assert_eq!(whole.to_json().to_string(), read(expected).to_json().to_string());
    }

    #[test]
    fn later_files_go_before_earlier_ones() {
        check("{seed: 1, name: a}", "{seed: 2}", "{seed: 2, name: a}");
        check("{clock: {start: a, mode: frozen}}", "{clock: {start: b}}", "{clock: {start: b, mode: frozen}}");
        check("{overrides: [1, 2]}", "{overrides: [3]}", "{overrides: [3, 1, 2]}");
        check("{given: [1, 2], expect: [4]}", "{expect: [5], given: [3]}", "{given: [1, 2, 3], expect: [4, 5]}");
        check("{timelines: {a: 1, b: 2}}", "{timelines: {c: 3, b: 4}}", "{timelines: {c: 3, b: 4, a: 1}}");
        check("{accounts: {x: [1], y: [2]}}", "{accounts: {y: [3]}}", "{accounts: {x: [1], y: [3]}}");
        check(
            "{webhooks: {drop: 1, subscriptions: [1]}}",
            "{webhooks: {subscriptions: [2]}}",
            "{webhooks: {drop: 1, subscriptions: [1, 2]}}",
        );
        check("{seed: 1}", "{seed: }", "{seed: 1}");
    }
}
