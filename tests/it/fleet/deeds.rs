//! What is asked of a fleet in a simulation. Replicas do it, and afterwards one process that has no fleet.

use std::fmt;
use std::sync::{Arc, OnceLock};

use http::Method;
use jiff::{SignedDuration, Timestamp};
use seatrial::base::entropy::fingerprint;
use seatrial::engine::webhooks::{AttemptResult, Outbound};
use seatrial::engine::{DEFAULT, Machine, Options, Request, Sandbox, Start, UNLIMITED};
use seatrial::persist::Contents;
use seatrial::scenario::run::MachineVocabulary;
use seatrial::scenario::{self, Scenario};
use seatrial::vendors;
use seatrial::world::Mode;
use serde_json::json;

use super::wall;
use crate::made_up::request;

/// What all sandboxes begin with: one account, a receiver of webhooks, and parcels that move for a week.
const SCENARIO: &str = "
accounts: {shippo: [{token: shippo_live_sim, mode: live}]}
clock: {mode: frozen}
webhooks: {subscriptions: [{vendor: shippo, url: 'http://127.0.0.1:9/hook', account: live}]}
";

#[derive(Clone)]
pub enum Deed {
    Call(Arc<Request>),
    Advance(Timestamp),
    Mode(Mode),
    /// Hands out deliveries that are due.
    Due,
    Report(Arc<Vec<(Outbound, AttemptResult)>>),
    Snapshot,
    Restore,
    Reset,
    Forget,
    Retain,
    Checkpoint,
    Open,
    Fork(Arc<str>),
    Remove,
}

impl fmt::Debug for Deed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(request) => write!(out, "{} {} {}", request.method, request.path, String::from_utf8_lossy(&request.body)),
            Self::Advance(to) => write!(out, "Advance({to})"),
            Self::Mode(mode) => write!(out, "{mode:?}"),
            Self::Report(rows) => {
                let rows = rows.iter().map(|(row, result)| format!("{} {} {:?}", row.delivery, row.attempt, result.status()));
                write!(out, "Report({})", rows.collect::<Vec<_>>().join(", "))
            }
            Self::Fork(source) => write!(out, "Fork({source})"),
            Self::Due => write!(out, "Due"),
            Self::Snapshot => write!(out, "Snapshot"),
            Self::Restore => write!(out, "Restore"),
            Self::Reset => write!(out, "Reset"),
            Self::Forget => write!(out, "Forget"),
            Self::Retain => write!(out, "Retain"),
            Self::Checkpoint => write!(out, "Checkpoint"),
            Self::Open => write!(out, "Open"),
            Self::Remove => write!(out, "Remove"),
        }
    }
}

impl Deed {
    /// Whether it makes or removes a sandbox.
    pub fn is_for_list(&self) -> bool {
        matches!(self, Self::Open | Self::Fork(_) | Self::Remove)
    }
}

/// What came of a deed.
#[derive(Default)]
pub struct Done {
    /// All that can be told of it.
    pub text: String,
    pub outbound: Vec<Outbound>,
    /// Of an advance: whether it is over.
    pub is_over: bool,
}

impl From<String> for Done {
    fn from(text: String) -> Self {
        Self { text, ..Self::default() }
    }
}

fn scenario(machine: &Machine) -> &'static Arc<Scenario> {
    static LOADED: OnceLock<Arc<Scenario>> = OnceLock::new();
    LOADED.get_or_init(|| Arc::new(scenario::load(SCENARIO, "simulation.yaml", &MachineVocabulary(machine)).expect("it is right")))
}

fn stage(machine: &Machine, name: &str, wall: Timestamp) -> Arc<Sandbox> {
    scenario::run::stage(machine, name, scenario(machine), None, wall).expect("nothing is wrong with it")
}

/// A machine as every replica begins with it.
pub fn machine() -> Arc<Machine> {
    let options = Options { ttl: None, ..Options::default() };
    let vendors = vendors::all().into_iter().filter(|vendor| vendor.mount == "shippo");
    let machine = Machine::new(vendors, options, Start::plain(wall()));
    let staged = stage(&machine, DEFAULT, wall());
    machine.replace(machine.default_sandbox(), staged).expect("there is room");
    Arc::new(machine)
}

/// Does something in a sandbox, or to the list of them.
pub fn perform(machine: &Machine, name: &str, deed: &Deed, wall: Timestamp) -> Done {
    match deed {
        Deed::Open => return machine.open(stage(machine, name, wall)).is_ok().to_string().into(),
        Deed::Remove => return machine.remove(name).to_string().into(),
        Deed::Fork(source) => {
            let Some(source) = machine.sandbox(source) else { return "no source".to_owned().into() };
            return machine.fork(&source, name, wall).is_ok().to_string().into();
        }
        _ => {}
    }
    let Some(sandbox) = machine.sandbox(name) else { return "no sandbox".to_owned().into() };
    match deed {
        Deed::Call(request) => {
            let answer = machine.handle(request, wall);
            format!("{} {:?} {}", answer.status, answer.headers, String::from_utf8_lossy(&answer.body)).into()
        }
        Deed::Advance(to) => {
            let progress = machine.advance_until_webhook(&sandbox, sandbox.epoch(), *to, wall, UNLIMITED).expect("its epoch is its own");
            let text = format!("{} {} {} {}", progress.fired, progress.now, progress.done, rows(&progress.outbound));
            Done { text, outbound: progress.outbound, is_over: progress.done }
        }
        Deed::Due => {
            let outbound = machine.due_webhooks(&sandbox, wall, UNLIMITED).expect("there is no limit");
            Done { text: rows(&outbound), outbound, is_over: false }
        }
        Deed::Report(reported) => {
            for (row, result) in &**reported {
                machine.report(&sandbox, &Outbound { epoch: sandbox.epoch(), ..row.clone() }, result, wall);
            }
            Done::default()
        }
        Deed::Mode(mode) => {
            sandbox.lock().world.set_mode(*mode, wall);
            Done::default()
        }
        Deed::Snapshot => format!("{:?}", sandbox.snapshot("before", wall)).into(),
        Deed::Restore => sandbox.restore("before", wall).to_string().into(),
        Deed::Reset => {
            sandbox.reset();
            Done::default()
        }
        Deed::Forget => {
            sandbox.clear_journal();
            Done::default()
        }
        Deed::Retain => {
            sandbox.retain_in_journal(|entry| entry.number % 3 > 0);
            Done::default()
        }
        Deed::Checkpoint => {
            sandbox.try_checkpoint();
            Done::default()
        }
        Deed::Open | Deed::Fork(_) | Deed::Remove => unreachable!("they are done above"),
    }
}

/// What a deed comes to that can make or remove no sandbox now; `None` if it can.
pub fn refusal(machine: &Machine, name: &str, deed: &Deed) -> Option<&'static str> {
    match deed {
        Deed::Fork(source) if machine.sandbox(source).is_none() => Some("no source"),
        Deed::Open | Deed::Fork(_) if machine.sandbox(name).is_some() => Some("false"),
        Deed::Remove if name == DEFAULT || machine.sandbox(name).is_none() => Some("false"),
        _ => None,
    }
}

/// Deliveries as they are sent, without what each process counts for itself.
fn rows(outbound: &[Outbound]) -> String {
    outbound.iter().map(|row| format!("{:?}\n", Outbound { epoch: 0, ..row.clone() })).collect()
}

/// All that a sandbox holds.
pub fn told(sandbox: &Sandbox) -> String {
    let state = sandbox.lock();
    let contents = Contents {
        world: state.world.clone(),
        scenario: state.scenario_name.clone(),
        given: state.scenario_mounts.clone(),
        seeded: state.seeded,
        faults: Vec::new(),
    };
    let clock = format!("{:?}\n", state.world.clock());
    drop(state);
    let file = contents.to_bytes(wall()).expect("documents are JSON");
    let snapshots: String =
        sandbox.snapshots().iter().map(|(name, snapshot)| format!("{name} {} {}\n", snapshot.at, snapshot.bytes)).collect();
    let journal = sandbox.journal();
    let entry = |entry: &std::sync::Arc<seatrial::world::Entry>| {
        let (digest, status) = (fingerprint(format!("{:?}", entry.answer).as_bytes()), entry.status);
        format!("{} {} {} {} {status:?} {digest:x}\n", entry.number, entry.id, entry.at, entry.target)
    };
    let entries: String = journal.iter().map(entry).collect();
    let evidence = format!("{} {} {:?}", journal.written, journal.lost(), journal.removed);
    format!("{clock}{snapshots}{entries}{evidence}\n{}", String::from_utf8_lossy(&file))
}

/// A call of a vendor.
pub fn call(sandbox: &str, method: Method, path: &str, body: &serde_json::Value) -> Deed {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let headers = [("host", "127.0.0.1:7447"), ("authorization", "ShippoToken shippo_live_sim")];
    Deed::Call(Arc::new(request(method, &format!("/@{sandbox}/shippo{path}"), &headers, &body)))
}

/// The purchase of a label, whose parcel moves for days.
pub fn purchase(sandbox: &str) -> Deed {
    let town = super::address("Ada");
    let parcel = json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"});
    let shipment = json!({"address_from": town, "address_to": town, "parcels": [parcel]});
    let account = "f82c50551bc7a9182d8e91293e0a7468";
    let label = json!({"shipment": shipment, "carrier_account": account, "servicelevel_token": "usps_priority", "async": false});
    call(sandbox, Method::POST, "/transactions", &label)
}

/// Where a sandbox's clock is moved to.
pub fn later(sandbox: &Sandbox, wall: Timestamp, hours: u64) -> Timestamp {
    let now = sandbox.lock().world.clock().now(wall);
    now + SignedDuration::from_hours(hours.cast_signed())
}
