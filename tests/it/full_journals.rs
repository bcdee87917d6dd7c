//! Journals that together hold too much: what made room for others stays gone, whoever looks, and whenever.

use seatrial::engine::{Machine, Options, Start};
use seatrial::vendors;

use crate::data_dir::{Folder, all_told, keep, open, parcel, wall};

#[test]
fn a_start_brings_back_no_call_that_made_room_for_others() {
    for budget in [48 << 10, 6 << 10, 2 << 10] {
        let folder = Folder::new();
        let machine = || Machine::new(vendors::all(), Options { journals_bytes: budget, ..Options::default() }, Start::plain(wall()));
        let before = machine();
        let opened = open(&before, &folder);
        let names = ["a", "b", "c", "d"];
        names.iter().for_each(|name| drop(before.open(before.stage(name, Start::plain(wall()), None))));
        for round in 0..30 {
            for (place, name) in names.iter().enumerate() {
                parcel(&before, name, &"n".repeat(place * 25));
            }
            if round == 20 {
                before.sandbox("b").expect("it is there").try_checkpoint();
            }
        }
        before.sandbox("a").expect("it is there").retain_in_journal(|entry| entry.number % 2 == 0);
        assert!(names.iter().all(|name| before.sandbox(name).is_some_and(|sandbox| sandbox.journal().dropped() > 0)));
        keep(&opened.store);
        let copy = folder.copy();
        let after = machine();
        let again = open(&after, &copy);
        assert_eq!(all_told(&after), all_told(&before), "{budget}");
        for one in [&before, &after] {
            parcel(one, "default", "another");
        }
        assert_eq!(all_told(&after), all_told(&before), "{budget}");
        again.store.close();
        // A start with less room makes it before anybody looks, and once.
        let small = || Machine::new(vendors::all(), Options { journals_bytes: budget / 2, ..Options::default() }, Start::plain(wall()));
        let after = small();
        let again = open(&after, &copy);
        assert!(after.total_usage().journals <= budget / 2, "{:?}", after.total_usage());
        again.store.close();
        let later = small();
        open(&later, &copy).store.close();
        assert_eq!(all_told(&later), all_told(&after), "{budget}");
    }
}

#[test]
fn calls_that_did_not_fit_at_one_start_do_not_come_back_at_another() {
    let folder = Folder::new();
    let machine = |journal_bytes| Machine::new(vendors::all(), Options { journal_bytes, ..Options::default() }, Start::plain(wall()));
    let told = |machine: &Machine| {
        let journal = machine.default_sandbox().journal();
        (journal.written, journal.dropped(), journal.iter().len())
    };
    let large = machine(1 << 20);
    let opened = open(&large, &folder);
    (0..30).for_each(|_| drop(parcel(&large, "default", "one")));
    opened.store.close();
    assert_eq!(told(&large), (30, 0, 30));
    let mut before = (30, 0, 30);
    // What made room while a process ran is as gone as what made room when it started.
    for calls in [0, 0, 5, 5] {
        let small = machine(20 << 10);
        let opened = open(&small, &folder);
        (0..calls).for_each(|_| drop(parcel(&small, "default", "another")));
        let (written, dropped, left) = told(&small);
        assert!(written == before.0 + calls && dropped >= before.1.max(1) && left < 30, "{:?} {before:?}", told(&small));
        keep(&opened.store);
        let copy = folder.copy();
        opened.store.close();
        before = told(&small);
        let large = machine(1 << 20);
        open(&large, &copy).store.close();
        assert_eq!(told(&large), before);
    }
}
