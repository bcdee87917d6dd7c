//! What a condition needs of one value to be true. It may need more: that is seen when it is tried.

use std::cmp::Ordering;

use serde_json::{Number, Value};

/// Texts that are numbers are shorter than this.
pub(super) const LONGEST_NUMBER: usize = 64;

/// Most needs of one condition that are looked at.
const MOST: usize = 32;

/// What has to be found where a path leads.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Need {
    /// One of these numbers and texts.
    OneOf(Vec<Value>),
    /// A text with one of these in it, or a list.
    Parts(Vec<String>),
    Within(Interval),
    /// A text that is so in lower case.
    Lowered(Box<Need>),
}

/// From one value to another, the ends among them, where they are given. An end is a number or a text.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Interval {
    pub(super) least: Option<Value>,
    pub(super) most: Option<Value>,
}

impl Need {
    /// A text with another one in it; every text has an empty one.
    pub(super) fn part(part: &str) -> Option<Self> {
        (!part.is_empty()).then(|| Self::Parts(vec![part.to_owned()]))
    }

    /// What tells most is greatest.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::OneOf(_) => 2,
            Self::Parts(_) => 1,
            Self::Within(_) => 0,
            Self::Lowered(need) => need.rank(),
        }
    }

    /// All of some needs, intervals of one path together.
    pub(super) fn of_all<P: PartialEq>(needs: impl Iterator<Item = (P, Self)>) -> Vec<(P, Self)> {
        let mut all: Vec<(P, Self)> = Vec::new();
        for (path, need) in needs.take(MOST) {
            let same = all.iter().position(|(other, own)| *other == path && matches!(own, Self::Within(_)));
            match (need, same.map(|at| &mut all[at].1)) {
                (Self::Within(more), Some(Self::Within(own))) => *own = std::mem::take(own).or(more),
                (need, _) => all.push((path, need)),
            }
        }
        all
    }
}

impl Interval {
    /// From `least` to `most`, of numbers.
    pub(super) fn of_numbers(least: Option<f64>, most: Option<f64>) -> Self {
        Self { least: least.map(Value::from), most: most.map(Value::from) }
    }

    /// With the ends of another one where it has none.
    fn or(self, other: Self) -> Self {
        Self { least: self.least.or(other.least), most: self.most.or(other.most) }
    }

    /// Whether a value may lie in it. A text that is a number is one as well, since some conditions take it so.
    pub(super) fn has(&self, found: &Measured<'_>) -> bool {
        let beyond = |end: &Value, side: Ordering| {
            let order = match end {
                Value::String(end) => found.text.map(|text| text.cmp(end)),
                end => found.number.zip(end.as_f64()).and_then(|(number, end)| number.partial_cmp(&end)),
            };
            order.is_none_or(|order| order == side)
        };
        !self.least.as_ref().is_some_and(|end| beyond(end, Ordering::Less))
            && !self.most.as_ref().is_some_and(|end| beyond(end, Ordering::Greater))
    }
}

/// A value as ends of intervals are compared with it.
pub(super) struct Measured<'v> {
    number: Option<f64>,
    text: Option<&'v str>,
}

impl<'v> Measured<'v> {
    pub(super) fn of(value: &'v Value) -> Self {
        let text = value.as_str();
        Self { number: number(value), text }
    }
}

/// Texts of numbers up to this length keep all of their digits.
const EXACT_DIGITS: usize = 15;

/// Whether a value is a number that is written so, or a text of it: `2`, `2.0` and `"2.0"` are `2`.
pub(super) fn is_number(value: &Value, number: &Number, written: &str) -> bool {
    let is_it = |text: &str| text == written || text.len() <= EXACT_DIGITS;
    self::number(value) == number.as_f64() && value.as_str().is_none_or(is_it)
}

/// A number, or a text that is one.
pub(super) fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str().filter(|text| text.len() < LONGEST_NUMBER)?.parse().ok())
}
