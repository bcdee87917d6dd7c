//! Matching rules of a Pact, held against an answer: where it differs from what the consumer expects. Members that are not expected are
//! no difference, as in every answer to a consumer.

use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};

use serde_json::{Map, Value};

use crate::base::patterns::{self, Pattern};
use crate::contract::pact_file::Expected;

/// How deep bodies are compared.
const DEEPEST: usize = 100;
/// What expressions may cost on the texts of one answer (`Pattern::places` for each byte).
const WORK: usize = 32 << 20;
/// How many differences of one answer are told.
const MOST: usize = 50;

/// Where an answer differs, and how it does.
#[derive(Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Such as `status`, `header content-type` or `body $.id`.
    pub place: String,
    pub problem: String,
}

impl Display for Mismatch {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.place, self.problem)
    }
}

/// The differences of an answer.
#[must_use]
pub fn mismatches(expected: &Expected, status: u16, headers: &[(String, String)], body: &[u8]) -> Vec<Mismatch> {
    let mut found = Found { rows: Vec::new(), expressions: Expressions { compiled: HashMap::new(), left: WORK } };
    let rules = &expected.rules;
    if u64::from(status) != expected.status && !fits_class(&rules["status"], status) {
        found.add("status".to_owned(), format!("found {status}, expected {}", expected.status));
    }
    for (name, wanted) in &expected.headers {
        let place = format!("header {}", name.to_lowercase());
        let Some((_, value)) = headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)) else {
            found.add(place, format!("found none, expected `{wanted}`"));
            continue;
        };
        let row = ["header", "headers"].iter().filter_map(|category| rules[*category].as_object()).flatten();
        let rule = row
            .filter(|(other, _)| other.trim_start_matches("$.").trim_matches(['[', ']', '\'']).eq_ignore_ascii_case(name))
            .map(|(_, rule)| rule)
            .next();
        match rule {
            Some(rule) => found.judge(rule, &Value::from(wanted.as_str()), &Value::from(value.as_str()), &place),
            None if same_header(name, wanted, value) => {}
            None => found.add(place, format!("found `{value}`, expected `{wanted}`")),
        }
    }
    if expected.body.is_null() {
        return found.rows;
    }
    let text = String::from_utf8_lossy(body);
    match serde_json::from_slice::<Value>(body) {
        Ok(actual) if !expected.is_text => {
            let rows = rules["body"].as_object().map(paths).unwrap_or_default();
            Comparison { rules: rows, found: &mut found }.compare(&expected.body, &actual, &mut vec![], 0);
        }
        _ if expected.body.as_str() == Some(&*text) => {}
        _ => found.add("body".to_owned(), format!("found `{}`, expected `{}`", shortened(&text), shortened(&expected.body.to_string()))),
    }
    found.rows
}

struct Found {
    rows: Vec<Mismatch>,
    expressions: Expressions,
}

/// The expressions of the rules.
struct Expressions {
    /// Each is compiled once; nothing for one that is not read here.
    compiled: HashMap<String, Option<Pattern>>,
    /// What they may still cost.
    left: usize,
}

impl Found {
    fn add(&mut self, place: String, problem: String) {
        if self.rows.len() < MOST {
            self.rows.push(Mismatch { place, problem });
        }
    }

    /// Holds a value against the matchers of a rule: all of them, or with `OR` any.
    fn judge(&mut self, rule: &Value, expected: &Value, actual: &Value, place: &str) {
        let rows = rule["matchers"].as_array().map_or(std::slice::from_ref(rule), Vec::as_slice);
        let problems: Vec<String> = rows.iter().filter_map(|row| problem(row, expected, actual, &mut self.expressions)).collect();
        let is_fine = if rule["combine"] == "OR" { problems.len() < rows.len() } else { problems.is_empty() };
        if !is_fine {
            self.add(place.to_owned(), problems.join("; "));
        }
    }
}

/// What one matcher has against a value.
fn problem(matcher: &Value, expected: &Value, actual: &Value, expressions: &mut Expressions) -> Option<String> {
    let found = || format!("found `{}`", shortened(&actual.to_string()));
    let text = actual.as_str().map_or_else(|| actual.to_string(), str::to_owned);
    let holds = match matcher["match"].as_str().unwrap_or_default() {
        "equality" => same(expected, actual),
        "regex" => {
            let expression = matcher["regex"].as_str().unwrap_or_default();
            match expressions.compiled.entry(expression.to_owned()).or_insert_with(|| patterns::compile(expression).ok()) {
                Some(pattern) => match pattern.matches(&text, &mut expressions.left) {
                    Some(holds) => holds,
                    None => return Some(format!("a text of {} bytes is too long for the expression `{expression}`", text.len())),
                },
                None => return Some("the file has an expression that is not read here".to_owned()),
            }
        }
        "include" => text.contains(matcher["value"].as_str().unwrap_or_default()),
        "integer" => actual.is_i64() || actual.is_u64(),
        "decimal" => actual.is_f64(),
        "number" => actual.is_number(),
        "boolean" => actual.is_boolean() || ["true", "false"].contains(&&*text),
        "null" => actual.is_null(),
        "date" | "time" | "timestamp" | "datetime" | "semver" => actual.is_string(),
        "notEmpty" => !matches!(actual, Value::Null) && !["", "[]", "{}"].contains(&&*text),
        // Elements and members of these are compared one by one.
        "values" | "eachKey" | "eachValue" | "arrayContains" | "contentType" => true,
        _ => {
            let count = actual.as_array().map_or(0, Vec::len) as u64;
            let fits =
                matcher["min"].as_u64().is_none_or(|least| count >= least) && matcher["max"].as_u64().is_none_or(|most| count <= most);
            if !fits {
                return Some(format!("found {count} elements, expected {}", bounds(matcher)));
            }
            same_type(expected, actual)
        }
    };
    let wanted = || match matcher["match"].as_str().unwrap_or("type") {
        "regex" => format!("a text that matches `{}`", matcher["regex"].as_str().unwrap_or_default()),
        "include" => format!("a text with `{}`", matcher["value"].as_str().unwrap_or_default()),
        "equality" => format!("`{}`", shortened(&expected.to_string())),
        "type" => format!("a value of the type of `{}`", shortened(&expected.to_string())),
        other => format!("what `{other}` matches"),
    };
    (!holds).then(|| format!("{}, expected {}", found(), wanted()))
}

fn bounds(matcher: &Value) -> String {
    match (matcher["min"].as_u64(), matcher["max"].as_u64()) {
        (Some(least), Some(most)) => format!("{least} to {most}"),
        (Some(least), None) => format!("at least {least}"),
        (None, most) => format!("at most {}", most.unwrap_or_default()),
    }
}

/// One step of a path of a rule, or of a place in a body.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Member(String),
    Index(usize),
    Any,
}

struct Comparison<'r, 'f> {
    rules: Vec<(Vec<Step>, &'r Value)>,
    found: &'f mut Found,
}

impl<'r> Comparison<'r, '_> {
    /// The rule for a place: the most specific one that is for it, or else the most specific one above it that types below follow.
    fn rule(&self, path: &[Step]) -> Option<(&'r Value, bool)> {
        let fits = |own: &[Step]| own.iter().zip(path).all(|(own, step)| own == step || *own == Step::Any);
        let weight = |own: &[Step]| (own.len(), own.iter().filter(|step| **step != Step::Any).count());
        let leading = self.rules.iter().filter(|(own, _)| own.len() <= path.len() && fits(own));
        let leading = leading.filter(|(own, rule)| own.len() == path.len() || cascades(rule));
        leading.max_by_key(|(own, _)| weight(own)).map(|(own, rule)| (*rule, own.len() == path.len()))
    }

    fn compare(&mut self, expected: &Value, actual: &Value, path: &mut Vec<Step>, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        let place = format!("body {}", path_text(path));
        let rule = self.rule(path);
        if let Some((rule, is_own)) = rule {
            if is_own {
                self.found.judge(rule, expected, actual, &place);
            } else if !same_type(expected, actual) {
                let message = format!(
                    "found `{}`, expected a value of the type of `{}`",
                    shortened(&actual.to_string()),
                    shortened(&expected.to_string())
                );
                self.found.add(place.clone(), message);
            }
        }
        match (expected, actual) {
            (Value::Object(wanted), Value::Object(members)) => self.members(wanted, members, rule.map(|(rule, _)| rule), path, depth),
            (Value::Array(wanted), Value::Array(rows)) => {
                let is_like = rule.is_some_and(|(rule, _)| cascades(rule));
                if !is_like && wanted.len() != rows.len() {
                    self.found.add(place, format!("found {} elements, expected {}", rows.len(), wanted.len()));
                }
                for (index, row) in rows.iter().enumerate() {
                    let model = if is_like { wanted.get(index).or(wanted.first()) } else { wanted.get(index) };
                    let Some(model) = model else { continue };
                    path.push(Step::Index(index));
                    self.compare(model, row, path, depth + 1);
                    path.pop();
                }
            }
            _ if rule.is_some() => {}
            _ if !same(expected, actual) => {
                self.found
                    .add(place, format!("found `{}`, expected `{}`", shortened(&actual.to_string()), shortened(&expected.to_string())));
            }
            _ => {}
        }
    }

    fn members(
        &mut self,
        wanted: &Map<String, Value>,
        members: &Map<String, Value>,
        rule: Option<&Value>,
        path: &mut Vec<Step>,
        depth: usize,
    ) {
        let are_values = rule.is_some_and(|rule| rule.to_string().contains("\"values\"") || rule.to_string().contains("\"eachValue\""));
        if are_values {
            let Some(model) = wanted.values().next() else { return };
            for (name, value) in members {
                path.push(Step::Member(name.clone()));
                self.compare(model, value, path, depth + 1);
                path.pop();
            }
            return;
        }
        for (name, expected) in wanted {
            path.push(Step::Member(name.clone()));
            match members.get(name) {
                Some(actual) => self.compare(expected, actual, path, depth + 1),
                None => self.found.add(
                    format!("body {}", path_text(path)),
                    format!("found none, expected one like `{}`", shortened(&expected.to_string())),
                ),
            }
            path.pop();
        }
    }
}

/// Whether values below a rule are compared by their types.
fn cascades(rule: &Value) -> bool {
    let rows = rule["matchers"].as_array().map_or(std::slice::from_ref(rule), Vec::as_slice);
    rows.iter().any(|row| row["match"] == "type" || row["match"].is_null() && (row["min"].is_u64() || row["max"].is_u64()))
}

fn paths(rules: &Map<String, Value>) -> Vec<(Vec<Step>, &Value)> {
    rules.iter().map(|(path, rule)| (steps(path), rule)).collect()
}

/// Reads a path such as `$.a['b c'][*][0]`.
fn steps(path: &str) -> Vec<Step> {
    let mut found = Vec::new();
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let name = &after[..end];
            if !name.is_empty() {
                found.push(if name == "*" { Step::Any } else { Step::Member(name.to_owned()) });
            }
            rest = &after[end..];
        } else if let Some(after) = rest.strip_prefix('[') {
            let end = after.find(']').unwrap_or(after.len());
            let inner = &after[..end];
            let quoted = inner.strip_prefix(['\'', '"']).and_then(|inner| inner.strip_suffix(['\'', '"']));
            found.push(match (quoted, inner.parse()) {
                (Some(name), _) => Step::Member(name.replace("\\'", "'")),
                (None, Ok(index)) => Step::Index(index),
                _ => Step::Any,
            });
            rest = after.get(end + 1..).unwrap_or_default();
        } else {
            break;
        }
    }
    found
}

fn path_text(path: &[Step]) -> String {
    path.iter().fold("$".to_owned(), |text, step| match step {
        Step::Member(name) => format!("{text}.{name}"),
        Step::Index(index) => format!("{text}[{index}]"),
        Step::Any => format!("{text}[*]"),
    })
}

fn same_type(expected: &Value, actual: &Value) -> bool {
    std::mem::discriminant(expected) == std::mem::discriminant(actual)
}

fn same(expected: &Value, actual: &Value) -> bool {
    match (expected.as_f64(), actual.as_f64()) {
        (Some(one), Some(other)) => one.total_cmp(&other).is_eq(),
        _ => expected == actual,
    }
}

/// Whether two values of a header say the same: blanks behind commas do not count, nor parameters of a media type that nobody asked for.
fn same_header(name: &str, wanted: &str, value: &str) -> bool {
    let plain = |text: &str| text.split(',').map(|part| part.trim().to_owned()).collect::<Vec<_>>();
    let media = |text: &str| text.split(';').next().unwrap_or_default().trim().to_lowercase();
    plain(wanted) == plain(value) || name.eq_ignore_ascii_case("content-type") && !wanted.contains(';') && media(wanted) == media(value)
}

fn fits_class(rule: &Value, status: u16) -> bool {
    let rows = rule["matchers"].as_array().into_iter().flatten().chain(rule["$"]["matchers"].as_array().into_iter().flatten());
    let class = rows.filter(|row| row["match"] == "statusCode").map(|row| &row["status"]).next();
    class.is_some_and(|class| match class.as_str() {
        Some("info") => (100..200).contains(&status),
        Some("success") => (200..300).contains(&status),
        Some("redirect") => (300..400).contains(&status),
        Some("clientError") => (400..500).contains(&status),
        Some("serverError") => (500..600).contains(&status),
        Some("nonError") => status < 400,
        Some("error") => status >= 400,
        _ => class.as_array().is_some_and(|rows| rows.iter().any(|row| *row == u64::from(status))),
    })
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= 80 { text.to_owned() } else { text.chars().take(79).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The differences of a body, one a line.
    fn check(expected: Value, rules: Value, actual: &Value, problems: &[&str]) {
        let expected = Expected { status: 200, headers: Vec::new(), body: expected, is_text: false, rules: json!({"body": rules}) };
        let found = mismatches(&expected, 200, &[], actual.to_string().as_bytes());
        assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), problems);
    }

    #[test]
    fn without_a_rule_values_are_equal_and_more_members_are_fine() {
        check(json!({"a": 1, "b": [1, 2]}), json!({}), &json!({"a": 1.0, "b": [1, 2], "c": 3}), &[]);
        check(json!({"a": 1}), json!({}), &json!({"a": 2}), &["body $.a: found `2`, expected `1`"]);
        check(json!({"a": [1]}), json!({}), &json!({"a": [1, 2]}), &["body $.a: found 2 elements, expected 1"]);
        check(json!({"a": {"b": 1}}), json!({}), &json!({"a": {}}), &["body $.a.b: found none, expected one like `1`"]);
    }

    #[test]
    fn a_type_goes_for_all_that_is_below_it() {
        let rules = json!({"$": {"matchers": [{"match": "type"}]}});
        check(json!({"a": {"b": "x"}}), rules.clone(), &json!({"a": {"b": "y"}}), &[]);
        check(
            json!({"a": {"b": "x"}}),
            rules,
            &json!({"a": {"b": 7}}),
            &["body $.a.b: found `7`, expected a value of the type of `\"x\"`"],
        );
    }

    #[test]
    fn elements_are_like_the_first() {
        let rules = json!({"$.a": {"matchers": [{"match": "type", "min": 2}]}, "$.a[*].id": {"matchers": [{"match": "integer"}]}});
        check(json!({"a": [{"id": 1}]}), rules.clone(), &json!({"a": [{"id": 5}, {"id": 6}, {"id": 7}]}), &[]);
        check(json!({"a": [{"id": 1}]}), rules.clone(), &json!({"a": [{"id": 5}]}), &["body $.a: found 1 elements, expected at least 2"]);
        check(
            json!({"a": [{"id": 1}]}),
            rules,
            &json!({"a": [{"id": 5}, {"id": "6"}]}),
            &["body $.a[1].id: found `\"6\"`, expected what `integer` matches"],
        );
    }

    #[test]
    fn expressions_have_a_largest_size() {
        for large in [r"\w{200}".to_owned(), "a".repeat(5000)] {
            let rules = json!({"$.a": {"matchers": [{"match": "regex", "regex": large}]}});
            check(json!({"a": "x"}), rules, &json!({"a": "y"}), &["body $.a: the file has an expression that is not read here"]);
        }
    }

    #[test]
    fn expressions_have_a_largest_cost() {
        let rules = json!({"$.a": {"matchers": [{"match": "regex", "regex": "^([a-z]{1,9}){1,9}$"}]}});
        let problem = "body $.a: a text of 1048576 bytes is too long for the expression `^([a-z]{1,9}){1,9}$`";
        check(json!({"a": "x"}), rules, &json!({"a": "y".repeat(1 << 20)}), &[problem]);
    }

    #[test]
    fn rules_combine() {
        let rules = json!({"$['a b']": {"combine": "OR", "matchers": [{"match": "regex", "regex": "^x+$"}, {"match": "null"}]}});
        check(json!({"a b": "x"}), rules.clone(), &json!({"a b": null}), &[]);
        check(
            json!({"a b": "x"}),
            rules,
            &json!({"a b": "y"}),
            &["body $.a b: found `\"y\"`, expected a text that matches `^x+$`; found `\"y\"`, expected what `null` matches"],
        );
    }

    #[test]
    fn statuses_and_headers_are_compared() {
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned()), ("X-Id".to_owned(), "1".to_owned())];
        let rules = json!({"header": {"X-Id": {"matchers": [{"match": "regex", "regex": "^[0-9]+$"}]}}});
        let expected = Expected { status: 200, headers, body: Value::Null, is_text: false, rules };
        let answer = |kind: &str, id: &str| {
            let headers = [("content-type".to_owned(), kind.to_owned()), ("x-id".to_owned(), id.to_owned())];
            mismatches(&expected, 200, &headers, b"").iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert!(answer("application/json; charset=utf-8", "77").is_empty());
        assert_eq!(answer("text/html", "a").len(), 2);
        assert_eq!(mismatches(&expected, 500, &[], b"").len(), 3);
    }
}
