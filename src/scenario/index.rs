//! The overrides that a call can meet, found by its operation and by what their conditions need: how many there are for other
//! operations, for other values and for texts with other parts, costs nothing.

mod texts;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use self::texts::Texts;
use super::ast::{Condition, Override, Pattern};
use super::expr::{Path, Scope};
use super::need::{Interval, Measured, Need};

/// So many places are looked at to leave out overrides. Those of further ones are tried one after the other.
const MOST_PLACES: usize = 8;

/// Positions of overrides, in their order.
pub(super) struct Index {
    /// Those of one operation, by its full name.
    one: BTreeMap<String, Rows>,
    /// Those that are for several operations at once.
    wide: Rows,
}

/// Positions of overrides, by what their conditions need.
#[derive(Default)]
struct Rows {
    /// Those that find one of some values at a place.
    by_value: Vec<(Place, BTreeMap<Key, Vec<usize>>)>,
    /// Those that find a value at a place that lies in an interval.
    by_size: Vec<(Place, Vec<(Interval, usize)>)>,
    /// Those that find a text at a place that has one of some others in it.
    by_part: Vec<(Place, Texts)>,
    others: Vec<usize>,
}

/// Where a path leads, or the text there in lower case.
#[derive(PartialEq)]
struct Place {
    path: Path,
    is_lowered: bool,
}

impl Place {
    /// What is found there. It is put into lower case once for all overrides that look at it.
    fn find<'v>(&self, scope: &'v dyn Scope) -> Option<Cow<'v, Value>> {
        let found = self.path.find(scope)?;
        match (self.is_lowered, found) {
            (false, found) => Some(Cow::Borrowed(found)),
            (true, Value::String(text)) => Some(Cow::Owned(text.to_lowercase().into())),
            // Nothing else has a lower case.
            (true, _) => None,
        }
    }
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
        let (path, need) = match row.when.as_ref().and_then(Condition::needs) {
            Some(needs) => needs,
            None => return self.others.push(position),
        };
        let (is_lowered, need) = match need {
            Need::Lowered(need) => (true, *need),
            need => (false, need),
        };
        let place = Place { path, is_lowered };
        let added = match need {
            Need::OneOf(values) => self.add_values(position, place, &values),
            Need::Parts(parts) => column(&mut self.by_part, place).map(|texts| texts.add(position, parts)),
            Need::Within(interval) => column(&mut self.by_size, place).map(|rows| rows.push((interval, position))),
            Need::Lowered(_) => None,
        };
        if added.is_none() {
            self.others.push(position);
        }
    }

    fn add_values(&mut self, position: usize, place: Place, values: &[Value]) -> Option<()> {
        let keys = values.iter().map(Key::of).collect::<Option<Vec<_>>>()?;
        let column = column(&mut self.by_value, place)?;
        for key in keys {
            let rows = column.entry(key).or_default();
            // A value that a list has twice.
            if rows.last() != Some(&position) {
                rows.push(position);
            }
        }
        Some(())
    }

    fn find<'r>(&'r self, scope: &'r dyn Scope) -> impl Iterator<Item = usize> + 'r {
        let by_value = self.by_value.iter().filter_map(move |(place, rows)| rows.get(&Key::of(&*place.find(scope)?)?));
        let by_size = self.by_size.iter().filter_map(move |(place, rows)| {
            let value = place.find(scope)?;
            let found = Measured::of(&value);
            Some(rows.iter().filter(|(interval, _)| interval.has(&found)).map(|(_, position)| *position).collect::<Vec<_>>())
        });
        let by_part = self.by_part.iter().filter_map(move |(place, texts)| Some(texts.find(&*place.find(scope)?)));
        by_value.chain(std::iter::once(&self.others)).flatten().copied().chain(by_size.flatten()).chain(by_part.flatten())
    }
}

/// What is known for a place; `None` if there are too many places.
fn column<T: Default>(columns: &mut Vec<(Place, T)>, place: Place) -> Option<&mut T> {
    let at = match columns.iter().position(|(known, _)| *known == place) {
        Some(at) => at,
        None if columns.len() == MOST_PLACES => return None,
        None => {
            columns.push((place, T::default()));
            columns.len() - 1
        }
    };
    Some(&mut columns[at].1)
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
        one.values_mut().chain([&mut wide]).flat_map(|rows| &mut rows.by_part).for_each(|(_, texts)| texts.complete());
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
            &[("a.x", 1), ("'*'", 2), ("a.y", 3), ("a.x", 4), ("b.*", 5), ("a.*z", 6), ("a.x", 7)]
                .map(|(on, number)| format!("on: {on}, when: $call.nth > 0.{number}"))
                .each_ref()
                .map(String::as_str),
        );
        assert_eq!(found(&index, "a.x", json!({})), [0, 1, 3, 4, 5, 6]);
        assert_eq!(found(&index, "a.y", json!({})), [1, 2, 4, 5]);
        assert_eq!(found(&index, "c.z", json!({})), [1, 4, 5]);
        let call = Call(json!({"call": {"nth": 2}}));
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
    fn overrides_that_ask_for_other_sizes_are_left_out() {
        let index = index(&[
            "on: a.x, when: $request.body.n > 5 and $request.body.n <= 7.5",
            "on: a.*, when: 7.5 < $request.body.n",
            "on: a.x, when: {request: {body: {n: 6..7}}}",
            "on: a.x, when: {request: {method: POST, body: {more: {}, n: ..6}}}",
            "on: a.x, when: $request.body.n >= 1 and $request.body.m == 2",
            "on: a.x, when: \"$request.body.n < 'b'\"",
            "on: a.x, when: {any: [$request.body.n > 100, $call.nth == 1]}",
            "on: a.x, when: not $request.body.n > 100",
            "on: a.x, when: $request.body.n > $request.body.m",
            "on: a.x, when: $request.body.n > 9007199254740993",
        ]);
        assert_eq!(found(&index, "a.x", json!({"n": 6})), [0, 2, 3, 6, 7, 8]);
        assert_eq!(found(&index, "a.x", json!({"n": "6.50"})), [0, 2, 5, 6, 7, 8]);
        // An end is tried, and so is what no double tells apart.
        assert_eq!(found(&index, "a.x", json!({"n": 7.5, "m": 2})), [0, 1, 4, 6, 7, 8]);
        assert_eq!(found(&index, "a.x", json!({"n": 9_007_199_254_740_993_u64})), [1, 6, 7, 8, 9]);
        assert_eq!(found(&index, "a.x", json!({"n": "a"})), [5, 6, 7, 8]);
        assert_eq!(found(&index, "a.x", json!({"n": [6]})), [6, 7, 8]);
        assert_eq!(found(&index, "a.x", json!({})), [6, 7, 8]);
        assert_eq!(found(&index, "a.y", json!({"n": 8})), [1]);
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
        assert_eq!(found(&index, "a.x", json!({"n": 2.0, "m": {"deep": "1"}})), [1, 3, 4, 5]);
        assert_eq!(found(&index, "a.x", json!({"n": "2", "m": {"deep": 1}})), [1, 3, 4, 5]);
        assert_eq!(found(&index, "a.x", json!({"m": 1})), [3, 4]);
    }

    #[test]
    fn overrides_that_ask_for_other_parts_of_texts_are_left_out() {
        let index = index(&[
            "on: a.x, when: \"ends_with($request.body.n, 'Smith')\"",
            "on: a.x, when: \"starts_with($request.body.n, 'Ada') and $call.nth > 1\"",
            "on: a.*, when: $request.body.n contains 'mit'",
            "on: a.x, when: \"'Bob' in $request.body.n\"",
            "on: a.x, when: \"$request.body.n matches '^(Ada|Eve) .*'\"",
            "on: a.x, when: {request: {body: {n: 'A*a S*'}}}",
            "on: a.x, when: {request: {body: {n: '~/^5[0-9]$/'}}}",
            "on: a.x, when: not $request.body.n contains 'Ada'",
            "on: a.x, when: \"$request.body.n matches '.*'\"",
            "on: a.x, when: $request.body.n contains ''",
            "on: a.x, when: $request.body.n contains $request.body.m",
            "on: a.x, when: lower($request.body.n) contains lower($request.body.m)",
        ]);
        let always = [7, 8, 9, 10, 11];
        let check = |n: Value, some: &[usize]| assert_eq!(found(&index, "a.x", json!({"n": n})), [some, &always].concat(), "{n}");
        check(json!("Ada Smith"), &[0, 1, 2, 4, 5]);
        check(json!("Bob"), &[3]);
        check(json!("Eve"), &[]);
        check(json!("Eve Smith"), &[0, 2, 4]);
        check(json!(52), &[6]);
        check(json!(["Bob"]), &[0, 1, 2, 3, 4, 5, 6]);
        check(json!(null), &[]);
        // What is too long to be looked through is tried.
        check(json!("x".repeat(100_000)), &[0, 1, 2, 3, 4, 5, 6]);
        check(json!("Smith".repeat(6_000)), &[0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(found(&index, "a.y", json!({"n": "Smith"})), [2]);
    }

    #[test]
    fn overrides_that_ask_for_other_texts_in_lower_case_are_left_out() {
        let index = index(&[
            "on: a.x, when: lower($request.body.n) == 'ada smith'",
            "on: a.x, when: \"lower($request.body.n) in ['eve', 'ada smith'] and $call.nth > 1\"",
            "on: a.*, when: \"'smi' in lower($request.body.n)\"",
            "on: a.x, when: \"ends_with(lower($request.body.n), 'smith')\"",
            "on: a.x, when: \"lower($request.body.n) matches '^(bob|eve)'\"",
            "on: a.x, when: $request.body.n == 'ada smith'",
            "on: a.x, when: lower($request.body.n) == 5",
            "on: a.x, when: lower($request.body.n) > 'b'",
        ]);
        assert_eq!(found(&index, "a.x", json!({"n": "Ada SMITH"})), [0, 1, 2, 3, 7]);
        assert_eq!(found(&index, "a.x", json!({"n": "ada smith"})), [0, 1, 2, 3, 5, 7]);
        assert_eq!(found(&index, "a.x", json!({"n": "EVE"})), [1, 4, 7]);
        assert_eq!(found(&index, "a.x", json!({"n": 5})), [7]);
        assert_eq!(found(&index, "a.x", json!({"n": ["ada smith"]})), [7]);
    }
}
