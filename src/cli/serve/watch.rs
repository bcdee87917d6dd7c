//! `seatrial serve --watch`: the scenario is read again when one of its files changes. The times of the last changes are asked for
//! twice a second, which works for every editor, file system and container, and needs no crate. A path may become anything, a pipe that
//! nobody writes to or a file of a network that is away: disks are waited for by a thread of their own, which the server does not need.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio::sync::oneshot;

use crate::cli::serve::begin;
use crate::cli::{scenarios, warn};
use crate::engine::Machine;
use crate::scenario::run::MachineVocabulary;
use crate::scenario::{self, Scenario};
use crate::server::Local;
use crate::store::Store;

/// How long disks may take before that is told.
const PATIENCE: Duration = Duration::from_secs(5);

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
    /// Where it is kept what the sandbox was begun as, if it is.
    store: Option<Arc<Store>>,
}

/// A file that is being replaced may be gone for a moment: it is missed when it was looked for so often.
const MISSED: u32 = 2;

/// When a file was changed, and its length.
type Stamp = (SystemTime, u64);

impl Watched {
    /// Files that have just been read.
    pub fn new(paths: &[PathBuf], seed: Option<u64>, store: Option<Arc<Store>>) -> Self {
        let gathered = scenarios::gather(paths).ok();
        let beginning = gathered.as_ref().and_then(|gathered| beginning(gathered.text.as_ref().ok()?));
        let files = gathered.map_or_else(|| paths.to_vec(), |gathered| gathered.files);
        Self { paths: paths.to_vec(), seed, stamps: stamps(files), beginning, missing: BTreeMap::new(), store }
    }

    /// Reads the files again whenever one of them changes, for ever. An edit with mistakes leaves the scenario before it in place.
    pub async fn run(mut self, machine: Arc<Machine>, server: Local) {
        loop {
            tokio::time::sleep(PAUSE).await;
            let paths: Vec<PathBuf> = self.stamps.iter().map(|(path, _)| path.clone()).collect();
            let Some(seen) = aside(move || paths.into_iter().map(|path| (path.clone(), look(&path))).collect::<Looks>()).await else {
                return;
            };
            for (path, what) in self.newly_missing(&seen) {
                warn(&format_args!("seatrial: {} is {what}; the scenario stays, and is read again once the file is back", path.display()));
            }
            let is_there = |path: &PathBuf| matches!(seen.get(path), Some(Look::File(_)));
            let is_back = self.missing.iter().any(|(path, times)| *times >= MISSED && is_there(path));
            self.missing.retain(|path, _| !is_there(path));
            let is_new =
                |(path, before): &(PathBuf, Option<Stamp>)| matches!(seen.get(path), Some(Look::File(now)) if *before != Some(*now));
            // What would be read beside it must not be something else; what is included is looked at when it is read.
            let is_other = |path: &PathBuf| seen.get(path) == Some(&Look::Other);
            if (is_back || self.stamps.iter().any(is_new)) && !self.paths.iter().any(is_other) {
                let (paths, known) = (self.paths.clone(), self.stamps.drain(..).map(|(path, _)| path).collect());
                // The times come before the texts, so that a change meanwhile is seen the next time.
                let Some((stamps, gathered)) = aside(move || (stamps(known), scenarios::gather(&paths))).await else { return };
                self.stamps = stamps;
                warn(&self.read_again(gathered, &machine, &server));
            }
        }
    }

    /// The files that were there, and are missed from now on, with what became of them.
    fn newly_missing(&mut self, seen: &Looks) -> Vec<(PathBuf, &'static str)> {
        let mut missed = Vec::new();
        for (path, _) in self.stamps.iter().filter(|(_, before)| before.is_some()) {
            let what = match seen.get(path) {
                Some(Look::File(_)) => continue,
                Some(Look::Other) => "no regular file any more",
                _ => "gone",
            };
            let times = self.missing.entry(path.clone()).or_default();
            *times = times.saturating_add(1);
            if *times == MISSED {
                missed.push((path.clone(), what));
            }
        }
        missed
    }

    /// Puts the sandbox under what the files say now; what is to be told of that.
    fn read_again(&mut self, gathered: Result<scenarios::Gathered, scenarios::ScenarioError>, machine: &Machine, server: &Local) -> String {
        let name = self.paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
        let stays = |why: String| format!("{}\nseatrial: {name} has mistakes; the scenario before this edit stays", why.trim_end());
        let gathered = match gathered {
            Ok(gathered) => gathered,
            Err(error) => return stays(format!("error: {error}")),
        };
        let is_known = |path: &PathBuf| self.stamps.iter().any(|(known, _)| known == path);
        let new = stamps(gathered.files.iter().filter(|path| !is_known(path)).cloned().collect());
        self.stamps.retain(|(path, _)| gathered.files.contains(path));
        self.stamps.extend(new);
        let told = |problems: Vec<scenario::Diagnostic>| problems.iter().map(|problem| format!("{problem}\n\n")).collect::<String>();
        let read = gathered.text.and_then(|text| {
            let (beginning, begun) = (beginning(&text), begin::fingerprint(&text, self.seed));
            Ok((scenario::load(&text, &gathered.name, &MachineVocabulary(machine))?, beginning, begun))
        });
        let (mut loaded, beginning, begun) = match read {
            Ok(read) => read,
            Err(problems) => return stays(told(problems)),
        };
        let advice = told(scenario::advice(machine, &loaded));
        loaded.seed = self.seed.or(loaded.seed);
        let keep = beginning == self.beginning;
        // Data that was given is there already.
        let scenario = if keep { Scenario { given: Vec::new(), ..loaded } } else { loaded };
        match server.put_scenario(&Arc::new(scenario), keep) {
            Ok(()) => {
                self.beginning = beginning;
                self.store.iter().for_each(|store| store.started_with(begun));
                let how = if keep { "goes on with its data" } else { "begins anew" };
                format!("{advice}seatrial: {name} was read again; the sandbox {how}")
            }
            Err(refused) => stays(refused.detail),
        }
    }
}

/// What stands at a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Gone,
    File(Stamp),
    /// A pipe, a device or the like, of which nobody knows when it ends.
    Other,
}

/// What stands at each of the paths.
type Looks = BTreeMap<PathBuf, Look>;

fn look(path: &Path) -> Look {
    match fs::metadata(path) {
        Ok(file) if file.is_file() => file.modified().map_or(Look::Gone, |time| Look::File((time, file.len()))),
        Ok(_) => Look::Other,
        Err(_) => Look::Gone,
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    if let Look::File(stamp) = look(path) { Some(stamp) } else { None }
}

/// Does something that waits for disks, in a thread of its own: if it never ends, the process ends nevertheless. That it takes long is
/// told once.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, mut done) = oneshot::channel();
    let begun = thread::Builder::new().name("watch".to_owned()).spawn(move || drop(sender.send(work())));
    if let Err(error) = begun {
        warn(&format_args!("seatrial: the scenario is not watched any more: {error}"));
        return None;
    }
    match tokio::time::timeout(PATIENCE, &mut done).await {
        Ok(done) => done.ok(),
        Err(_) => {
            let span = PATIENCE.as_secs();
            warn(&format_args!("seatrial: a file of the scenario cannot be read within {span} s; the scenario stays"));
            done.await.ok()
        }
    }
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
