//! Shadows of sandboxes: copies that are made of nothing but what sandboxes record, written and read as in a data directory or a fleet.
//! Whatever a test does with a machine, both have to be the same, as far as anybody could ever see.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use seatrial::engine::{Keeper, Machine, Record, Sandbox, ScenarioRuntime, Sink, State};
use seatrial::persist::Contents;
use seatrial::scenario::{self, run, run::MachineVocabulary};
use seatrial::store::{Compile, Compiler, exchange, read, write};
use seatrial::world::{Entry, OnWire};
use serde_json::Value;

/// The sandboxes of a machine and their shadows. They are compared when it is dropped, too.
pub struct Shadows {
    /// What the shadows belong to: a machine like the one whose sandboxes are followed.
    machine: Arc<Machine>,
    pairs: Mutex<Pairs>,
}

/// By name.
type Pairs = BTreeMap<Arc<str>, (Arc<Sandbox>, Arc<Shadow>)>;

struct Shadow {
    name: Arc<str>,
    machine: Arc<Machine>,
    sandbox: OnceLock<Arc<Sandbox>>,
}

impl Shadows {
    /// From now on, all sandboxes of a machine have shadows, which belong to another machine of the same vendors.
    pub fn follow(machine: &Machine, other: Machine) -> Arc<Self> {
        let shadows = Arc::new(Self { machine: Arc::new(other), pairs: Mutex::default() });
        machine.sandboxes().iter().for_each(|sandbox| shadows.opened(sandbox));
        machine.set_keeper(Arc::<Self>::clone(&shadows));
        shadows
    }

    /// Holds all sandboxes against their shadows.
    pub fn compare(&self) {
        for (name, (sandbox, shadow)) in &*self.pairs.lock().unwrap_or_else(PoisonError::into_inner) {
            let shadow = shadow.sandbox.get().expect("a checkpoint is recorded first");
            let (is, recorded) = (told(sandbox), told(shadow));
            let differs = is.iter().zip(&recorded).find(|(one, other)| one != other);
            assert!(differs.is_none() && is.len() == recorded.len(), "sandbox `{name}` and its shadow: {differs:?}");
        }
    }
}

impl Drop for Shadows {
    fn drop(&mut self) {
        if !thread::panicking() {
            self.compare();
        }
    }
}

impl Keeper for Shadows {
    fn opened(&self, sandbox: &Arc<Sandbox>) {
        let name = Arc::clone(&sandbox.name);
        let shadow = Arc::new(Shadow { name: Arc::clone(&name), machine: Arc::clone(&self.machine), sandbox: OnceLock::new() });
        sandbox.attach(Arc::<Shadow>::clone(&shadow), true);
        self.pairs.lock().unwrap_or_else(PoisonError::into_inner).insert(name, (Arc::clone(sandbox), shadow));
    }

    fn removed(&self, sandbox: &Sandbox) {
        self.pairs.lock().unwrap_or_else(PoisonError::into_inner).remove(&sandbox.name);
    }
}

impl Sink for Shadow {
    fn sealed(&self, records: &mut Vec<Record>) {
        let bytes = write(records, Vec::new()).expect("what is recorded can be written");
        let mut records = read(&bytes, &Texts(&self.machine)).expect("what is written can be read");
        let first = records.iter().position(|record| matches!(record, Record::Checkpoint(_))).filter(|_| self.sandbox.get().is_none());
        if let Some(Record::Checkpoint(checkpoint)) = first.and_then(|first| records.drain(..=first).next_back()) {
            let _ = self.sandbox.set(self.machine.revive(&self.name, *checkpoint));
        }
        let sandbox = self.sandbox.get().expect("a checkpoint is recorded first");
        sandbox.apply(&records).expect("records follow from each other");
    }

    fn exchanged(&self, entry: &Arc<Entry>) {
        let bytes = exchange::write(entry, Vec::new()).expect("an exchange can be written");
        let again = exchange::read(entry.number, &bytes).expect("what is written can be read");
        assert_eq!(wording(&again), wording(entry), "an exchange of `{}`", self.name);
    }
}

/// What makes scenarios of their texts, also of one within a conversation, whose text is that of the conversation.
struct Texts<'m>(&'m Machine);

impl Compile for Texts<'_> {
    fn scenario(&self, text: &str) -> Result<Arc<dyn ScenarioRuntime>, String> {
        Compiler(self.0).scenario(text).or_else(|problem| {
            let story = scenario::load_conversation(text, "conversation", &MachineVocabulary(self.0));
            story.ok().and_then(|story| story.scenario).map(run::runtime).ok_or(problem)
        })
    }

    fn fault(&self, wanted: &Value) -> Result<Arc<dyn ScenarioRuntime>, String> {
        Compiler(self.0).fault(wanted)
    }
}

/// An exchange as text. Whether its answer is still under way is not written.
fn wording(entry: &Entry) -> String {
    format!("{:?}", Entry { wire: OnWire::new(entry.wire.outcome()), ..entry.clone() })
}

/// A sandbox as text, with its snapshots.
fn told(sandbox: &Sandbox) -> Vec<String> {
    let now = file(&sandbox.lock().clone());
    let snapshots = sandbox.snapshots();
    let kept = snapshots.iter().map(|(name, snapshot)| format!("{name} {}", snapshot.at));
    std::iter::once(now).chain(kept).collect()
}

/// A state as a file would have it, with what is planned.
fn file(state: &State) -> String {
    let faults = state.faults().iter().map(|fault| (fault.name.clone(), fault.wanted.clone())).collect();
    let (scenario, seeded) = (state.scenario.source().to_owned(), state.seeded);
    let contents = Contents { scenario, given: state.scenario_mounts.clone(), seeded, faults, world: state.world.clone() };
    let bytes = contents.to_bytes("2026-01-05T09:00:00Z".parse().expect("a valid timestamp")).expect("documents are JSON");
    String::from_utf8_lossy(&bytes).into_owned()
}
