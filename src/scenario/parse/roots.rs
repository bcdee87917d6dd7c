//! What expressions can refer to, by the place where they stand.

use super::members;
use crate::scenario::error::suggestion;

/// A root of paths, and its members where they are a closed set.
pub(super) type Root = (&'static str, &'static [&'static str]);

const REQUEST: Root = ("$request", &["body", "query", "headers", "path", "method", "parameters"]);
const CALL: Root = ("$call", &["nth", "operation"]);
const STATE: Root = ("$state", &[]);
const CREDENTIAL: Root = ("$credential", &[]);
const PARCEL: Root = ("$parcel", &["tracking_number", "carrier", "service", "subject", "from", "to", "transit_days"]);

const GIVEN: Root = ("$given", &[]);
const ANSWER: Root = ("$answer", &["status", "wire", "headers", "body"]);

/// All roots, wherever they are known.
pub(super) const ROOTS: [Root; 7] = [REQUEST, STATE, CALL, CREDENTIAL, PARCEL, ANSWER, GIVEN];

/// Where an expression is used, which decides what it can refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExprContext {
    /// An override, which is about a call.
    Call,
    /// A timeline, which is about a parcel.
    Parcel,
    /// A row of `given`, which is made before there are calls.
    Given,
    /// An expectation about calls of the journal, for which there is no `$state` any more.
    Verdict,
}

impl ExprContext {
    pub(super) fn roots(self) -> &'static [Root] {
        match self {
            Self::Call => &[REQUEST, STATE, CALL, CREDENTIAL],
            Self::Parcel => &[PARCEL],
            Self::Given => &[GIVEN],
            Self::Verdict => &[REQUEST, CALL, ANSWER],
        }
    }

    /// The members of conditions that it can have.
    pub(super) fn joins(self) -> Vec<&'static str> {
        let known = match self {
            Self::Call => 6,
            Self::Verdict => 4,
            Self::Parcel | Self::Given => 3,
        };
        members::CONDITION.into_iter().take(known).collect()
    }

    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Call => "an override",
            Self::Parcel => "a timeline",
            Self::Given => "a row of `given`",
            Self::Verdict => "an expectation",
        }
    }
}

/// What to write in the place of a root that there is not: the root of one of its members, or the word for the same.
pub(super) fn known_root(found: &str, roots: &[&str]) -> String {
    let word = found.trim_start_matches('$');
    let own = [REQUEST, CALL, PARCEL, ANSWER].into_iter().filter(|(root, _)| roots.contains(root));
    let inside: Vec<String> = own.filter(|(_, members)| members.contains(&word)).map(|(root, _)| format!("`{root}.{word}`")).collect();
    if !inside.is_empty() {
        return format!("did you mean {}?", inside.join(" or "));
    }
    if ["clock", "now", "time", "date"].contains(&word) {
        return "the clock is a condition of its own: `when: {clock: {days: [sat, sun]}}`".to_owned();
    }
    let same =
        [("$answer", ["response", "resp", "res", "reply", "result"]), ("$request", ["req", "input", "call_request", "http", "params"])];
    match same.iter().find(|(root, words)| roots.contains(root) && words.contains(&word)) {
        Some((root, _)) => format!("did you mean `{root}`?"),
        None => suggestion(found, roots),
    }
}

/// The member of a root that says the same as one that it does not have.
pub(super) fn same_member<'m>(root: &str, name: &str, members: &[&'m str]) -> Option<&'m str> {
    let word = match (root, name) {
        ("$answer", "code" | "status_code" | "statusCode") => "status",
        ("$answer" | "$request", "json" | "data" | "payload") => "body",
        ("$request", "url" | "uri" | "target") => "path",
        ("$request", "params" | "path_params") => "parameters",
        ("$request", "verb") => "method",
        ("$call", "count" | "number" | "index") => "nth",
        ("$call", "name" | "id") => "operation",
        _ => return None,
    };
    members.iter().copied().find(|member| *member == word)
}
