//! The budget of a journal, and what leaves it.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::world::note::Blame;

fn journal(budget: usize, body: usize, count: u16) -> Journal {
    let headers = HeaderMap::from_iter([(http::header::HOST, http::HeaderValue::from_static("localhost"))]);
    let mut journal = Journal::new(budget);
    for number in 0..count {
        let entry = Entry {
            id: number.to_string().into(),
            request: Message::new(&headers, b""),
            answer: Message::new(&headers, &vec![7; body]),
            notes: vec![Note::new(Note::REQUEST_INVALID, Blame::Caller, "two\nlines")],
            ..Entry::made_up()
        };
        journal.push(entry);
        journal.fit();
    }
    journal
}

fn check(budget: usize, body: usize, count: u16) {
    let journal = journal(budget, body, count);
    assert!(journal.bytes() <= budget.max(Journal::BODY + 1024), "{} of {budget}", journal.bytes());
    assert_eq!(journal.iter().count() as u64 + journal.dropped(), u64::from(count));
    let last = journal.iter().next_back().expect("the newest is always there");
    assert_eq!((&*last.id, last.number, last.answer.length), (&*(count - 1).to_string(), u64::from(count), body));
    assert_eq!((&*last.request.headers, last.request.header("host")), (&b"host: localhost\n"[..], "localhost"));
    assert_eq!((&*last.answer.body, last.answer.is_cut()), (&*vec![7; body.min(Journal::BODY)], body > Journal::BODY));
}

#[test]
fn the_budget_holds_and_what_left_is_counted() {
    check(10_000, 1_000, 100);
    check(1 << 20, 1_000, 5_000);
    check(1 << 20, 200_000, 50);
    check(100, 1_000, 3);
}

#[test]
fn what_nobody_looks_at_is_not_read() {
    let full = journal(1 << 20, 1_000, 10);
    let read = Arc::new(AtomicU64::new(0));
    let slots = full.iter().map(|entry| {
        let (entry, read) = (Entry::clone(entry), Arc::clone(&read));
        Slot::unread(entry.number, entry.bytes(), move || {
            read.fetch_add(1, Ordering::Relaxed);
            entry
        })
    });
    let mut lazy = Journal::new(full.bytes() / 2);
    lazy.refill(slots, 12, 1, Removed::new());
    assert_eq!((lazy.dropped(), lazy.fit(), lazy.fit()), (1, Some(Shrunk { first: 6, is_bare: false }), None));
    assert!(lazy.bytes() <= full.bytes() / 2 && (lazy.written, lazy.dropped(), lazy.iter().len()) == (12, 6, 5), "{}", lazy.dropped());
    assert_eq!((lazy.first(), lazy.place_after(8), lazy.get(5).is_none(), read.load(Ordering::Relaxed)), ((6, 4), 3, true, 0));
    for _ in 0..2 {
        assert_eq!((lazy.get(7).map(|entry| &*entry.id), read.load(Ordering::Relaxed)), (Some("6"), 1));
    }
    assert_eq!(lazy.push(Entry::made_up()).number, 13);
    assert_eq!(lazy.fit(), Some(Shrunk { first: 7, is_bare: false }));
    lazy.retain(|entry| entry.number != 8);
    assert_eq!((lazy.iter().len(), read.load(Ordering::Relaxed)), (4, 4), "the one that made room was not read");
    lazy.shrink(0);
    assert_eq!((lazy.bytes(), lazy.iter().len()), (0, 0));
}

#[test]
fn what_is_not_kept_leaves() {
    let mut journal = journal(1 << 20, 10, 10);
    let bytes = journal.bytes();
    journal.retain(|entry| &*entry.id != "3");
    assert_eq!((journal.iter().count(), journal.dropped(), journal.bytes()), (9, 0, bytes / 10 * 9));
    assert_eq!(journal.after(5).map(|entry| entry.number).collect::<Vec<_>>(), [10, 9, 8, 7, 6]);
    assert_eq!(journal.between(1, 5).map(|entry| entry.number).collect::<Vec<_>>(), [3, 2]);
    assert_eq!(journal.between(5, 5).count() + journal.between(7, 2).count(), 0);
}

#[test]
fn what_makes_room_is_counted_and_clearing_begins_the_evidence_anew() {
    let mut full = journal(1 << 20, 1_000, 10);
    let entry = Entry::clone(full.iter().next().expect("there are ten"));
    let bytes = full.bytes();
    full.push(entry.clone());
    let mut other = full.clone();
    other.shrink_as(full.shrink(bytes / 2).expect("it is too large"));
    assert_eq!((other.bytes(), other.dropped(), full.shrink(bytes / 2)), (full.bytes(), full.dropped(), None));
    assert!(full.bytes() <= bytes / 2 && full.dropped() > 4, "{} of {bytes}, {} dropped", full.bytes(), full.dropped());
    let left = full.iter().count();
    full.push(entry.clone());
    assert_eq!(full.iter().count(), left + 1);
    assert_eq!(full.get(12).or(full.next(11)).map(|entry| entry.number), Some(12));
    assert!(full.get(1).is_none() && full.next(12).is_none());
    // The bodies of the newest one go before the rest of it.
    let (mut other, shrunk) = (full.clone(), full.shrink(900));
    other.shrink_as(shrunk.expect("it is too large"));
    assert_eq!((shrunk, other.bytes()), (Some(Shrunk { first: 12, is_bare: true }), full.bytes()));
    let last = full.iter().next_back().expect("it is still there");
    assert!(full.bytes() <= 900 && last.answer.is_cut() && last.answer.length == 1_000, "{} {last:?}", full.bytes());
    full.shrink(10);
    assert_eq!((full.bytes(), full.dropped()), (0, 12));
    other.shrink_as(Shrunk { first: 13, is_bare: false });
    assert_eq!((other.bytes(), other.dropped(), other.written), (0, 12, 12));
    full.push(entry);
    full.clear();
    assert_eq!((full.bytes(), full.dropped(), full.written, full.iter().count()), (0, 0, 13, 0));
}
