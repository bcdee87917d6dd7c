//! Sandboxes that are made while the process ends, and calls.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Weak};

use super::{Disk, Item, Row, Store};
use crate::base::time::Timestamp;
use crate::engine::{Machine, Options, Start, Vendor};
use crate::store::check::{self, Soundness};
use crate::store::{Fsync, load};
use crate::world::Mode;

fn wall() -> Timestamp {
    "2026-01-05T09:00:00Z".parse().expect("a valid timestamp")
}

fn machine() -> Machine {
    Machine::new(Vec::<Arc<Vendor>>::new(), Options::default(), Start::plain(wall()))
}

fn open(machine: &Machine, directory: &Path) -> load::Opened {
    load::open(machine, directory, Fsync::Off, wall()).unwrap_or_else(|error| panic!("{error}"))
}

/// The rows of sandboxes besides the default one, each with its life.
fn rows(directory: &Path) -> Vec<(String, u64)> {
    let (disk, _) = Disk::open(directory).unwrap_or_else(|error| panic!("{error}"));
    let rows = disk.sandboxes().unwrap_or_else(|error| panic!("{error}"));
    rows.into_iter().filter(|(name, _)| name != "default").map(|(name, row)| (name, row.life)).collect()
}

fn keep(store: &Store) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime can start");
    runtime.block_on(store.keep()).expect("the disk has room");
}

#[test]
fn a_sandbox_is_there_with_its_first_record_alone() {
    let directory = std::env::temp_dir().join(format!("seatrial-unborn-{}", std::process::id()));
    let opened = open(&machine(), &directory);
    opened.store.shared.add(Item::Born { life: 1, sandbox: Weak::new(), name: "begun".into(), ttl: None });
    keep(&opened.store);
    opened.store.shared.add(Item::Kept { life: 1, name: "begun".into(), ttl: None });
    keep(&opened.store);
    opened.store.close();
    drop(opened);
    assert_eq!(rows(&directory), []);
    fs::remove_dir_all(directory).expect("the folder can go");
}

#[test]
fn a_row_without_records_is_told_and_dropped_and_nobody_has_its_life() {
    let directory = std::env::temp_dir().join(format!("seatrial-ghost-{}", std::process::id()));
    open(&machine(), &directory).store.close();
    let (mut disk, left) = Disk::open(&directory).unwrap_or_else(|error| panic!("{error}"));
    let mut batch = disk.batch();
    let put = disk.put_sandbox(&mut batch, "ghost", &Row { life: 5, ttl: None });
    put.and_then(|()| disk.commit(batch, left.position + 1, true)).and_then(|()| disk.close(left.position + 1)).expect("it is written");
    let report = check::check(&machine(), &directory).expect("nobody has it open");
    assert_eq!(report.state, Soundness::Torn);
    let problem = report.sandboxes.iter().find(|row| row.name == "ghost").and_then(|row| row.problem.as_deref());
    assert_eq!(problem, Some("the process ended while it was made: the next start drops it"));
    let machine = machine();
    let opened = open(&machine, &directory);
    assert_eq!((opened.unborn, opened.sandboxes), (vec!["ghost".to_owned()], 1));
    machine.open(machine.stage("probe", Start::plain(wall()), None)).expect("the name is free");
    opened.store.close();
    drop(opened.store);
    assert_eq!(rows(&directory), [("probe".to_owned(), 6)]);
    fs::remove_dir_all(directory).expect("the folder can go");
}

#[test]
fn a_call_whose_exchange_did_not_come_is_missed_behind_a_checkpoint_as_well() {
    let directory = std::env::temp_dir().join(format!("seatrial-due-{}", std::process::id()));
    let machine = machine();
    let opened = open(&machine, &directory);
    let sandbox = machine.default_sandbox();
    let call = |mode| {
        let mut state = sandbox.lock();
        sandbox.sink().expect("it is kept").called();
        state.world.set_mode(mode, wall());
    };
    let missed = |directory: &Path| {
        let copy = directory.with_extension("copy");
        let made = std::process::Command::new("cp").arg("-r").args([directory, &copy]).status();
        assert!(made.is_ok_and(|status| status.success()));
        let again = self::machine();
        let opened = open(&again, &copy);
        opened.store.close();
        fs::remove_dir_all(&copy).expect("the folder can go");
        let journal = again.default_sandbox().journal();
        (journal.written, journal.dropped())
    };
    call(Mode::Frozen);
    keep(&opened.store);
    assert_eq!(missed(&directory), (1, 1));
    // Its checkpoint says so, too, as soon as it is there.
    sandbox.try_checkpoint();
    keep(&opened.store);
    assert_eq!(missed(&directory), (1, 1));
    sandbox.clear_journal();
    call(Mode::Realtime);
    keep(&opened.store);
    assert_eq!(missed(&directory), (2, 2));
    opened.store.close();
    fs::remove_dir_all(directory).expect("the folder can go");
}
