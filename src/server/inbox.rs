//! Receivers for people who have none: whatever is posted to `/_seatrial/inbox/<name>` is kept and can be read back.
//!
//! Anybody may post, as to any receiver of webhooks, so everything is bounded: boxes, letters and bytes. `?status=503` in the
//! address makes an inbox answer with that status, so that a receiver that fails is a matter of its address.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use event_listener::{Event, EventListener};
use http::request::Parts;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::base::time::Timestamp;

/// How many inboxes there are; the one that nothing came to for the longest time makes room.
const BOXES: usize = 64;
/// How many letters one holds.
const LETTERS: usize = 500;
/// How many bytes of letters one holds.
const BYTES: usize = 1 << 20;

/// All inboxes.
#[derive(Default)]
pub(super) struct Inboxes {
    boxes: Mutex<BTreeMap<String, Inbox>>,
    /// Rings after every letter.
    came: Event,
}

#[derive(Default)]
struct Inbox {
    letters: VecDeque<Letter>,
    bytes: usize,
    received: u64,
    latest: Option<Timestamp>,
}

/// Something that was posted.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Letter {
    /// The how manieth of its inbox it is.
    pub number: u64,
    /// When it came, by the wall.
    pub received: Timestamp,
    /// What stood behind the question mark.
    pub query: String,
    /// Its headers.
    pub headers: Map<String, Value>,
    /// Its body as text.
    pub text: String,
    /// Its body, if it is JSON.
    pub json: Option<Value>,
}

impl Inboxes {
    /// Keeps a letter.
    pub fn put(&self, name: &str, parts: &Parts, body: &Bytes, now: Timestamp) {
        let headers = parts.headers.iter();
        let headers = headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned().into()));
        let body = body.slice(..body.len().min(BYTES / 4));
        let mut boxes = self.boxes.lock().unwrap_or_else(PoisonError::into_inner);
        if boxes.len() >= BOXES && !boxes.contains_key(name) {
            let oldest = boxes.iter().min_by_key(|(_, inbox)| inbox.latest).map(|(name, _)| name.clone());
            oldest.map(|oldest| boxes.remove(&oldest));
        }
        let inbox = boxes.entry(name.to_owned()).or_default();
        inbox.received += 1;
        inbox.latest = Some(now);
        inbox.bytes += body.len();
        inbox.letters.push_back(Letter {
            number: inbox.received,
            received: now,
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: headers.collect(),
            json: serde_json::from_slice(&body).ok(),
            text: String::from_utf8_lossy(&body).into_owned(),
        });
        while inbox.letters.len() > LETTERS || inbox.bytes > BYTES {
            inbox.bytes -= inbox.letters.pop_front().map_or(0, |letter| letter.text.len().min(inbox.bytes));
        }
        drop(boxes);
        self.came.notify(usize::MAX);
    }

    /// Ends when a letter has come to any of them.
    pub fn listen(&self) -> EventListener {
        self.came.listen()
    }

    /// The letters of an inbox, oldest first, and how many ever came.
    pub fn read(&self, name: &str) -> (Vec<Letter>, u64) {
        let boxes = self.boxes.lock().unwrap_or_else(PoisonError::into_inner);
        boxes.get(name).map_or((Vec::new(), 0), |inbox| (inbox.letters.iter().cloned().collect(), inbox.received))
    }

    /// Empties an inbox.
    pub fn clear(&self, name: &str) {
        self.boxes.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}
