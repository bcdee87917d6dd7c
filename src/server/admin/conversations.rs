//! Recorded conversations, played in a sandbox.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::engine::Sandbox;
use crate::scenario::conversation::{Player, StepReport};
use crate::scenario::run::MachineVocabulary;
use crate::scenario::{self, Story};
use crate::server::admin::scenarios::refused;
use crate::server::admin::{Admin, Ask, Given, Problem};
use crate::server::http::wall;

pub(super) const VENDOR: &[(&str, &str)] = &[("vendor", "whom the conversation is with, such as `shippo`")];

pub(super) fn schema() -> Value {
    scenario::schema::conversation()
}

pub(super) fn play(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let sandbox = admin.sandbox(ask)?;
    let name = ask.query("vendor").ok_or_else(|| Problem::bad("`vendor` says whom the conversation is with"))?;
    let vendor = admin.machine.vendors().all().iter().find(|vendor| vendor.id == name || vendor.mount == name);
    let vendor = vendor.ok_or_else(|| Problem::bad(format!("there is no vendor `{name}`")))?;
    let text = String::from_utf8_lossy(ask.body);
    let story =
        scenario::load_conversation(&text, "conversation.yaml", &MachineVocabulary(&admin.machine)).map_err(|found| refused(&found))?;
    let story = Arc::new(story);
    let player = Player::new(&admin.machine, &sandbox, vendor.mount, &story);
    Ok(next(player, story, sandbox, Vec::new()))
}

/// Makes the next step; the one after it follows when time has come so far and all webhooks were delivered.
fn next(mut player: Player, story: Arc<Story>, sandbox: Arc<Sandbox>, mut steps: Vec<StepReport>) -> Given {
    let Some(step) = player.play(wall()) else {
        let passed = steps.iter().all(|step| step.failures.is_empty());
        let steps: Vec<Value> = steps.iter().map(to_json).collect();
        return Given::ok(&json!({"about": story.about, "verdict": if passed { "passed" } else { "failed" }, "steps": steps}));
    };
    let until = step.until;
    steps.push(step);
    Given::advanced(Arc::clone(&sandbox), move |_| until, move |_, _| next(player, story, sandbox, steps))
}

fn to_json(step: &StepReport) -> Value {
    let problems: Vec<String> = step.failures.iter().map(ToString::to_string).collect();
    let status = step.exchange.as_ref().map(|(_, answer)| answer.status.as_u16());
    json!({"step": step.title, "status": status, "problems": problems})
}
