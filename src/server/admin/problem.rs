//! Why the admin API refuses a request. Every error of the machine, of scenarios and of files is converted here.

use http::header::{HeaderName, HeaderValue, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use thiserror::Error;

use crate::engine::{ActionError, SandboxError};
use crate::scenario::{Diagnostic, DiagnosticView};
use crate::server::access::Denied;
use crate::server::body::{Payload, problem_response};
use crate::server::webhook_sender::AdvanceError;

/// A refusal, answered as a problem document.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    detail: String,
    diagnostics: Option<Vec<DiagnosticView>>,
    /// A header that this status calls for.
    header: Option<Box<(HeaderName, HeaderValue)>>,
}

impl Problem {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), diagnostics: None, header: None }
    }

    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// Everything that is wrong with a body.
    pub fn unreadable(found: Vec<Diagnostic>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, ..found.into() }
    }

    /// The refusal of a call without a socket.
    pub fn into_refused(self) -> Refused {
        Refused { status: self.status, detail: self.detail }
    }

    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    pub fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        self.header = HeaderValue::from_str(value).ok().map(|value| Box::new((name, value)));
        self
    }

    pub fn into_response(self) -> Response<Payload> {
        let mut response = problem_response(self.status, self.detail, self.diagnostics);
        response.headers_mut().extend(self.header.map(|header| *header));
        response
    }
}

/// A refusal of the admin API.
#[derive(Clone, Debug, Error)]
#[error("{status}: {detail}")]
pub struct Refused {
    pub status: StatusCode,
    /// The `detail` of the problem document.
    pub detail: String,
}

impl From<SandboxError> for Problem {
    fn from(error: SandboxError) -> Self {
        let status = match error {
            SandboxError::Taken(_) => StatusCode::CONFLICT,
            SandboxError::Name(_) => StatusCode::BAD_REQUEST,
            SandboxError::Full => StatusCode::TOO_MANY_REQUESTS,
            SandboxError::Bytes => StatusCode::INSUFFICIENT_STORAGE,
        };
        Self::new(status, error.to_string())
    }
}

impl From<ActionError> for Problem {
    fn from(error: ActionError) -> Self {
        match error {
            ActionError::Missing => Self::not_found(error.to_string()),
            ActionError::Full { .. } => SandboxError::Bytes.into(),
            ActionError::Broken(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        }
    }
}

impl From<AdvanceError> for Problem {
    fn from(error: AdvanceError) -> Self {
        let is_away = matches!(error, AdvanceError::Away(_) | AdvanceError::Left);
        Self::new(if is_away { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::CONFLICT }, error.to_string())
    }
}

/// The detail has them as a compiler prints them, `diagnostics` as data.
impl From<Vec<Diagnostic>> for Problem {
    fn from(found: Vec<Diagnostic>) -> Self {
        let detail = found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n");
        let diagnostics = found.iter().map(Diagnostic::view).collect();
        Self { diagnostics: Some(diagnostics), ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail) }
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        let problem = Self::new(denied.status, denied.detail);
        if denied.status == StatusCode::UNAUTHORIZED { problem.with_header(WWW_AUTHENTICATE, "Bearer realm=\"seatrial\"") } else { problem }
    }
}
