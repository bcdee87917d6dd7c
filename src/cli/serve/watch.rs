//! `seatrial serve --watch`: the scenario is read again when one of its files changes. The times of the last changes are asked for
//! twice a second, which works for every editor, file system and container, and needs no crate.

use std::collections::BTreeMap;
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

/// The files of a scenario, as they were when they were last read.
pub(super) struct Watched {
    paths: Vec<PathBuf>,
    seed: Option<u64>,
    /// The files, also those that are included.
    stamps: Vec<(PathBuf, Option<Stamp>)>,
    beginning: Option<Vec<Value>>,
    /// Files that are not there any more, and how often they were looked for.
    missing: BTreeMap<PathBuf, u32>,
}

/// A file that is being replaced may be gone for a moment: it is missed when it was looked for so often.
const MISSED: u32 = 2;

/// When a file was changed, and its length.
type Stamp = (SystemTime, u64);

impl Watched {
    /// Files that have just been read.
    pub fn new(paths: &[PathBuf], seed: Option<u64>) -> Self {
        let gathered = scenarios::gather(paths).ok();
        let beginning = gathered.as_ref().and_then(|gathered| beginning(gathered.text.as_ref().ok()?));
        let files = gathered.map_or_else(|| paths.to_vec(), |gathered| gathered.files);
        Self { paths: paths.to_vec(), seed, stamps: stamps(files), beginning, missing: BTreeMap::new() }
    }

    /// Reads the files again whenever one of them changes, for ever. An edit with mistakes leaves the scenario before it in place.
    pub async fn run(mut self, machine: Arc<Machine>, server: Local) {
        loop {
            tokio::time::sleep(PAUSE).await;
            for path in self.newly_missing() {
                warn(&format_args!("seatrial: {} is gone; the scenario stays, and is read again once the file is back", path.display()));
            }
            let is_back = self.missing.iter().any(|(path, times)| *times >= MISSED && stamp(path).is_some());
            self.missing.retain(|path, _| stamp(path).is_none());
            let is_new = |(path, before): &(PathBuf, Option<Stamp>)| stamp(path).is_some_and(|now| *before != Some(now));
            if is_back || self.stamps.iter().any(is_new) {
                warn(&self.read_again(&machine, &server));
            }
        }
    }

    /// The files that were there, and are missed from now on.
    fn newly_missing(&mut self) -> Vec<PathBuf> {
        let gone = self.stamps.iter().filter(|(path, before)| before.is_some() && stamp(path).is_none());
        let mut missed = Vec::new();
        for (path, _) in gone {
            let times = self.missing.entry(path.clone()).or_default();
            *times = times.saturating_add(1);
            if *times == MISSED {
                missed.push(path.clone());
            }
        }
        missed
    }

    /// Puts the sandbox under what the file says now; what is to be told of that.
    fn read_again(&mut self, machine: &Machine, server: &Local) -> String {
        let name = self.paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        let stays = |why: String| format!("{}\nseatrial: {name} has mistakes; the scenario before this edit stays", why.trim_end());
        // The times come before the texts, so that a change meanwhile is seen the next time.
        self.stamps = stamps(self.stamps.drain(..).map(|(path, _)| path).collect());
        let gathered = match scenarios::gather(&self.paths) {
            Ok(gathered) => gathered,
            Err(error) => return stays(format!("error: {error}")),
        };
        let is_known = |path: &PathBuf| self.stamps.iter().any(|(known, _)| known == path);
        let new = stamps(gathered.files.iter().filter(|path| !is_known(path)).cloned().collect());
        self.stamps.retain(|(path, _)| gathered.files.contains(path));
        self.stamps.extend(new);
        let told = |problems: Vec<scenario::Diagnostic>| problems.iter().map(|problem| format!("{problem}\n\n")).collect::<String>();
        let read = gathered.text.and_then(|text| {
            let beginning = beginning(&text);
            Ok((scenario::load(&text, &gathered.name, &MachineVocabulary(machine))?, beginning))
        });
        let (mut loaded, beginning) = match read {
            Ok(read) => read,
            Err(problems) => return stays(told(problems)),
        };
        loaded.seed = self.seed.or(loaded.seed);
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

fn stamp(path: &Path) -> Option<Stamp> {
    let file = fs::metadata(path).ok()?;
    Some((file.modified().ok()?, file.len()))
}

fn stamps(files: Vec<PathBuf>) -> Vec<(PathBuf, Option<Stamp>)> {
    let mut stamps: Vec<_> = files.into_iter().map(|path| (stamp(&path), path)).map(|(stamp, path)| (path, stamp)).collect();
    stamps.sort();
    stamps.dedup();
    stamps
}

/// The members that a sandbox begins with.
fn beginning(text: &str) -> Option<Vec<Value>> {
    let value = scenario::whole(text)?;
    Some(BEGINNING.iter().map(|member| value.get(member).cloned().unwrap_or_default()).collect())
}
