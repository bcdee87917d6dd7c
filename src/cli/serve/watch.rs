//! `seatrial serve --watch`: the scenario is read again when its file changes. The time of the last change is asked for twice a second,
//! which works for every editor, file system and container, and needs no crate.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::cli::{scenarios, warn};
use crate::engine::Machine;
use crate::scenario::run::MachineVocabulary;
use crate::scenario::{self, Scenario};
use crate::server::Local;

/// How often the file is looked at.
const PAUSE: Duration = Duration::from_millis(500);

/// What a scenario begins with. As long as an edit changes none of it, the sandbox goes on with its data.
const BEGINNING: [&str; 6] = ["seed", "clock", "credentials", "accounts", "given", "webhooks"];

/// The file of a scenario, as it was when it was last read.
pub(super) struct Watched {
    path: PathBuf,
    seed: Option<u64>,
    stamp: Option<(SystemTime, u64)>,
    beginning: Option<Vec<Value>>,
}

impl Watched {
    /// A file that has just been read.
    pub fn new(path: &Path, seed: Option<u64>) -> Self {
        let beginning = scenarios::read(path).ok().and_then(|(_, bytes)| beginning(&bytes));
        Self { path: path.to_owned(), seed, stamp: stamp(path), beginning }
    }

    /// Reads the file again whenever it changes, for ever. An edit with mistakes leaves the scenario before it in place.
    pub async fn run(mut self, machine: Arc<Machine>, server: Local) {
        loop {
            tokio::time::sleep(PAUSE).await;
            // A file that is being replaced may be gone for a moment.
            let Some(now) = stamp(&self.path).filter(|now| self.stamp != Some(*now)) else { continue };
            self.stamp = Some(now);
            warn(&self.read_again(&machine, &server));
        }
    }

    /// Puts the sandbox under what the file says now; what is to be told of that.
    fn read_again(&mut self, machine: &Machine, server: &Local) -> String {
        let name = self.path.display();
        let stays = |why: String| format!("{}\nseatrial: {name} has mistakes; the scenario before this edit stays", why.trim_end());
        let (file, bytes) = match scenarios::read(&self.path) {
            Ok(read) => read,
            Err(error) => return stays(format!("error: {error}")),
        };
        let told = |problems: Vec<scenario::Diagnostic>| problems.iter().map(|problem| format!("{problem}\n\n")).collect::<String>();
        let mut loaded = match scenario::load_bytes(&bytes, &file, &MachineVocabulary(machine)) {
            Ok(loaded) => loaded,
            Err(problems) => return stays(told(problems)),
        };
        loaded.seed = self.seed.or(loaded.seed);
        let beginning = beginning(&bytes);
        let keep = beginning == self.beginning;
        // Data that was given is there already.
        let scenario = if keep { Scenario { given: Vec::new(), ..loaded } } else { loaded };
        match server.put_scenario(&Arc::new(scenario), keep) {
            Ok(()) => {
                self.beginning = beginning;
                let how = if keep { "goes on with its data" } else { "begins anew" };
                format!("seatrial: {name} was read again; the sandbox {how}")
            }
            Err(refused) => stays(refused.detail),
        }
    }
}

fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let file = fs::metadata(path).ok()?;
    Some((file.modified().ok()?, file.len()))
}

/// The members that a sandbox begins with.
fn beginning(bytes: &[u8]) -> Option<Vec<Value>> {
    let value = scenario::yaml(str::from_utf8(bytes).ok()?, "scenario").ok()?;
    Some(BEGINNING.iter().map(|member| value.get(member).cloned().unwrap_or_default()).collect())
}
