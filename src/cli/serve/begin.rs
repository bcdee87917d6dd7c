//! What the default sandbox begins as: what a data directory has, a scenario, or a file.

use std::io::Read as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use jiff::SignedDuration;
use xxhash_rust::xxh3::xxh3_128;

use crate::cli::arguments::ServeArguments;
use crate::cli::files::Unread;
use crate::cli::{Exit, complain, scenarios, warn};
use crate::engine::{DEFAULT, Machine, Sandbox, Snapshot};
use crate::scenario::verify::{Format, Report};
use crate::scenario::{self, Scenario};
use crate::server;
use crate::store::{Opened, Store};

/// The fingerprint of no file.
const NOTHING: u128 = 0;

/// Makes the default sandbox what the arguments say, unless a directory has it so.
pub(super) fn begin(arguments: &ServeArguments, machine: &Machine, opened: Option<&Opened>) -> Result<(), Exit> {
    let kept = opened.filter(|opened| opened.left.is_some());
    let begun = match arguments.seed {
        seed if !arguments.scenario.is_empty() => open(machine, &arguments.scenario, seed, kept).map(Some),
        Some(seed) if arguments.import.is_none() => reseed(machine, seed, kept).map(Some),
        _ => Ok(arguments.import.as_ref().map(|_| NOTHING)),
    };
    let begun = begun.map_err(|problems| {
        warn(&problems.trim_end());
        Exit::Usage
    })?;
    if let Some(path) = &arguments.import {
        import(machine, path, opened).map_err(|problem| complain(&format_args!("`--import`: {problem}"), Exit::Usage))?;
    }
    if let (Some(begun), Some(opened)) = (begun, opened)
        && opened.started_with != Some(begun)
    {
        opened.store.started_with(begun);
    }
    Ok(())
}

/// The fingerprint of what a process is started with, whatever stands around what the scenario means.
pub(super) fn fingerprint(text: &str, seed: Option<u64>) -> u128 {
    xxh3_128(format!("{seed:?} {}", scenario::run::canonical(text)).as_bytes())
}

/// Puts the default sandbox under a scenario, unless a directory has it so, or was begun so: what was changed while a server ran stays.
/// Returns the fingerprint of that, or every problem of the file, as text.
fn open(machine: &Machine, paths: &[PathBuf], seed: Option<u64>, kept: Option<&Opened>) -> Result<u128, String> {
    let gathered = scenarios::gather(paths).map_err(|error| format!("error: {error}"))?;
    let (most, name) = (gathered.most, gathered.name);
    let text = gathered.text.map_err(|problems| told(scenario::lint_most(machine, &most, &name, problems)))?;
    let begun = fingerprint(&text, seed);
    let mut loaded = scenario::load(&text, &name, &scenario::run::MachineVocabulary(machine)).map_err(told)?;
    let advice = told(scenario::advice(machine, &loaded));
    if !advice.is_empty() {
        warn(&advice.trim_end());
    }
    loaded.seed = seed.or(loaded.seed);
    let sandbox = machine.default_sandbox();
    if let Some(kept) = kept {
        let goes_on = kept.started_with == Some(begun);
        let mut state = sandbox.lock();
        let is_same_seed = goes_on || loaded.seed.is_none_or(|seed| seed == state.world.seed());
        if is_same_seed && loaded.source.says_the_same(state.scenario.source()) {
            // The directory has its text alone: verdicts name the file again.
            state.scenario = scenario::run::runtime(loaded);
            return Ok(begun);
        }
        if is_same_seed && scenario::run::scenario_of(&*state.scenario).does_the_same(&loaded.source.text) {
            drop(state);
            let name = loaded.shown_name().to_owned();
            machine.reword(sandbox, scenario::run::runtime(loaded), &name);
            return Ok(begun);
        }
        if goes_on {
            return Ok(begun);
        }
    }
    let shown = loaded.shown_name().to_owned();
    replace(machine, loaded, shown, kept.map(|kept| &*kept.store)).map(|()| begun)
}

/// Begins the default sandbox of a directory anew with another seed than it has, or was begun with, under the scenario that it has.
fn reseed(machine: &Machine, seed: u64, kept: Option<&Opened>) -> Result<u128, String> {
    let begun = fingerprint("", Some(seed));
    let Some(kept) = kept else { return Ok(begun) };
    let state = machine.default_sandbox().lock();
    if kept.started_with == Some(begun) || state.world.seed() == seed {
        return Ok(begun);
    }
    let mut scenario = Scenario::clone(&scenario::run::scenario_of(&*state.scenario));
    let name = state.scenario_name.clone();
    drop(state);
    scenario.seed = Some(seed);
    replace(machine, scenario, name, Some(&kept.store)).map(|()| begun)
}

fn told(problems: Vec<scenario::Diagnostic>) -> String {
    problems.iter().map(|problem| format!("{problem}\n\n")).collect()
}

/// Has time go on from the latest call, where the clock of the machine was set back since.
pub(super) fn go_on_from_latest_call(machine: &Machine) {
    let (sandboxes, now) = (machine.sandboxes(), server::wall());
    let latest = sandboxes.iter().filter_map(|sandbox| sandbox.journal().iter().next_back().map(|entry| entry.received));
    latest.for_each(server::has_shown);
    let stands = server::wall().duration_since(now);
    if stands > SignedDuration::from_secs(1) {
        tracing::warn!(
            "the machine's clock is {stands:#} behind the latest call in the data directory: time stands until it has caught up"
        );
    }
    // They are as new as that.
    sandboxes.iter().for_each(|sandbox| sandbox.touch(server::wall()));
}

/// Begins the default sandbox under a scenario that is shown by a name, and says what is dropped of a directory.
fn replace(machine: &Machine, scenario: Scenario, name: String, kept: Option<&Store>) -> Result<(), String> {
    let (sandbox, file) = (machine.default_sandbox(), scenario.source.name.clone());
    let staged = scenario::run::stage(machine, DEFAULT, &Arc::new(scenario), None, server::wall()).map_err(told)?;
    staged.lock().scenario_name = name;
    let so_far = kept.and_then(|_| {
        let why = format!("was under another scenario or seed (`{}`)", sandbox.lock().scenario_name);
        warn(&format_args!("seatrial: the default sandbox {why}: it begins anew, {}", dropped(sandbox)));
        server::verdict_so_far(machine, sandbox)
    });
    let replaced = machine.replace(sandbox, staged);
    replaced.map_err(|_| format!("error: {file} gives more data than a sandbox may hold (`--sandbox-bytes`)"))?;
    if let Some(store) = kept {
        store.imported(NOTHING);
        server::note_scenario(sandbox);
    }
    tell_verdict(so_far);
    Ok(())
}

/// What is lost with the default sandbox, in words.
fn dropped(sandbox: &Sandbox) -> String {
    let state = sandbox.lock();
    let tables = state.world.accounts().iter().flat_map(|(_, account)| account.tables());
    let documents: usize = tables.map(|(_, table)| table.len()).sum();
    drop(state);
    format!("{documents} documents and {} calls are dropped", sandbox.journal().iter().len())
}

/// Tells the verdict on what is dropped: its evidence is gone, and nothing can be said of it later.
fn tell_verdict(so_far: Option<Report>) {
    if let Some(report) = so_far {
        warn(&format_args!("its verdict until then, which `--verify` does not count:\n{}", Format::Text.write(&[report]).trim_end()));
    }
}

/// Why a file cannot be imported.
#[derive(Debug, thiserror::Error)]
enum ImportError {
    #[error(transparent)]
    Read(#[from] Unread),
    #[error("{path}: {}", .refused.detail)]
    Refused { path: String, refused: server::Refused },
}

/// Makes the default sandbox what a file says, unless it is kept in a directory since it began as that file.
fn import(machine: &Machine, path: &Path, opened: Option<&Opened>) -> Result<(), ImportError> {
    let bytes = read(path, machine.options().sandbox_bytes as u64).map_err(|error| Unread::new(path, error))?;
    let (fingerprint, sandbox) = (xxh3_128(&bytes), machine.default_sandbox());
    let is_kept = opened.is_some_and(|opened| opened.left.is_some());
    if is_kept && opened.is_some_and(|opened| opened.imported == Some(fingerprint)) {
        tracing::info!(file = %path.display(), "the default sandbox goes on, which began as this file");
        return Ok(());
    }
    let before = is_kept.then(|| (dropped(sandbox), server::verdict_so_far(machine, sandbox)));
    let imported = server::import(machine, DEFAULT, &bytes);
    imported.map_err(|refused| ImportError::Refused { path: path.display().to_string(), refused })?;
    if let Some(opened) = opened {
        opened.store.imported(fingerprint);
    }
    if let Some((dropped, so_far)) = before {
        let path = path.display();
        warn(&format_args!("seatrial: the default sandbox did not begin as what {path} is now: it begins anew, {dropped}"));
        tell_verdict(so_far);
    }
    Ok(())
}

/// The bytes of a file of a sandbox, which is in memory twice while it is read. A device could be endless.
fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = fs::File::open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_char_device() || kind.is_block_device() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a device, expected a file"));
    }
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the file is larger than a sandbox may be (`--sandbox-bytes`)"));
    }
    Ok(bytes)
}

/// What the snapshots of a sandbox hold, in words; nothing if there are none.
fn held_by_snapshots(sandbox: &Sandbox) -> String {
    let snapshots = sandbox.snapshots();
    if snapshots.is_empty() {
        return String::new();
    }
    let held: usize = snapshots.values().map(Snapshot::counted).sum();
    let names: Vec<String> = snapshots.iter().map(|(name, snapshot)| format!("`{name}` ({} bytes)", snapshot.counted())).collect();
    format!("its snapshots hold {held} of these bytes, which only deleting them frees: {}; ", names.join(", "))
}

/// Says what a data directory brought, where that is not what was left there.
pub(super) fn tell(directory: &Path, opened: &Opened, machine: &Machine) {
    let Some(left) = opened.left else { return };
    let (sandboxes, directory) = (opened.sandboxes, directory.display());
    if !opened.unborn.is_empty() {
        let (count, names) = (opened.unborn.len(), opened.unborn.join("`, `"));
        warn(&format_args!(
            "seatrial: the process before ended while it made {count} sandboxes in {directory}, which are not there: `{names}`"
        ));
    }
    tracing::info!(sandboxes, %directory, "goes on with what was kept");
    let most = machine.options().sandbox_bytes;
    for (name, bytes) in &opened.overfull {
        let snapshots = machine.sandbox(name).map(|sandbox| held_by_snapshots(&sandbox)).unwrap_or_default();
        tracing::warn!(
            "sandbox `{name}` holds {bytes} bytes and may hold {most}: it can be read, reset and deleted, and what would make it grow is \
             refused; {snapshots}to go on with it, start with a larger `--sandbox-bytes`"
        );
    }
    let all = machine.total_usage();
    if all.documents > all.documents_limit {
        let (held, most) = (all.documents, all.documents_limit);
        tracing::warn!(
            "all sandboxes hold {held} bytes and may hold {most}: none can be added, and each may grow to an equal share of that; reset or \
             delete some, or start with a larger `--total-bytes`"
        );
    }
    if left.lost > 0 {
        let lost = left.lost;
        warn(&format_args!(
            "seatrial: the last {lost} changes in {directory} were written, and are gone; verdicts on what they may have been are unknown"
        ));
    } else if !left.closed {
        tracing::info!(%directory, "the process before did not end in good order; everything that it answered is there");
    }
}
