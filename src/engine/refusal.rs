//! Why a call is refused, as facts. The dialect alone turns them into a status and a text.

use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::Value;

use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::engine::call::{Call, Validation};
use crate::engine::limits::Quota;
use crate::spec::{ParameterIn, Rule, Step, Violation};
use crate::world::{Blame, Credential, Kind, Note};

/// Why a call is refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// The caller is not authenticated.
    Unauthenticated(Denial),
    /// The caller is authenticated and lacks this right.
    Forbidden(Name),
    /// The account's plan or balance does not allow it; the code names what is missing.
    PaymentRequired(&'static str),
    /// No operation has that path.
    UnknownPath {
        /// Whether the caller's credentials were good.
        authenticated: bool,
    },
    /// The path exists for other methods only.
    WrongMethod(Vec<Method>),
    /// The caller accepts no media type that the vendor speaks.
    NotAcceptable,
    /// The body is larger than this sandbox reads, or has more values: how much it reads. No vendor's limit.
    TooLarge(String),
    /// The body is of a media type that the vendor does not read.
    UnsupportedMedia(String),
    /// The body is not what its media type says.
    Malformed {
        /// Line and column, from 1.
        at: (usize, usize),
        /// The message of the parser.
        message: String,
    },
    /// The request departs from the document, or from rules beyond it; in the order in which the vendor reports.
    Invalid(Arc<Vec<Violation>>),
    /// There is no such document.
    Missing {
        kind: Kind,
        /// The id that was asked for.
        id: String,
    },
    /// The document belongs to another account.
    Foreign {
        kind: Kind,
        /// The id that was asked for.
        id: String,
    },
    /// The document is in a state that does not allow it.
    WrongState {
        kind: Kind,
        id: String,
        /// The state that it is in.
        state: String,
    },
    RateLimited(Quota),
    /// A reason that only this vendor has: its code, and the facts that its text needs.
    Because(&'static str, Value),
    /// The sandbox failed; a note in the journal says how.
    Broken,
    /// A scenario wants an answer of this status and no other refusal leads to it, or the request could not be read.
    Failing(StatusCode),
}

/// Why a request was not read: it is answered with that status, in the shape of its vendor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    pub status: StatusCode,
    pub detail: String,
}

impl Unread {
    #[must_use]
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into() }
    }

    pub(super) fn refusal(&self) -> Refusal {
        match self.status {
            StatusCode::PAYLOAD_TOO_LARGE => Refusal::TooLarge(self.detail.clone()),
            status => Refusal::Failing(status),
        }
    }

    pub(super) fn note(&self) -> Note {
        match self.status {
            StatusCode::PAYLOAD_TOO_LARGE => Note::new(Note::BODY_TOO_LARGE, Blame::Sandbox, &*self.detail),
            StatusCode::INTERNAL_SERVER_ERROR => Note::new(Note::LEDGER_BROKEN, Blame::Sandbox, &*self.detail),
            StatusCode::SERVICE_UNAVAILABLE => Note::new(Note::LEDGER_AWAY, Blame::Sandbox, &*self.detail),
            _ => Note::new(Note::UNREADABLE_REQUEST, Blame::Caller, &*self.detail),
        }
    }
}

/// What is wrong with a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    Missing,
    /// It cannot be read as one.
    Malformed,
    /// No credential of the sandbox matches.
    Unknown,
    /// It matches one whose time has passed.
    Expired,
    /// It matches one that was revoked.
    Revoked,
}

impl Denial {
    /// Whether what was presented looks like a credential.
    pub(super) fn is_of_well_formed(self) -> bool {
        matches!(self, Self::Unknown | Self::Expired | Self::Revoked)
    }
}

impl Credential {
    /// Why a credential is no longer good at `now`, if it is not: its row says `revoked: true` or `expires: <timestamp>`.
    #[must_use]
    pub fn denial(&self, now: Timestamp) -> Option<Denial> {
        if self.is("revoked") {
            return Some(Denial::Revoked);
        }
        // Most say nothing, and to read nothing costs an error.
        let expires = Some(self.text("expires")).filter(|text| !text.is_empty())?;
        let expires: Timestamp = expires.parse().ok()?;
        (expires <= now).then_some(Denial::Expired)
    }
}

impl Call<'_> {
    /// Checks that the request is what the document asks for.
    ///
    /// # Errors
    /// Its violations.
    pub fn valid(&self) -> Result<(), Refusal> {
        if self.violations.is_empty() || self.validation == Validation::Noted {
            return Ok(());
        }
        Err(Refusal::Invalid(Arc::clone(&self.violations)))
    }
}

impl Refusal {
    /// There is no such document.
    #[must_use]
    pub fn missing(kind: Kind, id: impl Into<String>) -> Self {
        Self::Missing { kind, id: id.into() }
    }

    /// Something is wrong with one member of the body.
    #[must_use]
    pub fn invalid(member: &str, rule: Rule) -> Self {
        let path = vec![Step::Member(member.into())];
        Self::Invalid(Arc::new(vec![Violation { location: ParameterIn::Body, path, value: None, rule }]))
    }

    /// The document is in a state that does not allow it.
    #[must_use]
    pub fn wrong_state(kind: Kind, id: impl Into<String>, state: impl Into<String>) -> Self {
        Self::WrongState { kind, id: id.into(), state: state.into() }
    }
}
