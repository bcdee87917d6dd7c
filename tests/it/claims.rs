//! Whose a credential is that several sandboxes have: of all that have it, the first that had it, whatever becomes of the process.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::Arc;

use http::Method;
use rand::Rng as _;
use seatrial::base::entropy::{self, Rng};
use seatrial::engine::{Machine, Request, Sandbox};
use seatrial::scenario::{self, run};
use seatrial::store::Opened;
use serde_json::json;

use crate::client::{JSON, send};
use crate::credentials::{SHARED, count, create, warnings};
use crate::data_dir::{Folder, keep, machine, open, wall};
use crate::made_up::request;
use crate::process::Server;

/// Credentials that several sandboxes have.
pub const TOKENS: [&str; 2] = ["shippo_test_one", "shippo_test_other"];
const NAMES: [&str; 4] = ["default", "a", "b", "c"];

/// What is done to sandboxes; tokens are named by their positions.
#[derive(Clone, Debug)]
pub enum Act {
    Make(&'static str, Vec<usize>),
    Replace(&'static str, Vec<usize>),
    Remove(&'static str),
    Snapshot(&'static str),
    Restore(&'static str),
    Checkpoint(&'static str),
}

impl Act {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Make(name, _) | Self::Replace(name, _) => name,
            Self::Remove(name) | Self::Snapshot(name) | Self::Restore(name) | Self::Checkpoint(name) => name,
        }
    }

    /// Does it.
    pub fn run(&self, machine: &Machine) {
        let sandbox = machine.sandbox(self.name());
        let there = || sandbox.clone().expect("there is such a sandbox");
        match self {
            Self::Make(name, tokens) => drop(machine.open(stage(machine, name, tokens)).expect("the name is free")),
            Self::Replace(name, tokens) => machine.replace(&there(), stage(machine, name, tokens)).expect("there is room"),
            Self::Remove(name) => assert!(machine.remove(name)),
            Self::Snapshot(_) => assert!(there().snapshot("before", wall()).is_some()),
            Self::Restore(_) => assert!(machine.restore(&there(), "before", wall())),
            Self::Checkpoint(_) => there().try_checkpoint(),
        }
    }
}

fn stage(machine: &Machine, name: &str, tokens: &[usize]) -> Arc<Sandbox> {
    let rows: Vec<_> =
        tokens.iter().map(|token| json!({"token": TOKENS[*token]})).chain([json!({"token": format!("shippo_test_{name}")})]).collect();
    let text = json!({"accounts": {"shippo": rows}}).to_string();
    let loaded = scenario::load(&text, "shared.yaml", &run::MachineVocabulary(machine)).expect("it is a scenario");
    run::stage(machine, name, &Arc::new(loaded), None, wall()).expect("it can be staged")
}

/// Who has what, in the order in which they got it.
#[derive(Default)]
pub struct Model {
    owners: [Vec<&'static str>; 2],
    snapshots: BTreeMap<&'static str, Vec<usize>>,
    there: BTreeSet<&'static str>,
}

impl Model {
    pub fn new() -> Self {
        Self { there: ["default"].into(), ..Self::default() }
    }

    /// Something that can be done now.
    pub fn next(&self, rng: &mut Rng) -> Act {
        let mut draw = |most: usize| usize::try_from(rng.next_u64() % most as u64).unwrap_or_default();
        let name = NAMES[draw(NAMES.len())];
        let tokens = [vec![], vec![0], vec![1], vec![0, 1], vec![0, 1]][draw(5)].clone();
        if !self.there.contains(name) {
            return Act::Make(name, tokens);
        }
        match draw(8) {
            0 if name != "default" => Act::Remove(name),
            1 => Act::Snapshot(name),
            2 | 3 if self.snapshots.contains_key(name) => Act::Restore(name),
            4 => Act::Checkpoint(name),
            _ => Act::Replace(name, tokens),
        }
    }

    pub fn follow(&mut self, act: &Act) {
        match act {
            Act::Make(name, tokens) => {
                self.there.insert(name);
                self.has(name, tokens);
            }
            Act::Replace(name, tokens) => self.has(name, tokens),
            Act::Remove(name) => {
                self.there.remove(name);
                self.snapshots.remove(name);
                self.has(name, &[]);
            }
            Act::Snapshot(name) => {
                let tokens = (0..2).filter(|token| self.owners[*token].contains(name)).collect();
                self.snapshots.insert(name, tokens);
            }
            Act::Restore(name) => self.has(name, &self.snapshots[name].clone()),
            Act::Checkpoint(_) => {}
        }
    }

    fn has(&mut self, name: &'static str, tokens: &[usize]) {
        for (token, owners) in self.owners.iter_mut().enumerate() {
            match (tokens.contains(&token), owners.iter().position(|owner| *owner == name)) {
                (true, None) => owners.push(name),
                (false, Some(at)) => drop(owners.remove(at)),
                _ => {}
            }
        }
    }

    /// Whose calls with a token are; `None` if nobody has it.
    pub fn owner(&self, token: usize) -> Option<&str> {
        self.owners[token].first().copied()
    }
}

/// A call with a credential.
pub fn with(token: &str) -> Request {
    let headers = [("host", "127.0.0.1:7447"), ("authorization", &*format!("ShippoToken {token}"))];
    request(Method::GET, "/shippo/addresses", &headers, "")
}

/// Whose calls with a credential are, as far as a machine knows.
fn owner(machine: &Machine, token: &str) -> Option<String> {
    let found = machine.addressee(&with(token));
    found.sandbox.filter(|_| !found.is_unknown).map(|sandbox| sandbox.name.to_string())
}

#[test]
fn a_start_gives_no_credential_to_another_sandbox() {
    for seed in 0..12 {
        let mut rng = entropy::stream(seed, &["claims"], 0);
        let (mut folder, mut model, mut done) = (Folder::new(), Model::new(), Vec::new());
        let begin = |folder: &Folder| {
            let machine = machine();
            let opened = open(&machine, folder);
            (machine, opened)
        };
        let (mut machine, mut opened): (Machine, Opened) = begin(&folder);
        for step in 0..40 {
            let act = model.next(&mut rng);
            act.run(&machine);
            model.follow(&act);
            done.push(act);
            if step % 4 == 3 {
                keep(&opened.store);
                let copy = folder.copy();
                opened.store.close();
                folder = copy;
                (machine, opened) = begin(&folder);
            }
            for (token, text) in TOKENS.iter().enumerate() {
                assert_eq!(owner(&machine, text).as_deref(), model.owner(token), "seed {seed}, {text} after {done:?}");
            }
        }
        opened.store.close();
    }
}

/// Records of earlier versions do not say who had a credential first.
#[test]
fn where_records_do_not_say_who_was_first_it_is_who_was_made_first() {
    let folder = Folder::new();
    let machine_before = machine();
    let opened = open(&machine_before, &folder);
    for name in ["b", "a"] {
        Act::Make(name, Vec::new()).run(&machine_before);
    }
    let shared = stage(&machine_before, "c", &[0]).lock().world.accounts().credentials("shippo").to_vec();
    for name in ["a", "b"] {
        let sandbox = machine_before.sandbox(name).expect("it is there");
        sandbox.lock().world.set_credentials("shippo", shared.clone());
    }
    keep(&opened.store);
    let copy = folder.copy();
    opened.store.close();
    let machine_after = machine();
    let opened = open(&machine_after, &copy);
    assert_eq!(owner(&machine_after, TOKENS[0]).as_deref(), Some("b"));
    opened.store.close();
}

#[test]
fn the_first_that_had_a_credential_has_it_after_a_kill() {
    let folder = Folder::new();
    let arguments = ["--data-dir", folder.0.to_str().expect("a UTF-8 path"), "--log", "warn"];
    let mut server = Server::start(&arguments);
    let shared = json!({"accounts": {"shippo": [{"token": SHARED}]}}).to_string();
    let put = |server: &Server, name: &str| {
        let put = send(server, "PUT", &format!("/_seatrial/sandboxes/{name}/scenario"), &[JSON], &shared);
        assert_eq!(put.status, 200, "{}", put.body);
        warnings(&put.json()).len()
    };
    create(&server, &json!({"name": "earlier"}));
    create(&server, &json!({"name": "later"}));
    assert_eq!((put(&server, "later"), put(&server, "earlier")), (0, 1));
    let address = r#"{"name": "A", "country": "US"}"#;
    let headers = [JSON, ("authorization", &*format!("ShippoToken {SHARED}"))];
    assert_eq!(send(&server, "POST", "/shippo/addresses", &headers, address).status, 201);
    let counts = |server: &Server| ["", "/@earlier", "/@later"].map(|prefix| count(server, prefix, SHARED));
    for _ in 0..2 {
        assert_eq!(counts(&server), [Some(1), Some(0), Some(1)]);
        let killed = Command::new("kill").args(["-KILL", &server.process().to_string()]).status();
        assert!(killed.is_ok_and(|status| status.success()));
        assert_eq!(server.wait(), None, "a signal has ended it");
        server = Server::start(&arguments);
    }
    assert_eq!((counts(&server), put(&server, "later"), put(&server, "earlier")), ([Some(1), Some(0), Some(1)], 0, 1));
}
