//! Conversations held against a server at any address: a vendor's, or a sandbox of ours.
//!
//! ```text
//! Story ──Script──▶ call ──politely──▶ server ──▶ answer ──▶ the expectation and the document judge it ──▶ RunReport
//! ```
//!
//! Nothing that answers calls is used here, so that the sandbox is judged as any other server. Of the machine there are the documents
//! alone. Conversations run side by side, each with a connection of its own; a step follows the one before it.

mod format;
mod manners;
mod outcome;
mod record;
mod stage;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

pub(super) use self::manners::Manners;
pub use self::outcome::{ConversationReport, Problem, RunReport, Verdict};
pub(super) use self::record::Recorder;
pub use self::record::place as recorded_place;
use self::stage::Stage;
pub use self::stage::{SEED, Server, StageError, Target};
use crate::contract::presence::{Absence, Presence};
use crate::engine::{self, Machine};
use crate::net::{ClientError, Reply};
use crate::scenario::Story;
use crate::scenario::ast::Expectation;
use crate::scenario::conversation::{Doing, Failure, HOST_NAME, Mismatch, PlannedCall, ReceivedAnswer, Script, Turn};
use crate::scenario::error::Span;
use crate::scenario::verify::{self, Finding, Report};
use crate::spec::{Operation, Route};

#[derive(Debug)]
pub struct RunOptions {
    pub server: Server,
    pub target: Target,
    /// How many conversations are held side by side.
    pub concurrency: usize,
    /// How many calls are made in a second, in all conversations together.
    pub rate: Option<f64>,
    /// How often a call is made again that a vendor has no time for, or loses.
    pub retries: u32,
    /// How long a step of the clock may be that is waited for, where the clock cannot be moved.
    pub patience: Duration,
    /// Whether what comes back is recorded.
    pub records: bool,
}

/// A conversation and the mount of the vendor that it is with.
#[derive(Clone, Debug)]
pub struct Assignment {
    pub story: Arc<Story>,
    pub mount: String,
}

/// What all conversations of a run share.
struct Run {
    machine: Arc<Machine>,
    options: RunOptions,
    manners: Manners,
    presence: Mutex<Presence>,
}

/// Holds all conversations; the report has them in their order.
///
/// # Errors
/// When there is no server, or not the one that there has to be.
pub async fn run(machine: &Arc<Machine>, assignments: Vec<Assignment>, options: RunOptions) -> Result<RunReport, StageError> {
    let manners = Manners::new(options.rate, if options.target == Target::Vendor { options.retries } else { 0 });
    for attempt in 0.. {
        let Err(error) = stage::probe(&options.server, &options.target).await else { break };
        let is_wrong = matches!(error, StageError::Client(ClientError::Url(_)));
        let Some(pause) = manners.pause(attempt).filter(|_| !is_wrong) else { return Err(error) };
        tokio::time::sleep(pause).await;
    }
    let seats = Arc::new(Semaphore::new(options.concurrency.max(1)));
    let server = options.server.base_url.clone();
    let run = Arc::new(Run { machine: Arc::clone(machine), options, manners, presence: Mutex::default() });
    let mut tasks = JoinSet::new();
    for (index, assignment) in assignments.into_iter().enumerate() {
        let (run, seats) = (Arc::clone(&run), Arc::clone(&seats));
        tasks.spawn(async move {
            let _seat = seats.acquire_owned().await;
            (index, run.hold(&assignment).await)
        });
    }
    let mut found = tasks.join_all().await;
    found.sort_by_key(|(index, _)| *index);
    let first = run.presence.lock().map_or(None, |presence| presence.nobody().map(str::to_owned));
    if let (Some(first), Some((_, row))) = (first, found.first()) {
        return Err(Absence::Nobody { vendor: row.vendor.clone(), url: server, first }.into());
    }
    Ok(RunReport { server, conversations: found.into_iter().map(|(_, report)| report).collect() })
}

impl Run {
    async fn hold(&self, assignment: &Assignment) -> ConversationReport {
        let Assignment { story, mount } = assignment;
        let mut report = ConversationReport::new(story, mount);
        if let Some(reason) = self.obstacle(story) {
            report.skip(reason);
            return report;
        }
        let stage = Stage::open(&self.machine, &self.options.server, &self.options.target, story, mount).await;
        let mut stage = match stage {
            Ok(stage) => stage,
            Err(error) => {
                report.fail(error.to_string());
                return report;
            }
        };
        let mut script = stage.script(story);
        let mut recorder = self.options.records.then(|| Recorder::new(story, mount, &stage.inbox));
        let (mut last, mut goes_on) = (0, true);
        while goes_on && let Some(turn) = script.turn() {
            goes_on = self.step(&mut stage, &mut script, &turn, &mut report, &mut recorder).await;
            last = turn.number;
        }
        report.prove(story);
        report.recording = recorder.map(|recorder| stage.credentials.hide(&recorder.finish()));
        let (credentials, verdict) = (stage.credentials.clone(), stage.close().await);
        let expected = story.scenario.as_ref().map_or(&[][..], |scenario| &scenario.expect);
        // What a sandbox is removed with goes by itself when it is idle for long.
        if let Some(first) = expected.first().filter(|_| goes_on) {
            report.add(story, (last + 1, "the verdict"), unmet(expected, first.span, verdict), None, &credentials);
        }
        report
    }

    /// Why a conversation cannot be held with the target.
    fn obstacle(&self, story: &Story) -> Option<String> {
        if self.options.target != Target::Vendor {
            return None;
        }
        if story.scenario.is_some() {
            return Some("it has a scenario, which only a sandbox can play".to_owned());
        }
        if story.has_webhooks() {
            return Some("it is about webhooks, which only a sandbox tells of".to_owned());
        }
        let wait = story.longest_advance().and_then(|span| Duration::try_from(span).ok())?;
        let patience = self.options.patience;
        (wait > patience).then(|| format!("it moves the clock by {wait:?}, and `--patience` lets it wait for {patience:?} at the most"))
    }

    /// Makes a step. Whether the next one makes sense.
    async fn step(
        &self,
        stage: &mut Stage,
        script: &mut Script,
        turn: &Turn,
        report: &mut ConversationReport,
        recorder: &mut Option<Recorder>,
    ) -> bool {
        report.steps += 1;
        let mut excerpt = None;
        let failures = match &turn.doing {
            Doing::Unsendable => vec![Failure::new(turn.span, Mismatch::Unsendable)],
            Doing::Advance(by) => refusals(turn, stage.advance(*by).await),
            Doing::Subscribe(wanted) => refusals(turn, stage.subscribe(wanted, turn.number).await),
            Doing::Unsubscribe(name) => refusals(turn, stage.unsubscribe(name).await),
            Doing::Receives => match stage.webhooks().await {
                Ok(found) => script.received(turn, &found),
                Err(error) => refusals(turn, Err(error)),
            },
            Doing::Call(planned) => {
                report.calls += 1;
                match self.call(stage, planned, turn).await {
                    Ok(reply) => {
                        report.taken += usize::from(reply.status < 400);
                        if let Some(recorder) = recorder {
                            recorder.answered(turn.number, turn.repetition, reply.status, &reply.headers, &reply.body);
                        }
                        let mut failures = self.judge(stage, script, turn, planned, &reply);
                        failures.extend(refusals(turn, stage.settle().await));
                        if !failures.is_empty()
                            && let Some(pause) = script.again(turn)
                        {
                            report.steps -= 1;
                            return stage.advance(pause).await.is_ok();
                        }
                        excerpt = (!failures.is_empty()).then(|| outcome::excerpt(&reply));
                        failures
                    }
                    // What a call did whose answer is lost causes webhooks as well.
                    Err(error) if error.is_connected() => {
                        let mut failures = script.unanswered(turn, error.to_string());
                        failures.extend(refusals(turn, stage.settle().await));
                        failures
                    }
                    Err(error) => vec![Failure::new(turn.span, Mismatch::Silence(error.to_string()))],
                }
            }
        };
        let goes_on = !failures.iter().any(|failure| failure.mismatch.ends());
        report.add(script.story(), (turn.number, &turn.title), failures, excerpt, &stage.credentials);
        goes_on
    }

    /// Sends a call, again where that does no harm and the vendor has no time for it.
    async fn call(&self, stage: &Stage, planned: &PlannedCall, turn: &Turn) -> Result<Reply, ClientError> {
        let is_safe = [Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE].contains(&planned.method);
        for attempt in 0.. {
            self.manners.wait().await;
            let sent = stage.send(planned).await;
            let pause = match &sent {
                Ok(reply) if turn.expected != Some(reply.status) => self.manners.pause_after(reply, attempt),
                Err(_) if is_safe => self.manners.pause(attempt),
                _ => None,
            };
            match pause {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return sent,
            }
        }
        unreachable!("the last attempt is not made again")
    }

    fn judge(&self, stage: &Stage, script: &mut Script, turn: &Turn, planned: &PlannedCall, reply: &Reply) -> Vec<Failure> {
        if engine::met_no_vendor(reply.status, &reply.headers, &reply.body)
            && let Ok(mut presence) = self.presence.lock()
        {
            presence.miss(&turn.title, reply);
        }
        let operation = self.operation(&stage.mount, planned).filter(|operation| !is_scripted(script.story(), operation));
        let mut failures: Vec<Failure> = operation.map_or_else(Vec::new, |operation| {
            let worded = departures(operation, planned, reply);
            if let Ok(mut presence) = self.presence.lock() {
                presence.note(operation, &turn.title, reply, !worded.is_empty());
            }
            worded
                .into_iter()
                .map(|what| Failure::new(turn.span, Mismatch::Document { operation: operation.name.to_string(), what }))
                .collect()
        });
        // The sandbox says so by a header; others make no notes.
        let notes = reply.headers.contains_key("seatrial-request").then(|| {
            let codes = reply.headers.get("seatrial-notes").and_then(|codes| codes.to_str().ok()).unwrap_or_default();
            codes.split(',').filter(|code| !code.is_empty()).collect()
        });
        let found = ReceivedAnswer { status: reply.status, headers: &reply.headers, body: &reply.body, notes };
        failures.extend(script.answered(turn, &found));
        failures
    }

    /// The operation of the mount's documents that a call is for.
    fn operation(&self, mount: &str, planned: &PlannedCall) -> Option<&Operation> {
        let mut loaded: Vec<_> = self.machine.vendors().loaded().iter().filter(|row| row.vendor.mount == mount).collect();
        loaded.sort_by_key(|row| std::cmp::Reverse(row.vendor.path_prefix.len()));
        loaded.into_iter().find_map(|row| {
            let path = planned.path.strip_prefix(&*row.vendor.legacy_prefix).filter(|rest| rest.starts_with('/')).unwrap_or(&planned.path);
            match row.route(&planned.method, path) {
                Route::Found(operation, _) if row.vendor.leads(path) => Some(operation),
                _ => None,
            }
        })
    }
}

/// What a scenario expects and is not met, each at its place. What stands for several is told at the first.
fn unmet(expected: &[Expectation], first: Span, verdict: Result<Option<Report>, StageError>) -> Vec<Failure> {
    let findings = match verdict {
        Ok(report) => report.into_iter().flat_map(|report| report.findings),
        Err(error) => return vec![Failure::new(first, Mismatch::Refused(error.to_string()))],
    };
    let unmet = findings.enumerate().filter(|(_, finding)| finding.verdict != verify::Verdict::Passed);
    let failure = |(index, finding): (usize, Finding)| {
        let own = expected.get(index).filter(|_| finding.stands_for == 1);
        let others = finding.others.iter().map(|other| format!("; {other}"));
        let what = format!("{}: {}{}", finding.verdict.word(), finding.detail, others.collect::<String>());
        Failure::new(own.map_or(first, |own| own.span), Mismatch::Unmet(what))
    };
    unmet.map(failure).collect()
}

/// Whether the conversation's own scenario says what an operation answers, so that it need not be what the document says.
fn is_scripted(story: &Story, operation: &Operation) -> bool {
    let (vendor, id) = operation.name.split_once('.').unwrap_or_default();
    story.scenario.iter().flat_map(|scenario| &scenario.overrides).any(|rule| rule.on.matches(vendor, id))
}

fn refusals(turn: &Turn, done: Result<(), StageError>) -> Vec<Failure> {
    done.err().map(|error| Failure::new(turn.span, Mismatch::Refused(error.to_string()))).into_iter().collect()
}

/// What a document has against an answer.
fn departures(operation: &Operation, planned: &PlannedCall, reply: &Reply) -> Vec<String> {
    let kind = reply.headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let body = if kind.contains("json") && planned.method != Method::HEAD && !reply.body.is_empty() {
        match serde_json::from_slice(&reply.body) {
            Ok(body) => Some(body),
            Err(error) => return vec![format!("found a body that is no JSON, though its content type says so: {error}")],
        }
    } else {
        None
    };
    let worded = |row: &crate::spec::Violation| match row.dotted() {
        place if place.is_empty() => row.detail(),
        place => format!("`{place}`: {}", row.detail()),
    };
    let mut found = operation.check_answer(reply.status, body.as_ref());
    let has_body = planned.method != Method::HEAD && !reply.body.is_empty();
    let accepted = planned.headers.get(http::header::ACCEPT).and_then(|kinds| kinds.to_str().ok()).unwrap_or_default();
    // What a call asks for by name, the vendor may have beside what its document says.
    let subtype = |kind: &str| kind.split(';').next().and_then(|kind| Some(kind.split_once('/')?.1.trim().to_owned()));
    let is_asked_for = accepted.split(',').filter_map(subtype).any(|own| subtype(kind).is_some_and(|kind| kind == own));
    let headers = operation.check_answer_headers(reply.status, &reply.headers, has_body).into_iter();
    found.extend(headers.filter(|row| !is_asked_for || row.dotted() != http::header::CONTENT_TYPE.as_str()));
    found.iter().map(worded).collect()
}

impl PlannedCall {
    /// The headers without the host that conversations are written with.
    fn own_headers(&self) -> http::HeaderMap {
        let mut headers = self.headers.clone();
        if headers.get(http::header::HOST).is_some_and(|host| host == HOST_NAME) {
            headers.remove(http::header::HOST);
        }
        headers
    }
}
