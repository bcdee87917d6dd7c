//! The files of a data directory: what is missing is found out, what an earlier process began is gone on with, and there are never too many.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant};

use fjall::{Database, KeyspaceCreateOptions, PersistMode};
use seatrial::engine::{Machine, Options, Start};
use seatrial::scenario::verify::{Allowance, Verdict, verify};
use seatrial::scenario::{self, run};
use seatrial::store::check::{self, Soundness};
use seatrial::store::{self, Fsync, StoreError};
use seatrial::vendors;

use crate::data_dir::{Folder, all_told, journal, keep, machine, open, parcel, wall};

const MIB: u64 = 1024 * 1024;

/// Why a directory is refused.
fn refused(folder: &Folder, what: &str) -> StoreError {
    match store::open(&machine(), &folder.0, Fsync::Off, wall()) {
        Err(error) => error,
        Ok(opened) => panic!("{what}: {:?}", opened.left),
    }
}

/// A directory with two documents, one of which is in the journal of the store alone.
fn made() -> Folder {
    let folder = Folder::new();
    for note in ["first", "second"] {
        let machine = machine();
        let opened = open(&machine, &folder);
        parcel(&machine, "default", note);
        keep(&opened.store);
        if note == "first" {
            opened.store.close();
        } else {
            return folder.copy();
        }
    }
    folder
}

fn remove(path: &Path) {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// The names of all files and folders, but for those in `tables`.
fn members(folder: &Folder) -> Vec<String> {
    let mut names = vec!["store".to_owned()];
    for file in folder.files() {
        let name = file.strip_prefix(&folder.0).expect("it is in the folder");
        names.extend(name.ancestors().map(|path| path.display().to_string()).filter(|path| !path.is_empty()));
    }
    names.sort();
    names.dedup();
    names
}

#[test]
fn whatever_is_missing_in_a_directory_is_found_out() {
    let folder = made();
    let names = members(&folder);
    assert!(names.len() > 25, "{names:?}");
    let manifests = folder.manifests();
    // What the store has begun, and manifests in whose place others have come, are needed by nobody.
    let is_obsolete = |name: &str| {
        let file = name.rsplit('/').next().unwrap_or_default();
        let is_manifest = file.strip_prefix('v').is_some_and(|number| number.parse::<u64>().is_ok());
        file.starts_with(".tmp") || (is_manifest && !manifests.contains(&folder.0.join(name)))
    };
    for name in names.iter().filter(|name| *name != "LOCK" && !is_obsolete(name)) {
        let copy = folder.copy();
        let path = copy.0.join(name);
        let kept = copy.0.with_extension("kept");
        fs::rename(&path, &kept).expect("it is there");
        let error = refused(&copy, name);
        let is_named = matches!(&error, StoreError::Damaged(why) if why.contains(&format!("`{name}` is missing")));
        let is_table = name.contains("/tables/") && matches!(&error, StoreError::Damaged(_));
        assert!(is_named || is_table, "{name}: {error}");
        // Nothing was made in its place, and all is there with it.
        fs::rename(&kept, &path).expect("nothing is there");
        let (whole, after) = (machine(), machine());
        open(&whole, &folder.copy());
        open(&after, &copy).store.close();
        assert_eq!(all_told(&after), all_told(&whole), "{name}");
    }
    // An empty folder is no store either.
    let copy = folder.copy();
    remove(&copy.0.join("store"));
    fs::create_dir(copy.0.join("store")).expect("a folder can be made");
    assert_eq!(refused(&copy, "store").to_string(), "the data directory is damaged: `store/version` is missing");
    // Nobody needs what the lock says.
    let copy = folder.copy();
    let (before, after) = (machine(), machine());
    open(&before, &copy).store.close();
    remove(&copy.0.join("LOCK"));
    open(&after, &copy).store.close();
    assert_eq!(all_told(&after), all_told(&before));
}

#[test]
fn what_the_store_would_remove_is_refused_and_other_files_are_left_alone() {
    let folder = made();
    for name in ["store/keyspaces/99", "store/keyspaces/notes"] {
        let copy = folder.copy();
        fs::create_dir(copy.0.join(name)).expect("a folder can be made");
        fs::write(copy.0.join(name).join("mine.txt"), "mine").expect("a file can be written");
        let text = refused(&copy, name).to_string();
        assert_eq!(text, format!("the data directory is damaged: `{name}` does not belong there"));
        assert!(copy.0.join(name).join("mine.txt").exists());
    }
    let copy = folder.copy();
    fs::write(copy.0.join("store/mine.jnl"), "mine").expect("a file can be written");
    assert!(matches!(refused(&copy, "a journal"), StoreError::Damaged(_)));
    for name in ["notes.txt", "store/notes.txt", "store/keyspaces/1/notes.txt"] {
        let copy = folder.copy();
        fs::write(copy.0.join(name), "mine").expect("a file can be written");
        open(&machine(), &copy).store.close();
        assert_eq!(fs::read_to_string(copy.0.join(name)).ok().as_deref(), Some("mine"), "{name}");
    }
}

#[test]
fn a_directory_that_says_no_more_how_much_was_written_is_refused_until_somebody_goes_on_without() {
    let folder = made();
    let written = folder.0.join("WRITTEN");
    fs::write(&written, "0123456789abcdef").expect("a file can be written");
    assert!(refused(&folder, "nonsense").to_string().contains("`WRITTEN` cannot be read, so nobody knows"));
    remove(&written);
    assert!(refused(&folder, "nothing").to_string().contains("`WRITTEN` is missing, so nobody knows"));
    fs::write(&written, "").expect("a file can be written");
    let left = open(&machine(), &folder).left.expect("there are documents");
    assert_eq!((left.closed, left.lost), (false, 0));
}

/// What it had made, and how that comes about.
type Left = (&'static str, fn(&Folder));

#[test]
fn a_process_that_ended_while_it_made_a_directory_left_nothing_in_the_way() {
    let whole = Folder::new();
    open(&machine(), &whole).store.close();
    let begun: [Left; 5] = [
        ("a lock", |folder| ["store.begun", "FORMAT", "WRITTEN"].iter().for_each(|name| remove(&folder.0.join(name)))),
        ("a part of a store", |folder| {
            ["store.begun/version", "store.begun/keyspaces/3", "FORMAT", "WRITTEN"].iter().for_each(|name| remove(&folder.0.join(name)));
        }),
        ("a store", |folder| ["FORMAT", "WRITTEN"].iter().for_each(|name| remove(&folder.0.join(name)))),
        ("all but its format", |folder| {
            fs::rename(folder.0.join("FORMAT"), folder.0.join("FORMAT.begun")).expect("it has another name");
        }),
        ("all but the name of the store", |_| {}),
    ];
    for (what, act) in begun {
        let folder = whole.copy();
        fs::rename(folder.0.join("store"), folder.0.join("store.begun")).expect("it has another name");
        act(&folder);
        let (before, after) = (machine(), machine());
        let opened = open(&before, &folder);
        parcel(&before, "default", what);
        opened.store.close();
        open(&after, &folder).store.close();
        assert_eq!(all_told(&after), all_told(&before), "{what}");
        let mut names: Vec<_> = fs::read_dir(&folder.0).expect("a folder").flatten().map(|row| row.file_name()).collect();
        names.sort();
        assert_eq!(names, ["FORMAT", "LOCK", "WRITTEN", "store"], "{what}");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "what is waited for happens after real time")]
fn a_process_that_is_killed_leaves_little_to_go_through() {
    let folder = Folder::new();
    let before = machine();
    let opened = open(&before, &folder);
    let note = "n".repeat(90);
    let journals = || folder.files().into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "jnl"));
    let length = || journals().filter_map(|file| fs::metadata(file).ok()).map(|file| file.len()).sum::<u64>();
    let latest = || journals().next_back().and_then(|file| Some((fs::metadata(&file).ok()?.ino(), file)));
    let begun_with = latest();
    let mut longest = 0;
    for call in 0..6000 {
        parcel(&before, "default", &note);
        if call % 20 == 0 {
            keep(&opened.store);
        }
        longest = longest.max(length());
    }
    keep(&opened.store);
    assert!((4 * MIB..20 * MIB).contains(&longest), "{longest} bytes are in the journal at once while somebody writes");
    // Nobody does now.
    let begun = Instant::now();
    while length() == 0 || length() > MIB + MIB / 2 {
        assert!(begun.elapsed() < Duration::from_secs(60), "{} bytes are in the journal while nobody writes", length());
        std::thread::yield_now();
    }
    assert_eq!(latest(), begun_with, "nobody waits for another journal");
    let copy = folder.copy();
    let after = machine();
    let again = open(&after, &copy);
    assert_eq!(again.left.map(|left| (left.closed, left.lost)), Some((false, 0)));
    assert_eq!(all_told(&after), all_told(&before));
}

#[test]
fn what_is_gone_takes_no_room() {
    let folder = Folder::new();
    let machine = machine();
    let opened = open(&machine, &folder);
    let note = "n".repeat(90);
    let mut most = 0;
    for _ in 0..40 {
        machine.open(machine.stage("one", Start::plain(wall()), None)).expect("the name is free");
        for _ in 0..100 {
            parcel(&machine, "one", &note);
        }
        assert!(machine.remove("one"));
        keep(&opened.store);
        // Files come and go meanwhile.
        most = most.max(room(&folder.0));
    }
    assert!(most < 24 * MIB, "{most} bytes are in the folder");
    opened.store.close();
}

/// The bytes of all files in a folder.
fn room(path: &Path) -> u64 {
    let rows = fs::read_dir(path).into_iter().flatten().flatten();
    rows.map(|row| if row.path().is_dir() { room(&row.path()) } else { row.metadata().map_or(0, |file| file.len()) }).sum()
}

#[test]
fn nobody_else_reads_a_directory_that_is_made() {
    let folder = Folder::new();
    fs::create_dir_all(&folder.0).expect("a temporary folder can be made");
    let directory = folder.0.join("deep/data");
    let opened = store::open(&machine(), &directory, Fsync::Off, wall()).expect("it is new");
    opened.store.close();
    for path in [directory.clone(), directory.join("store")] {
        let mode = fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{}", path.display());
    }
}

#[test]
fn a_table_that_is_older_than_the_rest_is_found_out() {
    let folder = Folder::new();
    let made = |note: &str| {
        let machine = machine();
        let opened = open(&machine, &folder);
        parcel(&machine, "default", note);
        if machine.sandbox(note).is_none() {
            machine.open(machine.stage(note, Start::plain(wall()), None)).expect("the name is free");
        }
        opened.store.close();
        folder.copy()
    };
    let [older, newer] = ["first", "second"].map(made);
    for (number, name) in [("1", "sandboxes"), ("2", "records"), ("3", "exchanges")] {
        let (copy, table) = (newer.copy(), format!("store/keyspaces/{number}"));
        remove(&copy.0.join(&table));
        fs::rename(older.copy().0.join(&table), copy.0.join(&table)).expect("nothing is there");
        let text = refused(&copy, name).to_string();
        assert_eq!(text, format!("the data directory is damaged: its table `{name}` is older than the rest"));
    }
    // All of them together are older than what says so.
    for number in ["1", "2", "3"] {
        let table = format!("store/keyspaces/{number}");
        remove(&newer.0.join(&table));
        fs::rename(older.copy().0.join(&table), newer.0.join(&table)).expect("nothing is there");
    }
    let text = refused(&newer, "all").to_string();
    assert!(text.ends_with("its table `sandboxes`, `records`, `exchanges` is older than the rest"), "{text}");
}

#[test]
fn a_directory_that_is_refused_stays_as_it_is() {
    let folder = Folder::new();
    fs::create_dir(&folder.0).expect("a folder can be made");
    fs::write(folder.0.join("notes.txt"), "mine").expect("a file can be written");
    assert!(matches!(refused(&folder, "somebody else's"), StoreError::Other(_)));
    assert_eq!(folder.files(), [folder.0.join("notes.txt")]);
}

/// All files and folders, with their bytes, times and numbers.
fn held(folder: &Folder) -> Vec<(String, Vec<u8>, [i64; 3], u64)> {
    let path = |name: &String| if name.is_empty() { folder.0.clone() } else { folder.0.join(name) };
    let mut names = members(folder);
    names.push(String::new());
    names.sort();
    let row = |name: String| {
        let found = fs::symlink_metadata(path(&name)).expect("it is there");
        let bytes = if found.is_file() { fs::read(path(&name)).expect("it is a file") } else { Vec::new() };
        (name, bytes, [found.mtime(), found.mtime_nsec(), found.ctime_nsec()], found.ino())
    };
    names.into_iter().map(row).collect()
}

#[test]
fn who_looks_at_a_directory_changes_nothing_in_it() {
    let (torn, closed, unlocked) = (made(), made(), made());
    let file = fs::File::options().write(true).open(journal(&torn)).expect("it is there");
    let length = file.metadata().expect("it is there").len();
    file.set_len(length - 7).expect("it can be cut");
    open(&machine(), &closed).store.close();
    remove(&unlocked.0.join("LOCK"));
    for (folder, state) in [(made(), Soundness::Sound), (torn, Soundness::Torn), (closed, Soundness::Sound), (unlocked, Soundness::Sound)] {
        let before = held(&folder);
        let report = check::check(&machine(), &folder.0).expect("nobody has it");
        assert_eq!(report.state, state, "{report:?}");
        check::export(&machine(), &folder.0, "default", wall(), Vec::new()).expect("it is there");
        assert_eq!(held(&folder), before, "{state:?}");
        open(&machine(), &folder).store.close();
    }
}

#[test]
fn what_is_no_data_directory_is_told_what_it_is() {
    let whole = made();
    let told = |folder: &Folder| match check::check(&machine(), &folder.0) {
        Ok(report) => report.problem.unwrap_or_default(),
        Err(error) => error.to_string().replace(&folder.0.display().to_string(), "DIR"),
    };
    let rename = |folder: &Folder, from: &str, to: &str| fs::rename(folder.0.join(from), folder.0.join(to)).expect("it is there");
    let without = |names: &[&str]| {
        let folder = whole.copy();
        names.iter().for_each(|name| remove(&folder.0.join(name)));
        folder
    };
    let begun = without(&["FORMAT"]);
    rename(&begun, "store", "store.begun");
    let nowhere = Folder::new();
    let none = "DIR is no data directory yet: it is empty, or was not made to its end; a server makes one of it";
    for (folder, expected) in [
        (without(&["FORMAT"]), "`FORMAT` is missing"),
        (without(&["FORMAT", "WRITTEN", "LOCK", "store"]), none),
        (without(&["FORMAT", "WRITTEN", "store"]), none),
        (begun, none),
        (nowhere, "the data directory DIR: No such file or directory (os error 2)"),
    ] {
        let before = if folder.0.exists() { folder.files() } else { Vec::new() };
        assert_eq!(told(&folder), expected);
        assert_eq!(if folder.0.exists() { folder.files() } else { Vec::new() }, before, "{expected}: nothing is made by a look");
    }
}

#[test]
fn more_sandboxes_than_a_process_may_hold_are_no_damage() {
    let folder = Folder::new();
    let machine = machine();
    let opened = open(&machine, &folder);
    for name in ["one", "two", "three"] {
        machine.open(machine.stage(name, Start::plain(wall()), None)).expect("the name is free");
    }
    opened.store.close();
    let options = Options { sandboxes: 2, ..Options::default() };
    let small = Machine::new(vendors::all(), options, Start::plain(wall()));
    let error = store::open(&small, &folder.0, Fsync::Off, wall()).err().expect("it is too small");
    let text = error.to_string();
    assert!(matches!(error, StoreError::NoRoom { .. }) && text.starts_with("there is no room for its sandbox `"), "{text}");
}

/// Takes exchanges of the default sandbox out of a directory, as if the batch that has them had not been written any more.
fn take_out(folder: &Folder, numbers: impl Iterator<Item = u64>) {
    let database = Database::builder(folder.0.join("store")).open().expect("nobody has it open");
    let exchanges = database.keyspace("exchanges", KeyspaceCreateOptions::default).expect("there is such a table");
    for number in numbers {
        let key = [[0; 8], number.to_be_bytes()].concat();
        assert!(exchanges.contains_key(&key).is_ok_and(|is_there| is_there), "exchange {number}");
        exchanges.remove(key).expect("there is room");
    }
    database.persist(PersistMode::SyncAll).expect("there is room");
}

#[test]
fn a_call_that_was_made_and_is_not_in_the_journal_is_missed() {
    let folder = Folder::new();
    let machine = machine();
    let opened = open(&machine, &folder);
    (0..3).for_each(|_| drop(parcel(&machine, "default", "kept")));
    opened.store.close();
    for left in 0..=3 {
        let copy = folder.copy();
        take_out(&copy, left + 1..4);
        for start in 0..2 {
            let after = self::machine();
            let opened = open(&after, &copy);
            let sandbox = after.default_sandbox();
            let parcels = sandbox.lock().rows(seatrial::world::Kind::new("package")).count();
            let journal = sandbox.journal();
            assert_eq!((parcels, journal.written, journal.dropped()), (3, 3, 3 - left), "{left} are left at start {start}");
            assert_eq!(journal.iter().map(|entry| entry.number).collect::<Vec<_>>(), (1..=left).collect::<Vec<_>>());
            drop(journal);
            opened.store.close();
        }
        let after = self::machine();
        let opened = open(&after, &copy);
        parcel(&after, "default", "later");
        assert_eq!(after.default_sandbox().journal().iter().next_back().map(|entry| entry.number), Some(4));
        opened.store.close();
    }
}

/// The verdicts on two expectations, of calls and of webhooks, that nothing came of.
fn verdicts(machine: &Machine, name: &str) -> [Verdict; 2] {
    ["{never: shippo.ListParcels}", "{webhook: {event: track_updated, max: 0}}"].map(|expected| {
        let text = format!("name: torn\nexpect: [{expected}]\n");
        let scenario = scenario::load(&text, "torn.yaml", &run::MachineVocabulary(machine)).expect("it is a scenario");
        let sandbox = machine.sandbox(name).expect("it is there");
        verify(machine, &sandbox, &scenario, &Allowance::of_one(&|| false)).verdict
    })
}

#[test]
fn verdicts_know_for_good_that_the_end_of_a_directory_is_gone() {
    let folder = made();
    let [whole, before, after, again] = [(); 4].map(|()| machine());
    let opened = open(&before, &folder);
    before.open(before.stage("other", Start::plain(wall()), None)).expect("the name is free");
    keep(&opened.store);
    open(&whole, &folder.copy());
    let kept = fs::read(journal(&folder.copy())).expect("it is there").len();
    (0..3).for_each(|_| drop(parcel(&before, "default", "third")));
    keep(&opened.store);
    let torn = folder.copy();
    fs::File::options().write(true).open(journal(&torn)).and_then(|file| file.set_len(kept as u64)).expect("it can be cut");
    let lost = check::check(&machine(), &torn.0).expect("nobody has it").lost;
    assert!(lost >= 3, "{lost}");
    // Also when the process that noticed it is killed, and when the one after it ends in good order.
    let first = open(&after, &torn);
    let killed = torn.copy();
    first.store.close();
    for (found, folder) in [(&after, None), (&again, Some(&killed)), (&machine(), Some(&torn))] {
        if let Some(folder) = folder {
            let opened = open(found, folder);
            assert_eq!(opened.left.map(|left| left.lost), Some(0));
            opened.store.close();
        }
        for name in ["default", "other"] {
            assert_eq!(verdicts(&whole, name), [Verdict::Passed; 2], "{name}");
            assert_eq!(verdicts(found, name), [Verdict::Unknown; 2], "{name}");
            let dropped = |machine: &Machine| machine.sandbox(name).expect("it is there").journal().dropped();
            assert_eq!(dropped(found), dropped(&whole) + lost, "{name}");
        }
    }
    // What begins anew has all of its evidence.
    again.default_sandbox().reset();
    assert_eq!(verdicts(&again, "default"), [Verdict::Passed; 2]);
}
