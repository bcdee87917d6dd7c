//! What a request has to look like: part of its structure, with texts, globs, patterns and ranges in the places of values. Everything is
//! compiled when a file is read.

use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::{fmt, mem};

use indexmap::IndexMap;
use regex::Regex;
use serde_json::Value;

use super::expr::{self, BYTES_PER_PLACE};
use super::need::{self, Interval, Need};
use crate::base::patterns::{self, Pattern, Unfit};
use crate::base::text;

/// So many elements of a list that are compared cost one step.
const ELEMENTS_PER_STEP: usize = 64;
/// So many bytes of text cost one step.
const BYTES_PER_STEP: usize = 256;
/// The same where a glob looks through the text.
const BYTES_PER_GLOB_STEP: usize = 8;

/// What a value has to look like.
#[derive(Debug, Clone)]
pub enum Shape {
    /// This value. A number is also met by texts of it.
    Exact(Value, String),
    /// A text with `*` for any text.
    Glob(String),
    /// A text, or a number as text, that the pattern fits; with the steps that this takes.
    Pattern(String, Regex, usize),
    /// A number, or a text that is one.
    Range(Option<f64>, Option<f64>),
    /// A list that has an element for each of these, and as many for those that are equal: how many stands at the first of them.
    Elements(Vec<(Shape, usize)>),
    /// An object with at least these members.
    Members(Vec<(String, Shape)>),
}

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exact(own, _), Self::Exact(other, _)) => own == other,
            (Self::Glob(own), Self::Glob(other)) => own == other,
            (Self::Pattern(own, ..), Self::Pattern(other, ..)) => own == other,
            (Self::Range(min, max), Self::Range(least, most)) => (min, max) == (least, most),
            (Self::Elements(own), Self::Elements(other)) => own == other,
            (Self::Members(own), Self::Members(other)) => own == other,
            _ => false,
        }
    }
}

impl Eq for Shape {}

impl Hash for Shape {
    fn hash<H: Hasher>(&self, state: &mut H) {
        mem::discriminant(self).hash(state);
        match self {
            Self::Exact(value, _) => value.hash(state),
            Self::Glob(text) | Self::Pattern(text, ..) => text.hash(state),
            // The two zeros are equal.
            Self::Range(min, max) => [min, max].map(|end| end.map(|end| (end + 0.0).to_bits())).hash(state),
            Self::Elements(rows) => rows.hash(state),
            Self::Members(rows) => rows.hash(state),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(Value::Number(_), text) | Self::Exact(Value::String(_), text) | Self::Glob(text) | Self::Pattern(text, ..) => {
                f.write_str(text)
            }
            Self::Exact(value, _) => value.fmt(f),
            Self::Range(least, most) => {
                least.iter().try_for_each(|end| end.fmt(f))?;
                f.write_str("..")?;
                most.iter().try_for_each(|end| end.fmt(f))
            }
            Self::Elements(rows) => {
                f.write_str("[")?;
                rows.iter().enumerate().try_for_each(|(index, (row, _))| write!(f, "{}{row}", if index > 0 { ", " } else { "" }))?;
                f.write_str("]")
            }
            Self::Members(rows) => {
                f.write_str("{")?;
                let row = |(index, (name, row)): (usize, &(String, Self))| write!(f, "{}{name}: {row}", if index > 0 { ", " } else { "" });
                rows.iter().enumerate().try_for_each(row)?;
                f.write_str("}")
            }
        }
    }
}

impl Shape {
    /// A list that has an element for each of these.
    #[must_use]
    pub fn of_elements(rows: Vec<Self>) -> Self {
        let (mut firsts, mut counted) = (IndexMap::with_capacity(rows.len()), vec![0; rows.len()]);
        for (index, row) in rows.iter().enumerate() {
            counted[*firsts.entry(row).or_insert(index)] += 1;
        }
        Self::Elements(rows.into_iter().zip(counted).collect())
    }

    /// A text in the notation of shapes: `~/pattern/`, a glob with `*`, a range `1..5`, or the text itself. With the bytes that its
    /// pattern takes.
    ///
    /// # Errors
    /// When it has a pattern that is none.
    pub fn of_text(text: &str) -> Result<(Self, usize), Unfit> {
        let pattern = text.strip_prefix("~/").and_then(|rest| rest.strip_suffix('/'));
        let Some(pattern) = pattern else {
            let glob = text.contains('*').then(|| Self::Glob(text.to_owned()));
            return Ok((glob.or_else(|| range(text)).unwrap_or_else(|| Self::Exact(text.into(), text.to_owned())), 0));
        };
        let Pattern { regex, bytes, places } = patterns::compile(pattern)?;
        Ok((Self::Pattern(text.to_owned(), regex, places), bytes))
    }

    /// Whether a value looks like this; a value that is not there is `null`. False once the steps are used up.
    #[must_use]
    pub fn fits(&self, value: &Value, steps: Option<&Cell<usize>>) -> bool {
        let pays = |work: usize| {
            let Some(steps) = steps else { return true };
            let left = steps.get().checked_sub(1 + work);
            steps.set(left.unwrap_or_default());
            left.is_some()
        };
        match self {
            Self::Exact(Value::Number(number), written) => pays(0) && need::is_number(value, number, written),
            Self::Exact(wanted, text) => pays(text.len() / BYTES_PER_STEP) && wanted == value,
            Self::Glob(glob) => {
                let found = value.as_str();
                pays(found.map_or(0, |found| found.len() / BYTES_PER_GLOB_STEP)) && found.is_some_and(|found| text::fits_glob(found, glob))
            }
            Self::Pattern(_, regex, cost) => match value {
                Value::String(text) => pays(cost.saturating_mul(text.len()) / BYTES_PER_PLACE) && regex.is_match(text),
                Value::Number(number) => pays(*cost) && regex.is_match(&number.to_string()),
                _ => {
                    pays(0);
                    false
                }
            },
            Self::Range(min, max) => {
                pays(0)
                    && need::number(value).is_some_and(|number| min.is_none_or(|min| min <= number) && max.is_none_or(|max| number <= max))
            }
            Self::Elements(rows) => {
                let found = value.as_array();
                let has_as_many = |(row, equal): &(Self, usize), found: &[Value]| {
                    *equal == 0 || found.iter().filter(|value| row.fits(value, steps)).take(*equal).count() == *equal
                };
                pays(rows.len() / ELEMENTS_PER_STEP) && found.is_some_and(|found| rows.iter().all(|row| has_as_many(row, found)))
            }
            Self::Members(rows) => {
                let found = |name: &String| pays(name.len() / BYTES_PER_STEP).then(|| value.get(name).unwrap_or(&Value::Null));
                pays(0) && value.is_object() && rows.iter().all(|(name, row)| found(name).is_some_and(|found| row.fits(found, steps)))
            }
        }
    }

    /// The members that lead to values, and what each has to be for it to fit.
    pub(super) fn needs(&self) -> Vec<(Vec<&str>, Need)> {
        if let Self::Members(rows) = self {
            return Need::of_all(rows.iter().flat_map(|(name, row)| {
                let path = move |members: Vec<_>| std::iter::once(name.as_str()).chain(members).collect::<Vec<_>>();
                row.needs().into_iter().map(move |(members, need)| (path(members), need))
            }));
        }
        self.own_need().map(|need| (Vec::new(), need)).into_iter().collect()
    }

    fn own_need(&self) -> Option<Need> {
        match self {
            // Texts of a number are looked for as that number.
            Self::Exact(value @ (Value::Number(_) | Value::String(_)), _) => Some(Need::OneOf(vec![value.clone()])),
            Self::Glob(glob) => Need::part(glob.split('*').max_by_key(|part| part.len())?),
            Self::Pattern(_, regex, _) => Some(Need::Parts(expr::literals(regex.as_str())?)),
            Self::Range(min, max) => Some(Need::Within(Interval::of_numbers(*min, *max))),
            _ => None,
        }
    }
}

/// The ends of a range, `1..5`, `1..` or `..5`.
fn range(text: &str) -> Option<Shape> {
    let (min, max) = text.split_once("..")?;
    let end = |text: &str| if text.is_empty() { Some(None) } else { text.parse::<f64>().ok().filter(|end| end.is_finite()).map(Some) };
    let (min, max) = (end(min)?, end(max)?);
    (min.is_some() || max.is_some()).then_some(Shape::Range(min, max))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(text: &str, fitting: &[Value], others: &[Value]) {
        let shape = Shape::of_text(text).expect("a shape").0;
        for value in fitting {
            assert!(shape.fits(value, None), "{text} {value}");
        }
        for value in others.iter().chain([&Value::Null, &json!([]), &json!({})]) {
            assert!(!shape.fits(value, None), "{text} {value}");
        }
    }

    #[test]
    fn texts_are_globs_patterns_and_ranges() {
        check("RU", &[json!("RU")], &[json!("ru"), json!("RUS")]);
        check("/tracks/*/SHIPPO_*", &[json!("/tracks/shippo/SHIPPO_TRANSIT")], &[json!("/tracks/shippo/"), json!("x/tracks/a/SHIPPO_")]);
        check("a.c*", &[json!("a.c"), json!("a.cd\ne")], &[json!("abc")]);
        check("~/^(RU|BY)$/", &[json!("RU"), json!("BY")], &[json!("RUBY")]);
        check("~/^5/", &[json!(5), json!(52.5), json!("51")], &[json!(15)]);
        check("1..5", &[json!(1), json!(5.0), json!("2.50")], &[json!(0), json!(5.1), json!("x"), json!("0.5")]);
        check("10..", &[json!(10), json!(1e9)], &[json!(9)]);
        check("..-1", &[json!(-2)], &[json!(0)]);
        check("..", &[json!("..")], &[json!(1)]);
    }

    #[test]
    fn equal_elements_are_met_by_as_many() {
        let shape = |texts: &[&str]| Shape::of_elements(texts.iter().map(|text| Shape::of_text(text).expect("a shape").0).collect());
        let fits = |texts: &[&str], value: Value| shape(texts).fits(&value, None);
        assert!(fits(&["a", "a"], json!(["a", "b", "a"])) && !fits(&["a", "a"], json!(["a", "b"])));
        assert!(!fits(&["1..", "1..", "1.."], json!(["5", "6"])) && fits(&["1..", "a*", "1.."], json!([5, "6", "a"])));
        assert!(fits(&["1..9", "5..6"], json!(["5"])) && !fits(&["a"], json!([])) && fits(&[], json!([])));
        let (many, steps) = (["a*"; 2_000], Cell::new(1_000));
        assert!(!shape(&many).fits(&json!(vec!["ab"; 2_000]), Some(&steps)) && steps.get() == 0);
        let numbered = |text: &str| Shape::of_text(text).expect("a shape").0;
        let rows = ["a", "1..2", "a", "1..2.0"].map(numbered);
        let [first, second, again, last] = rows.clone();
        assert_eq!(Shape::of_elements(rows.into()), Shape::Elements(vec![(first, 2), (second, 2), (again, 0), (last, 0)]));
        // What is no text costs a step as well.
        for kind in ["a*", "~/a/"] {
            let steps = Cell::new(1_000);
            assert!(!numbered(kind).fits(&json!(1), Some(&steps)) && !numbered(kind).fits(&json!([]), Some(&steps)));
            assert!(steps.get() < 999, "{kind}");
        }
    }

    #[test]
    fn structures_are_met_in_part() {
        let number = |text: &str| Shape::Exact(serde_json::from_str(text).expect("a number"), text.to_owned());
        let members = |rows: Vec<(&str, Shape)>| Shape::Members(rows.into_iter().map(|(name, row)| (name.to_owned(), row)).collect());
        let shape = members(vec![
            ("parcels", Shape::of_elements(vec![members(vec![("weight", number("2"))]), members(vec![("zip", number("94103"))])])),
            ("gone", Shape::Exact(Value::Null, String::new())),
        ]);
        let fits = |value: &Value| shape.fits(value, None);
        assert!(fits(&json!({"parcels": [{"weight": 2.0, "zip": "94103"}], "more": 1})));
        assert!(fits(&json!({"parcels": [{"zip": 94103}, {"weight": "2"}], "gone": null})));
        assert!(fits(&json!({"parcels": [{"zip": "94103.0"}, {"weight": "2.0000"}]})));
        assert!(!fits(&json!({"parcels": [{"weight": 2}]})));
        assert!(!fits(&json!({"parcels": [{"zip": "94103"}, {"weight": "2.1"}]})));
        // Of long numbers no digit is lost.
        let long = number("9205590164917312");
        assert!(long.fits(&json!("9205590164917312"), None) && !long.fits(&json!("9205590164917313"), None));
        assert!(!fits(&json!({"parcels": [{"weight": 2, "zip": "94103"}], "gone": 0})));
        assert!(!shape.fits(&json!({"parcels": [{"weight": 2, "zip": "94103"}]}), Some(&Cell::new(3))));
    }
}
