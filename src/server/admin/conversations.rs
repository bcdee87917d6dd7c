//! Recorded conversations, played in a sandbox.

use std::sync::Arc;

use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::Sandbox;
use crate::scenario::conversation::{Player, StepReport};
use crate::scenario::load_sent_conversation;
use crate::scenario::run::MachineVocabulary;
use crate::server::admin::detached::detached;
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::state::Admin;
use crate::server::clock::wall;
use crate::server::turns::Caller;
use crate::server::webhook_sender::WebhookSender;

/// How many steps a conversation has here, each as often as it is repeated. Who needs more holds it over HTTP.
const STEPS: u64 = 100_000;
/// About the bytes that a report may have, of as many as are played at once, and what a step takes beside its texts.
const ROOM: usize = 4 << 20;
const STEP: usize = 64;

/// A conversation that was played.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Played {
    about: Option<String>,
    verdict: Verdict,
    steps: Vec<StepView>,
    /// How many steps were made beyond those that the report has room for.
    unlisted: usize,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "PlayedVerdict")]
enum Verdict {
    Passed,
    Failed,
}

/// A step that was made.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Step")]
struct StepView {
    /// The call, or what else was done.
    step: String,
    /// The status of the answer; `null` unless it was a call.
    status: Option<u16>,
    /// Every expectation that was not met.
    problems: Vec<String>,
}

pub(crate) async fn play(admin: &Admin, request: &AdminRequest<'_>) -> Result<Played, Problem> {
    let sandbox = admin.sandbox(request)?;
    let name = request.query("vendor").ok_or_else(|| Problem::bad_request("`vendor` says whom the conversation is with"))?;
    let vendor = admin.machine.vendors().all().iter().find(|vendor| vendor.id == name || vendor.mount == name);
    let vendor = vendor.ok_or_else(|| Problem::bad_request(format!("there is no vendor `{name}`")))?;
    let seat = admin.downloads.conversation(&sandbox.name).await?;
    let text = String::from_utf8_lossy(request.body);
    let story = Arc::new(load_sent_conversation(&text, "conversation.yaml", &MachineVocabulary(&admin.machine))?);
    let many = story.length();
    if many > STEPS {
        return Err(too_long(&format!("this one makes {many}")));
    }
    let mut player = Player::new(&admin.machine, &sandbox, &vendor.mount, &story);
    let sender = Arc::clone(&admin.webhook_sender);
    let (here, caller) = Caller::new();
    let play = async move {
        let _seat = seat;
        let mut left = STEPS;
        let (mut steps, mut unlisted, mut room, mut passed) = (Vec::new(), 0, ROOM, true);
        while let Some(step) = next(&sender, &sandbox, &mut player).await? {
            if let Some(moving) = sender.promise(&sandbox, |_| Some(step.until), None).await? {
                sender.advance(&moving).await?;
            }
            // What is polled is made again.
            left = left.checked_sub(1).ok_or_else(|| too_long("this one polls more often"))?;
            if caller.has_left() {
                return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "nobody waits for the rest of this conversation"));
            }
            passed &= step.failures.is_empty();
            room = if room > 0 { StepView::of(&step).listed(room, &mut steps) } else { 0 };
            unlisted += usize::from(room == 0);
            // A step of its own for the worker too, so that others get their turn.
            tokio::task::yield_now().await;
        }
        let verdict = if passed { Verdict::Passed } else { Verdict::Failed };
        Ok(Played { about: story.about.clone(), verdict, steps, unlisted })
    };
    let played = detached(play).await;
    drop(here);
    played
}

fn too_long(what: &str) -> Problem {
    Problem::bad_request(format!("a conversation makes at most {STEPS} steps here, and {what}; `seatrial contract run` has no such bound"))
}

/// Makes the next step; one that a fleet could not commit is not made again.
async fn next(sender: &WebhookSender, sandbox: &Arc<Sandbox>, player: &mut Player) -> Result<Option<StepReport>, Problem> {
    let mut is_first = true;
    let act = || if std::mem::take(&mut is_first) { Some(player.play(wall())) } else { None };
    let lost = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the database was away while a step was made");
    sender.act(sandbox, act).await?.ok_or_else(lost)
}

impl StepView {
    fn of(report: &StepReport) -> Self {
        let status = report.exchange.as_ref().map(|(_, answer)| answer.status.as_u16());
        Self { step: report.title.clone(), status, problems: report.failures.iter().map(ToString::to_string).collect() }
    }

    /// Puts the step into a report with so much room, if it fits; the room that is left then.
    fn listed(self, room: usize, steps: &mut Vec<Self>) -> usize {
        let texts = self.problems.iter().map(|problem| problem.len() + size_of::<String>());
        let left = room.saturating_sub(STEP + self.step.len() + texts.sum::<usize>());
        if left > 0 {
            steps.push(self);
        }
        left
    }
}
