//! Which webhooks arrived at the receivers of a story: every attempt that was answered, as the delivery log has it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::Player;
use crate::base::time::Timestamp;
use crate::engine::webhooks::{AttemptResult, DELIVERY, Delivery};
use crate::engine::{Sandbox, pairs, signing};
use crate::scenario::matching;

/// The receivers of a story, and what of it was looked at.
pub(super) struct Receipts {
    /// Where they are.
    pub inbox: String,
    /// Delivery and attempt.
    seen: BTreeSet<(String, usize)>,
}

/// A webhook that arrived.
#[derive(Debug)]
pub(super) struct Receipt {
    at: Timestamp,
    event: String,
    subject: String,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Receipts {
    pub(super) fn new(inbox: String) -> Self {
        Self { inbox, seen: BTreeSet::new() }
    }

    /// What arrived since the last look, in order.
    pub(super) fn fresh(&mut self, sandbox: &Sandbox) -> Vec<Receipt> {
        let state = sandbox.lock();
        let tables = state.world.accounts.iter().filter_map(|(_, account)| account.table(DELIVERY));
        let rows: Vec<Delivery> = tables.flat_map(|table| table.iter()).filter_map(|(_, body)| serde_json::from_slice(body).ok()).collect();
        drop(state);
        let mut fresh = Vec::new();
        for row in rows.into_iter().filter(|row| row.url.starts_with(&self.inbox)) {
            for (number, attempt) in row.attempts.iter().enumerate() {
                if matches!(attempt.told, AttemptResult::Answered { .. }) && self.seen.insert((row.id.clone(), number)) {
                    let headers = row.headers.iter().cloned().chain(attempt.headers.clone());
                    fresh.push(Receipt {
                        at: attempt.at,
                        event: row.event.clone(),
                        subject: row.subject.clone(),
                        headers: headers.collect(),
                        body: row.body.clone(),
                    });
                }
            }
        }
        fresh.sort_by_key(|receipt| receipt.at);
        fresh
    }
}

impl Player {
    /// How what arrived differs from what is expected: the same number, each like its counterpart.
    pub(super) fn received(&self, expected: &Value, found: &[Receipt]) -> Vec<String> {
        let expected = expected.as_array().map_or(&[][..], Vec::as_slice);
        let mut problems = Vec::new();
        for (place, (expected, found)) in expected.iter().zip(found).enumerate() {
            problems.extend(self.compare(expected, found).into_iter().map(|problem| format!("webhook {}: {problem}", place + 1)));
        }
        for missing in expected.iter().skip(found.len()) {
            problems.push(format!("a webhook did not arrive: {missing}"));
        }
        for Receipt { at, event, subject, body, .. } in found.iter().skip(expected.len()) {
            problems.push(format!("a webhook is not expected: {event} about {subject} at {at}: {body:.300}"));
        }
        problems
    }

    fn compare(&self, expected: &Value, found: &Receipt) -> Vec<String> {
        let at = found.at.to_string();
        let mut problems = Vec::new();
        for (name, found) in [("event", found.event.as_str()), ("subject", &found.subject), ("method", "POST"), ("at", &at)] {
            if let Some(expected) = expected[name].as_str().map(|expected| self.fill_text(expected))
                && !matching::text(&expected, found)
            {
                problems.push(format!("{name} `{found}`, expected `{expected}`"));
            }
        }
        let header = |name: &str| found.headers.get(&name.to_ascii_lowercase()).map(String::as_str);
        problems.extend(self.says(expected, &header, &found.body));
        if let Some(form) = expected.get("form") {
            let fields: Map<String, Value> = pairs(&found.body).into_iter().map(|(name, value)| (name, value.into())).collect();
            problems.extend(matching::differences(&self.fill(form), &fields.into(), matching::Members::AtLeast, "$"));
        }
        if let Some(wanted) = expected.get("hmac") {
            problems.extend(self.verify(wanted, &header, &found.body).err());
        }
        problems
    }

    /// Checks a signature: a digest of HMAC-SHA256 in hexadecimal, somewhere in a header.
    fn verify<'h>(&self, wanted: &Value, header: &dyn Fn(&str) -> Option<&'h str>, body: &str) -> Result<(), String> {
        let text = |name: &str| wanted[name].as_str();
        let name = text("header").unwrap_or_default();
        let found = header(name).ok_or_else(|| format!("it is not signed: there is no header {name}"))?;
        let shape = text("value").unwrap_or("{digest}");
        let mut parts = holes(shape, found).ok_or_else(|| format!("header {name} is `{found}`, expected something like `{shape}`"))?;
        let digest = parts.remove("digest").unwrap_or_default();
        let over = parts
            .iter()
            .fold(text("over").unwrap_or("{body}").to_owned(), |over, (hole, value)| over.replace(&format!("{{{hole}}}"), value));
        let signed = over.replace("{body}", body);
        let own = signing::hmac_sha256(&self.fill_text(text("secret").unwrap_or_default()), signed.as_bytes());
        if own == digest { Ok(()) } else { Err(format!("the signature in {name} is {digest}, expected {own}")) }
    }
}

/// What stands in the holes of a shape such as `t={time},v1={digest}`; `None` when a text has another.
fn holes<'t>(shape: &str, text: &'t str) -> Option<BTreeMap<String, &'t str>> {
    let mut parts = shape.split('{');
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut found = BTreeMap::new();
    for part in parts {
        let (name, literal) = part.split_once('}')?;
        let end = if literal.is_empty() { rest.len() } else { rest.find(literal)? };
        found.insert(name.to_owned(), &rest[..end]);
        rest = &rest[end + literal.len()..];
    }
    rest.is_empty().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::holes;

    #[test]
    fn holes_are_filled_or_the_shape_is_another() {
        let read = |shape, text| {
            holes(shape, text).map(|found| found.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>())
        };
        assert_eq!(read("t={time},v1={digest}", "t=12,v1=ab").as_deref(), Some(&["digest=ab".to_owned(), "time=12".to_owned()][..]));
        assert_eq!(read("{digest}", "ab").as_deref(), Some(&["digest=ab".to_owned()][..]));
        assert_eq!(read("sha256={digest}", "ab"), None);
        assert_eq!(read("{digest}!", "ab"), None);
        assert_eq!(read("ab", "abc"), None);
    }
}
