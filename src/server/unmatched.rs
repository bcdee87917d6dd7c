//! The journal of requests that met no vendor or no sandbox, whose own journals know nothing of them. Replicas of a fleet
//! have one together.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use event_listener::{Event, EventListener};
use http::Method;
use serde::{Deserialize, Serialize};

use crate::base::time::Timestamp;
use crate::engine::Unmatched;
use crate::fleet::{Fault, Fleet, Letters};
use crate::server::told::Told;

/// How many requests are kept.
const ROWS: usize = 500;
/// How many bytes of an address, and of a detail, are kept.
const BYTES: usize = 2 * 1024;

/// The newest requests that met nothing.
pub(super) struct UnmatchedJournal {
    rows: Mutex<(VecDeque<Row>, u64)>,
    changed: Event,
    /// How many came to this process.
    own: AtomicU64,
    /// Where replicas tell each other of such requests; what is here is a copy then.
    told: Option<Told>,
}

/// A request as replicas tell each other of it.
#[derive(Serialize, Deserialize)]
struct ToldRow {
    received: Timestamp,
    method: String,
    target: String,
    host: String,
    status: u16,
    detail: String,
}

/// A request that met nothing, with its number among all of them, from 1.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub number: u64,
    pub received: Timestamp,
    pub request: Arc<Unmatched>,
}

impl UnmatchedJournal {
    /// A journal that replicas have together, if there is a fleet.
    pub fn new(fleet: Option<Arc<Fleet>>) -> Self {
        let told = fleet.map(|fleet| Told::new(fleet, "\u{1}unmatched"));
        Self { rows: Mutex::default(), changed: Event::new(), own: AtomicU64::new(0), told }
    }

    /// Other replicas, if there are any.
    pub fn told(&self) -> Option<&Told> {
        self.told.as_ref()
    }

    /// How many came to this process.
    pub fn own(&self) -> u64 {
        self.own.load(Ordering::Relaxed)
    }

    /// Copies what all replicas have told.
    pub async fn copy(&self) -> Result<(), Fault> {
        let Some(told) = &self.told else { return Ok(()) };
        let Letters { received, letters, .. } = told.read().await?;
        let row = |(number, row): (u64, Vec<u8>)| {
            let ToldRow { received, method, target, host, status, detail } = serde_json::from_slice(&row)?;
            let method = Method::from_bytes(method.as_bytes()).unwrap_or_default();
            Ok(Row { number, received, request: Arc::new(Unmatched { method, target, host, status, detail }) })
        };
        let rows = letters.into_iter().map(row).collect::<Result<_, serde_json::Error>>();
        let rows: VecDeque<Row> = rows.map_err(|error| Fault::Damaged(error.to_string()))?;
        let mut guard = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = guard.1 != received || guard.0.len() != rows.len();
        *guard = (rows, received);
        drop(guard);
        if is_new {
            self.changed.notify(usize::MAX);
        }
        Ok(())
    }

    /// Keeps a request; the oldest one makes room. Returns it as it is kept.
    pub fn put(&self, mut request: Unmatched, received: Timestamp) -> Arc<Unmatched> {
        for text in [&mut request.target, &mut request.host, &mut request.detail] {
            text.truncate(text.floor_char_boundary(BYTES));
        }
        self.own.fetch_add(1, Ordering::Relaxed);
        let request = Arc::new(request);
        if let Some(told) = &self.told {
            let Unmatched { method, target, host, status, detail } = (*request).clone();
            let row = ToldRow { received, method: method.to_string(), target, host, status, detail };
            told.add(serde_json::to_vec(&row).unwrap_or_default());
            return request;
        }
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

    /// Forgets them, on all replicas if there are several.
    pub async fn clear(&self) -> Result<(), Fault> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).0.clear();
        match &self.told {
            None => Ok(()),
            Some(told) => told.clear().await,
        }
    }

    /// A future that ends when there is another one.
    pub fn listen(&self) -> EventListener {
        self.changed.listen()
    }
}
