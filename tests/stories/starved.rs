//! Conversations whose sandbox is full for a while whenever time passes: what could not happen then happens when there is room again,
//! in its order, so that in the end everything is as if there had always been room.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::SignedDuration;
use libtest_mimic::Failed;
use seatrial::base::name::Name;
use seatrial::base::time;
use seatrial::engine::webhooks::{DELIVERY, Delivery};
use seatrial::engine::{Fault, NoScenario, Options, Sandbox};
use seatrial::scenario::conversation::Player;
use serde_json::json;

use crate::play;

/// How many bytes a sandbox may hold here.
const LIMIT: usize = 1 << 20;

/// For so many hours after its beginning a sandbox is full, and looked at in between.
const FULL: [i64; 4] = [0, 10, 30, 102];

/// When everything has happened, in hours.
const END: i64 = 2_000;

/// Plays a conversation file of a vendor's folder. Whenever it lets time pass, two copies of its sandbox go on by themselves.
pub fn run(file: &Path, folder: &str) -> Result<(), Failed> {
    let text = std::fs::read_to_string(file)?;
    let story = play::read(&text, "starved").map_err(|problems| play::told(&problems))?;
    let mount = folder.split('_').next().unwrap_or(folder);
    let machine = play::staged_with(Options { sandbox_bytes: LIMIT, ..Options::default() }, story.scenario.clone());
    let sandbox = machine.default_sandbox();
    let mut player = Player::new(&machine, sandbox, mount, &story);
    while let Some(step) = player.play(play::wall()) {
        let now = sandbox.lock().world.clock().now(play::wall());
        if step.until > now && !sandbox.lock().world.agenda().is_empty() {
            let [free, starved] = ["free", "starved"].map(|name| machine.fork_with(sandbox, name, Some(42), play::wall()));
            let (free, starved) = (free?, starved?);
            let after = |hours| time::shift(now, SignedDuration::from_hours(hours));
            play::deliver_until(&machine, &free, after(END));
            starved.switch_on(Fault::new(Name::new("filler"), json!("x".repeat(LIMIT)), Arc::new(NoScenario)), jiff::Timestamp::UNIX_EPOCH);
            FULL.into_iter().for_each(|hours| play::deliver_until(&machine, &starved, after(hours)));
            starved.switch_off("filler");
            play::deliver_until(&machine, &starved, after(END));
            same(&documents(&free), &documents(&starved))?;
            if !starved.lock().world.agenda().is_empty() {
                return Err("something waits though there is room".into());
            }
            machine.remove("free");
            machine.remove("starved");
        }
        play::deliver_until(&machine, sandbox, step.until);
    }
    Ok(())
}

type Documents = BTreeMap<String, String>;

/// All documents by what names them. Deliveries are told apart by what they tell, because their ids count them and receivers answer
/// when they are asked.
fn documents(sandbox: &Sandbox) -> Documents {
    let state = sandbox.lock();
    let mut documents = Documents::new();
    for (account, kind, id, body) in state.world.accounts().documents() {
        let body = body.to_owned();
        let delivery = serde_json::from_str::<Delivery>(&body).ok().filter(|_| *kind == DELIVERY);
        let (id, body) = delivery.map_or_else(|| (id.to_owned(), body), |row| (format!("{} {}", row.event, row.subject), String::new()));
        documents.insert(format!("{} {} {} {id}", account.mount, account.name, kind.0), body);
    }
    documents
}

fn same(expected: &Documents, found: &Documents) -> Result<(), Failed> {
    match expected.keys().chain(found.keys()).find(|name| expected.get(*name) != found.get(*name)) {
        None => Ok(()),
        Some(name) => Err(format!("{name}\nwith room:    {:?}\nwithout room: {:?}", expected.get(name), found.get(name)).into()),
    }
}
