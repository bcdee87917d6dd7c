//! The overrides that a call can meet, found by its operation: how many there are for other operations costs nothing.

use std::collections::BTreeMap;
use std::iter::Peekable;

use super::ast::{Override, Pattern};

/// Positions of overrides, in their order.
pub(super) struct Index {
    /// Those of one operation, by its full name.
    one: BTreeMap<String, Vec<usize>>,
    /// Those of several operations, which are looked at for each call.
    wide: Vec<usize>,
}

impl Index {
    pub fn of(overrides: &[Override]) -> Self {
        let (mut one, mut wide) = (BTreeMap::<String, Vec<usize>>::new(), Vec::new());
        for (index, row) in overrides.iter().enumerate() {
            match &row.on.value {
                Pattern::One(operation) => one.entry(operation.to_string()).or_default().push(index),
                Pattern::Every | Pattern::Vendor(_) | Pattern::Glob(_) => wide.push(index),
            }
        }
        Self { one, wide }
    }

    /// Those that a call of an operation can meet, and whether one is certainly for it.
    pub fn find(&self, operation: &str) -> impl Iterator<Item = (usize, bool)> {
        let own = self.one.get(operation).map_or(&[][..], Vec::as_slice);
        Merged { own: own.iter().copied().peekable(), wide: self.wide.iter().copied().peekable() }
    }
}

/// Two ascending lists as one.
struct Merged<I: Iterator<Item = usize>> {
    own: Peekable<I>,
    wide: Peekable<I>,
}

impl<I: Iterator<Item = usize>> Iterator for Merged<I> {
    type Item = (usize, bool);

    fn next(&mut self) -> Option<Self::Item> {
        let is_own = match (self.own.peek(), self.wide.peek()) {
            (Some(own), Some(wide)) => own < wide,
            (own, _) => own.is_some(),
        };
        let next = if is_own { self.own.next() } else { self.wide.next() };
        next.map(|index| (index, is_own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario;

    #[test]
    fn overrides_keep_their_order() {
        let rows =
            ["a.x", "*", "a.y", "a.x", "b.*", "a.*z", "a.x"].map(|on| format!("  - {{on: \"{on}\", when: $call.nth > 1, fault: reset}}"));
        let scenario = scenario::parse(&format!("overrides:\n{}\n", rows.join("\n")), "x").expect("a scenario");
        let index = Index::of(&scenario.overrides);
        let found = |operation: &str| index.find(operation).map(|(row, _)| row).collect::<Vec<_>>();
        assert_eq!(found("a.x"), [0, 1, 3, 4, 5, 6]);
        assert_eq!(found("a.y"), [1, 2, 4, 5]);
        assert_eq!(found("c.z"), [1, 4, 5]);
        assert_eq!(index.find("a.x").map(|(_, is_own)| is_own).collect::<Vec<_>>(), [true, false, true, false, false, true]);
    }
}
