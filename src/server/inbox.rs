//! Built-in webhook receivers: requests to `/_seatrial/inbox/<name>` are kept and can be read back.
//!
//! Vendors' messages come without a token, so everything is bounded: inboxes, requests, and the bytes of one inbox and of all. An
//! inbox answers with the status that the URL says, such as `?status=503`.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::sync::{Arc, Mutex, PoisonError};

use event_listener::{Event, EventListener};
use http::{HeaderMap, HeaderName, StatusCode};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::base::time::Timestamp;
use crate::fleet::{self, Begun, Fault, Fleet, InboxRow, Letters, Patience};
use crate::server::shown_bytes::{self, HeaderText, HeaderView};

/// How many shares in inboxes there are at most. Room is made by who has the most of them, a sandbox or all who are none: of his the one
/// that has received nothing for the longest time. An inbox goes with its last share.
const SHARES: usize = 1024;
/// How many requests an inbox holds. Room is made by the largest share in it.
const REQUESTS: usize = 500;
/// How many bytes of requests an inbox holds.
const BYTES: usize = 1 << 20;
/// How many bytes of requests all inboxes hold. Room is made as for shares, by requests alone: how many there were stays known.
const TOTAL_BYTES: usize = 8 << 20;
/// For how many queries a share counts its letters.
const QUERIES: usize = 100;
/// Deeper JSON is shown as text only: clients could not read the answer.
const DEPTH: usize = 100;
/// The sandbox of a webhook, in the headers of a letter alone: no receiver gets it.
pub(super) const SANDBOX: HeaderName = HeaderName::from_static("seatrial-sandbox");
/// What a request and each of its headers occupy besides their texts.
const ROW_BYTES: usize = 192;

#[derive(Default)]
pub(super) struct Inboxes {
    boxes: Mutex<Boxes>,
    changed: Event,
    /// Where replicas share their inboxes; what is here is a copy then.
    fleet: Option<Arc<Fleet>>,
}

type Boxes = BTreeMap<String, Inbox>;
/// A sandbox, or all who are none.
type Sender = Option<String>;

/// It has one share at least.
#[derive(Default)]
struct Inbox {
    received: u64,
    latest: Option<Timestamp>,
    shares: BTreeMap<Sender, Share>,
    /// The hash of what it was copied from, if it was.
    copied: Option<u64>,
}

/// What one sender has in an inbox. Who reads an inbox that is not there begins the share of those who are no sandbox.
#[derive(Default)]
struct Share {
    requests: VecDeque<Arc<ReceivedRequest>>,
    bytes: usize,
    /// How many it ever received since its sandbox began.
    received: u64,
    latest: Option<Timestamp>,
    /// How many letters came with queries that have several answers, by the hashes of these.
    counts: BTreeMap<u64, usize>,
}

impl Inbox {
    /// How many requests it holds.
    fn letters(&self) -> usize {
        self.shares.values().map(|share| share.requests.len()).sum()
    }

    /// Removes requests, the oldest ones of the largest share, until the others fit.
    fn fit(&mut self) {
        loop {
            let is_long = self.shares.values().map(|share| share.bytes).sum::<usize>() > BYTES;
            let size = |share: &&mut Share| if is_long { share.bytes } else { share.requests.len() };
            let largest = if is_long || self.letters() > REQUESTS { self.shares.values_mut().max_by_key(size) } else { None };
            let Some(share) = largest else { return };
            share.bytes -= share.requests.pop_front().map_or(0, |request| request.bytes());
        }
    }
}

impl Share {
    fn empty(&mut self) {
        (self.requests, self.bytes) = Default::default();
    }
}

/// A request that an inbox received.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ReceivedRequest {
    /// Its position in its inbox, from 1.
    pub number: u64,
    pub received: Timestamp,
    pub query: String,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
    /// Whether only the beginning of the body was kept.
    pub is_cut: bool,
}

/// A request as it is read back.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Letter")]
pub(super) struct ReceivedView<'r> {
    /// Its position in its inbox, from 1.
    number: u64,
    /// When it was received, by the wall clock.
    received: Timestamp,
    /// The sandbox whose webhook it is; `null` for what others have sent.
    sandbox: Option<Cow<'r, str>>,
    /// The query of its URL.
    query: &'r str,
    headers: IndexMap<String, HeaderView>,
    /// The body as text, or its bytes in base64.
    text: Cow<'r, str>,
    /// Whether the body is not UTF-8, so that `text` is its bytes in base64.
    base64: bool,
    /// Its body, if it is JSON.
    json: Option<&'r RawValue>,
}

/// An inbox, without what is in it.
#[derive(Serialize, JsonSchema)]
pub(super) struct InboxSummary {
    name: String,
    /// How many requests it holds.
    letters: usize,
    /// How many it ever received.
    received: u64,
    /// When it received the latest, by the wall clock.
    latest: Option<Timestamp>,
}

impl ReceivedRequest {
    fn new(query: &str, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Self {
        let kept = &body[..body.len().min(BYTES / 4)];
        let headers = headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
        let is_cut = kept.len() < body.len();
        Self { number: 0, received: now, query: query.to_owned(), headers, body: kept.to_vec(), is_cut }
    }

    /// How it is read back. Its JSON is checked, not parsed into values, which would take a hundred times its bytes.
    pub fn view(&self) -> ReceivedView<'_> {
        let (text, base64) = shown_bytes::text(&self.body, self.is_cut);
        let headers = self.headers.iter().filter(|(name, _)| name != SANDBOX.as_str());
        let json = std::str::from_utf8(&self.body).ok().filter(|text| !nests_deeper(text, DEPTH));
        ReceivedView {
            number: self.number,
            received: self.received,
            sandbox: self.sandbox(),
            query: &self.query,
            headers: shown_bytes::headers(headers.map(|(name, value)| (name.as_str(), HeaderText::of(value)))),
            text,
            base64,
            json: json.and_then(|text| serde_json::from_str(text).ok()),
        }
    }

    /// The sandbox whose webhook it is.
    pub fn sandbox(&self) -> Option<Cow<'_, str>> {
        let header = self.headers.iter().find(|(name, _)| name == SANDBOX.as_str());
        header.map(|(_, value)| String::from_utf8_lossy(value))
    }

    /// About how many bytes of memory it occupies.
    fn bytes(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.len() + value.len() + ROW_BYTES);
        self.body.len() + self.query.len() + headers.sum::<usize>() + ROW_BYTES
    }
}

/// What an inbox answers with, by the last `status` of its query: 200 unless told, a status, or several with commas between them, of which
/// each letter gets the next one and the last one goes on. `None` is for `none`, no answer at all; an error where it is nothing of it.
pub(super) fn answers(query: &[(String, String)]) -> Result<Vec<Option<StatusCode>>, NoStatus> {
    let sent = query.iter().rev().find(|(name, _)| name == "status").map_or("200", |(_, status)| status);
    let one = |word: &str| match word {
        "none" => Ok(None),
        word => {
            let status = word.parse().ok().filter(|status| *status >= 200).and_then(|status| StatusCode::from_u16(status).ok());
            status.map(Some).ok_or(NoStatus)
        }
    };
    sent.split(',').map(one).collect()
}

/// What stands in the place of a status is none.
#[derive(Debug)]
pub(super) struct NoStatus;

impl Inboxes {
    /// Inboxes that replicas share, if there is a fleet.
    pub fn new(fleet: Option<Arc<Fleet>>) -> Self {
        Self { fleet, ..Self::default() }
    }

    /// Since when letters of a sandbox count; `None` where replicas do not share them, or it is gone.
    pub fn begun(&self, sandbox: &str) -> Option<Begun> {
        self.fleet.as_ref().and_then(|fleet| fleet.begun(sandbox))
    }

    /// Receives a request, for all replicas if there are several. It is of its sandbox as it has `begun`.
    pub async fn receive(
        &self,
        name: &str,
        query: &str,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
        begun: Option<Begun>,
    ) -> Result<(), Fault> {
        let request = ReceivedRequest::new(query, headers, body, now);
        let Some(fleet) = &self.fleet else {
            self.keep(name, request);
            return Ok(());
        };
        let letter = postcard::to_stdvec(&request).map_err(|error| Fault::Damaged(error.to_string()))?;
        let sandbox = request.sandbox().map(|sandbox| (sandbox.into_owned(), begun.unwrap_or_default()));
        fleet.ledger().post(name.to_owned(), sandbox, vec![letter.into()]).await
    }

    /// Which of some answers the next letter of its sender with that query gets; the last one where nobody knows how many came before.
    pub async fn next_answer(
        &self,
        name: &str,
        query: &str,
        headers: &HeaderMap,
        answers: &[Option<StatusCode>],
    ) -> Result<Option<StatusCode>, Fault> {
        let sender = headers.get(SANDBOX).map(|sandbox| String::from_utf8_lossy(sandbox.as_bytes()).into_owned());
        let last = answers.len().saturating_sub(1);
        let earlier = match &self.fleet {
            _ if last == 0 => Some(0),
            None => self.count(name, query, &sender),
            Some(_) => {
                self.copy(name, false).await?;
                self.found(name, query, &sender)
            }
        };
        Ok(answers.get(earlier.unwrap_or(last).min(last)).copied().flatten())
    }

    /// Counts one more letter of a sender with that query, and says how many came before; `None` where there are too many queries.
    fn count(&self, name: &str, query: &str, sender: &Sender) -> Option<usize> {
        let query = BuildHasherDefault::<DefaultHasher>::new().hash_one(query);
        let mut boxes = self.boxes.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = &mut share(&mut boxes, name, sender).counts;
        if counts.len() >= QUERIES && !counts.contains_key(&query) {
            return None;
        }
        let count = counts.entry(query).or_default();
        *count += 1;
        Some(*count - 1)
    }

    /// The same by the letters that replicas share; `None` where some of that sender made room.
    fn found(&self, name: &str, query: &str, sender: &Sender) -> Option<usize> {
        let boxes = self.boxes.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(share) = boxes.get(name).and_then(|inbox| inbox.shares.get(sender)) else { return Some(0) };
        let own = share.requests.iter().filter(|request| request.query == query);
        (share.requests.len() as u64 == share.received).then(|| own.count())
    }

    /// Copies an inbox that replicas share; nothing where there are none. With `opens` there is such an inbox from now on.
    pub async fn copy(&self, name: &str, opens: bool) -> Result<(), Fault> {
        let Some(fleet) = &self.fleet else { return Ok(()) };
        let read = || fleet.letters(name, opens);
        let Some(letters) = Patience::with(read).await? else {
            self.clear(name);
            return Ok(());
        };
        let copied = Some(BuildHasherDefault::<DefaultHasher>::new().hash_one(&letters));
        let mut boxes = self.boxes.lock().unwrap_or_else(PoisonError::into_inner);
        if boxes.get(name).is_some_and(|inbox| inbox.copied == copied) {
            return Ok(());
        }
        boxes.remove(name);
        drop(boxes);
        let Letters { received, letters, shares, .. } = letters;
        for (number, letter) in letters {
            let mut request: ReceivedRequest = postcard::from_bytes(&letter).map_err(|error| Fault::Damaged(error.to_string()))?;
            request.number = number;
            self.keep(name, request);
        }
        let mut boxes = self.boxes.lock().unwrap_or_else(PoisonError::into_inner);
        for fleet::Share { sandbox, received, .. } in shares {
            share(&mut boxes, name, &sandbox).received = received;
        }
        boxes.entry(name.to_owned()).and_modify(|inbox| (inbox.received, inbox.copied) = (received, copied));
        Ok(())
    }

    /// Removes an inbox, for all replicas if there are several.
    pub async fn remove(&self, name: &str) -> Result<(), Fault> {
        self.clear(name);
        match &self.fleet {
            None => Ok(()),
            Some(fleet) => Patience::with(|| fleet.ledger().clear(name.to_owned())).await,
        }
    }

    /// Whether replicas share these inboxes.
    pub fn are_shared(&self) -> bool {
        self.fleet.is_some()
    }

    /// Stores a request. One that has a number keeps it.
    fn keep(&self, name: &str, mut request: ReceivedRequest) {
        let sender = request.sandbox().map(Cow::into_owned);
        let mut boxes = self.boxes.lock().unwrap_or_else(PoisonError::into_inner);
        share(&mut boxes, name, &sender);
        let inbox = boxes.entry(name.to_owned()).or_default();
        inbox.received = if request.number == 0 { inbox.received + 1 } else { request.number };
        inbox.latest = Some(request.received);
        request.number = inbox.received;
        let own = inbox.shares.entry(sender.clone()).or_default();
        own.latest = inbox.latest;
        own.received += 1;
        own.bytes += request.bytes();
        own.requests.push_back(Arc::new(request));
        inbox.fit();
        while boxes.values().flat_map(|inbox| inbox.shares.values()).map(|share| share.bytes).sum::<usize>() > TOTAL_BYTES {
            let Some((name, sender)) = quietest_of_most(&boxes, (name, &sender), |share| share.bytes) else { break };
            boxes.entry(name).and_modify(|inbox| {
                inbox.shares.entry(sender).or_default().empty();
                inbox.copied = None;
            });
        }
        drop(boxes);
        self.changed.notify(usize::MAX);
    }

    /// All inboxes, in the order of their names; those that replicas share, where they do.
    pub async fn all(&self) -> Result<Vec<InboxSummary>, Fault> {
        let Some(fleet) = &self.fleet else { return Ok(self.own()) };
        let rows = Patience::with(|| fleet.inboxes()).await?.into_iter();
        let summary = |InboxRow { name, letters, received, latest, .. }| {
            let letters = usize::try_from(letters).unwrap_or(usize::MAX);
            InboxSummary { name, letters, received, latest: latest.and_then(|micros| Timestamp::from_microsecond(micros).ok()) }
        };
        Ok(rows.map(summary).collect())
    }

    fn own(&self) -> Vec<InboxSummary> {
        let boxes = self.boxes.lock().unwrap_or_else(PoisonError::into_inner);
        let summary = |(name, inbox): (&String, &Inbox)| InboxSummary {
            name: name.clone(),
            letters: inbox.letters(),
            received: inbox.received,
            latest: inbox.latest,
        };
        boxes.iter().map(summary).collect()
    }

    /// A future that ends when an inbox has received something.
    pub fn listen(&self) -> EventListener {
        self.changed.listen()
    }

    /// The requests that an inbox holds, oldest first, and how many it ever received. From now on there is such an inbox.
    pub fn read(&self, name: &str) -> (Vec<Arc<ReceivedRequest>>, u64) {
        let mut boxes = self.boxes.lock().unwrap_or_else(PoisonError::into_inner);
        if !boxes.contains_key(name) && shares(&boxes) < SHARES {
            share(&mut boxes, name, &None);
        }
        let Some(inbox) = boxes.get(name) else { return (Vec::new(), 0) };
        let mut requests: Vec<_> = inbox.shares.values().flat_map(|share| &share.requests).cloned().collect();
        requests.sort_unstable_by_key(|request| request.number);
        (requests, inbox.received)
    }

    /// Whether there is such an inbox: it was read, or has received something.
    pub fn has(&self, name: &str) -> bool {
        self.boxes.lock().unwrap_or_else(PoisonError::into_inner).contains_key(name)
    }

    /// Removes the letters of a sandbox that was reset from the inboxes of this process, which stay its own and count on; their answers
    /// begin anew. Those that replicas share go when that is committed.
    pub fn empty(&self, sandbox: &str) {
        for inbox in self.boxes.lock().unwrap_or_else(PoisonError::into_inner).values_mut() {
            inbox.shares.entry(Some(sandbox.to_owned())).and_modify(|share| {
                share.empty();
                share.received = 0;
                share.counts.clear();
            });
        }
    }

    /// The same for a sandbox that is gone: inboxes that it alone has written to go with it.
    pub fn forget(&self, sandbox: &str) {
        self.boxes.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, inbox| {
            if inbox.shares.remove(&Some(sandbox.to_owned())).is_some() {
                inbox.shares.retain(|sender, share| sender.is_some() || share.latest.is_some());
            }
            !inbox.shares.is_empty()
        });
    }

    fn clear(&self, name: &str) {
        self.boxes.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

/// Whether brackets of a JSON text nest deeper than that; of another text it may say anything.
fn nests_deeper(text: &str, most: usize) -> bool {
    let (mut depth, mut within, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = within,
            b'"' => within = !within,
            b'[' | b'{' if !within => depth += 1,
            b']' | b'}' if !within => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > most {
            return true;
        }
    }
    false
}

fn shares(boxes: &Boxes) -> usize {
    boxes.values().map(|inbox| inbox.shares.len()).sum()
}

/// There is a share of that sender in that inbox from now on; others make room.
fn share<'b>(boxes: &'b mut Boxes, name: &str, sender: &Sender) -> &'b mut Share {
    let is_there = boxes.get(name).is_some_and(|inbox| inbox.shares.contains_key(sender));
    if !is_there
        && shares(boxes) >= SHARES
        && let Some((name, sender)) = quietest_of_most(boxes, (name, sender), |_| 1)
    {
        boxes.entry(name).and_modify(|inbox| {
            inbox.shares.remove(&sender);
            inbox.copied = None;
        });
        boxes.retain(|_, inbox| !inbox.shares.is_empty());
    }
    boxes.entry(name.to_owned()).or_default().shares.entry(sender.clone()).or_default()
}

/// The share, other than `own`, that has received nothing for the longest time, of the sender whose shares weigh the most. What weighs
/// nothing is passed over.
fn quietest_of_most(boxes: &Boxes, own: (&str, &Sender), weight: impl Fn(&Share) -> usize) -> Option<(String, Sender)> {
    let all = || boxes.iter().flat_map(|(name, inbox)| inbox.shares.iter().map(move |(sender, share)| (name.as_str(), sender, share)));
    let mut weights = BTreeMap::<&Sender, usize>::new();
    for (_, sender, share) in all() {
        *weights.entry(sender).or_default() += weight(share);
    }
    let others = all().filter(|(name, sender, share)| (*name, *sender) != own && weight(share) > 0);
    let quietest = others.min_by_key(|(_, sender, share)| (Reverse(weights[sender]), share.latest));
    quietest.map(|(name, sender, _)| (name.to_owned(), sender.clone()))
}

#[cfg(test)]
mod tests;
