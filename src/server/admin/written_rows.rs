//! Calls as lists of the journal have shown them lately. To look for secrets in a large body takes long, and who waits for a call asks for
//! the same ones again and again. What is shown of a call changes only with what is known to be secret in its sandbox, and when its
//! answer ends.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use serde_json::value::RawValue;

use crate::world::{Entry, Sent};

/// How many bytes are kept of all sandboxes together: those that were shown last.
const MOST: usize = 16 << 20;
/// What is shorter is written anew each time.
const LEAST: usize = 4 << 10;

/// What decides how a call is shown, besides itself.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Version {
    /// A digest of what is known to be secret.
    secrets: [u8; 32],
    sent: Sent,
    took: Option<Duration>,
}

struct Row {
    /// As long as it is here, no other call has its address.
    entry: Weak<Entry>,
    version: Version,
    text: Box<RawValue>,
    /// When it was shown last, counted in rows.
    shown: u64,
}

#[derive(Default)]
struct Kept {
    /// By the address of the call.
    rows: HashMap<usize, Row>,
    /// Those addresses by when they were shown last.
    order: BTreeMap<u64, usize>,
    bytes: usize,
    shown: u64,
}

/// Rows of lists, as they were written.
#[derive(Default)]
pub(crate) struct WrittenRows(Mutex<Kept>);

impl WrittenRows {
    /// A call as it is shown where `secrets` is the digest of what is hidden: as it was `written` before, if nothing has changed since.
    pub fn of(&self, entry: &Arc<Entry>, secrets: Option<[u8; 32]>, write: impl FnOnce() -> Box<RawValue>) -> Box<RawValue> {
        let Some(secrets) = secrets else { return write() };
        if entry.request.body.len() + entry.answer.body.len() < LEAST {
            return write();
        }
        let version = Version { secrets, sent: entry.wire.get(), took: entry.took.get() };
        if let Some(text) = self.kept(|kept| kept.show(entry, version)) {
            return text;
        }
        let text = write();
        self.kept(|kept| kept.keep(Row { entry: Arc::downgrade(entry), version, text: text.clone(), shown: 0 }));
        text
    }

    fn kept<T>(&self, act: impl FnOnce(&mut Kept) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Kept {
    fn show(&mut self, entry: &Arc<Entry>, version: Version) -> Option<Box<RawValue>> {
        let at = Arc::as_ptr(entry).addr();
        let row = self.rows.get_mut(&at).filter(|row| row.version == version)?;
        self.shown += 1;
        self.order.remove(&row.shown);
        self.order.insert(self.shown, at);
        row.shown = self.shown;
        Some(row.text.clone())
    }

    fn keep(&mut self, row: Row) {
        let (at, bytes) = (row.entry.as_ptr().addr(), row.text.get().len());
        self.remove(at);
        if bytes > MOST / 4 {
            return;
        }
        while self.bytes + bytes > MOST
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.remove(oldest);
        }
        self.shown += 1;
        self.order.insert(self.shown, at);
        self.rows.insert(at, Row { shown: self.shown, ..row });
        self.bytes += bytes;
    }

    fn remove(&mut self, at: usize) {
        if let Some(row) = self.rows.remove(&at) {
            self.order.remove(&row.shown);
            self.bytes -= row.text.get().len();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde_json::value::to_raw_value;

    use super::*;
    use crate::world::{End, Message};

    fn call(length: usize) -> Arc<Entry> {
        let request = Message::new(&http::HeaderMap::new(), "x".repeat(length).as_bytes());
        Arc::new(Entry { request, ..Entry::made_up() })
    }

    /// Shows calls with digests of secrets, and says of each how often it was written until then.
    fn check(rows: &WrittenRows, shown: &[(&Arc<Entry>, u8)], expected: &[usize]) {
        let written = Cell::new(0);
        let found: Vec<usize> = shown
            .iter()
            .map(|(entry, secrets)| {
                let text = "y".repeat(entry.request.length);
                let own = rows.of(entry, Some([*secrets; 32]), || {
                    written.set(written.get() + 1);
                    to_raw_value(&text).expect("it is a text")
                });
                assert_eq!(own.get().len(), text.len() + 2);
                written.get()
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_call_is_written_again_when_it_is_shown_otherwise() {
        let (rows, one, other, small) = (WrittenRows::default(), call(LEAST), call(LEAST), call(LEAST - 1));
        check(&rows, &[(&one, 1), (&other, 1), (&one, 1), (&other, 1)], &[1, 2, 2, 2]);
        check(&rows, &[(&one, 2), (&one, 2), (&one, 1), (&other, 1)], &[1, 1, 2, 2]);
        check(&rows, &[(&small, 1), (&small, 1)], &[1, 2]);
        one.took.set(Duration::from_millis(3));
        check(&rows, &[(&one, 1), (&one, 1)], &[1, 1]);
        let ends = Arc::new(Entry { wire: crate::world::OnWire::under_way(one.wire.get()), ..Entry::clone(&one) });
        assert_eq!(ends.wire.get().end, End::UnderWay);
        check(&rows, &[(&ends, 1), (&ends, 1)], &[1, 1]);
        ends.wire.arrive();
        check(&rows, &[(&ends, 1), (&ends, 1)], &[1, 1]);
    }

    #[test]
    fn what_was_shown_last_is_kept_within_bounds() {
        let (rows, calls): (_, Vec<_>) = (WrittenRows::default(), (0..40).map(|_| call(1 << 20)).collect());
        for one in &calls {
            check(&rows, &[(&calls[0], 1), (one, 1)], if Arc::ptr_eq(one, &calls[0]) { &[1, 1] } else { &[0, 1] });
            assert!(rows.kept(|kept| kept.bytes <= MOST && kept.rows.len() == kept.order.len()));
        }
        check(&rows, &[(&calls[39], 1), (&calls[0], 1), (&calls[20], 1)], &[0, 0, 1]);
        let huge = call(MOST);
        check(&rows, &[(&huge, 1), (&huge, 1), (&calls[39], 1)], &[1, 2, 2]);
    }
}
