//! The words of verdicts: calls and numbers of them.

use super::Verdict;
use crate::scenario::ast::{Count, Pattern};
use crate::world::{End, Entry, Note, note};

/// A call by its id, and in a line.
pub(super) fn told(entry: &Entry) -> (String, String) {
    (entry.id.to_string(), line(entry))
}

/// A call in a line: `shippo.CreateTransaction 201 (request-invalid)`.
pub(super) fn line(entry: &Entry) -> String {
    let operation = entry.operation.as_deref().unwrap_or(&entry.vendor);
    let received = match (entry.wire.get().end, entry.wire.get().status) {
        (End::Sent, Some(status)) => status.to_string(),
        (end, _) => end.word().to_owned(),
    };
    let codes = note::codes(&entry.notes).join(", ");
    let nowhere = entry.notes.iter().find(|note| note.code == Note::UNKNOWN_OPERATION);
    let nowhere = nowhere.map(|note| format!(": {}", note.worded().detail)).unwrap_or_default();
    if codes.is_empty() { format!("{operation} {received}") } else { format!("{operation} {received} ({codes}){nowhere}") }
}

pub(super) const UNDER_WAY: &str = "; an answer is still under way";
pub(super) const DELIVERY_UNDER_WAY: &str = "; a delivery is still under way";
pub(super) const LATE: &str = "; the process had no more time for verdicts";
pub(super) const EVICTED: &str = "; some of the evidence was evicted, removed or cut";

/// The verdict on a number, when up to `unclear` more may have to be added to it.
pub(super) fn judge_count(found: u64, unclear: u64, count: Count, what: &str, doubt: &str) -> (Verdict, String) {
    let expected = match count {
        Count { min, max: Some(max) } if min == max => format!("{min}"),
        Count { min, max: Some(max) } => format!("{min} to {max}"),
        Count { min, max: None } => format!("at least {min}"),
    };
    let most = found.saturating_add(unclear);
    let (least_met, most_met) = (found >= count.min, count.max.is_none_or(|max| most <= max));
    let verdict = if least_met && most_met {
        Verdict::Passed
    } else if count.max.is_some_and(|max| found > max) || most < count.min {
        Verdict::Failed
    } else {
        Verdict::Unknown
    };
    let doubt = if verdict == Verdict::Unknown { doubt } else { "" };
    (verdict, format!("{what} count {found}, expected {expected}{doubt}"))
}

/// Whether a call is one of the operations of a pattern.
pub(super) fn is_of(entry: &Entry, pattern: &Pattern) -> bool {
    is_named(entry.operation.as_deref().unwrap_or(&entry.vendor), pattern)
}

/// Whether an operation by its name, or a vendor alone where a path led to none, is meant by a pattern.
pub(super) fn is_named(name: &str, pattern: &Pattern) -> bool {
    let (vendor, id) = name.split_once('.').unwrap_or((name, ""));
    pattern.matches(vendor, id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(found: u64, unclear: u64, min: u64, max: Option<u64>, expected: Verdict) {
        assert_eq!(judge_count(found, unclear, Count { min, max }, "call", EVICTED).0, expected, "{found}+{unclear} of {min}..{max:?}");
    }

    #[test]
    fn success_is_never_claimed_without_evidence() {
        check(2, 0, 1, Some(2), Verdict::Passed);
        check(2, u64::MAX, 1, None, Verdict::Passed);
        check(2, u64::MAX, 1, Some(2), Verdict::Unknown);
        check(3, u64::MAX, 1, Some(2), Verdict::Failed);
        check(0, 0, 1, None, Verdict::Failed);
        check(0, u64::MAX, 1, None, Verdict::Unknown);
        check(0, 0, 0, Some(0), Verdict::Passed);
        check(0, 1, 0, Some(0), Verdict::Unknown);
        check(0, 1, 2, None, Verdict::Failed);
    }
}
