//! The overrides that a call can meet, found by its operation and by what their conditions need: how many there are for other
//! operations, for other values and for texts with other parts, costs nothing.

mod texts;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use self::texts::Texts;
use super::ast::{Condition, Override, Pattern};
use super::expr::{Path, Scope};
use super::need::{self, Interval, Measured, Need};
use crate::base::text;

/// So many places are looked at to leave out overrides. Those of further ones are tried one after the other.
const MOST_PLACES: usize = 8;

/// Positions of overrides, in their order.
#[derive(Default)]
pub(super) struct Index {
    /// Those of one operation, by its full name, and those of all of a vendor, by its name with a dot.
    named: BTreeMap<String, Rows>,
    every: Rows,
    /// Those of globs, by what these begin with.
    globs: BTreeMap<String, BTreeMap<String, Rows>>,
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
    fn name(&self) -> (String, bool) {
        (self.path.to_string(), self.is_lowered)
    }

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

/// How many overrides that are for the same calls need the same of a place: of the needs of one, that tells most which the fewest others
/// have.
#[derive(Default)]
struct Shared {
    overrides: usize,
    counts: BTreeMap<(String, bool), BTreeMap<Key, usize>>,
}

impl Shared {
    fn add(&mut self, row: &Override) {
        self.overrides += 1;
        for (place, need) in needs(row) {
            let counts = self.counts.entry(place.name()).or_default();
            need.keys().for_each(|key| *counts.entry(key).or_default() += 1);
        }
    }

    /// About how many overrides are left where a need is fulfilled; an interval is taken for one that half of them need.
    fn left(&self, place: &Place, need: &Need) -> usize {
        let counts = self.counts.get(&place.name());
        match need {
            Need::Within(_) => self.overrides.div_ceil(2),
            need => need.keys().filter_map(|key| counts?.get(&key).copied()).sum::<usize>().min(self.overrides),
        }
    }
}

impl Need {
    /// The values and parts of texts of which there has to be one.
    fn keys(&self) -> Box<dyn Iterator<Item = Key> + '_> {
        match self {
            Self::OneOf(values) => Box::new(values.iter().filter_map(Key::of)),
            Self::Parts(parts) => Box::new(parts.iter().map(|part| Key::Part(part.clone()))),
            Self::Lowered(need) => need.keys(),
            Self::Within(_) => Box::new(std::iter::empty()),
        }
    }
}

/// What the condition of an override needs, by places.
fn needs(row: &Override) -> Vec<(Place, Need)> {
    let needs = row.when.as_ref().map(Condition::needs).unwrap_or_default().into_iter();
    let of = |(path, need)| match need {
        Need::Lowered(need) => (Place { path, is_lowered: true }, *need),
        need => (Place { path, is_lowered: false }, need),
    };
    needs.map(of).collect()
}

/// A value such that equal ones have the same key.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Number(u64),
    Text(String),
    /// What a text has in it.
    Part(String),
}

impl Key {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Number(_) => need::number(value).map(Self::of_number),
            Value::String(text) => Some(Self::Text(text.clone())),
            _ => None,
        }
    }

    // Zero has two signs.
    fn of_number(number: f64) -> Self {
        Self::Number((number + 0.0).to_bits())
    }

    /// Those of what a value may be asked for as: some conditions take a text of a number for one.
    fn met(value: &Value) -> impl Iterator<Item = Self> {
        let number = value.as_str().and_then(|_| need::number(value)).map(Self::of_number);
        Self::of(value).into_iter().chain(number)
    }
}

impl Rows {
    fn add(&mut self, position: usize, row: &Override, shared: &Shared) {
        let mut needs = needs(row);
        needs.sort_by_cached_key(|(place, need)| (shared.left(place, need), std::cmp::Reverse(need.rank())));
        let is_added = needs.into_iter().any(|(place, need)| {
            let added = match need {
                Need::OneOf(values) => self.add_values(position, place, &values),
                Need::Parts(parts) => column(&mut self.by_part, place).map(|texts| texts.add(position, parts)),
                Need::Within(interval) => column(&mut self.by_size, place).map(|rows| rows.push((interval, position))),
                Need::Lowered(_) => None,
            };
            added.is_some()
        });
        if !is_added {
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
        let by_value = self.by_value.iter().flat_map(move |(place, rows)| {
            let found = place.find(scope);
            found.iter().flat_map(|value| Key::met(value)).filter_map(|key| rows.get(&key)).collect::<Vec<_>>()
        });
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
        let mut index = Self::default();
        let mut shared = BTreeMap::<String, Shared>::new();
        overrides.iter().for_each(|row| shared.entry(row.on.value.to_string()).or_default().add(row));
        for (position, row) in overrides.iter().enumerate() {
            let rows = match &row.on.value {
                Pattern::One(operation) => index.named.entry(operation.to_string()).or_default(),
                Pattern::Vendor(vendor) => index.named.entry(format!("{vendor}.")).or_default(),
                Pattern::Every => &mut index.every,
                Pattern::Glob(glob) => {
                    let beginning = glob.split('*').next().unwrap_or_default().to_owned();
                    index.globs.entry(beginning).or_default().entry(glob.clone()).or_default()
                }
            };
            rows.add(position, row, &shared[&row.on.value.to_string()]);
        }
        let rows = index.named.values_mut().chain(index.globs.values_mut().flat_map(BTreeMap::values_mut)).chain([&mut index.every]);
        rows.flat_map(|rows| &mut rows.by_part).for_each(|(_, texts)| texts.complete());
        index
    }

    /// Those that are for a call of an operation, by its full name, or for one of a vendor that leads to none, by that of the vendor with a
    /// dot, in their order. What a condition asks for besides is not known yet.
    pub fn find(&self, name: &str, scope: &dyn Scope) -> Vec<usize> {
        let vendor = name.split_inclusive('.').next().filter(|vendor| *vendor != name);
        let named = [Some(name), vendor].into_iter().flatten().filter_map(|name| self.named.get(name));
        let ends = (0..=name.len()).filter(|end| !self.globs.is_empty() && name.is_char_boundary(*end));
        let globs = ends.filter_map(|end| self.globs.get(&name[..end])).flatten();
        let globs = globs.filter(|(glob, _)| text::fits_glob(name, glob)).map(|(_, rows)| rows);
        let mut found: Vec<_> = named.chain(globs).chain([&self.every]).flat_map(|rows| rows.find(scope)).collect();
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
        index.find(operation, &call)
    }

    #[test]
    fn overrides_keep_their_order() {
        let index = index(
            &[("a.x", 1), ("'*'", 2), ("a.y", 3), ("a.x", 4), ("b.*", 5), ("a.*z", 6), ("a.x", 7)]
                .map(|(on, number)| format!("on: {on}, when: $call.nth > 0.{number}"))
                .each_ref()
                .map(String::as_str),
        );
        assert_eq!(found(&index, "a.x", json!({})), [0, 1, 3, 6]);
        assert_eq!(found(&index, "a.y", json!({})), [1, 2]);
        assert_eq!(found(&index, "c.z", json!({})), [1]);
        // What leads to no operation meets what is for all of its vendor.
        assert_eq!(found(&index, "b.", json!({})), [1, 4]);
        assert_eq!(found(&index, "a.xyz", json!({})), [1, 5]);
    }

    /// A call that meets one of a thousand, and one that all are for because of what tells them least.
    #[test]
    fn of_a_thousand_overrides_few_are_tried() {
        for kind in [
            "on: a.x, when: $request.headers.shop == 'n#'",
            "on: a.*, when: \"$request.query.page in ['#', 'x#']\"",
            "on: '*', when: $request.path == '/parcels/#'",
            "on: a.x, when: {request: {headers: {shop: 'n#'}, path: /parcels/*}}",
            "on: a.x, when: {request: {path: '/parcels/#'}}",
            "on: a.x, when: $credential.token == 'n#'",
            "on: a.x, when: $state.orders == #",
            "on: a.x, when: $call.nth == #",
            "on: a.*, when: $call.nth == 7 and $request.headers.shop == 'n#'",
            "on: a.x, when: {all: [{request: {query: {page: 7}}}, $call.nth > 0, {chance: 0.#}, $request.headers.shop contains 'n#x']}",
            "on: a.x, when: {request: {method: GET, query: {page: 7}, headers: {shop: 'n#'}}}",
            "on: a.x#y*",
            "on: b#.*",
            "on: b.#",
        ] {
            let rows: Vec<String> = (1..=1000).map(|number| kind.replace('#', &number.to_string())).collect();
            let index = index(&rows.iter().map(String::as_str).collect::<Vec<_>>());
            let request = json!({"headers": {"shop": "n7"}, "query": {"page": "7"}, "path": "/parcels/7", "method": "GET"});
            let call = Call(json!({"request": request, "call": {"nth": 7}, "credential": {"token": "n7"}, "state": {"orders": 7}}));
            assert!(index.find("a.x", &call).len() <= 1, "{kind}");
        }
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
        assert_eq!(found(&index, "a.x", json!({"n": "2.0", "m": {"deep": "1e0"}})), [1, 3, 4, 5]);
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
