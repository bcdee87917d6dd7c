//! Data directories: what a process leaves there is what the next one begins with, and what is damaged is found.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use http::Method;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use seatrial::engine::{Fault, Machine, Options, Sandbox, Start};
use seatrial::persist::Contents;
use seatrial::scenario::{self, run};
use seatrial::store::check::{self, Soundness};
use seatrial::store::{self, Fsync, Opened, Store, StoreError};
use seatrial::vendors;
use seatrial::world::{Deed, LogLine};
use serde_json::{Value, json};

use crate::made_up::request;

pub fn wall() -> jiff::Timestamp {
    "2026-01-05T09:00:00Z".parse().expect("a valid timestamp")
}

pub fn machine() -> Machine {
    Machine::new(vendors::all(), Options::default(), Start::plain(wall()))
}

/// A directory that goes when the test is done with it.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("seatrial-data-{}-{number}", std::process::id())))
    }

    /// A copy of it as it is now, as the end of the process would leave it.
    pub fn copy(&self) -> Self {
        loop {
            let (copy, manifests) = (Self::new(), self.manifests());
            match copy_folder(&self.0, &copy.0) {
                // Tables that are replaced meanwhile are copied in part, which nothing leaves.
                Ok(()) if self.manifests() == manifests => return copy,
                Ok(()) => {}
                // A file went meanwhile, which nothing leaves half of.
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::NotFound, "{error}"),
            }
        }
    }

    /// The manifests that say which tables there are: in each keyspace the one that `current` names.
    pub fn manifests(&self) -> Vec<PathBuf> {
        let current = self.files().into_iter().filter(|file| file.file_name().is_some_and(|name| name == "current"));
        let manifest = |file: PathBuf| {
            let bytes = fs::read(&file).expect("another one may come in its place, which is there at once");
            let number = bytes.first_chunk().map(|number| u64::from_le_bytes(*number)).expect("it begins with a number");
            file.with_file_name(format!("v{number}"))
        };
        current.map(manifest).collect()
    }

    /// All files, with their names.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![self.0.clone()];
        while let Some(folder) = folders.pop() {
            for row in fs::read_dir(folder).expect("it is a folder").flatten() {
                if row.path().is_dir() { folders.push(row.path()) } else { files.push(row.path()) }
            }
        }
        files.sort();
        files
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    let mut rows: Vec<_> = fs::read_dir(from)?.flatten().collect();
    // What says how much was written is older than what was written.
    rows.sort_by_key(|row| row.path().is_dir());
    for row in rows {
        let target = to.join(row.file_name());
        if row.path().is_dir() {
            copy_folder(&row.path(), &target)?;
        } else {
            let mut bytes = fs::read(row.path())?;
            // Of journals there is room for what comes.
            if target.extension().is_some_and(|extension| extension == "jnl") {
                bytes.truncate(bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
            }
            fs::write(target, bytes)?;
        }
    }
    Ok(())
}

pub fn open(machine: &Machine, folder: &Folder) -> Opened {
    store::open(machine, &folder.0, Fsync::Off, wall()).unwrap_or_else(|error| panic!("{error}"))
}

/// Waits until everything is on disk.
pub fn keep(store: &Store) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime can start");
    runtime.block_on(store.keep()).expect("the disk has room");
}

fn call(machine: &Machine, sandbox: &str, method: Method, path: &str, body: &Value) -> Value {
    let found = machine.sandbox(sandbox).expect("there is such a sandbox");
    let token = found.lock().world.accounts().credentials("shippo").first().map(|row| row.text("token").to_owned());
    let (token, body) =
        (format!("ShippoToken {}", token.unwrap_or_default()), if body.is_null() { String::new() } else { body.to_string() });
    let headers = [("host", "127.0.0.1:7447"), ("authorization", token.as_str())];
    let answer = machine.handle(&request(method, &format!("/@{sandbox}/shippo{path}"), &headers, &body), wall());
    assert!(answer.status.is_success(), "{path}: {}", String::from_utf8_lossy(&answer.body));
    serde_json::from_slice(&answer.body).expect("an answer in JSON")
}

pub fn parcel(machine: &Machine, sandbox: &str, note: &str) -> Value {
    let body =
        json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb", "metadata": note});
    call(machine, sandbox, Method::POST, "/parcels", &body)
}

/// All that a sandbox keeps, as text: its file, its snapshots and its journal.
fn told(sandbox: &Sandbox) -> String {
    let state = sandbox.lock().clone();
    let faults = state.faults().iter().map(|fault| (fault.name.clone(), fault.wanted.clone())).collect();
    let (scenario, seeded) = (state.scenario.source().to_owned(), state.seeded);
    let contents = Contents { scenario, given: state.scenario_mounts, seeded, faults, world: state.world };
    let file = contents.to_bytes(wall()).expect("our documents are JSON");
    let snapshots: Vec<String> = sandbox.snapshots().iter().map(|(name, snapshot)| format!("{name} {}", snapshot.at)).collect();
    let journal = sandbox.journal();
    let calls: Vec<String> = journal
        .iter()
        .map(|entry| {
            let body = String::from_utf8_lossy(&entry.answer.body);
            format!("{} {} {} {} {:?} {:?} {body}", entry.number, entry.id, entry.method, entry.target, entry.status, entry.notes)
        })
        .collect();
    let (written, lost, removed) = (journal.written, journal.lost(), &journal.removed);
    let (ttl, log) = (sandbox.ttl(), sandbox.deeds.all());
    let calls = calls.join("\n");
    format!("{}\n{snapshots:?} {ttl:?} {written} {lost} {removed:?}\n{log:?}\n{calls}", String::from_utf8_lossy(&file))
}

pub fn all_told(machine: &Machine) -> Vec<(String, String)> {
    machine.sandboxes().iter().map(|sandbox| (sandbox.name.to_string(), told(sandbox))).collect()
}

const SCENARIO: &str = "\
name: nightly
clock: {mode: frozen, start: 2026-03-01T08:00:00Z}
overrides:
  - {on: shippo.ListParcels, skip: 1, fault: 503}
";

fn scenario(machine: &Machine, name: &str) -> Arc<Sandbox> {
    let loaded = scenario::load(SCENARIO, "nightly.yaml", &run::MachineVocabulary(machine)).expect("it is a scenario");
    run::stage(machine, name, &Arc::new(loaded), None, wall()).expect("it can be staged")
}

fn fault(machine: &Machine, name: &'static str) -> Fault {
    let wanted = json!({"on": "shippo.CreateParcel", "skip": 99, "fault": 500});
    let loaded = scenario::load_override(&wanted.to_string(), "fault", &run::MachineVocabulary(machine)).expect("it is an override");
    Fault::new(name.into(), wanted, run::runtime(loaded))
}

/// Something that happens to sandboxes, and what it is called.
type Step = (&'static str, fn(&Machine));

const STEPS: &[Step] = &[
    ("a parcel", |machine| drop(parcel(machine, "default", "first"))),
    ("a shipment with rates", |machine| {
        let address =
            json!({"name": "A", "street1": "14 Mooring Lane", "city": "San Francisco", "state": "CA", "zip": "94117", "country": "US"});
        let parcels = json!([{"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"}]);
        let body = json!({"address_from": address, "address_to": address, "parcels": parcels, "async": false});
        let shipment = call(machine, "default", Method::POST, "/shipments", &body);
        call(machine, "default", Method::POST, "/transactions", &json!({"rate": shipment["rates"][0]["object_id"], "async": false}));
    }),
    ("a sandbox", |machine| drop(machine.open(machine.stage("one", Start::plain(wall()), None)))),
    ("a parcel in it", |machine| drop(parcel(machine, "one", "second"))),
    ("a time to live", |machine| machine.sandbox("one").expect("it is there").set_ttl(Some(Duration::from_secs(90)))),
    ("a snapshot", |machine| assert!(machine.default_sandbox().snapshot("before", wall()).is_some())),
    ("a line of the log", |machine| machine.default_sandbox().note(wall(), Deed::SnapshotTaken, Some("before"), None)),
    ("a parcel after the snapshot", |machine| drop(parcel(machine, "default", "third"))),
    ("a fault", |machine| assert!(machine.default_sandbox().switch_on(fault(machine, "late"), jiff::Timestamp::UNIX_EPOCH))),
    ("time", |machine| {
        let to = wall().checked_add(jiff::SignedDuration::from_hours(50)).expect("a near day");
        machine.default_sandbox().lock().world.set_time(to, wall());
        drop(call(machine, "default", Method::GET, "/parcels", &Value::Null));
    }),
    ("a restored snapshot", |machine| assert!(machine.default_sandbox().restore("before", wall()))),
    ("a fork", |machine| drop(machine.fork(machine.default_sandbox(), "two", wall()))),
    ("another fault", |machine| assert!(machine.default_sandbox().switch_on(fault(machine, "late"), jiff::Timestamp::UNIX_EPOCH))),
    ("a fault that is off", |machine| assert!(machine.default_sandbox().switch_off("late"))),
    ("another scenario", |machine| {
        let staged = scenario(machine, "one");
        machine.replace(&machine.sandbox("one").expect("it is there"), staged).expect("there is room");
    }),
    ("a call under it", |machine| drop(call(machine, "one", Method::GET, "/parcels", &Value::Null))),
    ("a reset", |machine| machine.default_sandbox().reset()),
    ("a call after it", |machine| drop(parcel(machine, "default", "fourth"))),
    ("calls of the fork", |machine| (0..3).for_each(|_| drop(parcel(machine, "two", "made there")))),
    ("one call less", |machine| machine.sandbox("two").expect("it is there").retain_in_journal(|entry| entry.number % 2 == 0)),
    ("more lines than are kept", |machine| {
        let sandbox = machine.sandbox("two").expect("it is there");
        (0..600).for_each(|_| sandbox.note_line(wall(), LogLine::with(Deed::Parcel, "1Z", json!({"status": "delivered"}))));
    }),
    ("a checkpoint", |machine| machine.sandbox("two").expect("it is there").try_checkpoint()),
    ("a line after it", |machine| machine.sandbox("two").expect("it is there").note(wall(), Deed::CallsRemoved, None, None)),
    ("another call less", |machine| machine.sandbox("two").expect("it is there").retain_in_journal(|_| false)),
    ("an empty journal", |machine| machine.default_sandbox().clear_journal()),
    ("a reset with a seed", |machine| machine.sandbox("one").expect("it is there").reset_with(Some(7))),
    ("a sandbox less", |machine| assert!(machine.remove("two"))),
    ("another one of its name", |machine| drop(machine.open(scenario(machine, "two")))),
    ("a snapshot less", |machine| assert!(machine.default_sandbox().drop_snapshot("before"))),
];

#[test]
fn whenever_a_process_ends_the_next_one_goes_on_where_it_was() {
    let folder = Folder::new();
    let before = machine();
    let opened = open(&before, &folder);
    assert_eq!(opened.left, None);
    for (step, act) in STEPS {
        act(&before);
        keep(&opened.store);
        let copy = folder.copy();
        let after = machine();
        let again = open(&after, &copy);
        assert_eq!(again.left.map(|left| (left.closed, left.lost)), Some((false, 0)), "after {step}");
        assert_eq!(all_told(&after), all_told(&before), "after {step}");
    }
    opened.store.close();
    assert_eq!(fs::metadata(journal(&folder)).map(|file| file.len()).ok(), Some(0), "nothing is left to go through");
    let after = machine();
    let again = open(&after, &folder);
    assert_eq!(again.left.map(|left| (left.closed, left.lost)), Some((true, 0)));
    assert_eq!(all_told(&after), all_told(&before));
    // Both have the same future.
    for one in [&before, &after] {
        parcel(one, "default", "fifth");
    }
    assert_eq!(all_told(&after), all_told(&before));
}

#[test]
fn what_a_checkpoint_replaces_is_removed_beside_the_calls() {
    let folder = Folder::new();
    let note = "n".repeat(90);
    // Another thread makes checkpoints, so that nobody knows when they are there.
    let (mut records, mut changes) = (u64::MAX, 0);
    while changes < 20_000 && records > 1000 {
        let machine = machine();
        let opened = open(&machine, &folder);
        for _ in 0..1200 {
            parcel(&machine, "default", &note);
        }
        machine.default_sandbox().reset();
        for _ in 0..300 {
            parcel(&machine, "default", &note);
            keep(&opened.store);
        }
        changes += 1500;
        opened.store.close();
        let report = check::check(&self::machine(), &folder.0).expect("nobody has it open");
        assert_eq!((report.state, report.closed), (Soundness::Sound, true));
        let default = report.sandboxes.first().expect("the default sandbox is kept");
        assert_eq!((default.documents, default.calls), (300, 300));
        records = default.records;
    }
    assert!(records <= 1000, "{records} records of {changes} changes");
}

#[test]
fn a_directory_is_of_one_process_and_of_nothing_else() {
    let folder = Folder::new();
    let machine = machine();
    let opened = open(&machine, &folder);
    let problem = store::open(&self::machine(), &folder.0, Fsync::Off, wall()).err().expect("it is in use");
    assert!(matches!(&problem, StoreError::InUse { process, .. } if *process == std::process::id().to_string()), "{problem}");
    let problem = check::check(&self::machine(), &folder.0).expect_err("it is in use");
    assert!(matches!(problem, StoreError::InUse { .. }), "{problem}");
    opened.store.close();
    drop(opened);
    fs::write(folder.0.join("FORMAT"), "seatrial-data 9\n").expect("a file can be written");
    let problem = store::open(&self::machine(), &folder.0, Fsync::Off, wall()).err().expect("it is of another version");
    assert!(problem.to_string().ends_with("it says `seatrial-data 9`, expected `seatrial-data 1`"), "{problem}");
    let other = Folder::new();
    fs::create_dir(&other.0).expect("a folder can be made");
    fs::write(other.0.join("notes.txt"), "mine").expect("a file can be written");
    let problem = store::open(&self::machine(), &other.0, Fsync::Off, wall()).err().expect("it is somebody else's");
    assert!(matches!(problem, StoreError::Other(_)), "{problem}");
}

/// What others put in place of the files that are written to is left alone.
#[test]
fn a_link_in_place_of_a_file_is_refused() {
    let folder = Folder::new();
    open(&machine(), &folder).store.close();
    let other = folder.0.with_extension("other");
    for name in ["LOCK", "FORMAT", "WRITTEN"] {
        let (file, kept) = (folder.0.join(name), folder.0.join("kept"));
        fs::rename(&file, &kept).expect("the file is there");
        fs::copy(&kept, &other).expect("a file can be written");
        let before = fs::read(&other).expect("the file is there");
        std::os::unix::fs::symlink(&other, &file).expect("a link can be made");
        let problem = store::open(&machine(), &folder.0, Fsync::Off, wall()).err().expect("a link is no file");
        assert!(matches!(problem, StoreError::Io { .. }) && problem.to_string().contains("is no file"), "{name}: {problem}");
        assert_eq!(fs::read(&other).expect("the file is there"), before, "{name}");
        fs::rename(&kept, &file).expect("the file is there");
    }
    fs::remove_file(other).expect("the file can go");
}

#[test]
fn a_directory_that_lost_its_lock_is_in_use_all_the_same() {
    let folder = Folder::new();
    let machine = machine();
    let first = open(&machine, &folder);
    fs::remove_file(folder.0.join("LOCK")).expect("the file is there");
    let problem = store::open(&self::machine(), &folder.0, Fsync::Off, wall()).err().expect("it is in use");
    assert!(problem.to_string().ends_with("is in use by another process"), "{problem}");
    first.store.close();
}

#[test]
fn a_pipe_in_a_directory_is_not_waited_for() {
    let folder = Folder::new();
    let opened = open(&machine(), &folder);
    opened.store.close();
    drop(opened);
    let version = folder.files().into_iter().find(|file| file.ends_with("version")).expect("the store says its version");
    for path in [folder.0.join("FORMAT"), version] {
        let kept = fs::read(&path).expect("a file can be read");
        fs::remove_file(&path).expect("a file can be removed");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.is_ok_and(|status| status.success()), "a pipe can be made");
        let problem = store::open(&machine(), &folder.0, Fsync::Off, wall()).err().expect("a pipe is no file");
        assert!(problem.to_string().ends_with(&format!("{} is no file", path.display())), "{problem}");
        fs::remove_file(&path).and_then(|()| fs::write(&path, kept)).expect("a file can be written");
    }
    open(&machine(), &folder).store.close();
}

/// The journal of the store, in which everything is at first.
pub fn journal(folder: &Folder) -> PathBuf {
    let found = folder.files().into_iter().find(|file| file.extension().is_some_and(|extension| extension == "jnl"));
    found.expect("the store writes a journal")
}

/// A directory with two sandboxes, as the sudden end of its process leaves it and as a good one does, and what they hold after each of
/// their changes.
fn small() -> ([Folder; 2], Vec<Vec<(String, String)>>) {
    let folder = Folder::new();
    let machine = machine();
    let opened = open(&machine, &folder);
    let mut states = vec![all_told(&machine)];
    for number in 0..6 {
        if number == 3 {
            machine.open(machine.stage("one", Start::plain(wall()), None)).expect("the name is free");
            states.push(all_told(&machine));
        }
        parcel(&machine, if number < 3 { "default" } else { "one" }, &format!("number {number}"));
        states.push(all_told(&machine));
        keep(&opened.store);
    }
    let left = folder.copy();
    opened.store.close();
    ([left, folder], states)
}

/// The files of sandboxes alone: exchanges come a moment later than what they are about.
fn documents(told: &[(String, String)]) -> Vec<(String, String)> {
    let file = |text: &String| text.lines().next().unwrap_or_default().to_owned();
    told.iter().map(|(name, text)| (name.clone(), file(text))).collect()
}

/// Opens a directory that something was done to: it is refused by name, or is one of the states that there were.
fn is_found_out(folder: &Folder, states: &[Vec<(String, String)>], what: &str) -> Result<bool, TestCaseError> {
    let after = machine();
    match store::open(&after, &folder.0, Fsync::Off, wall()) {
        Err(error @ (StoreError::Damaged(_) | StoreError::Format { .. } | StoreError::Io { .. } | StoreError::Write(_))) => {
            prop_assert!(!error.to_string().contains("FjallError"), "{what}: {error}");
            Ok(true)
        }
        Err(error) => Err(TestCaseError::fail(format!("{what}: {error}"))),
        Ok(opened) => {
            let found = documents(&all_told(&after));
            let known = states.iter().rposition(|state| documents(state) == found);
            let Some(known) = known.filter(|_| opened.left.is_some() || found == documents(&states[0])) else {
                return Err(TestCaseError::fail(format!("{what}: it was never so: {found:?}")));
            };
            let is_whole = known + 1 == states.len();
            let is_told = opened.left.is_none_or(|left| left.lost > 0 || !left.closed);
            prop_assert!(is_whole || is_told, "{what}: something is gone, and nothing says so: {:?}", opened.left);
            opened.store.close();
            Ok(!is_whole)
        }
    }
}

/// Cuts a file of a directory at a share of its places, or at every byte if `CUTS` is `all`; how many cuts have made a difference.
fn cut_all(folder: &Folder, file: &Path, states: &[Vec<(String, String)>], places: usize) -> usize {
    let name = file.strip_prefix(&folder.0).expect("it is in the folder");
    let bytes = fs::read(file).expect("it is a file");
    let is_all = std::env::var("CUTS").is_ok_and(|text| text == "all");
    let step = if is_all { 1 } else { (bytes.len() / places).max(1) };
    let (ends, next) = ((0..bytes.len()).step_by(step).chain(bytes.len().checked_sub(1)).collect::<Vec<_>>(), AtomicUsize::new(0));
    let work = || {
        let mut cut = 0;
        while let Some(end) = ends.get(next.fetch_add(1, Ordering::Relaxed)) {
            let copy = folder.copy();
            fs::write(copy.0.join(name), &bytes[..*end]).expect("a file can be written");
            let what = format!("{end} of {} bytes of {}", bytes.len(), name.display());
            cut += usize::from(is_found_out(&copy, states, &what).unwrap_or_else(|error| panic!("{error}")));
        }
        cut
    };
    let threads = if is_all { thread::available_parallelism().map_or(1, usize::from) } else { 1 };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().expect("no cut is missed")).sum()
    })
}

#[test]
fn a_cut_end_is_cut_off_and_said() {
    let ([folder, _], states) = small();
    let cut = cut_all(&folder, &journal(&folder), &states, 60);
    assert!(cut > 20, "{cut} cuts have made a difference");
}

#[test]
fn a_bit_that_flips_is_found_or_harmless() {
    let (folders, states) = small();
    for folder in &folders {
        let names: Vec<PathBuf> =
            folder.files().iter().map(|file| file.strip_prefix(&folder.0).expect("it is in the folder").to_owned()).collect();
        let config = Config { cases: 32, max_shrink_iters: 0, failure_persistence: None, ..Config::default() };
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
        let flips = (proptest::sample::select(names), any::<prop::sample::Index>(), 0_u32..8);
        let done = TestRunner::new_with_rng(config, rng).run(&flips, |(name, place, bit)| {
            let copy = folder.copy();
            let path = copy.0.join(&name);
            let mut bytes = fs::read(&path).expect("it is a file");
            if bytes.is_empty() || name.ends_with("LOCK") {
                return Ok(());
            }
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
            fs::write(&path, bytes).expect("a file can be written");
            is_found_out(&copy, &states, &format!("bit {bit} of byte {place} of {}", name.display())).map(drop)
        });
        done.unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn a_file_of_a_directory_that_was_left_in_good_order_is_whole_or_missed() {
    let ([_, folder], states) = small();
    let missed: usize = folder.files().iter().map(|file| cut_all(&folder, file, &states, 3)).sum();
    assert!(missed > 20, "{missed} cuts have made a difference");
}
