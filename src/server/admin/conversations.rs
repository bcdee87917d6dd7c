//! Recorded conversations, played in a sandbox.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::engine::Sandbox;
use crate::scenario;
use crate::scenario::conversation::{Player, Step};
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
    let vendor = admin.machine.vendors().find(|vendor| vendor.id == name || vendor.mount == name);
    let vendor = vendor.ok_or_else(|| Problem::bad(format!("there is no vendor `{name}`")))?;
    let story = scenario::load_conversation(&String::from_utf8_lossy(ask.body), "conversation.yaml").map_err(|found| refused(&found))?;
    let player = Player::new(&admin.machine, &sandbox, vendor.mount, &story["headers"]);
    Ok(next(player, story, sandbox, Vec::new()))
}

/// Makes the next step; the one after it follows when time has come so far and everybody was told.
fn next(mut player: Player, story: Value, sandbox: Arc<Sandbox>, mut steps: Vec<Step>) -> Given {
    let Some(played) = player.play(&story, wall()) else {
        let as_told = steps.iter().all(|step| step.problems.is_empty());
        return Given::ok(&json!({"about": story["about"], "verdict": if as_told { "passed" } else { "failed" }, "steps": steps}));
    };
    let until = played.until;
    steps.push(played.step);
    Given::advanced(Arc::clone(&sandbox), move |_| until, move |_, _| next(player, story, sandbox, steps))
}
