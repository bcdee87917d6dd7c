//! Numbers as they were written, be it as texts: `10.00`, which JSON readers take for `10.0`, and frameworks with decimals write back as
//! it was.

use std::cmp::Ordering;

use serde::Serialize;
use serde_json::Number;

use crate::base::json::Written;
use crate::spec::{Scanner, Step};

/// The numbers of a JSON text that would be written otherwise, with their paths, in the order of these.
#[derive(Clone, Debug, Default)]
pub struct Scales(Vec<(Vec<Step>, Box<str>)>);

impl Scales {
    /// Those of a text, which may be anything.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        let mut found = Vec::new();
        let mut scanner = Scanner::new(text);
        while let Some(token) = scanner.next() {
            let raw = &text[token.start..token.end];
            let raw = raw.strip_prefix(b"\"").and_then(|raw| raw.strip_suffix(b"\"")).unwrap_or(raw);
            if !raw.contains(&b'.') || !raw.ends_with(b"0") {
                continue;
            }
            let is_other = serde_json::from_slice::<Number>(raw).is_ok_and(|number| number.to_string().as_bytes() != raw);
            if let Some(raw) = std::str::from_utf8(raw).ok().filter(|_| is_other) {
                found.push((scanner.path(&token).into_iter().cloned().collect(), raw.into()));
            }
        }
        Self::sorted(found)
    }

    fn sorted(mut rows: Vec<(Vec<Step>, Box<str>)>) -> Self {
        rows.sort_by(|(left, _), (right, _)| order(left, right.iter()));
        Self(rows)
    }

    /// How the number at a path was written, if it is one of these.
    fn find<'s>(&self, path: impl Iterator<Item = &'s Step> + Clone) -> Option<&str> {
        let index = self.0.partition_point(|(own, _)| order(own, path.clone()).is_lt());
        self.0.get(index).filter(|(own, _)| order(own, path).is_eq()).map(|(_, raw)| &**raw)
    }

    /// Those of an element, if the text was a list.
    #[must_use]
    pub fn of_element(&self, index: usize) -> Self {
        let is_in = |path: &[Step]| matches!(path.first(), Some(Step::Element(own)) if *own == index);
        let first = self.0.partition_point(|(path, _)| order(path, [Step::Element(index)].iter()).is_lt());
        let rows = self.0[first..].iter().take_while(|(path, _)| is_in(path));
        Self(rows.map(|(path, raw)| (path[1..].to_vec(), raw.clone())).collect())
    }

    /// These, and the number of another path.
    #[must_use]
    pub fn and(&self, path: &[Step], number: &Written) -> Self {
        Self::sorted(self.0.iter().cloned().chain([(path.to_vec(), (**number).into())]).collect())
    }

    /// How many decimals a number at a path has, if it is one of these.
    #[must_use]
    pub fn decimals(&self, path: &[Step]) -> Option<usize> {
        self.find(path.iter())?.split_once('.').map(|(_, decimals)| decimals.len())
    }

    /// A document as text, in which numbers that are still what they were are written as they were. Names are compared in any case of
    /// letters.
    ///
    /// # Panics
    /// If the document cannot be JSON.
    #[must_use]
    pub fn write(&self, document: &impl Serialize) -> Written {
        let text = serde_json::to_string(document).expect("documents have text keys and are written to memory");
        if self.0.is_empty() {
            return text.into();
        }
        let mut out = String::with_capacity(text.len() + 16);
        let (mut scanner, mut written) = (Scanner::new(text.as_bytes()), 0);
        while let Some(token) = scanner.next() {
            let now = &text[token.start..token.end];
            if !now.starts_with(|letter: char| letter.is_ascii_digit() || letter == '-') {
                continue;
            }
            let path = scanner.path(&token);
            let Some(raw) = self.find(path.iter().copied()) else { continue };
            let number = |text: &str| serde_json::from_str::<f64>(text).ok();
            if number(now) == number(raw) {
                out.push_str(&text[written..token.start]);
                out.push_str(raw);
                written = token.end;
            }
        }
        out.push_str(&text[written..]);
        out.into()
    }
}

/// Elements come in front of members, and names count in any case of letters.
fn order<'s>(own: &[Step], other: impl Iterator<Item = &'s Step>) -> Ordering {
    /// An element by its index, or a member by its name.
    fn key(step: &Step) -> (bool, usize, impl Iterator<Item = u8>) {
        let index = if let Step::Element(index) = step { *index } else { 0 };
        (!matches!(step, Step::Element(_)), index, step.name().bytes().map(|byte| byte.to_ascii_lowercase()))
    }
    let mut own = own.iter();
    for step in other {
        let Some(own) = own.next() else { return Ordering::Less };
        let ((is_member, index, name), (other_is_member, other_index, other_name)) = (key(own), key(step));
        let order = (is_member, index).cmp(&(other_is_member, other_index)).then_with(|| name.cmp(other_name));
        if order.is_ne() {
            return order;
        }
    }
    if own.next().is_some() { Ordering::Greater } else { Ordering::Equal }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(sent: &str, document: &Value, expected: &str) {
        let written = Scales::of(sent.as_bytes()).write(document);
        assert_eq!(&*written, expected, "{sent}");
    }

    #[test]
    fn numbers_keep_the_decimals_that_they_were_sent_with() {
        check(
            r#"{"A": 10.00, "b": [{"c": -0.50}]}"#,
            &json!({"a": 10, "b": [{"c": -0.5}], "d": 10}),
            r#"{"a":10.00,"b":[{"c":-0.50}],"d":10}"#,
        );
        check(r#"{"a": 10.00}"#, &json!({"a": 11}), r#"{"a":11}"#);
        check(r#"{"a": "1.00", "b": 1.0, "c": 1.5}"#, &json!({"a": 1, "b": 1.0, "c": 1.5}), r#"{"a":1.00,"b":1.0,"c":1.5}"#);
        check(r#"{"a": 10.00"#, &json!({"a": 10}), r#"{"a":10.00}"#);
        check("10.00", &json!(10), "10.00");
        check("", &json!(null), "null");
    }

    #[test]
    fn many_numbers_are_found_as_quickly_as_few() {
        let rows = vec![r#"{"B": 1.50, "a": 2.0, "c": [0.10]}"#; 10_000];
        let document = vec![json!({"a": 2.0, "b": 1.5, "c": [0.1]}); 10_000];
        let expected = vec![r#"{"a":2.0,"b":1.50,"c":[0.10]}"#; 10_000];
        check(&format!("[{}]", rows.join(",")), &document.into(), &format!("[{}]", expected.join(",")));
    }

    #[test]
    fn an_element_has_the_numbers_below_it() {
        let scales = Scales::of(br#"[{"a": 1.00}, {"a": 2.000, "b": {"c": 3.10}}]"#);
        assert_eq!(&*scales.of_element(1).write(&json!({"a": 2, "b": {"c": 3.1}})), r#"{"a":2.000,"b":{"c":3.10}}"#);
        assert_eq!(scales.of_element(1).decimals(&[Step::Member("A".into())]), Some(3));
        assert_eq!(scales.decimals(&[Step::Member("a".into())]), None);
    }
}
