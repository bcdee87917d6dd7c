//! How departures from a document are worded for people who read the journal, the same for all of them: what was found, what was
//! expected, and what is nearest. How vendors word them is their own matter.

use serde_json::Value;

use crate::base::text;
use crate::spec::violation::{Rule, Violation};

/// How many of the expected values are listed.
const LISTED: usize = 20;
/// How many letters of a text that was found are shown.
const SHOWN: usize = 60;

impl Violation {
    /// `found …, expected …`, and what is nearest if something is.
    #[must_use]
    pub fn detail(&self) -> String {
        if let Rule::Other(text) = &self.rule {
            return text.clone();
        }
        let near = self.nearest().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        let expected = match (&self.rule, &self.value) {
            // Some vendors take what is empty for null.
            (Rule::Null, Some(value)) if !value.is_null() => "a value that is not empty".to_owned(),
            (rule, _) => rule.expected(),
        };
        format!("found {}, expected {expected}{near}", self.found())
    }

    fn found(&self) -> String {
        match &self.value {
            None => "nothing".to_owned(),
            Some(Value::String(text)) => {
                let end = text.char_indices().nth(SHOWN).map_or(text.len(), |(end, _)| end);
                let more = if end < text.len() { "…" } else { "" };
                format!("`{}`", Value::from(format!("{}{more}", &text[..end])))
            }
            Some(Value::Array(rows)) => if rows.is_empty() { "an empty list" } else { "a list" }.to_owned(),
            Some(Value::Object(members)) => if members.is_empty() { "an empty object" } else { "an object" }.to_owned(),
            Some(scalar) => format!("`{scalar}`"),
        }
    }

    fn nearest(&self) -> Option<&str> {
        let (Rule::Enum(choices), Some(Value::String(found))) = (&self.rule, &self.value) else { return None };
        if found.len() > 100 {
            return None;
        }
        text::nearest(found, choices.iter().filter_map(Value::as_str))
    }
}

impl Rule {
    /// The keyword of JSON Schema that it comes from, or the code of the vendor's own rule.
    #[must_use]
    pub fn keyword(&self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Null => "nullable",
            Self::Type(_) => "type",
            Self::Enum(_) => "enum",
            Self::MinLength(_) => "minLength",
            Self::MaxLength(_) => "maxLength",
            Self::Pattern(_) => "pattern",
            Self::Format(_) => "format",
            Self::Minimum(_) => "minimum",
            Self::Maximum(_) => "maximum",
            Self::MultipleOf(_) => "multipleOf",
            Self::MinItems(_) => "minItems",
            Self::MaxItems(_) => "maxItems",
            Self::UniqueItems => "uniqueItems",
            Self::MinProperties(_) => "minProperties",
            Self::MaxProperties(_) => "maxProperties",
            Self::Unknown => "additionalProperties",
            Self::AnyOf => "anyOf",
            Self::OneOf => "oneOf",
            Self::Not => "not",
            Self::Vendor(code, _) => code,
            Self::Other(_) => "document",
        }
    }

    /// What a value has to be, as what follows `expected`.
    fn expected(&self) -> String {
        let count = |limit: Option<usize>| limit.unwrap_or_default();
        match self {
            Self::Required => "a value, which is required".to_owned(),
            Self::Null => "another value than null".to_owned(),
            Self::Type(json_type) => format!("the type {json_type}"),
            Self::Enum(choices) => format!("one of {}", listed(choices.iter().map(plain))),
            Self::MinLength(limits) => format!("at least {} characters", count(limits.min)),
            Self::MaxLength(limits) => format!("at most {} characters", count(limits.max)),
            Self::Pattern(pattern) => format!("a text that matches `{pattern}`"),
            Self::Format(format) => format!("the format {format}"),
            Self::MinItems(limits) => format!("at least {} elements", count(limits.min)),
            Self::MaxItems(limits) => format!("at most {} elements", count(limits.max)),
            Self::MinProperties(limits) => format!("at least {} members", count(limits.min)),
            Self::MaxProperties(limits) => format!("at most {} members", count(limits.max)),
            Self::UniqueItems => "elements of which no two are equal".to_owned(),
            Self::Unknown => "no member that the document does not have".to_owned(),
            Self::AnyOf => "one of the alternatives of the document".to_owned(),
            Self::OneOf => "exactly one of the alternatives of the document".to_owned(),
            Self::Not => "anything else".to_owned(),
            Self::Vendor(code, Value::Null) => format!("what the vendor's rule `{code}` says"),
            Self::Vendor(code, facts) => format!("what the vendor's rule `{code}` says: {}", plain(facts)),
            other => other.to_string().strip_prefix("must be ").map_or_else(|| other.to_string(), str::to_owned),
        }
    }
}

/// A text as it is, anything else as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Names in backticks; of many only the first ones.
pub(crate) fn listed<T: AsRef<str>>(names: impl Iterator<Item = T>) -> String {
    let mut names: Vec<String> = names.map(|name| format!("`{}`", name.as_ref())).collect();
    let more = names.len().saturating_sub(LISTED);
    names.truncate(LISTED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    names.join(", ") + &more
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::spec::schema::{JsonType, Limits, Range};
    use crate::spec::violation::ParameterIn;

    fn check(value: Option<Value>, rule: Rule, expected: &str) {
        let violation = Violation { location: ParameterIn::Body, path: Vec::new(), value, rule };
        assert_eq!(violation.detail(), expected);
    }

    #[test]
    fn every_departure_says_what_was_found_and_expected() {
        let choices = || Rule::Enum(vec![json!("PDF_4x6"), json!("PNG"), json!(7), Value::Null]);
        check(
            Some(json!("PDF_4X7")),
            choices(),
            "found `\"PDF_4X7\"`, expected one of `PDF_4x6`, `PNG`, `7`, `null`; did you mean `PDF_4x6`?",
        );
        check(Some(json!(8)), choices(), "found `8`, expected one of `PDF_4x6`, `PNG`, `7`, `null`");
        check(None, Rule::Required, "found nothing, expected a value, which is required");
        check(Some(Value::Null), Rule::Null, "found `null`, expected another value than null");
        check(Some(json!([])), Rule::Null, "found an empty list, expected a value that is not empty");
        check(Some(json!([null])), Rule::Type(JsonType::String), "found a list, expected the type string");
        check(
            Some(json!("a".repeat(100))),
            Rule::MaxLength(Limits { min: None, max: Some(9) }),
            &format!("found `\"{}…\"`, expected at most 9 characters", "a".repeat(60)),
        );
        let range = Range { min: Some(3.into()), ..Range::default() };
        check(Some(json!(2)), Rule::Minimum(range), "found `2`, expected at least 3");
        check(
            Some(json!("x")),
            Rule::Vendor("no_rate", json!("a rate")),
            "found `\"x\"`, expected what the vendor's rule `no_rate` says: a rate",
        );
        check(None, Rule::Other("status 418 is not declared".to_owned()), "status 418 is not declared");
    }
}
