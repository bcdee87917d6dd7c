//! The calls of a sandbox and their answers, oldest first, within a budget of bytes.
//!
//! **Invariant:** memory is bounded: the oldest entries leave when the budget is used up, and every one that left is
//! counted, so that a verdict can say that its evidence is incomplete.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;

use crate::base::json;
use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::world::note::{Effect, Note};
use crate::world::slot::Slot;
use crate::world::tried::Tried;
use crate::world::wire::{Ended, OnWire, Took};
#[cfg(test)]
use crate::world::{End, Sent};

/// A call and its answer.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number among all exchanges that were ever in this journal, from 1; [`Journal::push`] sets it.
    pub number: u64,
    /// The value of `seatrial-request`: unique within the process, and the same in every run of the same calls.
    pub id: Arc<str>,
    /// When it was answered, on the world's clock.
    pub at: Timestamp,
    /// When it came in, by the wall clock.
    pub received: Timestamp,
    pub took: Took,
    /// The name of the sandbox.
    pub sandbox: Arc<str>,
    /// The vendor that was asked.
    pub vendor: Name,
    /// The operation's full name (`shipmate.createConsignment`), if the path led to one.
    pub operation: Option<Arc<str>>,
    pub method: Method,
    /// The path and query as sent.
    pub target: String,
    /// Where the vendor's own path begins in `target`, once escapes of unreserved characters are decoded.
    pub path_start: usize,
    /// Whether it came by TLS.
    pub is_secure: bool,
    /// Its number among the calls of its operation by its account, from 1; 0 when it is not counted.
    pub nth: u64,
    pub request: Message,
    pub wire: OnWire,
    /// The status of the answer that was made, whether it went out or not; `None` if none was made.
    pub status: Option<u16>,
    /// The answer that was made; empty if none was.
    pub answer: Message,
    /// Remarks about it, such as departures from the document.
    pub notes: Vec<Note>,
    /// What the scenario did to it.
    pub effect: Option<Effect>,
    /// What conditions of the scenario saw of the account's state, if they looked at it.
    pub state: Option<Value>,
    /// What rules and faults were to it; `None` where there were none.
    pub tried: Option<Box<Tried>>,
}

/// The headers and body of a request or an answer.
#[derive(Clone, Debug)]
pub struct Message {
    /// The headers, a line each, byte for byte.
    pub headers: Box<[u8]>,
    /// The body, cut at [`Journal::BODY`].
    pub body: Bytes,
    /// The length of the body before it was cut.
    pub length: usize,
}

/// How many exchanges were removed on request, by the name of their operation, or that of the vendor where the path led to none.
pub type Removed = BTreeMap<Box<str>, u64>;

/// Counts exchanges as removed that were removed later.
pub fn add_removed(all: &mut Removed, later: &Removed) {
    for (name, count) in later {
        *all.entry(name.clone()).or_default() += count;
    }
}

/// What has made room for others in a journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shrunk {
    /// The exchanges below this number are gone.
    pub first: u64,
    /// Whether the one with that number is the only one, and has lost its bodies.
    pub is_bare: bool,
}

/// The exchanges of one sandbox. Copies share them.
#[derive(Clone)]
pub struct Journal {
    entries: VecDeque<Slot>,
    bytes: usize,
    budget: usize,
    /// How many exchanges were ever pushed.
    pub written: u64,
    /// How many of those came before it was cleared.
    cleared: u64,
    /// How many since then were removed on request.
    pub removed: Removed,
    /// How often exchanges were taken out for another reason: what was counted of them before does not hold any more.
    pub edition: u64,
}

impl Journal {
    /// How much of one body is kept.
    pub const BODY: usize = 64 * 1024;

    /// An empty journal that holds at most `budget` bytes.
    #[must_use]
    pub fn new(budget: usize) -> Self {
        Self { entries: VecDeque::new(), bytes: 0, budget, written: 0, cleared: 0, removed: Removed::new(), edition: 0 }
    }

    /// Adds an exchange; it is for the caller to [make room](Self::fit). Returns it as it is kept.
    pub fn push(&mut self, entry: impl Into<Arc<Entry>>) -> Arc<Entry> {
        self.written += 1;
        let mut entry = entry.into();
        Arc::make_mut(&mut entry).number = self.written;
        self.put(Slot::read(Arc::clone(&entry)));
        entry
    }

    fn put(&mut self, slot: Slot) {
        self.bytes += slot.bytes();
        self.entries.push_back(slot);
    }

    /// Removes the oldest exchanges that do not fit into the budget; the newest one stays, whatever its size. Returns what that has
    /// changed, if anything, for other copies of the journal, which do the same and make no room by themselves.
    pub fn fit(&mut self) -> Option<Shrunk> {
        let before = self.front();
        self.drop_oldest(self.budget, 1);
        let first = self.front();
        (first > before).then_some(Shrunk { first, is_bare: false })
    }

    /// Puts exchanges in, which are in order, of a journal that has had so many, and lost so many of them, some of which were `removed`.
    pub fn refill(&mut self, slots: impl IntoIterator<Item = Slot>, written: u64, lost: u64, removed: Removed) {
        self.clear();
        (self.written, self.removed) = (written, removed);
        let mut had = lost;
        for slot in slots {
            had += 1;
            self.written = self.written.max(slot.number());
            self.put(slot);
        }
        self.cleared = self.written.saturating_sub(had);
    }

    /// Adds exchanges with the numbers that they have in another copy of the journal, which has had so many. What is not among them is
    /// gone there, and counts as dropped here.
    pub fn follow(&mut self, entries: impl IntoIterator<Item = Entry>, written: u64) {
        for entry in entries {
            if entry.number > self.written {
                self.skip_to(entry.number - 1);
                self.push(entry);
            }
        }
        self.skip_to(written);
    }

    /// Up to so many exchanges came of which nothing is known: they count as dropped.
    pub fn miss(&mut self, most: u64) {
        self.skip_to(self.written.saturating_add(most));
    }

    fn skip_to(&mut self, number: u64) {
        self.written = self.written.max(number);
    }

    /// The number of the first exchange that is there, or would be, and how many before it are [`lost`](Self::lost).
    #[must_use]
    pub fn first(&self) -> (u64, u64) {
        let first = self.front();
        let later = (self.written + 1).saturating_sub(first + self.entries.len() as u64);
        (first, self.lost().saturating_sub(later))
    }

    /// Removes the oldest exchanges until no more than `most` bytes are left. The newest one loses its bodies before it goes. Returns what
    /// that has changed, if anything.
    pub fn shrink(&mut self, most: usize) -> Option<Shrunk> {
        let before = self.front();
        self.drop_oldest(most, 1);
        let is_bare = self.bytes > most && self.strip_front();
        self.drop_oldest(most, 0);
        self.entries.shrink_to(2 * self.entries.len());
        let first = self.front();
        (first > before || is_bare).then_some(Shrunk { first, is_bare: is_bare && !self.entries.is_empty() })
    }

    /// Does what has made room in another copy of the journal.
    pub fn shrink_as(&mut self, Shrunk { first, is_bare }: Shrunk) {
        while self.entries.front().is_some_and(|slot| slot.number() < first) {
            self.drop_front();
        }
        self.skip_to(first.saturating_sub(1));
        if is_bare && self.front() == first {
            self.strip_front();
        }
    }

    /// The number of the first exchange that is there, or would be.
    fn front(&self) -> u64 {
        self.entries.front().map_or(self.written + 1, Slot::number)
    }

    /// Whether the oldest exchange has lost its bodies.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        let is_bare = |message: &Message| message.body.is_empty() && message.length > 0;
        self.entries.front().map(Slot::entry).is_some_and(|entry| is_bare(&entry.request) || is_bare(&entry.answer))
    }

    /// Takes the bodies of the oldest exchange; whether it had any.
    fn strip_front(&mut self) -> bool {
        let Some(front) = self.entries.front_mut() else { return false };
        if front.entry().request.body.is_empty() && front.entry().answer.body.is_empty() {
            return false;
        }
        self.bytes -= front.bytes();
        *front = Slot::from(front.entry().without_bodies());
        self.bytes += front.bytes();
        true
    }

    fn drop_oldest(&mut self, most: usize, least: usize) {
        while self.bytes > most && self.entries.len() > least {
            self.drop_front();
        }
    }

    fn drop_front(&mut self) {
        self.bytes -= self.entries.pop_front().map_or(0, |oldest| oldest.bytes());
    }

    /// The exchange with that number, if it is still there.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<&Arc<Entry>> {
        let index = self.entries.binary_search_by_key(&number, Slot::number).ok()?;
        self.entries.get(index).map(Slot::entry)
    }

    /// The answer of an exchange has ended, if that is still there.
    pub fn end(&self, ended: &Ended) {
        self.get(ended.number).into_iter().for_each(|entry| entry.wire.end(ended));
    }

    /// The first exchange after the one with that number.
    #[must_use]
    pub fn next(&self, number: u64) -> Option<&Arc<Entry>> {
        self.entries.get(self.place_after(number)).map(Slot::entry)
    }

    /// The place of the first exchange after the one with that number, which is how many of those up to it are still there.
    #[must_use]
    pub fn place_after(&self, number: u64) -> usize {
        self.entries.partition_point(|slot| slot.number() <= number)
    }

    /// The exchanges that are still there, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Entry>> + ExactSizeIterator {
        self.entries.iter().map(Slot::entry)
    }

    /// The exchanges after the one with that number that are still there, newest first.
    pub fn after(&self, number: u64) -> impl Iterator<Item = &Arc<Entry>> {
        self.between(number, u64::MAX)
    }

    /// The same, but only those before another number.
    pub fn between(&self, number: u64, end: u64) -> impl Iterator<Item = &Arc<Entry>> {
        let start = self.place_after(number);
        let end = self.entries.partition_point(|slot| slot.number() < end);
        self.entries.range(start..end.max(start)).rev().map(Slot::entry)
    }

    /// Begins anew: removes all exchanges, and counts those that were dropped or removed from zero again.
    pub fn clear(&mut self) {
        self.clear_at(self.written);
    }

    /// The same for a journal that has had so many exchanges.
    pub fn clear_at(&mut self, written: u64) {
        (self.written, self.cleared) = (written, written);
        self.entries.clear();
        self.bytes = 0;
        self.removed.clear();
        self.edition += 1;
    }

    /// Keeps the exchanges for which `keep` is true; the others count as removed, not as dropped. Returns their numbers, and how many they
    /// are.
    pub fn retain(&mut self, keep: impl Fn(&Entry) -> bool) -> (Vec<u64>, Removed) {
        let (mut numbers, mut removed) = (Vec::new(), Removed::new());
        for entry in self.entries.iter().map(Slot::entry).filter(|entry| !keep(entry)) {
            numbers.push(entry.number);
            *removed.entry(entry.operation.as_deref().unwrap_or(&entry.vendor).into()).or_default() += 1;
        }
        self.unlist(&numbers, &removed);
        (numbers, removed)
    }

    /// Removes the exchanges with these numbers, in order, as far as they are there. So many count as removed, of whatever numbers.
    pub fn unlist(&mut self, numbers: &[u64], removed: &Removed) {
        self.entries.retain(|slot| numbers.binary_search(&slot.number()).is_err());
        add_removed(&mut self.removed, removed);
        self.edition += 1;
        self.bytes = self.entries.iter().map(Slot::bytes).sum();
    }

    /// How many exchanges since it was cleared are not there any more, for whatever reason.
    #[must_use]
    pub fn lost(&self) -> u64 {
        (self.written - self.cleared).saturating_sub(self.entries.len() as u64)
    }

    /// How many of those nobody asked to remove: they made room for others, or are not known here.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.lost().saturating_sub(self.removed.values().sum())
    }

    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Entry {
    /// What an entry takes beside its texts: itself, its counters and its pointer, and what allocations are rounded up by.
    const FIXED: usize = size_of::<Self>() + 3 * size_of::<usize>() + 64;

    /// The same with the bodies cut to nothing, for lists.
    #[must_use]
    pub fn without_bodies(&self) -> Self {
        let mut row = self.clone();
        row.request.body = Bytes::new();
        row.answer.body = Bytes::new();
        row
    }

    /// How much it takes in memory, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let notes = self.notes.iter().map(Note::bytes);
        let messages = [&self.request, &self.answer].map(|message| message.headers.len() + message.body.len());
        let effect = self.effect.as_ref().map_or(0, |effect| effect.name.len() + effect.failure.as_ref().map_or(0, String::len));
        let state = self.state.as_ref().map_or(0, json::allocated);
        let tried = self.tried.as_ref().map_or(0, |tried| tried.bytes());
        Self::FIXED + tried + self.id.len() + self.target.len() + messages.iter().sum::<usize>() + notes.sum::<usize>() + effect + state
    }
}

impl Message {
    /// The message that was not made.
    #[must_use]
    pub fn none() -> Self {
        Self { headers: Box::default(), body: Bytes::new(), length: 0 }
    }

    /// A message as it is stored: the body cut.
    #[must_use]
    pub fn new(headers: &HeaderMap, body: &[u8]) -> Self {
        let kept = Bytes::copy_from_slice(&body[..body.len().min(Journal::BODY)]);
        Self { headers: lines(headers), body: kept, length: body.len() }
    }

    /// The same, which shares a body that is not cut. The body has to be all of its allocation, because all of it is kept.
    #[must_use]
    pub fn sharing(headers: &HeaderMap, body: &Bytes) -> Self {
        if body.len() > Journal::BODY {
            Self::new(headers, body)
        } else {
            Self { headers: lines(headers), body: body.clone(), length: body.len() }
        }
    }

    /// Names and values of its headers, in the order of their names as sent.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let lines = self.headers.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            Some((std::str::from_utf8(&line[..colon]).ok()?, line.get(colon + 2..)?))
        })
    }

    /// The first value of a header, if it is text; empty when there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers().find(|(other, _)| *other == name).map_or(&b""[..], |(_, value)| value);
        std::str::from_utf8(value).unwrap_or_default()
    }

    /// Whether only the beginning of its body was kept.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.body.len() < self.length
    }
}

/// Headers as the journal keeps them, a line each.
fn lines(headers: &HeaderMap) -> Box<[u8]> {
    let size = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 3).sum();
    let mut lines = Vec::with_capacity(size);
    for (name, value) in headers {
        lines.extend_from_slice(name.as_str().as_bytes());
        lines.extend_from_slice(b": ");
        lines.extend_from_slice(value.as_bytes());
        lines.push(b'\n');
    }
    lines.into()
}

#[cfg(test)]
impl Entry {
    /// A call without a body that was answered with an empty 200.
    pub(crate) fn made_up() -> Self {
        Self {
            number: 1,
            id: "default-1".into(),
            at: Timestamp::UNIX_EPOCH,
            received: Timestamp::UNIX_EPOCH,
            took: Took::default(),
            sandbox: "default".into(),
            vendor: "x".into(),
            operation: None,
            method: Method::POST,
            target: "/x".to_owned(),
            path_start: 0,
            is_secure: false,
            nth: 1,
            request: Message::none(),
            wire: OnWire::new(Sent { end: End::Sent, status: Some(200), bytes: 0 }),
            status: Some(200),
            answer: Message::none(),
            notes: Vec::new(),
            effect: None,
            state: None,
            tried: None,
        }
    }
}

#[cfg(test)]
mod tests;
