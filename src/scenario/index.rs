//! The overrides that a call can meet, found by its operation and by the values that their conditions ask for: how many there are for
//! other operations, and for other values, costs nothing.

use std::collections::BTreeMap;

use serde_json::Value;

use super::ast::{Override, Pattern};
use super::expr::{Path, Scope};

/// So many paths are looked at to leave out overrides. Those of further ones are tried one after the other.
const MOST_PATHS: usize = 8;

/// Positions of overrides, in their order.
pub(super) struct Index {
    /// Those of one operation, by its full name.
    one: BTreeMap<String, Rows>,
    /// Those that are for several operations at once.
    wide: Rows,
}

/// Positions of overrides, by what their conditions ask for.
#[derive(Default)]
struct Rows {
    /// Those that a path leads to one of some values for.
    by_value: Vec<(Path, BTreeMap<Key, Vec<usize>>)>,
    others: Vec<usize>,
}

/// A value such that equal ones have the same key.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Number(u64),
    Text(String),
}

impl Key {
    fn of(value: &Value) -> Option<Self> {
        match value {
            // Zero has two signs.
            Value::Number(number) => number.as_f64().map(|number| Self::Number((number + 0.0).to_bits())),
            Value::String(text) => Some(Self::Text(text.clone())),
            _ => None,
        }
    }
}

impl Rows {
    fn add(&mut self, position: usize, row: &Override) {
        let needs = row.when.as_ref().and_then(|when| when.needs());
        let keyed = needs.and_then(|(path, values)| Some((path, values.iter().map(Key::of).collect::<Option<Vec<_>>>()?)));
        let Some((path, keys)) = keyed else { return self.others.push(position) };
        let known = self.by_value.iter().position(|(known, _)| *known == path);
        let at = match known {
            Some(at) => at,
            None if self.by_value.len() == MOST_PATHS => return self.others.push(position),
            None => {
                self.by_value.push((path, BTreeMap::new()));
                self.by_value.len() - 1
            }
        };
        for key in keys {
            let rows = self.by_value[at].1.entry(key).or_default();
            // A value that a list has twice.
            if rows.last() != Some(&position) {
                rows.push(position);
            }
        }
    }

    fn find<'r>(&'r self, scope: &'r dyn Scope) -> impl Iterator<Item = usize> + 'r {
        let meant = self.by_value.iter().filter_map(move |(path, rows)| rows.get(&Key::of(path.find(scope)?)?));
        meant.chain(std::iter::once(&self.others)).flatten().copied()
    }
}

impl Index {
    pub fn of(overrides: &[Override]) -> Self {
        let (mut one, mut wide) = (BTreeMap::<String, Rows>::new(), Rows::default());
        for (position, row) in overrides.iter().enumerate() {
            match &row.on.value {
                Pattern::One(operation) => one.entry(operation.to_string()).or_default().add(position, row),
                Pattern::Every | Pattern::Vendor(_) | Pattern::Glob(_) => wide.add(position, row),
            }
        }
        Self { one, wide }
    }

    /// Those that a call of an operation can meet, in their order, and whether one is certainly for it. What a condition asks for besides
    /// is not known yet.
    pub fn find(&self, operation: &str, scope: &dyn Scope) -> Vec<(usize, bool)> {
        let own = self.one.get(operation).into_iter().flat_map(|rows| rows.find(scope)).map(|position| (position, true));
        let mut found: Vec<_> = own.chain(self.wide.find(scope).map(|position| (position, false))).collect();
        found.sort_unstable();
        found
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scenario;

    struct Call(Value);

    impl Scope for Call {
        fn root(&self, root: &str) -> Option<&Value> {
            self.0.get(root)
        }
    }

    fn index(rows: &[&str]) -> Index {
        let rows: String = rows.iter().map(|row| format!("  - {{{row}, fault: reset}}\n")).collect();
        Index::of(&scenario::parse(&format!("overrides:\n{rows}"), "x").expect("a scenario").overrides)
    }

    fn found(index: &Index, operation: &str, body: Value) -> Vec<usize> {
        let call = Call(json!({"request": {"body": body}, "call": {"nth": 2}}));
        index.find(operation, &call).into_iter().map(|(row, _)| row).collect()
    }

    #[test]
    fn overrides_keep_their_order() {
        let index = index(
            &["a.x", "'*'", "a.y", "a.x", "b.*", "a.*z", "a.x"]
                .map(|on| format!("on: {on}, when: $call.nth > 1"))
                .each_ref()
                .map(String::as_str),
        );
        assert_eq!(found(&index, "a.x", json!({})), [0, 1, 3, 4, 5, 6]);
        assert_eq!(found(&index, "a.y", json!({})), [1, 2, 4, 5]);
        assert_eq!(found(&index, "c.z", json!({})), [1, 4, 5]);
        let call = Call(json!({}));
        let is_own: Vec<_> = index.find("a.x", &call).into_iter().map(|(_, is_own)| is_own).collect();
        assert_eq!(is_own, [true, false, true, false, false, true]);
    }

    #[test]
    fn overrides_that_ask_for_other_values_are_left_out() {
        let index = index(&[
            "on: a.x, when: $request.body.n == 'one'",
            "on: a.x, when: $request.body.n == 2 and $call.nth == 1",
            "on: a.*, when: {all: [$call.nth > 0, \"$request.body.n in ['one', 2.0, 'one']\"]}",
            "on: a.x, when: $request.body.n == 'one' or $call.nth == 1",
            "on: a.x, when: $request.body.n != 'one'",
            "on: a.x, when: \"'two' == $request.body.m\"",
            "on: a.x, when: $request.body.n == null",
            "on: a.x, when: $request.body.n == 0",
        ]);
        assert_eq!(found(&index, "a.x", json!({"n": "one"})), [0, 2, 3, 4, 6]);
        assert_eq!(found(&index, "a.x", json!({"n": 2.0})), [1, 2, 3, 4, 6]);
        assert_eq!(found(&index, "a.x", json!({"n": -0.0, "m": "two"})), [3, 4, 5, 6, 7]);
        assert_eq!(found(&index, "a.x", json!([])), [3, 4, 6]);
        assert_eq!(found(&index, "a.y", json!({"n": 2})), [2]);
    }

    #[test]
    fn what_is_asked_of_requests_leaves_out_overrides_too() {
        let index = index(&[
            "on: a.x, when: {request: {body: {n: one}}}",
            "on: a.x, when: {request: {method: POST, body: {more: {}, n: 2}}}",
            "on: a.x, when: {request: {body: {n: o*}}}",
            "on: a.x, when: {any: [{request: {body: {n: one}}}, {request: {body: {n: two}}}]}",
            "on: a.x, when: {not: {request: {body: {n: one}}}}",
            "on: a.x, when: {request: {body: {m: {deep: 1}}}}",
        ]);
        assert_eq!(found(&index, "a.x", json!({"n": "one"})), [0, 2, 3, 4]);
        assert_eq!(found(&index, "a.x", json!({"n": 2.0, "m": {"deep": "1"}})), [1, 2, 3, 4, 5]);
        assert_eq!(found(&index, "a.x", json!({"n": "2", "m": {"deep": 1}})), [1, 2, 3, 4, 5]);
        assert_eq!(found(&index, "a.x", json!({"m": 1})), [2, 3, 4]);
    }
}
