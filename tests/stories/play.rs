//! Plays one conversation with a machine of its own, with seed 42 and the clock frozen at 2026-01-05T09:00:00Z. Its receivers answer
//! as their address says: `?status=503` makes one fail.

use std::sync::Arc;

use jiff::Timestamp;
use seatrial::engine::webhooks::AttemptResult;
use seatrial::engine::{Answer, Conform, DEFAULT, Machine, Options, Request, Sandbox, Start, UNLIMITED};
use seatrial::scenario::ast::ClockMode;
use seatrial::scenario::conversation::{Player, StepReport};
use seatrial::scenario::run::{self, MachineVocabulary};
use seatrial::scenario::{self, Diagnostic, Scenario, Story};
use seatrial::vendors;

/// Reads a conversation.
pub fn read(text: &str, name: &str) -> Result<Arc<Story>, Vec<Diagnostic>> {
    scenario::load_conversation(text, name, &MachineVocabulary(&machine(Options::default()))).map(Arc::new)
}

/// Plays a conversation with the vendor of a folder of `tests/vendors`, and has every exchange heard. The machine, or the step that
/// failed; none is made after it.
pub fn play(story: &Arc<Story>, folder: &str, hear: &mut dyn FnMut(&Request, &Answer)) -> Result<Arc<Machine>, Box<StepReport>> {
    play_on(staged(story.scenario.clone()), story, folder, hear, &|| {})
}

/// The same with a machine that is there, which is looked at after each step.
pub fn play_on(
    machine: Arc<Machine>,
    story: &Arc<Story>,
    folder: &str,
    hear: &mut dyn FnMut(&Request, &Answer),
    look: &dyn Fn(),
) -> Result<Arc<Machine>, Box<StepReport>> {
    let mount = folder.split('_').next().unwrap_or(folder);
    let mut player = Player::new(&machine, machine.default_sandbox(), mount, story);
    while let Some(step) = player.play(wall()) {
        if let Some((request, answer)) = &step.exchange {
            hear(request, answer);
        }
        deliver_until(&machine, machine.default_sandbox(), step.until);
        look();
        if !step.failures.is_empty() {
            return Err(Box::new(step));
        }
    }
    Ok(machine)
}

/// Everything that a step did not find as expected, as people read it.
pub fn explain(step: &StepReport, story: &Story) -> String {
    let mut said: Vec<String> = step.diagnostics(story).iter().map(ToString::to_string).collect();
    said.extend(step.exchange.as_ref().map(|(_, answer)| {
        let body = String::from_utf8_lossy(&answer.body);
        let rest = body.chars().count().saturating_sub(SHOWN);
        let rest = if rest > 0 { format!(" … and {rest} characters more") } else { String::new() };
        format!("the answer was {} {body:.SHOWN$}{rest}", answer.status.as_u16())
    }));
    said.join("\n\n")
}

/// How many characters of an answer are shown.
const SHOWN: usize = 2000;

pub fn wall() -> Timestamp {
    "2026-01-05T09:00:00Z".parse().expect("a valid timestamp")
}

fn machine(options: Options) -> Machine {
    Machine::new(vendors::all(), Options { conform: Conform::All, ..options }, Start::plain(wall()))
}

/// A machine whose default sandbox is at the beginning of a scenario.
pub fn staged(scenario: Option<Scenario>) -> Arc<Machine> {
    staged_with(Options::default(), scenario)
}

/// The same with other options. Every answer is checked.
pub fn staged_with(options: Options, scenario: Option<Scenario>) -> Arc<Machine> {
    let machine = machine(options);
    let empty = || scenario::load("{}", "scenario", &MachineVocabulary(&machine)).unwrap_or_else(|problems| panic!("{}", told(&problems)));
    let mut scenario = scenario.unwrap_or_else(empty);
    scenario.clock.mode = scenario.clock.mode.or(Some(ClockMode::Frozen));
    let staged = run::stage(&machine, DEFAULT, &Arc::new(scenario), None, wall());
    let staged = staged.unwrap_or_else(|problems| panic!("{}", told(&problems)));
    machine.replace(machine.default_sandbox(), staged).expect("it is small");
    Arc::new(machine)
}

pub fn told(problems: &[Diagnostic]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Has time of a sandbox come as far as the next step needs, and all webhooks delivered on the way.
pub fn deliver_until(machine: &Machine, sandbox: &Sandbox, until: Timestamp) {
    loop {
        let stage = machine.advance_until_webhook(sandbox, sandbox.epoch(), until, wall(), UNLIMITED).expect("it is not reset meanwhile");
        if stage.done {
            return;
        }
        for outbound in &stage.outbound {
            let status = outbound.url.rsplit_once("?status=").and_then(|(_, status)| status.parse().ok()).unwrap_or(200);
            machine.report(sandbox, outbound, &AttemptResult::Answered { status, body: String::new() }, wall());
        }
    }
}
