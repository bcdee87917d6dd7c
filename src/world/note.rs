//! Remarks about an exchange, as data.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::{self, Debug, Display, Formatter};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::time;

/// A remark about an exchange: for the journal, and by its code for the header `seatrial-notes`.
#[derive(Clone)]
pub struct Note {
    /// The kind of remark, such as `request-invalid`.
    pub code: &'static str,
    /// Who has to act on it.
    pub blame: Blame,
    text: Text,
}

/// The words of a note, or what they are made from.
#[derive(Clone)]
enum Text {
    Written { location: String, detail: String },
    Later(Arc<dyn Wording>, usize),
}

/// What several notes of one exchange are about. It is put into words when somebody reads them, which few are.
pub trait Wording: Send + Sync {
    /// The part of the request or answer that the note of an index is about.
    fn location(&self, index: usize) -> String;
    /// What was found, and what was expected.
    fn detail(&self, index: usize) -> String;
    /// About how many bytes of memory one of them takes.
    fn bytes(&self, index: usize) -> usize;
}

/// A note as it is shown, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Note")]
pub struct WordedNote {
    /// The kind of remark, such as `request-invalid`.
    pub code: &'static str,
    /// The part of the request or answer that it is about, such as `parcels.0.weight`; empty for the whole.
    #[serde(rename = "where")]
    pub location: String,
    /// What was found, and what was expected.
    pub detail: String,
    /// Who has to act on it.
    pub blame: Blame,
}

/// Who has to act on a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Blame {
    /// The program that made the call.
    Caller,
    /// This sandbox: it failed, or holds no more.
    Sandbox,
    /// The scenario, or a fault that was switched on.
    Scenario,
    /// The vendor: it does not do what it documents.
    Vendor,
}

/// What a scenario, or a fault that was switched on, did to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Effect {
    /// Which member of the override it comes from.
    pub kind: EffectKind,
    /// The operations that the override is for, or the name of the fault.
    pub name: String,
    /// The line of the override in the scenario, from 1; `None` for a fault that was switched on.
    pub line: Option<usize>,
    /// How many calls it has had an effect on, including this one.
    pub nth: u64,
    /// Whether the operation was carried out nevertheless, so that what it wrote stands.
    pub committed: bool,
    /// How it makes the call fail, as scenarios call it: the status of an answer of the vendor, or the name of a business failure. None
    /// where the wire fails, and where the scenario has words of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// How long the silence or the drip takes on the wire, as the scenario says, such as `1m 30s`.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none", with = "time::spans")]
    #[schemars(with = "Option<String>")]
    pub lasts: Option<Duration>,
    /// How long the answer is held back, as it was drawn, and with what its bytes take.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "time::spans")]
    #[schemars(with = "Option<String>")]
    pub latency: Option<Duration>,
}

/// The member of an override that an effect comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    /// The call got an answer that the scenario wrote.
    Respond,
    /// The vendor's answer was changed.
    Patch,
    /// It makes the call fail.
    Fault,
    /// It has the vendor refuse the call in the scenario's words.
    Refuse,
    /// It refuses one call too many.
    RateLimit,
    /// It only holds the answer back.
    Latency,
}

impl EffectKind {
    /// All of them, in the order in which they are documented.
    pub const ALL: [Self; 6] = [Self::Respond, Self::Patch, Self::Fault, Self::Refuse, Self::RateLimit, Self::Latency];

    /// Its name in the journal and in filters.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Respond => "respond",
            Self::Patch => "patch",
            Self::Fault => "fault",
            Self::Refuse => "refuse",
            Self::RateLimit => "rate_limit",
            Self::Latency => "latency",
        }
    }
}

impl Note {
    /// The request departs from the vendor's document.
    pub const REQUEST_INVALID: &str = "request-invalid";
    /// The body has a member that the document does not have.
    pub const UNKNOWN_MEMBER: &str = "unknown-member";
    /// The call uses what the document advises against.
    pub const DEPRECATED: &str = "deprecated";
    /// The query has a parameter that the document does not have.
    pub const UNKNOWN_PARAMETER: &str = "unknown-parameter";
    /// The path, or the method, leads to no operation.
    pub const UNKNOWN_OPERATION: &str = "unknown-operation";
    /// The body is not what its content type says.
    pub const UNREADABLE_BODY: &str = "unreadable-body";
    /// The request is no HTTP, names no host or several, has too long an address, or did not arrive whole.
    pub const UNREADABLE_REQUEST: &str = "unreadable-request";
    /// The content type is not one that the operation reads, or not that of the body.
    pub const WRONG_CONTENT_TYPE: &str = "wrong-content-type";
    /// The body is compressed, which no vendor undoes.
    pub const CONTENT_ENCODING: &str = "content-encoding";
    /// The body begins with a byte order mark.
    pub const BYTE_ORDER_MARK: &str = "byte-order-mark";
    /// The path has two slashes in a row.
    pub const DOUBLED_SLASH: &str = "doubled-slash";
    /// What a proxy says about the address that its caller used cannot be read.
    pub const FORWARDED_IGNORED: &str = "forwarded-ignored";
    /// The operation needs a credential, and none was sent.
    pub const CREDENTIAL_MISSING: &str = "credential-missing";
    /// What was sent cannot be read as a credential.
    pub const CREDENTIAL_MALFORMED: &str = "credential-malformed";
    /// No credential of the sandbox is the one that was sent.
    pub const CREDENTIAL_UNKNOWN: &str = "credential-unknown";
    /// The time of the credential has passed.
    pub const CREDENTIAL_EXPIRED: &str = "credential-expired";
    /// The scenario has revoked the credential.
    pub const CREDENTIAL_REVOKED: &str = "credential-revoked";
    /// The answer departs from the vendor's document.
    pub const ANSWER_INVALID: &str = "answer-invalid";
    /// What the call wrote does not fit into the sandbox any more.
    pub const SANDBOX_FULL: &str = "sandbox-full";
    /// The answer would take more documents than are read for one.
    pub const ANSWER_TOO_LARGE: &str = "answer-too-large";
    /// The body is larger than this sandbox reads, or has more values.
    pub const BODY_TOO_LARGE: &str = "body-too-large";
    /// The handler panicked, and was rolled back.
    pub const SANDBOX_BROKEN: &str = "sandbox-broken";
    /// What the call did cannot be kept for the next process, and this one ends.
    pub const LEDGER_BROKEN: &str = "ledger-broken";
    /// The database of the fleet did not answer.
    pub const LEDGER_AWAY: &str = "ledger-away";
    /// The scenario takes more work, or answers with more, than it may for one call.
    pub const SCENARIO_TOO_LARGE: &str = "scenario-too-large";
    /// The scenario, or a fault that was switched on, made the call fail.
    pub const FAULT: &str = "fault";
    /// A change that a scenario makes to an answer did not find its place there.
    pub const PATCH_MISSED: &str = "patch-missed";
    /// Nothing will ever reach the address of a subscription.
    pub const WEBHOOK_UNREACHABLE: &str = "webhook-unreachable";
    /// The bytes of a form are not UTF-8.
    pub const NOT_UTF8: &str = "not-utf-8";
    /// The same is asked again and again while the clock stands still, and something is due later.
    pub const CLOCK_FROZEN: &str = "clock-frozen";
    /// The answer was made from the document alone.
    pub const SAMPLE: &str = "sample";

    /// The vendor itself answered.
    pub const UPSTREAM: &str = "upstream";
    /// The call was to be passed on to the vendor itself, and could not be.
    pub const UPSTREAM_FAILED: &str = "upstream-failed";

    /// All codes that calls of any vendor may have, with what each says, in the order in which they are documented.
    pub const CODES: [(&str, &str); 33] = [
        (Self::REQUEST_INVALID, "The request departs from the vendor's document."),
        (Self::UNKNOWN_MEMBER, "The body has a member that the document does not have."),
        (Self::DEPRECATED, "The call uses what the document advises against."),
        (Self::UNKNOWN_PARAMETER, "The query has a parameter that the document does not have."),
        (Self::UNKNOWN_OPERATION, "The path, or the method, leads to no operation."),
        (Self::UNREADABLE_BODY, "The body is not what its content type says."),
        (Self::UNREADABLE_REQUEST, "The request is no HTTP, names no host or several, has too long an address, or did not arrive whole."),
        (Self::WRONG_CONTENT_TYPE, "The content type is not one that the operation reads, or not that of the body."),
        (Self::CONTENT_ENCODING, "The body is compressed, which no vendor undoes."),
        (Self::BYTE_ORDER_MARK, "The body begins with a byte order mark."),
        (Self::DOUBLED_SLASH, "The path has two slashes in a row."),
        (Self::FORWARDED_IGNORED, "What a proxy says about the address that its caller used cannot be read."),
        (Self::CREDENTIAL_MISSING, "The operation needs a credential, and none was sent."),
        (Self::CREDENTIAL_MALFORMED, "What was sent cannot be read as a credential."),
        (Self::CREDENTIAL_UNKNOWN, "No credential of the sandbox is the one that was sent."),
        (Self::CREDENTIAL_EXPIRED, "The time of the credential has passed."),
        (Self::CREDENTIAL_REVOKED, "The scenario has revoked the credential."),
        (Self::ANSWER_INVALID, "The answer departs from the vendor's document."),
        (Self::SANDBOX_FULL, "What the call wrote does not fit into the sandbox any more."),
        (Self::ANSWER_TOO_LARGE, "The answer would take more documents than are read for one."),
        (Self::BODY_TOO_LARGE, "The body is larger than this sandbox reads, or has more values."),
        (Self::SANDBOX_BROKEN, "The handler panicked, and was rolled back."),
        (Self::LEDGER_BROKEN, "What the call did cannot be kept for the next process, and this one ends."),
        (Self::LEDGER_AWAY, "The database of the fleet did not answer."),
        (Self::SCENARIO_TOO_LARGE, "The scenario takes more work, or answers with more, than it may for one call."),
        (Self::FAULT, "The scenario, or a fault that was switched on, made the call fail."),
        (Self::PATCH_MISSED, "A change that a scenario makes to an answer did not find its place there."),
        (Self::WEBHOOK_UNREACHABLE, "Nothing will ever reach the address of a subscription."),
        (Self::NOT_UTF8, "The bytes of a form are not UTF-8."),
        (Self::CLOCK_FROZEN, "The same was asked five times in a row while the clock stands still and something is due; in no header."),
        (Self::SAMPLE, "The answer was made from the document alone."),
        (Self::UPSTREAM, "The vendor itself answered (`--upstream`)."),
        (Self::UPSTREAM_FAILED, "The call was to be passed on to the vendor itself, and could not be."),
    ];

    /// A note about a call as a whole.
    #[must_use]
    pub fn new(code: &'static str, blame: Blame, detail: impl Into<String>) -> Self {
        Self::at(code, blame, "", detail)
    }

    /// A note about a part of the request or answer.
    #[must_use]
    pub fn at(code: &'static str, blame: Blame, location: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { code, blame, text: Text::Written { location: location.into(), detail: detail.into() } }
    }

    /// A note that is put into words later.
    #[must_use]
    pub fn later(code: &'static str, blame: Blame, wording: Arc<dyn Wording>, index: usize) -> Self {
        Self { code, blame, text: Text::Later(wording, index) }
    }

    /// A code as notes have it, which may be one that only another version has. Each is kept once, for ever, and so many at most; `None`
    /// for what is no code.
    #[must_use]
    pub fn code_of(text: &str) -> Option<&'static str> {
        const MOST: usize = 512;
        static CODES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
        let mut codes = CODES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(code) = codes.get(text) {
            return Some(code);
        }
        if text.len() > 64 || codes.len() >= MOST {
            return None;
        }
        let code: &'static str = Box::leak(text.into());
        codes.insert(code);
        Some(code)
    }

    /// The note as it is shown: what it is about and its detail in words.
    #[must_use]
    pub fn worded(&self) -> WordedNote {
        let (location, detail) = match &self.text {
            Text::Written { location, detail } => (location.clone(), detail.clone()),
            Text::Later(wording, index) => (wording.location(*index), wording.detail(*index)),
        };
        WordedNote { code: self.code, location, detail, blame: self.blame }
    }

    /// The part of the request or answer that it is about, such as `parcels.0.weight`; empty for the whole.
    #[must_use]
    pub fn location(&self) -> Cow<'_, str> {
        match &self.text {
            Text::Written { location, .. } => location.into(),
            Text::Later(wording, index) => wording.location(*index).into(),
        }
    }

    /// About how many bytes of memory it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let text = match &self.text {
            Text::Written { location, detail } => location.len() + detail.len(),
            Text::Later(wording, index) => wording.bytes(*index),
        };
        size_of::<Self>() + text
    }

    /// Whether it says that its caller departs from the document. What the clock, a credential's end and the way to a receiver bring about
    /// blames the caller, too, and is in no document.
    #[must_use]
    pub fn is_departure(&self) -> bool {
        self.blame == Blame::Caller && Self::may_be_departure(self.code)
    }

    /// Whether notes with a code may say so.
    #[must_use]
    pub fn may_be_departure(code: &str) -> bool {
        const OTHERS: [&str; 18] = [
            Note::CLOCK_FROZEN,
            Note::CREDENTIAL_EXPIRED,
            Note::CREDENTIAL_REVOKED,
            Note::FORWARDED_IGNORED,
            Note::WEBHOOK_UNREACHABLE,
            // Nor do those that blame others.
            Note::ANSWER_INVALID,
            Note::ANSWER_TOO_LARGE,
            Note::BODY_TOO_LARGE,
            Note::SANDBOX_FULL,
            Note::SANDBOX_BROKEN,
            Note::LEDGER_BROKEN,
            Note::LEDGER_AWAY,
            Note::SCENARIO_TOO_LARGE,
            Note::FAULT,
            Note::PATCH_MISSED,
            Note::SAMPLE,
            Note::UPSTREAM,
            Note::UPSTREAM_FAILED,
        ];
        !OTHERS.contains(&code)
    }

    /// Whether the answer is not what this sandbox promises.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        [Self::ANSWER_INVALID, Self::ANSWER_TOO_LARGE, Self::SANDBOX_FULL, Self::SANDBOX_BROKEN, Self::LEDGER_BROKEN, Self::LEDGER_AWAY]
            .contains(&self.code)
    }
}

/// The codes of notes, without repetitions in a row.
#[must_use]
pub fn codes(notes: &[Note]) -> Vec<&'static str> {
    let mut codes: Vec<&str> = notes.iter().map(|note| note.code).collect();
    codes.dedup();
    codes
}

impl Debug for Note {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.worded().fmt(f)
    }
}

impl Display for Note {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let WordedNote { code, location, detail, .. } = self.worded();
        match location.is_empty() {
            true => write!(f, "{code}: {detail}"),
            false => write!(f, "{code}: {location}: {detail}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_do_not_repeat_in_a_row() {
        let note = |code| Note::new(code, Blame::Caller, "");
        let notes = [Note::REQUEST_INVALID, Note::REQUEST_INVALID, Note::SAMPLE, Note::REQUEST_INVALID].map(note);
        assert_eq!(codes(&notes), [Note::REQUEST_INVALID, Note::SAMPLE, Note::REQUEST_INVALID]);
    }
}
