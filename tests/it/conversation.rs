//! One conversation: calls to a machine of its own, with seed 42 and the clock frozen at 2026-01-05T09:00:00Z. Its receivers
//! answer as their address says: `?status=503` makes one fail.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use seatrial::engine::webhooks::{AttemptResult, DELIVERY, Delivery};
use seatrial::engine::{Answer, Book, Conform, DEFAULT, Machine, Options, Request, Start, Vendor};
use seatrial::scenario::conversation::{Played, Player};
use seatrial::scenario::{self, ast::ClockMode};
use seatrial::spec::Route;
use seatrial::vendors;
use serde_json::Value;

const WALL: &str = "2026-01-05T09:00:00Z";

/// Runs a file; the error says which step went otherwise.
pub fn run(file: &Path) -> Result<(), String> {
    record(file).map(drop)
}

/// Runs a file and answers what was asked and answered on the way.
pub fn record(file: &Path) -> Result<Vec<(Request, Answer)>, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let story = scenario::load_conversation(&text, &file.display().to_string()).map_err(|problems| told(&problems))?;
    assert!(story["about"].is_string(), "{}: `about` states the promise", file.display());
    let calls = story["steps"].as_array().into_iter().flatten().filter(|step| step["call"].is_string());
    assert!(calls.clone().all(|step| step["expect"].is_object()), "{}: every call expects something", file.display());
    let vendor =
        file.parent().and_then(Path::file_name).and_then(|name| name.to_str()).expect("a conversation lies in its vendor's folder");
    let mut teller = Teller::new(vendor, &story["scenario"], &story["headers"]);
    let mut record = Vec::new();
    while let Some(played) = teller.player.play(&story, wall()) {
        let exchange = teller.settle(played).map_err(|problem| format!("{} {problem}", file.display()))?;
        record.extend(exchange);
    }
    Ok(record)
}

fn wall() -> Timestamp {
    WALL.parse().expect("a valid timestamp")
}

fn machine(scenario: &Value) -> Arc<Machine> {
    let wall = wall();
    let machine = Machine::new(vendors::ALL, Options { conform: Conform::All, ..Options::default() }, Start::plain(wall));
    let text = if scenario.is_null() { "{}".to_owned() } else { scenario.to_string() };
    let scenario = scenario::load(&text, "scenario", &scenario::run::Known(&machine));
    let mut scenario = scenario.unwrap_or_else(|problems| panic!("{}", told(&problems)));
    scenario.clock.mode = scenario.clock.mode.or(Some(ClockMode::Frozen));
    let staged = scenario::run::stage(&machine, DEFAULT, &Arc::new(scenario), None, wall);
    let staged = staged.unwrap_or_else(|problems| panic!("{}", told(&problems)));
    machine.replace(machine.default_sandbox(), staged, false).expect("it is small");
    Arc::new(machine)
}

fn told(problems: &[scenario::Diagnostic]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A machine of its own, and somebody who plays in it.
pub struct Teller {
    machine: Arc<Machine>,
    mount: String,
    player: Player,
}

impl Teller {
    pub fn new(vendor: &str, scenario: &Value, headers: &Value) -> Self {
        let mount = vendor.split('_').next().unwrap_or(vendor).to_owned();
        let machine = machine(scenario);
        let player = Player::new(&machine, machine.default_sandbox(), &mount, headers);
        Self { machine, mount, player }
    }

    /// Makes the call of a step and answers what came back, whatever it is.
    pub fn ask(&self, step: &Value) -> Result<Answer, String> {
        Ok(self.machine.handle(&self.player.request(step).ok_or("a call that cannot be made")?, wall()))
    }

    /// Whether some operation has that method and path.
    pub fn covers(&self, method: &str, path: &str) -> bool {
        let Ok(method) = method.parse() else { return false };
        let found = |(vendor, book): (&Vendor, &Book)| {
            vendor.mount == self.mount && matches!(book.catalog.route(&method, path.trim_end_matches('/')), Route::Found(..))
        };
        self.machine.books().any(found)
    }

    /// Makes a step, and has everybody told who is to be told.
    pub fn step(&mut self, step: &Value) -> Result<(), String> {
        let played = self.player.step(step, wall());
        self.settle(played).map(drop)
    }

    pub fn fill_text(&self, text: &str) -> String {
        self.player.fill_text(text)
    }

    /// Everything that subscribers were told.
    pub fn deliveries(&self) -> Vec<Value> {
        let state = self.machine.default_sandbox().lock();
        let tables = state.world.accounts.iter().filter_map(|(_, account)| account.table(DELIVERY));
        let rows = tables.flat_map(|table| table.iter().filter_map(|(_, body)| serde_json::from_slice::<Delivery>(body).ok()));
        let rows = rows
            .map(|row| {
                let body = serde_json::from_str(&row.body).unwrap_or_else(|_| Value::from(row.body.as_str()));
                serde_json::json!({"event": row.event, "body": body})
            })
            .collect();
        drop(state);
        rows
    }

    /// Has time come as far as the next step needs; the receivers hear of all on the way.
    fn settle(&self, played: Played) -> Result<Option<(Request, Answer)>, String> {
        let sandbox = self.machine.default_sandbox();
        loop {
            let stage = self.machine.advance_until_webhook(sandbox, played.until, wall());
            if stage.done {
                break;
            }
            for outbound in &stage.outbound {
                let status = outbound.url.rsplit_once("?status=").and_then(|(_, status)| status.parse().ok()).unwrap_or(200);
                self.machine.report(sandbox, outbound, &AttemptResult::Answered { status, body: String::new() }, wall());
            }
        }
        if played.step.problems.is_empty() {
            return Ok(played.exchange);
        }
        let answer =
            played.exchange.map(|(_, answer)| format!("\n  the answer: {} {:.2000}", answer.status, String::from_utf8_lossy(&answer.body)));
        Err(format!("({})\n  {}{}", played.step.step, played.step.problems.join("\n  "), answer.unwrap_or_default()))
    }
}
