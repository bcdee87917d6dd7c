//! What the tests of a condition leave of its subjects: which kinds of values, texts and numbers.

use serde_json::Value;

use super::Type;
use super::holding::{Kind, Test};
use super::texts::{Numbers, Place, Texts};
use crate::scenario::expr::Comparison;
use crate::scenario::shape::Shape;

/// Whole numbers beyond this are not told apart by doubles.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// What a subject can be, and what its texts begin and end with, where it is text.
pub(super) struct Known {
    pub is: Type,
    start: String,
    end: String,
    /// Which numbers it can be, or the text of, once something asks for one of both.
    measure: Numbers,
}

impl Known {
    pub fn of(is: Type) -> Self {
        Self { is, start: String::new(), end: String::new(), measure: Numbers::ANY }
    }

    /// Takes away what a subject cannot be.
    pub fn narrow(&mut self, test: &Test<'_>) {
        let known = &mut self.is;
        match (&test.kind, test.holds) {
            (Kind::True, true) => known.keep(Type::TRUE_BIT),
            (Kind::True, false) => known.kinds &= !Type::TRUE_BIT,
            (Kind::Exists, true) => known.kinds &= !Type::NULL,
            (Kind::Exists, false) => known.keep(Type::NULL),
            (Kind::Compare(Comparison::Equal, value), true) | (Kind::Compare(Comparison::Different, value), false) => known.be(value),
            (Kind::Compare(Comparison::Equal, value), false) | (Kind::Compare(Comparison::Different, value), true) => known.be_not(value),
            (Kind::Compare(Comparison::In, Value::String(whole)), holds) => known.pass(holds, |word| whole.contains(word)),
            (Kind::Compare(Comparison::Contains, Value::String(part)), true) => {
                let can_be_list = known.can_be(Type::LIST_BIT);
                known.has_part(part, Place::Anywhere);
                known.kinds |= if can_be_list { Type::LIST_BIT } else { 0 };
            }
            (Kind::Compare(Comparison::Contains, Value::String(part)), false) => known.pass(false, |word| word.contains(&**part)),
            (Kind::Compare(Comparison::Contains, _), true) => known.keep(Type::LIST_BIT),
            (Kind::Compare(Comparison::Contains | Comparison::In, _), _) => {}
            (Kind::Compare(comparison, value), holds) => known.compare(*comparison, value, holds),
            (Kind::Matches(regex), holds) => known.pass(holds, |word| regex.is_match(word)),
            (Kind::Part(place, part), holds) => {
                if holds {
                    known.has_part(part, *place);
                }
                self.edge(*place, part, holds);
            }
            (Kind::Fits(shape), holds) => {
                known.fit(shape, holds);
                match shape {
                    Shape::Glob(glob) => self.glob(glob, holds),
                    Shape::Exact(Value::Number(number), _) if holds => self.measure(number.as_f64(), number.as_f64()),
                    Shape::Range(least, most) if holds => self.measure(*least, *most),
                    _ => {}
                }
            }
        }
        let (start, end) = (&*self.start, &*self.end);
        self.is.texts.retain(|word| word.starts_with(start) && word.ends_with(end));
        self.is.tidy();
    }

    /// Takes into account which numbers it is, or the text of.
    fn measure(&mut self, least: Option<f64>, most: Option<f64>) {
        self.measure.least = self.measure.least.max(least.unwrap_or(f64::NEG_INFINITY));
        self.measure.most = self.measure.most.min(most.unwrap_or(f64::INFINITY));
        if self.measure.is_empty() {
            self.is.kinds = 0;
        }
    }

    /// Takes into account how its texts begin or end, or how they do not.
    fn edge(&mut self, place: Place, part: &str, holds: bool) {
        self.is.texts.retain(|word| place.has(word, part) == holds);
        let own = if place == Place::Start { &mut self.start } else { &mut self.end };
        match (holds, place.has(own, part)) {
            (true, true) | (false, false) => {}
            (true, false) if place.has(part, own) => part.clone_into(own),
            // Two texts of which neither begins or ends with the other, or one that is always there.
            _ => self.is.kinds &= !Type::TEXT_BIT,
        }
    }

    /// Texts that fit a glob have both of its ends; without another part, those that have them fit it.
    fn glob(&mut self, glob: &str, holds: bool) {
        let (Some((start, rest)), Some((_, end))) = (glob.split_once('*'), glob.rsplit_once('*')) else { return };
        for (place, part, other) in [(Place::Start, start, rest), (Place::End, end, glob.strip_suffix(end).unwrap_or_default())] {
            let is_all = if place == Place::Start { other.is_empty() } else { other == "*" };
            if holds || is_all {
                self.edge(place, part, holds);
            }
        }
    }
}

impl Type {
    /// Whether it has no other kinds.
    pub(super) fn is_within(&self, kinds: u8) -> bool {
        self.kinds & !kinds == 0
    }

    fn keep(&mut self, kinds: u8) {
        self.kinds &= kinds;
    }

    /// Leaves nothing but this value.
    fn be(&mut self, value: &Value) {
        let value = Self::of_value(value);
        self.keep(value.kinds);
        if self.can_be(Self::TEXT_BIT) {
            self.texts = if self.texts.meets(&value.texts) { value.texts } else { Texts::Words(Vec::new()) };
        }
        if self.can_be(Self::NUMBER_BIT) && value.numbers.least.abs() < EXACT {
            self.numbers.narrow(Comparison::Equal, value.numbers.least);
        }
        self.tidy();
    }

    /// Takes this value away, where that leaves something simple.
    fn be_not(&mut self, value: &Value) {
        match value {
            Value::Null | Value::Bool(_) => self.kinds &= !Self::of_value(value).kinds,
            Value::Number(number) => {
                let number = number.as_f64().filter(|number| number.abs() < EXACT);
                number.iter().for_each(|number| self.numbers.leave_out(*number));
            }
            Value::String(text) => self.texts.retain(|word| word != text),
            Value::Array(_) | Value::Object(_) => {}
        }
        self.tidy();
    }

    /// Leaves texts that pass a test, or whatever does not.
    fn pass(&mut self, holds: bool, test: impl Fn(&str) -> bool) {
        if holds {
            self.keep(Self::TEXT_BIT);
        }
        self.texts.retain(|word| test(word) == holds);
        self.tidy();
    }

    /// Leaves texts that have another one in them.
    fn has_part(&mut self, part: &str, place: Place) {
        if !self.texts.has(part, place) {
            self.kinds &= !Self::TEXT_BIT;
        }
        self.pass(true, |word| place.has(word, part));
    }

    /// Leaves what looks like something, or whatever does not. A number is met by texts of it.
    fn fit(&mut self, shape: &Shape, holds: bool) {
        let exact = |number: &Value| number.as_f64().filter(|number| number.abs() < EXACT);
        match shape {
            Shape::Exact(Value::Number(_), _) | Shape::Range(..) | Shape::Pattern(..) if holds => {
                self.keep(Self::NUMBER_BIT | Self::TEXT_BIT);
                let (least, most) = match shape {
                    Shape::Exact(value, _) => (exact(value), exact(value)),
                    Shape::Range(least, most) => (*least, *most),
                    _ => (None, None),
                };
                if let Some(least) = least {
                    self.numbers.narrow(Comparison::GreaterOrEqual, least);
                }
                if let Some(most) = most {
                    self.numbers.narrow(Comparison::LessOrEqual, most);
                }
            }
            Shape::Exact(value, _) if holds => self.be(value),
            Shape::Exact(value, _) => self.be_not(value),
            Shape::Glob(_) if holds => self.keep(Self::TEXT_BIT),
            Shape::Elements(_) if holds => self.keep(Self::LIST_BIT),
            Shape::Members(_) if holds => self.keep(Self::OBJECT_BIT),
            Shape::Members(_) => self.kinds &= !Self::OBJECT_BIT,
            Shape::Range(..) | Shape::Pattern(..) | Shape::Glob(_) | Shape::Elements(_) => {}
        }
        self.texts.retain(|word| shape.fits(&word.into(), None) == holds);
        self.tidy();
    }

    /// Leaves what is less or more than a value, or whatever is not.
    fn compare(&mut self, comparison: Comparison, value: &Value, holds: bool) {
        let exact = value.as_f64().filter(|number| number.abs() < EXACT);
        match (value, exact, comparison.opposite()) {
            (Value::Number(_), number, opposite) => {
                if holds {
                    self.keep(Self::NUMBER_BIT);
                }
                let comparison = if holds { Some(comparison) } else { opposite };
                if let (Some(number), Some(comparison)) = (number, comparison) {
                    self.numbers.narrow(comparison, number);
                }
                self.tidy();
            }
            (Value::String(text), ..) => self.pass(holds, |word| comparison.orders(word, text)),
            _ if holds => self.kinds = 0,
            _ => {}
        }
    }

    /// Takes away the kinds of which no value is left.
    fn tidy(&mut self) {
        if self.texts == Texts::Words(Vec::new()) {
            self.kinds &= !Self::TEXT_BIT;
        }
        if self.numbers.is_empty() {
            self.kinds &= !Self::NUMBER_BIT;
        }
    }
}
