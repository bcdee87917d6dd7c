//! The journal of requests that met no vendor or no sandbox, whose own journals know nothing of them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use event_listener::{Event, EventListener};

use crate::base::time::Timestamp;
use crate::engine::Unmatched;

/// How many requests are kept.
const ROWS: usize = 500;
/// How many bytes of an address, and of a detail, are kept.
const BYTES: usize = 2 * 1024;

/// The newest requests that met nothing.
#[derive(Default)]
pub(super) struct UnmatchedJournal {
    rows: Mutex<(VecDeque<Row>, u64)>,
    changed: Event,
}

/// A request that met nothing, with its number among all of them, from 1.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub number: u64,
    pub received: Timestamp,
    pub request: Arc<Unmatched>,
}

impl UnmatchedJournal {
    /// Keeps a request; the oldest one makes room. Returns it as it is kept.
    pub fn put(&self, mut request: Unmatched, received: Timestamp) -> Arc<Unmatched> {
        for text in [&mut request.target, &mut request.host, &mut request.detail] {
            text.truncate(text.floor_char_boundary(BYTES));
        }
        let request = Arc::new(request);
        let mut guard = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let (rows, written) = &mut *guard;
        *written += 1;
        rows.push_back(Row { number: *written, received, request: Arc::clone(&request) });
        if rows.len() > ROWS {
            rows.pop_front();
        }
        drop(guard);
        self.changed.notify(usize::MAX);
        request
    }

    /// The requests that are kept, oldest first, and how many there ever were.
    pub fn read(&self) -> (Vec<Row>, u64) {
        let guard = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        (guard.0.iter().cloned().collect(), guard.1)
    }

    pub fn clear(&self) {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).0.clear();
    }

    /// A future that ends when there is another one.
    pub fn listen(&self) -> EventListener {
        self.changed.listen()
    }
}
