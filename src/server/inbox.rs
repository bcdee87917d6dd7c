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
    letters: VecDeque<ReceivedRequest>,
    bytes: usize,
    received: u64,
    latest: Option<Timestamp>,
}

/// Something that was posted.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ReceivedRequest {
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

impl ReceivedRequest {
    /// What it counts for: all that its sender chose.
    fn bytes(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.len() + value.as_str().map_or(0, str::len));
        self.text.len() + self.query.len() + headers.sum::<usize>()
    }
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
        let letter = ReceivedRequest {
            number: inbox.received,
            received: now,
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: headers.collect(),
            json: serde_json::from_slice(&body).ok(),
            text: String::from_utf8_lossy(&body).into_owned(),
        };
        inbox.bytes += letter.bytes();
        inbox.letters.push_back(letter);
        while inbox.letters.len() > LETTERS || inbox.bytes > BYTES {
            inbox.bytes -= inbox.letters.pop_front().map_or(0, |letter| letter.bytes());
        }
        drop(boxes);
        self.came.notify(usize::MAX);
    }

    /// Ends when a letter has come to any of them.
    pub fn listen(&self) -> EventListener {
        self.came.listen()
    }

    /// The letters of an inbox, oldest first, and how many ever came.
    pub fn read(&self, name: &str) -> (Vec<ReceivedRequest>, u64) {
        let boxes = self.boxes.lock().unwrap_or_else(PoisonError::into_inner);
        boxes.get(name).map_or((Vec::new(), 0), |inbox| (inbox.letters.iter().cloned().collect(), inbox.received))
    }

    /// Empties an inbox.
    pub fn clear(&self, name: &str) {
        self.boxes.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(inboxes: &Inboxes, name: &str, header: &str, body: &[u8], second: i64) {
        let request = http::Request::post("/_seatrial/inbox/x?status=200").header("x-long", header).body(()).expect("a valid request");
        let now = Timestamp::from_second(second).expect("a valid second");
        inboxes.put(name, &request.into_parts().0, &Bytes::copy_from_slice(body), now);
    }

    #[test]
    fn a_box_holds_so_many_letters_and_bytes_and_no_more() {
        let inboxes = Inboxes::default();
        for number in 0..600 {
            post(&inboxes, "many", "", format!("{{\"number\": {number}}}").as_bytes(), number);
        }
        let (letters, received) = inboxes.read("many");
        assert_eq!((letters.len(), received), (LETTERS, 600));
        assert_eq!(letters[0].json, Some(serde_json::json!({"number": 100})), "the oldest make room");
        for (name, header, body) in
            [("long", "", vec![b'x'; 200_000]), ("headed", "y".repeat(60_000).as_str(), Vec::new()), ("binary", "", vec![0xff; 200_000])]
        {
            (0..40).for_each(|second| post(&inboxes, name, header, &body, second));
            let held: usize = inboxes.read(name).0.iter().map(ReceivedRequest::bytes).sum();
            assert!(held <= BYTES && held > BYTES / 4, "{name} holds {held}");
        }
    }

    #[test]
    fn the_box_that_was_quiet_for_longest_makes_room() {
        let inboxes = Inboxes::default();
        for number in 0..=BOXES {
            post(&inboxes, &format!("box-{number}"), "", b"{}", 1_000 + i64::try_from(number).expect("it is small"));
            post(&inboxes, "busy", "", b"{}", 2_000);
        }
        assert_eq!(inboxes.read("box-0").1 + inboxes.read("box-1").1, 0);
        assert_eq!((inboxes.read("box-2").1, inboxes.read(&format!("box-{BOXES}")).1), (1, 1));
        assert_eq!(inboxes.read("busy").1, 65);
    }
}
