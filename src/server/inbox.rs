//! Built-in webhook receivers: requests to `/_seatrial/inbox/<name>` are kept and can be read back.
//!
//! Anybody may post, so everything is bounded: inboxes, requests and bytes. An inbox answers with the status that the URL says,
//! such as `?status=503`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use event_listener::{Event, EventListener};
use http::request::Parts;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::base::time::Timestamp;

/// How many inboxes there are at most; the one that has received nothing for the longest time makes room.
const BOXES: usize = 64;
/// How many requests an inbox holds.
const REQUESTS: usize = 500;
/// How many bytes of requests an inbox holds.
const BYTES: usize = 1 << 20;

/// All inboxes.
#[derive(Default)]
pub(super) struct Inboxes {
    boxes: Mutex<BTreeMap<String, Inbox>>,
    /// Notified after every request.
    changed: Event,
}

#[derive(Default)]
struct Inbox {
    requests: VecDeque<ReceivedRequest>,
    bytes: usize,
    received: u64,
    latest: Option<Timestamp>,
}

/// A request that an inbox received.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Letter")]
pub(super) struct ReceivedRequest {
    /// Its position in its inbox, from 1.
    pub number: u64,
    /// The wall time.
    pub received: Timestamp,
    /// The query of its URL.
    pub query: String,
    /// Its headers.
    pub headers: IndexMap<String, String>,
    /// Its body as text.
    pub text: String,
    /// Its body, if it is JSON.
    pub json: Option<Value>,
}

impl ReceivedRequest {
    /// Its size: everything that the sender chose.
    fn bytes(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.len() + value.len());
        self.text.len() + self.query.len() + headers.sum::<usize>()
    }
}

impl Inboxes {
    /// Keeps a request.
    pub fn put(&self, name: &str, parts: &Parts, body: &Bytes, now: Timestamp) {
        let headers = parts.headers.iter();
        let headers = headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let body = body.slice(..body.len().min(BYTES / 4));
        let mut boxes = self.boxes.lock().unwrap_or_else(PoisonError::into_inner);
        if boxes.len() >= BOXES && !boxes.contains_key(name) {
            let oldest = boxes.iter().min_by_key(|(_, inbox)| inbox.latest).map(|(name, _)| name.clone());
            oldest.map(|oldest| boxes.remove(&oldest));
        }
        let inbox = boxes.entry(name.to_owned()).or_default();
        inbox.received += 1;
        inbox.latest = Some(now);
        let request = ReceivedRequest {
            number: inbox.received,
            received: now,
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: headers.collect(),
            json: serde_json::from_slice(&body).ok(),
            text: String::from_utf8_lossy(&body).into_owned(),
        };
        inbox.bytes += request.bytes();
        inbox.requests.push_back(request);
        while inbox.requests.len() > REQUESTS || inbox.bytes > BYTES {
            inbox.bytes -= inbox.requests.pop_front().map_or(0, |request| request.bytes());
        }
        drop(boxes);
        self.changed.notify(usize::MAX);
    }

    /// A future that ends when an inbox has received something.
    pub fn listen(&self) -> EventListener {
        self.changed.listen()
    }

    /// The requests that an inbox holds, oldest first, and how many it ever received.
    pub fn read(&self, name: &str) -> (Vec<ReceivedRequest>, u64) {
        let boxes = self.boxes.lock().unwrap_or_else(PoisonError::into_inner);
        boxes.get(name).map_or((Vec::new(), 0), |inbox| (inbox.requests.iter().cloned().collect(), inbox.received))
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
    fn an_inbox_holds_a_bounded_number_of_requests_and_bytes() {
        let inboxes = Inboxes::default();
        for number in 0..600 {
            post(&inboxes, "many", "", format!("{{\"number\": {number}}}").as_bytes(), number);
        }
        let (requests, received) = inboxes.read("many");
        assert_eq!((requests.len(), received), (REQUESTS, 600));
        assert_eq!(requests[0].json, Some(serde_json::json!({"number": 100})), "the oldest make room");
        for (name, header, body) in
            [("long", "", vec![b'x'; 200_000]), ("headed", "y".repeat(60_000).as_str(), Vec::new()), ("binary", "", vec![0xff; 200_000])]
        {
            (0..40).for_each(|second| post(&inboxes, name, header, &body, second));
            let held: usize = inboxes.read(name).0.iter().map(ReceivedRequest::bytes).sum();
            assert!(held <= BYTES && held > BYTES / 4, "{name} holds {held}");
        }
    }

    #[test]
    fn the_inbox_that_was_quiet_for_longest_makes_room() {
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
