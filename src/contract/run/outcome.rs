//! What became of conversations.

use serde::Serialize;

use crate::net::Reply;
use crate::scenario::conversation::{CredentialMap, Failure, Mismatch};
use crate::scenario::{Diagnostic, Story};

/// How many characters of an answer are shown.
const SHOWN: usize = 1000;

#[derive(Debug, Serialize)]
pub struct RunReport {
    /// The base URL that was called.
    pub server: String,
    pub conversations: Vec<ConversationReport>,
}

#[derive(Debug, Serialize)]
pub struct ConversationReport {
    pub file: String,
    pub vendor: String,
    /// The promise that it proves.
    pub about: Option<String>,
    pub verdict: Verdict,
    /// Why it was not held, or not to its end.
    pub reason: Option<String>,
    /// How many steps were made.
    pub steps: usize,
    pub calls: usize,
    pub problems: Vec<Problem>,
    /// How many calls were answered with success.
    #[serde(skip)]
    pub(super) taken: usize,
    /// What came back, as a conversation.
    #[serde(skip)]
    pub recording: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Passed,
    Failed,
    Skipped,
}

/// One way in which a server does not do what is expected of it.
#[derive(Debug, Serialize)]
pub struct Problem {
    /// Whether the document, the expectation, or silence tells of it.
    pub kind: &'static str,
    pub line: usize,
    pub column: usize,
    pub step: usize,
    /// The call, or what else was done.
    pub title: String,
    pub message: String,
    /// The beginning of the answer.
    pub answer: Option<String>,
    /// The same with its place in the file.
    #[serde(skip)]
    pub diagnostic: Diagnostic,
}

impl RunReport {
    /// How many conversations ended so.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.conversations.iter().filter(|row| row.verdict == verdict).count()
    }

    /// Whether nothing failed, and anything was tried.
    #[must_use]
    pub fn has_passed(&self) -> bool {
        self.count(Verdict::Failed) == 0 && self.count(Verdict::Passed) > 0
    }
}

impl ConversationReport {
    pub(super) fn new(story: &Story, mount: &str) -> Self {
        Self {
            file: story.source.name.clone(),
            vendor: mount.to_owned(),
            about: story.about.clone(),
            verdict: Verdict::Passed,
            reason: None,
            steps: 0,
            calls: 0,
            taken: 0,
            problems: Vec::new(),
            recording: None,
        }
    }

    pub(super) fn skip(&mut self, reason: String) {
        (self.verdict, self.reason) = (Verdict::Skipped, Some(reason));
    }

    /// Notes that it could not begin.
    pub(super) fn fail(&mut self, reason: String) {
        (self.verdict, self.reason) = (Verdict::Failed, Some(reason));
    }

    /// Has it fail that nothing says anything of the server, at its end.
    pub(super) fn prove(&mut self, story: &Story) {
        if self.verdict == Verdict::Passed && self.taken == 0 && !story.expects_anything() {
            self.fail("no call is answered with success, and no step says what it expects".to_owned());
        }
    }

    /// Notes what is wrong with a step, given by its number and title.
    pub(super) fn add(
        &mut self,
        story: &Story,
        (step, title): (usize, &str),
        failures: Vec<Failure>,
        answer: Option<String>,
        credentials: &CredentialMap,
    ) {
        for failure in failures {
            self.verdict = Verdict::Failed;
            let mut diagnostic = failure.diagnostic(story, step, title);
            diagnostic.message = credentials.hide(&diagnostic.message);
            let view = diagnostic.view();
            self.problems.push(Problem {
                kind: failure.mismatch.kind(),
                line: view.line,
                column: view.column,
                step,
                title: credentials.hide(title),
                message: credentials.hide(&failure.to_string()),
                answer: answer.as_deref().map(|answer| credentials.hide(answer)),
                diagnostic,
            });
        }
    }
}

impl Mismatch {
    fn kind(&self) -> &'static str {
        match self {
            Self::Document { .. } => "document",
            Self::Silence(_) | Self::Refused(_) => "silence",
            _ => "expectation",
        }
    }

    /// Whether the steps after it mean nothing, because they refer to what is not there.
    pub(super) fn ends(&self) -> bool {
        matches!(self, Self::NothingToSave(_) | Self::TooMuchToSave(_) | Self::Unsendable | Self::Silence(_) | Self::Refused(_))
    }
}

/// Status and body of an answer, of a long body its beginning.
pub(super) fn excerpt(reply: &Reply) -> String {
    let body = String::from_utf8_lossy(&reply.body);
    let rest = body.chars().count().saturating_sub(SHOWN);
    let rest = if rest > 0 { format!(" … and {rest} characters more") } else { String::new() };
    format!("{} {body:.SHOWN$}{rest}", reply.status)
}
