//! How leniently a vendor reads requests, as data. The document says what a member is; a [`Reading`] says what else the vendor's
//! framework takes for it. The checker applies it, and hands over the body as the document has it.

use serde_json::{Number, Value};

use crate::spec::violation::Rule;

/// How a vendor reads what callers send. [`Reading::STRICT`] is JSON Schema to the letter; a vendor changes what its framework does
/// differently: `Reading { text: reading::scalar, ..Reading::STRICT }`.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The text that a value of another type stands for.
    pub text: fn(&Value) -> Option<String>,
    /// The number that a value of another type stands for.
    pub number: fn(&Value) -> Option<f64>,
    /// The whole number that a value stands for which is no whole JSON number.
    pub integer: fn(&Value) -> Option<i64>,
    /// The boolean that a value of another type stands for.
    pub flag: fn(&Value) -> Option<bool>,
    /// White space around texts is cut off before anything else, but of those of the format `password`. A text of white space is blank.
    pub trims: bool,
    /// What a text of nothing is.
    pub blank: Blank,
    /// `null` counts as not sent, where the schema does not take it; the body that handlers see lacks such members.
    pub null_is_missing: bool,
    /// Lists and objects are one type, as in PHP: an empty list is an object without members and the other way round, a list that
    /// should be an object has none of its members, one that should be a map has numbers for keys, and where neither is expected an empty
    /// list is blank.
    pub lists_are_objects: bool,
    /// What counts as an object without members in place of the whole body.
    pub empty_body: EmptyBody,
    /// Rules stand at paths, as in Laravel. The required members of an object are missing where the object itself is; of elements and of
    /// the whole body only their members count, whatever else they are; and what may not be null may not be an empty list or object.
    pub rules_by_path: bool,
    /// Bodies become objects of a typed language before anything is checked: members in the order in which the document lists them,
    /// numbers as floats unless they are integers by their type, no nulls, and no blank texts in place of numbers and booleans.
    pub typed: bool,
    /// Names of members are read in any case of letters.
    pub any_case: bool,
    /// Of a parameter that stands in a query several times and is no list, the first value counts; the last one elsewhere.
    pub first_value: bool,
    /// What the vendor meets while it reads a body, before it validates anything: it refuses the call, however late the row.
    pub unreadable: fn(&Rule) -> bool,
    /// Formats of the document that the checker does not know, or that the vendor reads its own way.
    pub formats: &'static [TextFormat],
    /// Formats that the vendor spells in one way only, such as a country by its code.
    pub spellings: &'static [Spelling],
    /// The parameters of the path are checked, too.
    pub checks_path: bool,
    /// What the vendor's own document says beyond what the vendor does (`x-documented`) counts, too.
    pub as_documented: bool,
}

/// A format of texts: its name in the document, and whether a text is of it.
pub type TextFormat = (&'static str, fn(&str) -> bool);

/// A format of texts, and the text that one of them is read as, if that is another.
pub type Spelling = (&'static str, fn(&str) -> Option<String>);

/// What a blank text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blank {
    Text,
    /// As good as null where null is allowed, and kept as it is if a text is expected; refused as null elsewhere.
    PassesAsNull,
    Null,
}

/// What counts as an object without members in place of the whole body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyBody {
    Refused,
    Null,
    /// Everything that is no object.
    Anything,
}

impl Reading {
    /// Nothing is taken for anything else.
    pub const STRICT: Self = Self {
        text: |_| None,
        number: |_| None,
        integer: whole_number,
        flag: |_| None,
        trims: false,
        blank: Blank::Text,
        null_is_missing: false,
        lists_are_objects: false,
        empty_body: EmptyBody::Refused,
        rules_by_path: false,
        typed: false,
        any_case: false,
        first_value: false,
        unreadable: |_| false,
        formats: &[],
        spellings: &[],
        checks_path: false,
        as_documented: false,
    };

    /// The document without leniency: only what texts of the vendor's own formats are is left.
    #[must_use]
    pub(crate) fn to_the_letter(self) -> Self {
        Self { formats: self.formats, typed: true, ..Self::STRICT }
    }
}

/// A whole number that is written with a fraction of zero, which JSON Schema takes for an integer.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "whole and within 53 bits")]
pub fn whole_number(value: &Value) -> Option<i64> {
    let number = value.as_number()?.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 9e15)?;
    Some(number as i64)
}

#[must_use]
pub fn digits(value: &Value) -> Option<String> {
    value.as_number().map(Number::to_string)
}

/// The value of a parameter, which always comes as text.
pub(super) fn parameter_flag(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}
