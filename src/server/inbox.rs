//! Built-in webhook receivers: requests to `/_seatrial/inbox/<name>` are kept and can be read back.
//!
//! Vendors' messages come without a token, so everything is bounded: inboxes, requests, and the bytes of one inbox and of all. An
//! inbox answers with the status that the URL says, such as `?status=503`.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use event_listener::{Event, EventListener};
use http::{HeaderMap, HeaderName, StatusCode};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::base::time::Timestamp;
use crate::fleet::{Fault, Fleet, InboxRow, Letters, Patience};
use crate::server::shown_bytes::{self, HeaderText, HeaderView};

/// How many inboxes there are at most. Room is made by who has the most of them, a sandbox or all who are none: of his the one that has
/// received nothing for the longest time.
const BOXES: usize = 64;
/// How many requests an inbox holds.
const REQUESTS: usize = 500;
/// How many bytes of requests an inbox holds.
const BYTES: usize = 1 << 20;
/// How many bytes of requests all inboxes hold. Room is made in the same way, by requests alone: how many there were stays known.
const TOTAL_BYTES: usize = 8 << 20;
/// Deeper JSON is shown as text only: clients could not read the answer.
const DEPTH: usize = 100;
/// The sandbox of a webhook, in the headers of a letter alone: no receiver gets it.
pub(super) const SANDBOX: HeaderName = HeaderName::from_static("seatrial-sandbox");
/// What a request and each of its headers occupy besides their texts.
const ROW_BYTES: usize = 192;

#[derive(Default)]
pub(super) struct Inboxes {
    boxes: Mutex<BTreeMap<String, Inbox>>,
    changed: Event,
    /// Where replicas share their inboxes; what is here is a copy then.
    fleet: Option<Arc<Fleet>>,
}

#[derive(Default)]
struct Inbox {
    requests: VecDeque<Arc<ReceivedRequest>>,
    bytes: usize,
    received: u64,
    latest: Option<Timestamp>,
    /// The sandbox whose webhook came last, if one has.
    owner: Option<String>,
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

    /// Receives a request, for all replicas if there are several.
    pub async fn receive(&self, name: &str, query: &str, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<(), Fault> {
        let request = ReceivedRequest::new(query, headers, body, now);
        let Some(fleet) = &self.fleet else {
            self.keep(name, request);
            return Ok(());
        };
        let letter = postcard::to_stdvec(&request).map_err(|error| Fault::Damaged(error.to_string()))?;
        fleet.ledger().post(name.to_owned(), request.sandbox().map(Cow::into_owned), vec![letter.into()]).await
    }

    /// Which of some answers the next letter with that query gets. Where letters made room for others, or there are so many, the last one.
    pub async fn next_answer(&self, name: &str, query: &str, answers: &[Option<StatusCode>]) -> Result<Option<StatusCode>, Fault> {
        let last = answers.len().saturating_sub(1);
        let mut earlier = last;
        if last > 0 {
            self.copy(name, false).await?;
            let boxes = self.boxes.lock().unwrap_or_else(PoisonError::into_inner);
            earlier = boxes.get(name).map_or(0, |inbox| match inbox.requests.len() as u64 == inbox.received {
                true => inbox.requests.iter().filter(|request| request.query == query).count(),
                false => last,
            });
        }
        Ok(answers.get(earlier.min(last)).copied().flatten())
    }

    /// Copies an inbox that replicas share; nothing where there are none. With `opens` there is such an inbox from now on.
    pub async fn copy(&self, name: &str, opens: bool) -> Result<(), Fault> {
        let Some(fleet) = &self.fleet else { return Ok(()) };
        let read = || fleet.ledger().letters(name.to_owned(), opens);
        let Some(Letters { received, letters, .. }) = Patience::with(read).await? else {
            self.clear(name);
            return Ok(());
        };
        let mut boxes = self.boxes.lock().unwrap_or_else(PoisonError::into_inner);
        if boxes.get(name).is_some_and(|inbox| (inbox.received, inbox.requests.len()) == (received, letters.len())) {
            return Ok(());
        }
        boxes.remove(name);
        drop(boxes);
        for (number, letter) in letters {
            let mut request: ReceivedRequest = postcard::from_bytes(&letter).map_err(|error| Fault::Damaged(error.to_string()))?;
            request.number = number;
            self.keep(name, request);
        }
        self.boxes.lock().unwrap_or_else(PoisonError::into_inner).entry(name.to_owned()).or_default().received = received;
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

    /// Stores a request; the oldest ones of the inbox make room. One that has a number keeps it.
    fn keep(&self, name: &str, mut request: ReceivedRequest) {
        let now = request.received;
        let owner = request.sandbox().map(Cow::into_owned);
        let mut boxes = self.boxes.lock().unwrap_or_else(PoisonError::into_inner);
        if boxes.len() >= BOXES && !boxes.contains_key(name) {
            let quietest = quietest_of_most(&boxes, name, owner.as_deref(), |_| 1);
            quietest.map(|quietest| boxes.remove(&quietest));
        }
        let inbox = boxes.entry(name.to_owned()).or_default();
        inbox.owner = owner.clone().or_else(|| inbox.owner.take());
        inbox.received = if request.number == 0 { inbox.received + 1 } else { request.number };
        inbox.latest = Some(now);
        request.number = inbox.received;
        inbox.bytes += request.bytes();
        inbox.requests.push_back(Arc::new(request));
        while inbox.requests.len() > REQUESTS || inbox.bytes > BYTES {
            inbox.bytes -= inbox.requests.pop_front().map_or(0, |request| request.bytes());
        }
        while boxes.values().map(|inbox| inbox.bytes).sum::<usize>() > TOTAL_BYTES {
            let Some(quietest) = quietest_of_most(&boxes, name, owner.as_deref(), |inbox| inbox.bytes) else { break };
            boxes.entry(quietest).and_modify(|inbox| (inbox.requests, inbox.bytes) = Default::default());
        }
        drop(boxes);
        self.changed.notify(usize::MAX);
    }

    /// All inboxes, in the order of their names; those that replicas share, where they do.
    pub async fn all(&self) -> Result<Vec<InboxSummary>, Fault> {
        let Some(fleet) = &self.fleet else { return Ok(self.own()) };
        let rows = Patience::with(|| fleet.ledger().inboxes()).await?.into_iter();
        let summary = |InboxRow { name, letters, received, latest }| {
            let letters = usize::try_from(letters).unwrap_or(usize::MAX);
            InboxSummary { name, letters, received, latest: latest.and_then(|micros| Timestamp::from_microsecond(micros).ok()) }
        };
        Ok(rows.map(summary).collect())
    }

    fn own(&self) -> Vec<InboxSummary> {
        let boxes = self.boxes.lock().unwrap_or_else(PoisonError::into_inner);
        let summary = |(name, inbox): (&String, &Inbox)| InboxSummary {
            name: name.clone(),
            letters: inbox.requests.len(),
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
        if !boxes.contains_key(name) && boxes.len() < BOXES {
            boxes.insert(name.to_owned(), Inbox::default());
        }
        boxes.get(name).map_or((Vec::new(), 0), |inbox| (inbox.requests.iter().cloned().collect(), inbox.received))
    }

    /// Whether there is such an inbox: it was read, or has received something.
    pub fn has(&self, name: &str) -> bool {
        self.boxes.lock().unwrap_or_else(PoisonError::into_inner).contains_key(name)
    }

    /// Removes the letters of a sandbox that was reset from the inboxes of this process, which stay its own and count on. Those that
    /// replicas share stay.
    pub fn empty(&self, sandbox: &str) {
        for inbox in self.boxes.lock().unwrap_or_else(PoisonError::into_inner).values_mut() {
            inbox.requests.retain(|letter| letter.sandbox().is_none_or(|own| own != sandbox));
            inbox.bytes = inbox.requests.iter().map(|letter| letter.bytes()).sum();
        }
    }

    /// The same for a sandbox that is gone: of its own inboxes those stay that hold letters of others.
    pub fn forget(&self, sandbox: &str) {
        self.empty(sandbox);
        self.boxes.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, inbox| {
            let was_its_own = inbox.owner.take_if(|owner| owner == sandbox).is_some();
            !was_its_own || !inbox.requests.is_empty()
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

/// The inbox, other than `name`, that has received nothing for the longest time, of the owner whose inboxes weigh the most; `name` counts
/// for `own`, and what weighs nothing for nobody.
fn quietest_of_most(boxes: &BTreeMap<String, Inbox>, name: &str, own: Option<&str>, weight: impl Fn(&Inbox) -> usize) -> Option<String> {
    let others = || boxes.iter().filter(|(other, inbox)| *other != name && weight(inbox) > 0);
    let mut weights = BTreeMap::<Option<&str>, usize>::new();
    for (_, inbox) in others() {
        *weights.entry(inbox.owner.as_deref()).or_default() += weight(inbox);
    }
    weights.entry(own).and_modify(|all| *all += weight(boxes.get(name).unwrap_or(&Inbox::default())));
    let most = weights.values().copied().max()?;
    let heavy = others().filter(|(_, inbox)| weights[&inbox.owner.as_deref()] == most);
    heavy.min_by_key(|(_, inbox)| inbox.latest).map(|(name, _)| name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(inboxes: &Inboxes, name: &str, header: &str, body: &[u8], second: i64) {
        let headers = HeaderMap::from_iter([(http::header::COOKIE, header.parse().expect("a valid header"))]);
        let now = Timestamp::from_second(second).expect("a valid second");
        inboxes.keep(name, ReceivedRequest::new("status=200", &headers, body, now));
    }

    #[test]
    fn an_inbox_holds_a_bounded_number_of_requests_and_bytes() {
        let inboxes = Inboxes::default();
        for number in 0..600 {
            post(&inboxes, "many", "", format!("{{\"number\": {number}}}").as_bytes(), number);
        }
        let (requests, received) = inboxes.read("many");
        assert_eq!((requests.len(), received), (REQUESTS, 600));
        assert_eq!(requests[0].view().json.map(RawValue::get), Some(r#"{"number": 100}"#), "the oldest make room");
        for (name, header, body) in
            [("long", "", vec![b'x'; 200_000]), ("headed", "y".repeat(60_000).as_str(), Vec::new()), ("binary", "", vec![0xff; 200_000])]
        {
            (0..40).for_each(|second| post(&inboxes, name, header, &body, second));
            let held: usize = inboxes.read(name).0.iter().map(|request| request.bytes()).sum();
            assert!(held <= BYTES && held > BYTES / 4, "{name} holds {held}");
        }
    }

    #[test]
    fn all_inboxes_together_hold_a_bounded_number_of_bytes() {
        let inboxes = Inboxes::default();
        for number in 0..i64::try_from(BOXES).expect("it is small") {
            (0..8).for_each(|_| post(&inboxes, &format!("box-{number}"), "", &vec![b'['; 200_000], number));
        }
        let boxes = inboxes.boxes.lock().expect("nobody panicked");
        let held: usize = boxes.values().map(|inbox| inbox.bytes).sum();
        assert!(held <= TOTAL_BYTES && held > TOTAL_BYTES / 2, "{held}");
        let kept = |name: &str| (boxes[name].requests.len(), boxes[name].received);
        assert_eq!((kept("box-0"), kept("box-63").1), ((0, 8), 8), "those that were quiet for longest make room, and count on");
        assert!(kept("box-63").0 > 0);
    }

    #[test]
    fn who_has_the_most_makes_room() {
        let inboxes = Inboxes::default();
        let from = |sandbox: Option<&str>, name: &str, body: &[u8], second: i64| {
            let headers = sandbox.map(|sandbox| (SANDBOX, sandbox.parse().expect("a valid header")));
            let now = Timestamp::from_second(second).expect("a valid second");
            inboxes.keep(name, ReceivedRequest::new("", &HeaderMap::from_iter(headers), body, now));
        };
        let held = |name: &str| (inboxes.read(name).0.len(), inboxes.read(name).1);
        from(Some("team"), "team", b"{}", 1);
        for number in 0..200 {
            from(None, &format!("stranger-{number}"), b"{}", 2 + number);
            from(Some("busy"), &format!("busy-{number}"), b"{}", 2 + number);
        }
        assert_eq!((held("team"), held("stranger-199"), held("busy-199")), ((1, 1), (1, 1), (1, 1)));
        from(None, "team", b"{}", 300);
        for number in 0..40 {
            (0..8).for_each(|_| from(Some("busy"), &format!("busy-{}", 160 + number % 40), &vec![b'x'; 200_000], 400 + number));
        }
        assert_eq!(held("team"), (2, 2), "its letters are its own, whoever else has written to it");
    }

    #[test]
    fn an_inbox_goes_with_its_sandbox_and_stays_its_own_over_a_reset() {
        let inboxes = Inboxes::default();
        let from = |sandbox: Option<&str>, name: &str, second: i64| {
            let headers = sandbox.map(|sandbox| (SANDBOX, sandbox.parse().expect("a valid header")));
            let now = Timestamp::from_second(second).expect("a valid second");
            inboxes.keep(name, ReceivedRequest::new("", &HeaderMap::from_iter(headers), b"{}", now));
        };
        let names = || inboxes.own().into_iter().map(|inbox| inbox.name).collect::<Vec<_>>();
        for (second, name) in (0..).zip(["gone", "goes-on"]) {
            from(Some(name), &format!("of-{name}"), second);
            from(None, &format!("of-{name}-and-others"), second);
            from(Some(name), &format!("of-{name}-and-others"), second);
        }
        inboxes.forget("gone");
        inboxes.empty("goes-on");
        assert_eq!(names(), ["of-goes-on", "of-goes-on-and-others", "of-gone-and-others"]);
        let held = |name: &str| (inboxes.read(name).0.len(), inboxes.read(name).1);
        assert_eq!((held("of-goes-on"), held("of-goes-on-and-others"), held("of-gone-and-others")), ((0, 1), (1, 2), (1, 2)));
        for number in 0..200 {
            from(None, &format!("stranger-{number}"), 10 + number);
        }
        assert_eq!(held("of-goes-on"), (0, 1), "strangers have more, and make room");
        assert!(!names().contains(&"of-gone-and-others".to_owned()));
    }

    #[test]
    fn json_that_nests_too_deep_is_shown_as_text() {
        for (body, shown) in [
            (r#"{"a": "[[[\"[[[\\"}"#.to_owned(), true),
            ("[".repeat(100) + &"]".repeat(100), true),
            ("[".repeat(101) + &"]".repeat(101), false),
        ] {
            let inboxes = Inboxes::default();
            post(&inboxes, "deep", "", body.as_bytes(), 1);
            assert_eq!(inboxes.read("deep").0[0].view().json.is_some(), shown, "{body}");
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
